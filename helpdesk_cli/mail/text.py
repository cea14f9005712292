"""The readable text of a mail: the one door to HTML to text, what is new, and words of thanks."""

from helpdesk_cli.mail.markup import html_to_text
from helpdesk_cli.mail.quotes import REPLY_LINE, new_text
from helpdesk_cli.mail.thanks import is_only_thanks

__all__ = ["REPLY_LINE", "html_to_text", "is_only_thanks", "new_text"]
