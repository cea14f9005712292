"""The rules of web hooks."""

from collections.abc import Iterator

from helpdesk_cli.settings import Settings, Webhook

from .forms import Fault, Key, is_host, is_loopback
from .servers import names_no_program

SECRETS = ("secret_command", "secret_env", "secret_file", "secret")


def check_webhooks(settings: Settings, exposed: bool) -> Iterator[Fault]:
    """A call goes where nobody listens in, signed with one secret that nobody else reads."""
    for slug, webhook in settings.webhook.items():
        here = ("webhook", slug)
        yield from check_url(webhook.url, (*here, "url"))
        yield from check_secret(webhook, here, exposed)
        if not 1 <= webhook.timeout <= 300:
            yield Fault((*here, "timeout"), 'from "1s" to "5m"')
        for name in ("secret_file", "ca_file"):
            if getattr(webhook, name).startswith("~"):
                yield Fault((*here, name), "names a user without a home")


def check_url(url: str, key: Key) -> Iterator[Fault]:
    """Where a call goes: https, or http on this machine."""
    scheme, host, port = parts_of(url)
    if scheme not in ("http", "https"):
        yield Fault(key, "must begin with https://, such as https://chat.example.com/hooks/desk")
    elif "@" in url.partition("://")[2].partition("/")[0]:
        yield Fault(key, "holds a name or a password; calls are signed with a secret instead")
    elif not is_host(host.strip("[]").replace(":", "0") or "-"):
        yield Fault(key, "has no host, such as https://chat.example.com/hooks/desk")
    elif port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65535):
        yield Fault(key, "has no port; 1 to 65535")
    elif not url.isascii() or " " in url or "#" in url:
        yield Fault(key, "holds what no address may: a blank, a #, or a letter that is not written as %xx")
    elif scheme == "http" and not is_loopback(host):
        yield Fault(key, f"would tell {host} unencrypted; must be https (http only on this machine)")


def parts_of(url: str) -> tuple[str, str, str]:
    """Scheme, host and port of an address, each "" where it has none."""
    scheme, _, rest = url.partition("://")
    place = rest.partition("/")[0].partition("?")[0]
    if place.startswith("["):
        host, _, port = place.partition("]")
        return scheme.lower(), f"{host}]", port.removeprefix(":")
    host, _, port = place.partition(":")
    return scheme.lower(), host, port


def check_secret(webhook: Webhook, here: Key, exposed: bool) -> Iterator[Fault]:
    """One source of the secret, no more and no less."""
    chosen = [name for name in SECRETS if getattr(webhook, name)]
    if not chosen:
        yield Fault(
            (*here, "secret_command"), f"is missing; calls are signed, by one of {', '.join(SECRETS)}"
        )
    for name in chosen[1:]:
        yield Fault((*here, name), f"{chosen[0]} is set too; only one of {', '.join(SECRETS)}")
    if names_no_program(webhook.secret_command):
        yield Fault((*here, "secret_command"), "names no program")
    if webhook.secret and exposed:
        yield Fault(
            (*here, "secret"),
            "others may read this file; run chmod 600 on it, or use secret_command or secret_file",
        )
