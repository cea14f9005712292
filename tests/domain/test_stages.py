"""Where a ticket may go, where it comes back to, and what it lacks to be closed."""

from typing import Any

import pytest
from factories import a_ticket, some_settings

from helpdesk_cli.domain.stages import at_home, at_work, back, entry, first, lacking, onward
from helpdesk_cli.settings import STAGES, Department, Settings, Stage


def board(**stages: dict[str, Any]) -> Settings:
    """A desk with these stages; each is open where nothing else is said."""
    return some_settings(
        stage={
            slug.replace("_", "-"): Stage(**{"name": slug, "state": "open", **fields})
            for slug, fields in stages.items()
        }
    )


LAB = board(
    new={"next": ("work", "spam")},
    work={},
    lab={"departments": ("support",)},
    waits={"state": "waiting", "departments": ("sales",)},
    done={"state": "closed", "departments": ("support",), "next": ("work",)},
    sold={"state": "closed", "departments": ("sales",)},
    spam={"state": "closed", "next": ("done",)},
)


@pytest.mark.parametrize(
    ("stage", "department", "allowed"),
    [
        ("new", "support", ["work", "spam"]),
        ("new", "sales", ["work", "spam"]),
        ("work", "support", ["new", "lab", "done", "spam"]),
        ("work", "sales", ["new", "waits", "sold", "spam"]),
        ("done", "support", ["work"]),
        ("spam", "sales", []),
        ("gone", "support", ["new", "work", "lab", "done", "spam"]),
    ],
)
def test_a_ticket_goes_where_its_stage_and_its_department_allow(
    stage: str, department: str, allowed: list[str]
) -> None:
    assert onward(LAB, a_ticket(stage=stage, department=department)) == allowed


def test_by_default_every_ticket_goes_everywhere() -> None:
    assert onward(some_settings(), a_ticket(stage="done")) == [slug for slug in STAGES if slug != "done"]


@pytest.mark.parametrize(
    ("stage", "state", "department", "closed"),
    [
        ("work", "open", "support", "done"),
        ("work", "open", "sales", "sold"),
        ("new", "open", "support", "spam"),
        ("spam", "closed", "sales", "spam"),
        ("lab", "open", "nobody", "spam"),
    ],
)
def test_a_ticket_is_closed_in_the_first_stage_that_will_do(
    stage: str, state: str, department: str, closed: str
) -> None:
    assert first(LAB, a_ticket(stage=stage, state=state, department=department), "closed") == closed


def test_where_no_move_leads_to_a_closed_stage_there_is_none() -> None:
    settings = board(new={"next": ("work",)}, work={}, done={"state": "closed"})
    assert first(settings, a_ticket(), "closed") is None


@pytest.mark.parametrize(
    ("stage", "department", "again", "by_mail"),
    [
        ("done", "support", "work", "work"),
        ("sold", "sales", "work", "work"),
        ("spam", "support", None, "work"),
    ],
)
def test_a_client_brings_back_what_staff_may_not(
    stage: str, department: str, again: str | None, by_mail: str
) -> None:
    ticket = a_ticket(stage=stage, state="closed", department=department)
    assert (at_work(LAB, ticket), back(LAB, ticket)) == (again, by_mail)


def test_a_ticket_comes_back_to_an_open_stage_of_its_department() -> None:
    settings = board(
        new={}, lab={"departments": ("support",)}, desk={"departments": ("sales",)}, done={"state": "closed"}
    )
    at = {slug: a_ticket(stage="done", state="closed", department=slug) for slug in ("support", "sales")}
    assert {slug: back(settings, ticket) for slug, ticket in at.items()} == {
        "support": "lab",
        "sales": "desk",
    }
    alone = board(new={}, lab={"departments": ("sales",)}, done={"state": "closed"})
    assert back(alone, at["support"]) == "new"


def test_a_new_ticket_begins_in_a_stage_of_its_department() -> None:
    assert entry(LAB, "sales", "closed") == "sold"
    assert entry(LAB, "support", "closed") == "done"
    assert entry(LAB, "support", "open") == "new"
    assert entry(LAB, "support", "waiting") == "waits"  # better than none


@pytest.mark.parametrize(
    ("stage", "state", "at"),
    [
        ("work", "open", "work"),
        ("lab", "open", "new"),
        ("done", "closed", "sold"),
        ("waits", "waiting", "waits"),
    ],
)
def test_a_ticket_that_came_to_sales_stands_in_a_stage_of_sales(stage: str, state: str, at: str) -> None:
    assert at_home(LAB, a_ticket(stage=stage, state=state, department="sales")) == at


def test_what_waits_for_a_department_without_a_waiting_stage_is_open_again() -> None:
    assert at_home(LAB, a_ticket(stage="waits", state="waiting", department="support")) == "new"


@pytest.mark.parametrize(
    ("fields", "organization", "missing"),
    [
        ({}, None, ("category", "type", "assignee", "organization")),
        ({"category": "billing", "assignee": "bob"}, None, ("type", "organization")),
        ({"category": "billing", "assignee": "bob", "type": "incident"}, "Example Ltd", ()),
        ({"category": "", "type": "", "assignee": "bob"}, "", ("category", "type", "organization")),
        ({"client_id": None}, None, ("category", "type", "assignee")),
        ({"department": "sales"}, None, ()),
        ({"department": "gone"}, None, ()),
    ],
)
def test_what_a_department_requires_must_be_there(
    fields: dict[str, Any], organization: str | None, missing: tuple[str, ...]
) -> None:
    support = Department(
        name="Support",
        address="support@desk.example",
        required=("category", "type", "assignee", "organization", "category"),
    )
    sales = Department(name="Sales", address="sales@desk.example")
    settings = some_settings(department={"support": support, "sales": sales})
    assert lacking(settings, a_ticket(**fields), organization=organization) == missing
