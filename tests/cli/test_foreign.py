"""All commands, by staff of another department: nothing is told of a ticket that is not theirs, nor changed."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import click
import pytest
from desks import Site
from program import Run

from helpdesk_cli.cli import root
from helpdesk_cli.services.completing import choices

VAULT = """\
[mailbox.vault]
kind = "maildir"
path = "vault"
department = "vault"
backlog = "answer"
unknown_senders = "hold"

[department.vault]
name = "Vault"
address = "vault@desk.example"
assignment = "off"

[filter.all]
state = "all"
"""

NAME = "quillfeather"
SECRETS = (
    "subjectish",
    "textish",
    "noteish",
    "filenamish",
    "filetextish",
    "tagish",
    "heldish",
    "privish",
    "answerish",
)
"""Words of the foreign ticket and of the mails on it; ``NAME`` is its client's."""

FOREIGN, MERGED, LINKED, LEADING, PRIVATE = "1000", "1001", "1002", "1003", "1004"
"""The vault's ticket and one merged into it; support's: linked to it, merged into it, and a private one."""

MAIL = (
    "From: ben@client.example\nTo: support@desk.example\nSubject: Hello\nMessage-ID: <9@x.example>\n"
    "In-Reply-To: <v1@client.example>\n\nHello.\n"
)


@pytest.fixture
def vault(site: Site, inside: Run, tmp_path: Path) -> Site:
    """Eve is staff of support, Dave of the vault; what the vault has is not for Eve."""
    for part in ("new", "cur", "tmp"):
        (site.folder / "vault" / part).mkdir(parents=True)
    site.configure(VAULT)
    for login, department in (("eve", "support"), ("dave", "vault")):
        inside("staff", "new", login, "--name", login.title(), "--email", f"{login}@desk.example")
        inside("staff", "join", login, department)
    inside("staff", "edit", "dave", "--notices", "hourly")
    inside("client", "new", "ann@client.example", "--name", f"Ann {NAME}")
    _into(site, "ann@client.example", "A subjectish thing", "Very textish.", "1")
    _into(site, "ann@client.example", "Again subjectish", "Also textish.", "2")
    inside("fetch-mail")
    for subject in ("Own and linked", "Own and leading", "Hush privish"):
        site.write(
            "Own words." if "Own" in subject else "Words privish.",
            subject=subject,
            sender="ben@client.example",
        )
        inside("fetch-mail")
    inside("ticket", "merge", MERGED, FOREIGN)
    inside("ticket", "link", LINKED, FOREIGN)
    inside("ticket", "merge", LEADING, FOREIGN, "--across-clients")
    inside("ticket", "edit", PRIVATE, "--private")
    inside("ticket", "edit", FOREIGN, "--tag", "tagish")
    inside("ticket", "note", FOREIGN, "-m", "A noteish remark.", login="dave")
    inside("ticket", "reply", FOREIGN, "-m", "An answerish word.", login="dave")
    _into(site, "stranger@else.example", "A heldish subject", "And a heldish text.", "3")
    inside("fetch-mail")
    (tmp_path / "mail.eml").write_text(MAIL)
    return site


def _into(
    site: Site, sender: str, subject: str, text: str, number: str, to: str = "vault@desk.example"
) -> None:
    """Deliver a mail to the vault's mailbox, with a file."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"{NAME} <{sender}>", to, subject
    mail["Message-ID"] = f"<v{number}@client.example>"
    mail["Date"] = "Sun, 22 Nov 2026 10:30:00 +0100"
    mail.set_content(text)
    mail.add_attachment(b"filetextish", "text", "plain", filename="filenamish.txt")
    (site.folder / "vault" / "new" / f"1700000000.V{number}.test").write_bytes(mail.as_bytes())


Lines = list[tuple[str, int | None]]
"""Words after a command's name, and how it ends; None where that is not what is asked here."""

