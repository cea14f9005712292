"""Names of attachments, made safe to show and to save under."""

import re

from helpdesk_cli.domain.characters import storable
from helpdesk_cli.mail.decode import decode_words

LONGEST = 150  # characters
_LONGEST_BYTES = 240  # file systems allow 255 bytes

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]"
)
_REFUSED = re.compile(r'[<>:"|?*\ufffd]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)", re.I)

_ENDINGS = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv",
    "text/vcard": ".vcf", "text/x-vcard": ".vcf", "text/rfc822-headers": ".txt", "image/jpeg": ".jpg",
    "image/png": ".png", "image/gif": ".gif", "image/svg+xml": ".svg", "image/webp": ".webp",
    "image/tiff": ".tif", "application/pdf": ".pdf", "application/zip": ".zip", "application/json": ".json",
    "application/xml": ".xml", "message/rfc822": ".eml", "message/global": ".eml",
    "message/delivery-status": ".txt", "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt", "application/pgp-signature": ".asc", "application/pgp-keys": ".asc",
    "application/pkcs7-signature": ".p7s", "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m", "application/ms-tnef": ".dat",
    "application/vnd.ms-tnef": ".dat",
}  # fmt: skip
_STEMS = {
    "message/rfc822": "message", "message/delivery-status": "delivery-status",
    "text/calendar": "invitation", "application/pgp-signature": "signature",
    "application/pkcs7-signature": "smime", "application/x-pkcs7-signature": "smime",
    "application/pkcs7-mime": "smime", "application/x-pkcs7-mime": "smime",
    "application/ms-tnef": "winmail", "application/vnd.ms-tnef": "winmail",
    "text/rfc822-headers": "headers", "application/pgp-encrypted": "version",
    "message/disposition-notification": "disposition",
}  # fmt: skip


def safe_name(name: str, kind: str) -> str:
    """Make a file name of what a mail calls its attachment; never empty, at most 150 characters.

    No path, no control, bidirectional or invisible characters (``exe.gpj`` that reads as ``jpg.exe``),
    nothing that Windows forbids or reserves, no leading or trailing dot. ``kind`` is the media type; it
    gives the name where there is none.
    """
    name = storable(decode_words(name[:5000]))
    name = _INVISIBLE.sub("", name.replace("\\", "/")).rpartition("/")[2]
    name = " ".join(_REFUSED.sub("_", name).split()).strip(". ")
    if not name.strip("_. "):
        name = _STEMS.get(kind, "attachment") + _ENDINGS.get(kind, "")
    if _RESERVED.match(name):
        name = "_" + name
    return _shorten(name)


def _shorten(name: str) -> str:
    """Cut a name in its middle so that its ending stays."""
    if len(name) <= LONGEST and len(name.encode()) <= _LONGEST_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem or len(ending) > 16:
        stem, dot, ending = name, "", ""
    stem = stem[: LONGEST - len(dot + ending)]
    while len((stem + dot + ending).encode()) > _LONGEST_BYTES:
        stem = stem[:-1]
    return stem.rstrip(". ") + dot + ending
