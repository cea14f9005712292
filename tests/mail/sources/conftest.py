"""Servers for the ways in."""

from servers import dovecot  # noqa: F401 -- a fixture