# {held}, {came}, {letter}, {alone}, {digest}: the held mail, the foreign ticket's first one, a letter on it, on none.
TICKET: dict[str, Lines] = {
    "ticket list": [
        ("", 0), ("--state all", 0), ("--search subjectish", 0), ("--search textish", 0), ("--search privish", 0),
        ("--tag tagish", 0), ("-d vault --state all", 0), ("--client ann@client.example", 0), ("--assignee dave", 0),
        ("--stage new", 0), ("--unanswered", 0), ("--overdue", 0), ("--watched", 0), ("--since 2020-01-01", 0),
        ("--until 2030-01-01", 0), ("@all", 0), ("--priority normal", 0),
    ],
    "ticket next": [("", 0), ("-d vault", 0), ("-d vault --take", 0)],
    "ticket show": [("1000", 3), ("1001", 3), ("1004", 3), ("1000 --all", 3), ("1002", 0), ("1003", 0)],
    "ticket explain": [("1000", 3), ("1004", 3), ("1002", 0), ("1003", 0)],
    "ticket why": [("1000", 3), ("1000 eve", 3), ("1004", 3), ("1002", 0), ("1003", 0)],
    "ticket new": [("--client ben@client.example -s Mine -m Mine", 0)],
    "ticket reply": [("1000 -m x -y", 3), ("1001 -m x -y", 3), ("1003 -m x -y", 1), ("1004 -m x -y", 3)],
    "ticket note": [("1000 -m x", 3), ("1003 -m x", 1), ("1004 -m x", 3)],
    "ticket forward": [("1000 --to c@else.example -m x", 3), ("1004 --to c@else.example -m x", 3)],
    "ticket unsend": [("1000", 3), ("1004", 3)],
    "ticket move": [("1000 in-progress -y", 3), ("1002 1000 in-progress -y", 1), ("1004 in-progress -y", 3)],
    "ticket close": [("1000 -y", 3), ("1004 -y", 3)],
    "ticket wait": [("1000 --until 2030-01-01 -y", 3), ("1004 --until 2030-01-01 -y", 3)],
    "ticket reopen": [("1000 -y", 3), ("1001 -y", 3), ("1004 -y", 3)],
    "ticket assign": [("1000 eve -y", 3), ("1004 eve -y", 3)],
    "ticket take": [("1000 -y", 3), ("1004 -y", 3)],
    "ticket escalate": [("1000 -y", 3), ("1004 -y", 3)],
    "ticket merge": [
        ("1000 1002 -y", 3), ("1002 1000 -y", 3), ("1002 1003 -y", 3), ("1004 1002 -y", 3),
        ("--undo 1001 -y", 3), ("--undo 1003 -y", 3),
    ],
    "ticket split": [("1000 1", 3), ("1004 1", 3)],
    "ticket link": [("1000 1002", 3), ("1002 1000", 3), ("1002 1000 --remove", 3), ("1002 1004", 3)],
    "ticket watch": [("1000 -y", 3), ("1004 -y", 3)],
    "ticket ack": [("1000 -y", 3), ("1004 -y", 3)],
    "ticket edit": [("1000 -d support -y", 3), ("1000 --private -y", 3), ("1004 --tag x -y", 3)],
    "ticket spam": [("1000 -y", 3), ("1004 -y", 3)],
    "ticket attachments": [("1000", 3), ("1000 --save {folder}", 3), ("1004", 3)],
    "ticket log": [("1000", 3), ("1001", 3), ("1004", 3), ("1002", 0), ("1003", 0)],
}  # fmt: skip

