"""What a mail adds to a discussion: its text without quotation and signature."""

REPLY_LINE = "-- Please write your answer above this line --"
"""Stands above the earlier discussion in the letters that we send; what is below it is not new."""


def new_text(text: str) -> str:
    """Return what this mail adds; the whole text where nothing would be left."""
    head = text.partition(REPLY_LINE)[0]
    return head.strip() or text.strip()
