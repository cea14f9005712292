"""A command that somebody calls and the store's owner runs (``[store] run_as``).

``caller`` is their side: it reads files, opens the editor and the pager, asks and saves, all with their own
rights, and lets sudo start the other side, ``owner``, which alone opens the store. Between the two go frames.
"""
