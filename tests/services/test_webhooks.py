"""Web hooks on their way: put with the change, called by notify alone, tried again as the same call."""

import hashlib
import hmac
import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hook_server import HookServer, running
from msgspec.structs import replace

from helpdesk_cli.errors import BadConfig, Unreachable
from helpdesk_cli.services import mailroom, tickets
from helpdesk_cli.services.outgoing import INTERRUPTED, notify
from helpdesk_cli.settings import Rule, Span, Transport, Webhook
from helpdesk_cli.store import outbox

HOSTILE = "\"}], 'x': \\ </script> \u2028 \x1b[31m $(reboot) {{ 7 * 7 }} Größe"


def mail(text: str = "It burns.", *, subject: str = "Printer", number: int = 1) -> str:
    return (
        f"From: Ann <ann@client.example>\r\nTo: support@desk.example\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@client.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )


@pytest.fixture
def server() -> Iterator[HookServer]:
    with running() as started:
        yield started


@pytest.fixture
def desk(office: Any, server: HookServer) -> Any:
    """An office that calls ``server`` for each new ticket."""
    office.configured(
        webhook={"chat": Webhook(url=server.url(), secret="the secret", timeout=Span(2))},
        rule={"tell": Rule(when=("opened", "answered"), then={"webhook": "chat"})},
    )
    return office


def calls(office: Any) -> list[Any]:
    return office.letters(kind="webhook")  # type: ignore[no-any-return]


def test_a_call_tells_the_event_the_ticket_and_what_was_said(desk: Any, server: HookServer) -> None:
    desk.mail(mail(HOSTILE, subject="Printer"))
    assert server.calls == []
    report = notify(desk.desk)
    assert (report.sent, report.failures, report.problems) == (3, [], [])
    (made,) = server.calls
    told = json.loads(made.body)
    assert (told["event"], told["rule"], told["at"]) == ("opened", "tell", desk.now)
    ticket = told["ticket"]
    assert (ticket["number"], ticket["subject"], ticket["state"], ticket["overdue"]) == (
        1000,
        "Printer",
        "open",
        False,
    )
    assert ticket["client"]["email"] == "ann@client.example"
    message = told["message"]
    assert (message["kind"], message["public"], message["author"]["role"]) == ("inbound", True, "client")
    assert "$(reboot) {{ 7 * 7 }} Größe" in message["text"] and "</script>" in message["text"]
    assert [call.state for call in calls(desk)] == ["sent"]


def test_a_call_proves_itself(desk: Any, server: HookServer) -> None:
    desk.mail(mail())
    notify(desk.desk)
    (made,), (letter,) = server.calls, calls(desk)
    assert made.headers["x-helpdesk-delivery"] == letter.message_id.strip("<>")
    stamp = made.headers["x-helpdesk-timestamp"]
    proof = hmac.new(b"the secret", stamp.encode() + b"." + made.body, hashlib.sha256).hexdigest()
    assert made.headers["x-helpdesk-signature"] == f"sha256={proof}"


def test_a_call_without_words_has_no_message(desk: Any, server: HookServer) -> None:
    desk.configured(rule={"tell": Rule(when="moved", then={"webhook": "chat"})})
    desk.mail(mail())
    tickets.move(desk.by("bob"), [1000], "in-progress")
    notify(desk.desk)
    told = json.loads(server.calls[0].body)
    assert (told["message"], told["event"], told["ticket"]["stage"]) == (None, "moved", "in-progress")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_what_passes_by_is_tried_again_as_the_same_call(desk: Any, server: HookServer, status: int) -> None:
    server.status = [status, 200]
    desk.mail(mail())
    report = notify(desk.desk)
    assert (report.deferred, report.failed, report.uncertain) == (1, 0, 0)
    (letter,) = calls(desk)
    assert letter.state == "deferred" and letter.error.startswith(str(status))
    tickets.move(desk.by("bob"), [1000], "done")
    desk.passes(hours=1)
    notify(desk.desk)
    first, second = server.calls
    assert first.body == second.body
    assert first.headers["x-helpdesk-delivery"] == second.headers["x-helpdesk-delivery"]
    assert first.headers["x-helpdesk-timestamp"] != second.headers["x-helpdesk-timestamp"]
    assert calls(desk)[0].state == "sent"


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 422])
def test_what_is_refused_for_good_is_told_with_its_code(desk: Any, server: HookServer, status: int) -> None:
    server.status, server.headers = [status], {"Location": server.url("/other")}
    desk.mail(mail())
    report = notify(desk.desk)
    assert report.failed == 1
    assert f"to chat was refused: {status}" in report.problems[0]
    (letter,) = calls(desk)
    assert letter.state == "failed" and letter.error.startswith(str(status))
    desk.passes(days=1)
    notify(desk.desk)
    assert len(server.calls) == 1


