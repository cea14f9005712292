"""Why somebody did not hear: worked out where nothing is written down."""

from typing import Any

import pytest
from factories import NOW

from helpdesk_cli.domain.reasons import SENTENCES, Asked, Happened, name_of, role, sentence, why_not
from helpdesk_cli.domain.ticket import Event
from helpdesk_cli.settings import STAGES, Settings

LATER, EARLIER = "2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z"
ANN: dict[str, Any] = {"names": {"ann@client.example"}, "since_at": EARLIER}
BOB: dict[str, Any] = {"names": {"bob", "bob@staff.example"}, "is_staff": True}


@pytest.mark.parametrize(
    ("asked", "event", "facts", "why"),
    [
        (ANN, "opened", {"actor": "ann@client.example"}, "self"),
        (BOB, "moved", {"actor": "bob"}, "self"),
        (BOB, "moved", {"beside": ["answered"]}, "with"),
        (BOB, "opened", {"mail": "archived"}, "history"),
        (BOB, "replied", {"mail": "replied", "mark": "flood"}, "flood"),
        (BOB, "noted", {"mail": "auto-reply"}, "automatic"),
        (BOB, "edited", {}, "never"),
        (BOB, "replied", {}, "unconcerned"),
        (BOB, "breach", {}, "unnamed"),
        (BOB, "paged", {}, "uncalled"),
        ({"names": {"4915@pager.example"}}, "breach", {}, "unnamed"),
        ({**BOB, "is_concerned": True}, "warning", {}, "unnamed"),
        ({**BOB, "sees": False}, "replied", {}, "hidden"),
        ({**BOB, "is_retired": True}, "replied", {}, "retired"),
        (ANN, "noted", {}, "note"),
        (ANN, "replied", {"actor": "ben@client.example"}, "client-word"),
        (ANN, "handed-over", {}, "ours"),
        (ANN, "breach", {}, "ours"),
        ({**ANN, "since_at": LATER}, "answered", {}, "later"),
        ({**ANN, "since_at": None}, "answered", {}, "stranger"),
    ],
)
def test_what_is_not_written_down_is_worked_out(
    asked: dict[str, Any], event: str, facts: dict[str, Any], why: str
) -> None:
    happened = Happened(**{"event": event, "actor": "carla", "at": NOW, **facts})
    assert why_not(Asked(**asked), happened) == why
    assert SENTENCES[why]


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (Event(kind="moved", at=NOW, actor="bob", data={"from": "new", "to": "done"}), "closed"),
        (Event(kind="moved", at=NOW, actor="bob", data={"from": "new", "to": "awaiting"}), "moved"),
        (Event(kind="moved", at=NOW, actor="bob", data={"to": "gone"}), "moved"),
        (Event(kind="edited", at=NOW, actor="bob", data={"field": "department"}), "handed-over"),
        (Event(kind="edited", at=NOW, actor="bob", data={"field": "priority"}), "edited"),
        (Event(kind="breached", at=NOW, actor="rule:sla-breach"), "breach"),
        (Event(kind="opened", at=NOW, actor="bob"), "opened"),
    ],
)
def test_an_event_of_the_log_has_the_name_that_letters_know(event: Event, name: str) -> None:
    assert name_of(event, Settings(stage=dict(STAGES))) == name


def test_what_is_written_down_is_said_in_sentences() -> None:
    assert sentence("off") == "chose off"
    assert sentence("limit:automatic") == "a limit was reached: automatic"
    assert sentence("of a later version") == "of a later version"
    assert role("assignee, by rule vip") == "as its assignee, by rule vip"
    assert role("deputy of bob") == "as deputy of bob"
    assert role("by rule vip") == "by rule vip"
    assert role("") == ""
