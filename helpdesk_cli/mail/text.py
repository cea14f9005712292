"""The readable text of a mail: HTML to text; what is new, what is quoted; words of thanks.

The one door to these three. Their rooms are opened when first used: most starts of the program read no mail.
"""

from helpdesk_cli.mail.quotes import REPLY_LINE, new_text

__all__ = ["REPLY_LINE", "html_to_text", "is_only_thanks", "new_text"]


def html_to_text(html: str) -> str:
    """Write an HTML mail as plain text; linear in its length, of which 2 MB are read. See ``markup``."""
    from helpdesk_cli.mail import markup

    return markup.html_to_text(html)


def is_only_thanks(new_text: str, subject: str = "") -> bool:
    """Tell whether a mail says thanks and nothing besides. See ``thanks``."""
    from helpdesk_cli.mail import thanks

    return thanks.is_only_thanks(new_text, subject)
