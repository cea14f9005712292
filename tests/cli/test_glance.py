"""``dashboard`` and ``board`` as people and scripts see them."""

import re
from pathlib import Path

import pytest
from desks import Site
from msgspec.structs import replace
from program import Run
from rich.cells import cell_len
from terminal import COLOURS, on_terminal, steering

from helpdesk_cli.cli.glance.board_screen import headed
from helpdesk_cli.domain.moments import later
from helpdesk_cli.services import assigning, members, pauses, tickets
from helpdesk_cli.services.board import Pile
from helpdesk_cli.services.tickets import NewTicket
from helpdesk_cli.store import mailboxes, troubles
from helpdesk_cli.store import tickets as rows
from helpdesk_cli.store.engine import Tx

EVIL = "\x1b[2J\x9b31m [/bold] [link=http://evil.example]x[/link] \u202egpj.exe \x1b]0;pwn\x07 日本語\ttab"

DEPARTMENTS = "".join(
    f'[department.d{number}]\nname = "D{number}"\naddress = "d{number}@desk.example"\nassignment = "off"\n'
    for number in range(12)
)


def env_of(site: Site, **more: str) -> dict[str, str]:
    return {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob", "NO_COLOR": "1", **more}


def screen(site: Site, *words: str, columns: int = 80, lines: int = 24, **more: str) -> list[str]:
    code, output = on_terminal(*words, env=env_of(site, **more), columns=columns, lines=lines)
    assert code == 0, output
    return output.decode().removesuffix("\n").split("\n")


@pytest.fixture
def full(site: Site) -> Site:
    """Forty tickets in twelve departments, of twenty people; most things are not well."""
    site.configure(DEPARTMENTS)
    with site.desk("bob") as desk:
        for number in range(20):
            members.new_staff(desk, f"p{number}", name=f"P {number}", email=f"p{number}@desk.example")
        for number in range(40):
            wish = NewTicket(
                client="ann@client.example",
                subject=f"日本語 {number} " + "word " * 20 if number else EVIL,
                text="x",
                department=f"d{number % 12}",
                priority="urgent" if number == 39 else "normal",
            )
            tickets.new(desk, wish)
        for number in range(20):
            assigning.assign(desk, [1000 + number], f"p{number}")
        for stage, numbers in (
            ("awaiting", (1030, 1031)),
            ("done", (1032, 1033, 1034, 1035)),
            ("rejected", (1036,)),
        ):
            tickets.move(desk, numbers, stage, silent=True)

        def broken(tx: Tx) -> None:
            now = desk.clock()
            late = rows.load(tx, 1038)
            assert late is not None
            rows.update(tx, replace(late, due_at=later(now, -60)))
            mailboxes.begin(tx, "support", now)
            mailboxes.failed(tx, "support", now, EVIL)
            met = {"kind": "away", "code": 69, "since": now, "seen_at": now, "patience": 0}
            troubles.keep(
                tx, [troubles.Trouble(what=f"t{number}", text=EVIL, **met) for number in range(9)], []
            )

        desk.engine.transact(broken)
        pauses.begin(desk, "notify", EVIL)
    return site


# The dashboard


def test_a_dashboard_fits_one_screen(full: Site) -> None:
    lines = screen(full, "dashboard")
    assert len(lines) == 23
    assert max(map(cell_len, lines)) <= 80
    assert lines[0].startswith("Test Desk, 20")
    assert lines[1].split() == ["open", "waiting", "unassigned", "unanswered", "high", "overdue"]
    assert lines[2].split() == ["all", "33", "2", "15", "35", "1", "1"]
    text = "\n".join(lines)
    assert re.search(r"^d\d+ +\d", text, re.M)
    assert re.search(r"^p\d+ +\d", text, re.M)
    assert re.search(r"^  \d+ more departments$", text, re.M)
    assert re.search(r"^  \d+ more people$", text, re.M)
    assert re.search(r"^! job notify: paused by bob: ", text, re.M)
    assert "! job fetch-mail: never done" in text
    assert re.search(r"^! mailbox support: never done; ", text, re.M)
    assert re.search(r"^! 7 more; 'helpdesk doctor'$", text, re.M)


def test_the_name_of_a_stage_gives_way_to_its_count() -> None:
    pile = Pile(stage="long", name="In Bearbeitung - Wartet", state="open", count=3, cards=[])
    assert headed(pile, 16) == "In Bearbeit… (3)"
    assert headed(pile, 30) == "In Bearbeitung - Wartet (3)   "


@pytest.mark.parametrize(("columns", "lines"), [(20, 24), (40, 10), (80, 50), (200, 80)])
def test_a_dashboard_is_no_wider_than_any_terminal(full: Site, columns: int, lines: int) -> None:
    shown = screen(full, "dashboard", columns=columns, lines=lines)
    assert max(map(cell_len, shown)) <= columns
    assert shown[2].split()[:2] == ["all", "33"]
    if lines > 60:
        assert sum(bool(re.match(r"[dp]\d+ ", line)) for line in shown) == 12 + 20


def test_a_dashboard_is_coloured_where_it_matters(full: Site) -> None:
    output = on_terminal("dashboard", env=env_of(full, NO_COLOR=""), columns=80)[1]
    overdue = next(line for line in output.split(b"\n") if b"all" in line)
    assert overdue.rstrip().endswith(b"\x1b[1;31m       1\x1b[0m")
    plain = on_terminal("dashboard", env=env_of(full), columns=80)[1]
    assert b"\x1b" not in plain
    assert [line.rstrip() for line in COLOURS.sub(b"", output).split(b"\n")][1:] == plain.split(b"\n")[1:]


def test_what_is_well_takes_a_line(site: Site, run: Run) -> None:
    run("fetch-mail")
    run("notify")
    lines = screen(site, "dashboard")
    assert "  jobs        fetch-mail just now, notify just now" in lines
    assert "  mailboxes   support just now" in lines
    assert not any(line.startswith("!") for line in lines)
    site.drop("Subject: nobody\n\nx\n")
    run("fetch-mail")
    lines = screen(site, "dashboard")
    assert "! came in 24 h      1   held 1" in lines
    assert "! to be read        0   held 1" in lines


def test_a_pipe_gets_keys_and_values(full: Site, run: Run) -> None:
    out = run("dashboard").out
    facts = dict(line.split("\t") for line in out.splitlines())
    assert (facts["tickets.open"], facts["tickets.overdue"]) == ("33", "1")
    assert facts["departments.d2.open"] == "4"
    assert facts["people.p3.open"] == "1"
    assert facts["jobs.notify.succeeded_at"] == "never"
    assert facts["jobs.notify.paused"].startswith("␛[2J")
    assert facts["mailboxes.support.error"].startswith("␛[2J")
    assert facts["mail.outbox.waiting"] == str(len(run("outbox", "list").out.splitlines()))
    assert facts["troubles.9"]
    assert steering(out.encode()) == []


def test_a_dashboard_is_one_document(full: Site, run: Run) -> None:
    found = run("dashboard", "--department", "d3", "--json").json
    sums = {"open": 4, "waiting": 0, "unassigned": 2, "unanswered": 4, "high": 1, "overdue": 0}
    assert list(found) == [
        *("at", "department", "tickets", "departments", "people"),
        *("mail", "mailboxes", "jobs", "paused", "troubles"),
    ]
    assert (found["department"], found["tickets"]) == ("d3", sums)
    assert found["departments"] == [{"department": "d3", **sums}]
    assert [each["login"] for each in found["people"]] == ["p15", "p3"]
    assert list(found["mail"]) == ["since", "came", "sent", "bounced", "inbox", "outbox"]
    assert found["mailboxes"][0]["error"] == EVIL
    assert [job["job"] for job in found["jobs"]] == ["fetch-mail", "notify"]
    assert [job["paused"] is None for job in found["jobs"]] == [True, False]
    assert run("dashboard", "-d", "nonsense", code=2).err.startswith("helpdesk: nonsense: no such department")


# The board


def test_six_stages_are_readable_at_eighty_columns(full: Site) -> None:
    lines = screen(full, "board")
    assert len(lines) <= 23
    assert max(map(cell_len, lines)) <= 80
    assert re.match(r"New \(33\) +In progress \(0\) +Awaiting \(2\)", lines[0])
    assert re.match(r"!! 1038  nobody +now {30,}1030  nobody +now", lines[1])
    assert any(re.match(r"   \d+ more", line) for line in lines)
    closed = lines[-3:]
    assert [line.partition(")")[0] for line in closed] == ["Done (4", "Cancelled (0", "Rejected (1"]
    assert closed[0].count(" word") > 2
    assert "1036 日本語 36" in closed[2]


@pytest.mark.parametrize(("columns", "lines"), [(20, 24), (40, 10), (80, 50), (200, 80)])
def test_a_board_is_no_wider_than_any_terminal(full: Site, columns: int, lines: int) -> None:
    shown = screen(full, "board", columns=columns, lines=lines)
    assert max(map(cell_len, shown)) <= columns
    for name in ("New (33)", "Awaiting (2)", "Done (4)", "Rejected (1)"):
        assert sum(name in line for line in shown) == 1, name
    if columns == 200:
        assert len(shown) <= lines - 1
        assert sum(name in shown[0] for name in ("New", "In progress", "Awaiting", "Done", "Rejected")) == 5


def test_a_card_is_coloured_by_its_urgency_and_has_a_sign(full: Site) -> None:
    output = on_terminal("board", env=env_of(full, NO_COLOR=""), columns=80)[1]
    lines = output.split(b"\n")
    assert lines[1].startswith(b"\x1b[1;31m!! 1038")
    assert lines[3].startswith(b"\x1b[1;31m!! 1039")
    assert b"\x1b[1;31m" not in lines[5]
    assert b"\x1b" not in on_terminal("board", env=env_of(full), columns=80)[1]


def test_a_board_has_so_many_cards_as_are_asked_for(full: Site) -> None:
    lines = screen(full, "board", "-L", "2")
    assert sum(bool(re.match(r"(!!|! |  ) 10\d\d ", line)) for line in lines) == 2
    assert any(line.startswith("   31 more") for line in lines)


def test_a_board_in_a_pipe_is_a_line_a_ticket(full: Site, run: Run) -> None:
    lines = [line.split("\t") for line in run("board").out.splitlines()]
    assert len(lines) == 33 + 2 + 3 + 1
    assert {len(line) for line in lines} == {9}
    assert [line[0] for line in lines] == ["new"] * 33 + ["awaiting"] * 2 + ["done"] * 3 + ["rejected"]
    assert [line[1] for line in lines[:2]] == ["1038", "1039"]
    number, priority, department, assignee = next(line[1:5] for line in lines if line[1] == "1005")
    assert (number, priority, department, assignee) == ("1005", "normal", "d5", "p5")
    assert steering(run("board").raw) == []
    assert run("board", "--mine", "--as", "p5").out.split("\t")[:2] == ["new", "1005"]


def test_a_board_is_one_document(full: Site, run: Run) -> None:
    found = run("board", "--json", "-L", "2").json
    assert [(pile["stage"], pile["state"], pile["count"], len(pile["tickets"])) for pile in found] == [
        ("new", "open", 33, 2),
        ("in-progress", "open", 0, 0),
        ("awaiting", "waiting", 2, 2),
        ("done", "closed", 4, 2),
        ("cancelled", "closed", 0, 0),
        ("rejected", "closed", 1, 1),
    ]
    assert found[0]["tickets"][0]["number"] == 1038
    assert found[0]["name"] == "New"


def test_nothing_from_outside_steers_the_terminal(full: Site, tmp_path: Path) -> None:
    for words in (("dashboard",), ("board",), ("dashboard", "--json"), ("board", "--json")):
        for colours in ("", "1"):
            for columns in (30, 80, 200):
                env = env_of(full, NO_COLOR=colours)
                code, output = on_terminal(*words, env=env, columns=columns, lines=60)
                assert code == 0
                assert steering(output) == [], words
    assert "␛[2J‹U+009B›31m [/bold] [li…" in "\n".join(screen(full, "board", columns=200, lines=90))
