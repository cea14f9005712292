"""HTTP goes out here: ``Hook`` posts signed JSON to a web hook.

No redirect is followed, no proxy asked, a certificate always verified, and no call lasts: what a server sends
slowly is cut off like what it does not send.
"""

from .hook import Answer, Hook, signature

__all__ = ["Answer", "Hook", "signature"]