MAILS: dict[str, Lines] = {
    "inbox list": [("", 0), ("--all", 0), ("--mailbox vault", 0), ("--outcome held", 0)],
    "inbox show": [("{held}", 3), ("{held} --raw", 3), ("{came}", 3), ("{came} --raw", 3)],
    "inbox release": [("{held}", 3), ("{held} -d support", 3), ("{came}", 3)],
    "inbox retry": [("{held}", 3), ("{came}", 3)],
    "inbox drop": [("{held}", 3), ("{came}", 3)],
    "inbox explain": [("{held}", 3), ("{came}", 3), ("-", 3)],
    "outbox list": [("", 0), ("--all", 0), ("--state queued", 0)],
    "outbox show": [
        ("{letter}", 3),
        ("{letter} --raw", 3),
        ("{alone}", 3),
        ("{alone} --raw", 3),
        ("{digest}", 3),
        ("{digest} --raw", 3),
    ],
    "outbox retry": [("{letter}", 3), ("{alone}", 3), ("{digest}", 3)],
    "outbox drop": [("{letter}", 3), ("{alone}", 3), ("{digest}", 3)],
}

PEOPLE: dict[str, Lines] = {
    "client new": [("cora@client.example", None)],  # there the second time
    "client list": [("", 0), ("--search ann", 0)],
    "client show": [("ann@client.example", 0)],
    "client edit": [("ann@client.example --note x", 0)],
    "client block": [("", 0), ("nobody@else.example", 0)],
    "client address add": [("ann@client.example ann@home.example", 0)],
    "client address remove": [("ann@client.example ann@home.example", None)],  # gone the second time
    "staff new": [("mallory --name M --email m@desk.example", 3)],
    "staff list": [("", 0)],
    "staff show": [("dave", 0)],
    "staff edit": [("dave --name x", 3), ("eve --role admin", 3), ("dave --pager x@else.example", 3)],
    "staff retire": [("dave -y", 3)],
    "staff join": [("eve vault", 3)],
    "staff leave": [("dave vault", 3)],
}

DESK: dict[str, Lines] = {
    "dashboard": [("", 0), ("-d vault", 0)],
    "board": [("", 0), ("-d vault", 0), ("--mine", 0)],
    "mailbox list": [("", 0)],
    "mailbox test": [("vault", 0)],
    "rule list": [("", 0)],
    "rule test": [("-", 3)],
    "config check": [("", 0)],
    "config show": [("", 0)],
    "config path": [("", 0)],
    "store backup": [("{folder}/copy.db", 3)],
    "store copy": [("--to sqlite:{folder}/copy.db", 3)],
    "store verify": [("", 0)],
    "schedule": [("crontab", 0)],
    "completion": [("bash", 0)],
    "doctor": [("", None)],  # as this machine is
    "pause": [("notify --reason x", 3)],
    "resume": [("notify", 3)],
    "init": [("{folder}/other", 0)],
}

JOBS: dict[str, Lines] = {
    "fetch-mail": [("--as eve", 3), ("--as eve vault -v", 3), ("--as eve --dry-run", 3)],
    "receive": [("--as eve --mailbox vault", None)],  # 75, as a process of its own
    "import": [("--as eve {folder}/mail.eml --mailbox vault", 3)],
    "notify": [("--as eve -v", 3), ("--as eve --dry-run", 3)],
    "run-rules": [("--as eve -v", 3), ("--as eve --dry-run", 3)],
    "cron": [("--as eve -v", 3)],
}
"""What a clock or a mail server calls, as the store's owner: no other member of staff does."""

ALONE = {"demo"}
"""It has a desk of its own."""

TABLE = TICKET | MAILS | PEOPLE | DESK | JOBS
READING = (
    *("ticket list", "ticket next", "ticket show", "ticket explain", "ticket why", "ticket attachments"),
    *("ticket log", "inbox list", "inbox show", "inbox explain", "outbox list", "outbox show"),
    *("client list", "client show", "dashboard", "board"),
)
"""The commands that show what there is, and change nothing."""

BARE = ("completion", "init", "receive", "import", "cron")  # without --json, or not asked for it


def _commands(command: click.Command, name: str, ctx: click.Context) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield name
        return
    for word in command.list_commands(ctx):
        found = command.get_command(ctx, word)
        assert found is not None
        yield from _commands(found, f"{name} {word}".strip(), ctx)


