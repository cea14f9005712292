"""The readable text of a mail: HTML to text; what is new, what is quoted; words of thanks; ratings.

The one door to these. Their rooms are opened when first used: most starts of the program read no mail.
"""

from helpdesk_cli.mail.quotes import REPLY_LINE, new_text

__all__ = ["REPLY_LINE", "html_to_text", "is_only_thanks", "new_text", "rating_of"]

LONGEST_COMMENT = 2000
"""Characters of what is said below a rating."""


def html_to_text(html: str) -> str:
    """Write an HTML mail as plain text; linear in its length, of which 2 MB are read. See ``markup``."""
    from helpdesk_cli.mail import markup

    return markup.html_to_text(html)


def is_only_thanks(new_text: str, subject: str = "") -> bool:
    """Tell whether a mail says thanks and nothing besides. See ``thanks``."""
    from helpdesk_cli.mail import thanks

    return thanks.is_only_thanks(new_text, subject)


def rating_of(new_text: str) -> tuple[int, str]:
    """The digit from 1 to 5 that the first line of a text is, or 0; and what is said below it.

    A greeting or thanks, and a name below them, say nothing more; a word alone may be more than a name.
    """
    first, _, rest = new_text.lstrip()[:LONGEST_COMMENT].partition("\n")
    if first.strip() not in {"1", "2", "3", "4", "5"}:
        return 0, ""
    comment = rest.strip()
    line, _, below = comment.partition("\n")
    is_courtesy = bool(comment) and is_only_thanks(f"Thanks\n{line.lower()}\n{below}")
    return int(first), "" if is_courtesy else comment
