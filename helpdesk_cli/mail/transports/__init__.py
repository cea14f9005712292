"""Ways out: one file a kind of transport, all keeping the promise of ``contract``."""