def test_each_command_has_its_line() -> None:
    assert set(_commands(root, "", click.Context(root))) == set(TABLE) | ALONE


def _rows(site: Site) -> dict[str, list[Any]]:
    """What is kept of the tickets that are not Eve's; who wrote into which inbox; the letters."""
    with site.desk(is_job=True) as desk, desk.engine.read() as tx:
        numbers = f"({FOREIGN}, {MERGED}, {LEADING}, {PRIVATE})"
        return {
            "ticket": tx.rows(f"select * from ticket where number in {numbers} order by number"),
            "message": tx.rows(f"select * from message where ticket in {numbers} order by id"),
            "event": tx.rows(f"select * from event where ticket in {numbers} order by id"),
            "letter": tx.rows(
                f"select id, state, error from letter where ticket in {numbers} or ticket is null"
            ),
            "inbox": tx.rows("select id, outcome, ticket from inbox order by id"),
        }


def _numbers(site: Site) -> dict[str, str]:
    with site.desk(is_job=True) as desk, desk.engine.read() as tx:
        (held,) = tx.rows("select id from inbox where outcome = 'held'")
        came = tx.rows("select min(id) from inbox where ticket = 1000")[0]
        letter = tx.rows("select max(id) from letter where ticket = 1000 and kind = 'reply'")[0]
    return {"held": str(held[0]), "came": str(came[0]), "letter": str(letter[0])}


def _alone(site: Site, kind: str = "notice") -> str:
    """A letter that is on no ticket, to somebody else."""
    with site.desk(is_job=True) as desk:

        def put(tx: Any) -> int:
            (letter,) = tx.rows(
                "insert into letter (kind, state, recipient, recipient_key, facts, message_id, created_at, "
                "next_attempt_at) values (:kind, 'queued', 'boss@else.example', 'boss@else.example', "
                "'{\"lines\": [\"heldish\"]}', :message_id, '2026-11-22T09:30:00Z', "
                "'2026-11-22T09:30:00Z') returning id",
                kind=kind,
                message_id=f"<{kind}@desk.example>",
            )
            return int(letter[0])

        return str(desk.engine.transact(put))


@pytest.mark.parametrize(
    "table", [TICKET, MAILS, PEOPLE, DESK, JOBS], ids=["tickets", "mails", "people", "desk", "jobs"]
)
def test_nothing_is_told_and_nothing_changed(
    vault: Site, inside: Run, tmp_path: Path, table: dict[str, Lines]
) -> None:
    known = {
        **_numbers(vault),
        "alone": _alone(vault),
        "digest": _alone(vault, "digest"),
        "folder": str(tmp_path),
    }
    before = _rows(vault)
    faults: list[str] = []
    for name, lines in table.items():
        for words, code in lines:
            for more in [[], *([["--json"]] if name not in BARE and "--raw" not in words else [])]:
                line = [*name.split(), *words.format(**known).split(), *more]
                done = inside(*line, login="eve", code=None, input=MAIL)
                told = (done.raw.decode("utf-8", "replace") + done.err).casefold()
                secrets = SECRETS if name.startswith("client ") else (*SECRETS, NAME)
                asked = " ".join(line)
                leaks = [word for word in secrets if word in told and word not in asked]
                if leaks:
                    faults.append(f"{asked}: tells {leaks}")
                if code is not None and done.code != code:
                    faults.append(f"{asked}: ends with {done.code}: {done.err.strip()[:150]}")
                after = _rows(vault)
                faults += [f"{asked}: changes {what}" for what in before if before[what] != after[what]]
                before = after
    assert not faults, "\n".join(faults)


