"""helpdesk: a help desk that is reached by mail and run from a terminal and cron."""

__version__ = "0.1.0"
