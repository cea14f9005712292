"""Commands on a real server of mailboxes, by IMAP and POP3."""

import pytest
from desks import SMALL_DESK, Site
from program import Run
from servers import Dovecot, dovecot  # noqa: F401 -- a fixture

MAIL = b"From: ann@client.example\r\nTo: support@desk.example\r\nSubject: By wire\r\n\r\nhello\r\n"


def box(dovecot: Dovecot, kind: str, user: str, password: str = "secret") -> str:  # noqa: F811
    port = {"imap": dovecot.imaps, "pop3": dovecot.pop3s}[kind]
    return (
        f'kind = "{kind}"\nhost = "localhost"\nport = {port}\nsecurity = "tls"\nusername = "{user}"\n'
        f'password_command = ["echo", "{password}"]\nca_file = "{dovecot.certificate}"\n'
    )


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_server_is_tested_foreseen_and_fetched(run: Run, site: Site, dovecot: Dovecot, kind: str) -> None:  # noqa: F811
    user = f"cli-{kind}"
    dovecot.deliver(user, MAIL, MAIL.replace(b"wire", b"air"))
    local = 'kind = "maildir"\npath = "inbox"\n'
    site.configure(instead=SMALL_DESK.replace(local, box(dovecot, kind, user)))
    tested = run("mailbox", "test", "support").out
    assert tested.startswith("ok    mailbox.support: ")
    if kind == "imap":
        assert (
            "2 messages in INBOX; the server knows MOVE and UIDPLUS; what was fetched is marked as seen"
            in tested
        )
    foreseen = run("fetch-mail", "-n", "--json").json
    assert [message["outcome"] for message in foreseen["messages"]] == ["opened", "opened"]
    if kind == "imap":  # a POP3 server marks by itself what it hands out
        flags = dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX", "all")
        assert "\\Seen" not in flags
    assert run("fetch-mail", "--json").json["mailboxes"][0]["outcomes"] == {"opened": 2}
    assert run("fetch-mail", "-n", "--json").json["messages"] == []


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_refused_password_is_a_server_that_cannot_be_used(
    run: Run,
    site: Site,
    dovecot: Dovecot,  # noqa: F811
    kind: str,
) -> None:
    local = 'kind = "maildir"\npath = "inbox"\n'
    site.configure(instead=SMALL_DESK.replace(local, box(dovecot, kind, "ann", "wrong-secret")))
    done = run("fetch-mail", code=69)
    assert done.err.startswith("helpdesk: support: ")
    assert len(done.err.splitlines()) == 1
    assert "wrong-secret" not in done.err
    assert "fail  mailbox.support" in run("mailbox", "test", "support", code=69).out