def test_an_admin_sees_each_word_by_some_command_of_the_walk(
    vault: Site, inside: Run, tmp_path: Path
) -> None:
    """Else the walk would find nothing because there is nothing."""
    known = {
        **_numbers(vault),
        "alone": _alone(vault),
        "digest": _alone(vault, "digest"),
        "folder": str(tmp_path),
    }
    seen: dict[str, list[str]] = {word: [] for word in (*SECRETS, NAME)}
    for name in READING:
        for words, _ in TABLE[name]:
            line = [*name.split(), *words.format(**known).split()]
            done = inside(*line, code=None, input=MAIL)
            told = (done.raw.decode("utf-8", "replace") + done.err).casefold()
            for word in seen:
                if word in told and word not in " ".join(line):
                    seen[word].append(name)
    saved = [path.read_text().strip() for path in tmp_path.iterdir() if path.name.startswith("filenamish")]
    assert set(saved) == {"filetextish"}
    seen["filetextish"].append("ticket attachments")
    assert all(seen.values()), seen
    assert {name for names in seen.values() for name in names} >= {
        *("ticket list", "ticket show", "ticket log", "ticket attachments", "ticket explain", "ticket why"),
        *("inbox list", "inbox show", "outbox list", "outbox show", "client list", "client show", "board"),
    }


def test_an_assignee_sees_it_and_an_admin_all(vault: Site, inside: Run) -> None:
    number = _numbers(vault)
    seen = (("ticket", "show", FOREIGN), ("ticket", "log", FOREIGN), ("inbox", "show", number["came"]))
    inside("ticket", "assign", FOREIGN, "eve")
    for login in ("eve", "bob", "dave"):
        for words in (*seen, ("outbox", "show", number["letter"])):
            inside(*words, login=login)
        assert "subjectish" in inside("ticket", "list", login=login).out
    for words in (("inbox", "show", number["held"]), ("ticket", "show", PRIVATE)):
        inside(*words, login="bob")
        inside(*words, login="eve", code=3)
    inside("inbox", "show", number["held"], login="dave")
    assert "digest" in inside("outbox", "show", _alone(vault, "digest")).out


@pytest.mark.parametrize(
    ("login", "offered"), [("eve", {LINKED}), ("dave", {FOREIGN}), ("bob", {FOREIGN, LINKED, PRIVATE})]
)
def test_a_shell_is_offered_what_one_may_see(vault: Site, login: str, offered: set[str]) -> None:
    found = choices("tickets", "", config=str(vault.config), login=login)
    assert {number for number, _ in found} == offered


def test_who_lets_a_mail_in_for_another_department_is_told_so(vault: Site, inside: Run) -> None:
    vault.write("Please.", sender="", subject="No sender")
    inside("fetch-mail")
    (item,) = inside("inbox", "list", "--mailbox", "support", "--ids", login="eve").out.split()
    words = ("inbox", "release", item, "--client", "ben@client.example", "-d", "vault", "--json")
    done = inside(*words, login="eve").json
    assert done["outcome"] == "opened"
    inside("ticket", "show", str(done["ticket"]), login="eve", code=3)


def test_mail_that_is_held_is_for_the_department_to_which_it_was_written(vault: Site, inside: Run) -> None:
    """Several departments may share a mailbox; then its recipients say whose a mail is."""
    _into(vault, "other@else.example", "Shared", "For support.", "4", to="support@desk.example")
    inside("fetch-mail")
    (item,) = [one["id"] for one in inside("inbox", "list", "--json").json if one["subject"] == "Shared"]
    assert "came for support" in inside("inbox", "show", str(item), login="dave", code=3).err
    assert "Shared" not in inside("inbox", "list", login="dave").out
    assert "Shared" in inside("inbox", "list", login="eve").out
    assert inside("inbox", "release", str(item), "--json", login="eve").json["outcome"] == "opened"


def test_who_may_not_run_cron_is_told_so_each_time(vault: Site, inside: Run) -> None:
    for _ in range(2):
        done = inside("cron", "--as", "eve", code=3)
        assert done.err == "helpdesk: eve: only an admin, the store's owner and root run the desk's jobs\n"
