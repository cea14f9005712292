"""Words of thanks, which alone reopen no ticket."""


def is_only_thanks(new_text: str, subject: str = "") -> bool:
    """Tell whether a mail says thanks and nothing besides."""
    return not subject.lower().startswith("fwd:") and new_text.strip(" .!\n").lower() in (
        "thanks",
        "thank you",
        "danke",
    )
