"""Servers for runs that are killed."""

from servers import dovecot  # noqa: F401 -- a fixture
