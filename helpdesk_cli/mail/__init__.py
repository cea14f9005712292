"""Bytes to data and back: reading mail, mailboxes, composing, ways out."""