def test_a_server_that_is_away_stops_neither_mail_nor_other_hooks(desk: Any, server: HookServer) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    desk.configured(
        webhook={
            "away": Webhook(url=f"http://localhost:{port}/x", secret="s"),
            **desk.desk.settings.webhook,
        },
        rule={"tell": Rule(when="opened", then={"webhook": ["away", "chat"]})},
    )
    for number in (1, 2, 3):
        desk.mail(mail(number=number))
    report = notify(desk.desk)
    assert isinstance(report.failures[0], Unreachable) and len(report.failures) == 1
    assert len(server.calls) == 3
    assert {letter.state for letter in desk.letters() if letter.recipient != "away"} == {"sent"}
    assert {letter.state for letter in desk.letters(recipient="away")} <= {"deferred", "queued"}
    desk.configured(
        webhook={**desk.desk.settings.webhook, "away": replace(desk.desk.settings.webhook["chat"])}
    )
    desk.passes(hours=1)
    notify(desk.desk)
    assert len(server.calls) == 6


def test_a_mail_server_that_is_away_stops_no_call(desk: Any, server: HookServer) -> None:
    desk.configured(transport={"default": Transport(kind="smtp", host="127.0.0.1", port=9)})
    desk.mail(mail())
    report = notify(desk.desk)
    assert report.sent == 1 and len(server.calls) == 1


def test_a_call_is_given_up_after_days(desk: Any, server: HookServer) -> None:
    server.status = [503]
    desk.mail(mail())
    notify(desk.desk)
    desk.passes(days=6)
    report = notify(desk.desk)
    assert report.failed == 1 and calls(desk)[0].state == "failed"


def test_a_run_that_died_leaves_a_call_to_be_made_once_more(desk: Any, server: HookServer) -> None:
    desk.mail(mail())
    dead = f"{os.uname().nodename}:999999:1"

    def died(tx: Any) -> None:
        for letter in outbox.claim(tx, desk.now, dead, desk.now, count=10):
            outbox.handing_over(tx, letter.id, dead, desk.now)

    desk.desk.engine.transact(died)
    report = notify(desk.desk)
    assert len(server.calls) == 1
    assert {letter.kind: letter.state for letter in desk.letters()} == {
        "webhook": "sent",
        "acknowledgement": "uncertain",
        "alert": "uncertain",
    }
    assert {letter.error for letter in desk.letters(state="uncertain")} == {INTERRUPTED}
    assert report.sent == 1


def test_a_secret_that_cannot_be_had_defers_the_call(desk: Any, server: HookServer) -> None:
    hook = replace(desk.desk.settings.webhook["chat"], secret="", secret_env="NO_SUCH_SECRET")
    desk.configured(webhook={"chat": hook})
    desk.mail(mail())
    report = notify(desk.desk)
    assert "webhook.chat.secret_env" in str(report.failures[0])
    assert server.calls == [] and calls(desk)[0].state == "deferred"


def test_a_hook_that_is_no_longer_configured_is_told(desk: Any) -> None:
    desk.mail(mail())
    desk.configured(webhook={}, rule={})
    report = notify(desk.desk)
    assert "there is no [webhook.chat] any more" in report.problems[0]
    (letter,) = calls(desk)
    assert letter.state == "deferred"
    mailroom.drop_letters(desk.desk, [letter.id])
    assert calls(desk)[0].state == "dropped"


def test_certificates_that_cannot_be_read_defer_the_call(desk: Any) -> None:
    hook = Webhook(url="https://localhost:9/x", secret="s", ca_file="/nowhere/ca.pem")
    desk.configured(webhook={"chat": hook})
    desk.mail(mail())
    report = notify(desk.desk)
    assert isinstance(report.failures[0], BadConfig)
    assert calls(desk)[0].state == "deferred"


def test_people_see_what_a_call_says(desk: Any) -> None:
    desk.mail(mail())
    (letter,) = calls(desk)
    raw = mailroom.letter_raw(desk.desk, letter.id)
    assert json.loads(raw)["ticket"]["number"] == 1000
    read = mailroom.letter_read(desk.desk, letter.id)
    assert read is not None and json.loads(read.text) == json.loads(raw)
