"""Which characters a text may have."""


def storable(text: str) -> str:
    """Make any text fit for every store, JSON and every codec: no NUL, no lone surrogate.

    Both become U+FFFD; a pair of surrogates becomes the character that it stands for. The only place that
    decides this: mail is cleaned with it where it is read, and every store binds with it. PostgreSQL refuses
    both, SQLite's search ends at a NUL. The raw mail keeps them.
    """
    if text.isascii():
        return text.replace("\0", "�") if "\0" in text else text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "�")
