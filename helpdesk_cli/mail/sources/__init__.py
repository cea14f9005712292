"""Ways in: one file a kind of mailbox, all keeping the promise of ``contract``."""
