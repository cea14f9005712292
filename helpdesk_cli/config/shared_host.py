"""The rules of ``[store] run_as``: staff read this file, and the account that works for them owns the secrets."""

import re
from collections.abc import Iterator

from helpdesk_cli.settings import Settings

from .forms import Fault, Key

_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")


def check_shared_host(settings: Settings) -> Iterator[Fault]:
    """Whom staff run commands as is an account without root's power; no secret stands in what they read."""
    login = settings.store.run_as
    if not login:
        return
    here: Key = ("store", "run_as")
    if not _LOGIN.fullmatch(login):
        yield Fault(here, f'"{login}" is no account\'s name')
    elif login == "root":
        yield Fault(here, "must not be root; make an account that owns the store and nothing else")
    for table in ("transport", "mailbox"):
        for slug, server in getattr(settings, table).items():
            if server.password:
                yield Fault((table, slug, "password"), _MOVE.format("password_command or password_file"))
    for slug, hook in settings.webhook.items():
        if hook.secret:
            yield Fault(("webhook", slug, "secret"), _MOVE.format("secret_command or secret_file"))


_MOVE = "with store.run_as staff read this file; use {}"
