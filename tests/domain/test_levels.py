"""Which service level holds, and why."""

import pytest

from helpdesk_cli.domain.levels import Choice, Concerned, chosen, levels_of
from helpdesk_cli.domain.mail import fold
from helpdesk_cli.settings import Sla

LEVELS = {
    "rest": Sla(name="All others"),
    "second": Sla(name="Never: another is for all others"),
    "mail": Sla(name="By department", departments=("support", "sales")),
    "bills": Sla(name="By category", categories=("billing",)),
    "firm": Sla(name="By organization", organizations=("Example  Ltd",)),
    "domain": Sla(name="By domain", clients=("Example.org", "bücher.example")),
    "ann": Sla(name="By address", clients=("Ann@example.org",), departments=("sales",)),
    "late": Sla(name="Never: the file's order", departments=("support",), organizations=("example ltd",)),
}


@pytest.mark.parametrize(
    ("concerned", "expected"),
    [
        (Concerned(), Choice("rest")),
        (Concerned(department="support"), Choice("mail", "departments", "support")),
        (Concerned(category="billing", department="support"), Choice("bills", "categories", "billing")),
        (
            Concerned((), "EXAMPLE LTD ", "billing", "support"),
            Choice("firm", "organizations", "example ltd"),
        ),
        (
            Concerned(("bob@example.org",), "Example Ltd", "billing", "support"),
            Choice("domain", "clients", "example.org"),
        ),
        (Concerned(("bob@mail.example.org",)), Choice("domain", "clients", "example.org")),
        (Concerned((fold("bob@BÜCHER.example"),)), Choice("domain", "clients", "xn--bcher-kva.example")),
        (Concerned(("bob@notexample.org",)), Choice("rest")),
        # Two levels name her: the first in the file holds.
        (Concerned(("ann@example.org",)), Choice("domain", "clients", "example.org")),
        (Concerned(("ann@home.example", "ann@example.org")), Choice("domain", "clients", "example.org")),
        (Concerned(category="other", department="sales"), Choice("mail", "departments", "sales")),
    ],
)
def test_client_goes_before_organization_category_department_and_the_rest(
    concerned: Concerned, expected: Choice
) -> None:
    assert chosen(levels_of(LEVELS), concerned) == expected


def test_without_a_level_for_the_rest_none_holds() -> None:
    levels = levels_of({"bills": LEVELS["bills"]})
    assert chosen(levels, Concerned(department="support")) is None
    assert chosen(levels_of({}), Concerned()) is None


def test_clients_are_asked_for_only_where_a_level_names_them() -> None:
    assert not levels_of({name: LEVELS[name] for name in ("rest", "mail", "bills")}).ask_clients
    assert levels_of({"firm": LEVELS["firm"]}).ask_clients
    assert levels_of({"domain": LEVELS["domain"]}).ask_clients
