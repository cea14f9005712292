"""What staff do with tickets from the terminal: enter, answer, note, move, assign, edit, save files."""

import os
from pathlib import Path
from typing import Any

import pytest
from desks import Site
from program import Run


@pytest.fixture
def ticket(site: Site, inside: Run) -> int:
    """A ticket that Ann's mail opened."""
    site.write("It is broken.", sender="Ann Archer <ann@client.example>", subject="Broken")
    inside("fetch-mail")
    return 1000


def shown(inside: Run, number: int = 1000) -> Any:
    return inside("ticket", "show", str(number), "--json").json


def waiting(inside: Run) -> set[tuple[str, str]]:
    """The letters to go: their kinds and recipients."""
    return {(letter["kind"], letter["to"]) for letter in inside("outbox", "list", "--json").json}


# Entering


def test_a_ticket_is_entered_as_if_the_client_had_written(site: Site, inside: Run) -> None:
    done = inside(
        "ticket",
        "new",
        "--client",
        "dora@client.example",
        "--name",
        "Dora",
        "-s",
        "No phone",
        "-m",
        "It is dead.",
    )
    assert done.out == "1000\n"
    ticket = shown(inside)
    assert (ticket["subject"], ticket["channel"], ticket["client"]["name"]) == ("No phone", "phone", "Dora")
    (message,) = ticket["messages"]
    assert (message["kind"], message["author"]["role"], message["text"]) == (
        "inbound",
        "client",
        "It is dead.",
    )
    assert ("acknowledgement", "dora@client.example") in waiting(inside)


def test_the_text_comes_from_a_file_or_from_standard_input(site: Site, inside: Run, tmp_path: Path) -> None:
    words = ("ticket", "new", "--client", "dora@client.example", "-s", "No phone")
    (tmp_path / "text").write_text("From a file.\n")
    inside(*words, "-F", str(tmp_path / "text"))
    inside(*words, "-F", "-", input="From a pipe.\n")
    inside(*words, input="From standard input.\n")
    texts = [shown(inside, number)["messages"][0]["text"] for number in (1000, 1001, 1002)]
    assert texts == ["From a file.", "From a pipe.", "From standard input."]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--client", "nobody", "-m", "x"), "is not a mail address"),
        (("--client", "support@desk.example", "-m", "x"), "is an address of the desk itself"),
        (("--client", "d@client.example", "-m", "  "), "the text is empty"),
        (
            ("--client", "d@client.example", "-m", "x", "-p", "dire"),
            "no such priority; there are low, normal",
        ),
        (("--client", "d@client.example", "-m", "x", "-d", "x"), "no such department; there are support"),
        (("--client", "d@client.example", "-m", "x", "--channel", "fax"), "'phone', 'web'"),
        (("--client", "d@client.example", "-m", "x", "-a", "/nonexistent"), "No such file"),
        (("--client", "d@client.example", "-m", "x", "-F", "y"), "exclude each other"),
        (("-m", "x"), "--client"),
    ],
)
def test_a_wrong_entry_is_refused(site: Site, inside: Run, words: tuple[str, ...], told: str) -> None:
    done = inside("ticket", "new", "-s", "Subject", *words, code=2)
    assert told in done.err
    assert inside("ticket", "list", "--state", "all", "--ids").out == ""


# Writing


def test_an_answer_waits_for_the_next_notify(ticket: int, site: Site, inside: Run) -> None:
    done = inside("ticket", "reply", "HD-1000", "-m", "Plug it in.", "--stage", "awaiting")
    assert (done.out, done.err) == ("", "")
    assert shown(inside)["stage"] == "awaiting"
    inside("notify")
    (answer,) = [mail for mail in site.sent() if "Plug it in." in mail.get_body(("plain",)).get_content()]
    assert answer["To"] == "Ann Archer <ann@client.example>"


def test_an_answer_takes_further_people_and_files_along(
    ticket: int, site: Site, inside: Run, tmp_path: Path
) -> None:
    (tmp_path / "plan.pdf").write_bytes(b"%PDF-1.7")
    inside(
        "ticket",
        "reply",
        "1000",
        "-m",
        "See here.",
        "-a",
        str(tmp_path / "plan.pdf"),
        "-c",
        "boss@client.example",
    )
    assert shown(inside)["participants"] == ["ann@client.example", "boss@client.example"]
    inside("notify")
    answers = [mail for mail in site.sent() if mail.get_content_type() == "multipart/mixed"]
    assert {mail["To"].addresses[0].addr_spec for mail in answers} == {
        "ann@client.example",
        "boss@client.example",
    }
    assert [part.get_filename() for part in answers[0].iter_attachments()] == ["plan.pdf"]


@pytest.mark.parametrize(
    ("address", "told"), [("bad address", "is not a mail"), ("support@desk.example", "desk itself")]
)
def test_an_answer_goes_to_nobody_who_cannot_be_written_to(
    ticket: int, inside: Run, address: str, told: str
) -> None:
    before = shown(inside)
    assert told in inside("ticket", "reply", "1000", "-m", "x", "-c", address, code=2).err
    assert shown(inside) == before


def test_a_note_never_leaves_the_desk(ticket: int, inside: Run) -> None:
    before = waiting(inside)
    inside("ticket", "note", "1000", "-m", "She is angry.")
    assert waiting(inside) == before
    assert shown(inside)["messages"][-1]["public"] is False


def test_a_text_that_could_not_be_saved_is_kept(ticket: int, inside: Run) -> None:
    done = inside("ticket", "reply", "77", "-m", "An hour's work.", code=4)
    kept = Path(done.err.rpartition("kept in ")[2].strip())
    assert kept.read_text() == "An hour's work.\n"
    kept.unlink()


# Changing


def test_a_ticket_moves_is_closed_and_opened_again(ticket: int, inside: Run) -> None:
    inside("ticket", "move", "1000", "In progress")
    assert (shown(inside)["stage"], shown(inside)["state"]) == ("in-progress", "open")
    inside("ticket", "close", "1000")
    closed = shown(inside)
    assert (closed["stage"], closed["state"]) == ("done", "closed")
    assert closed["closed_at"] is not None
    inside("ticket", "reopen", "1000")
    assert (shown(inside)["stage"], shown(inside)["closed_at"]) == ("in-progress", None)
    assert "is not closed" in inside("ticket", "reopen", "1000", code=1).err


def test_closing_with_a_text_answers_first(ticket: int, inside: Run) -> None:
    inside("ticket", "new", "--client", "carl@client.example", "-s", "Leak", "-m", "It drips.")
    inside("ticket", "close", "1000", "1001", "-m", "Both are fixed.")
    for number in (1000, 1001):
        assert shown(inside, number)["state"] == "closed"
        assert shown(inside, number)["messages"][-1]["text"] == "Both are fixed."
    assert {("reply", "ann@client.example"), ("reply", "carl@client.example")} <= waiting(inside)


def test_tickets_are_given_and_taken(ticket: int, inside: Run) -> None:
    assert inside("ticket", "assign", "1000", "bob", "--json").json["assignee"] == "bob"
    assert inside("ticket", "assign", "1000", "none", "--json").json["assignee"] is None
    assert inside("ticket", "take", "1000", "--json").json["assignee"] == "bob"
    assert "no such staff member" in inside("ticket", "assign", "1000", "nobody", code=4).err
    told = inside("ticket", "assign", "1000", "auto", code=1).err
    assert 'which has assignment = "off"; name a staff member' in told
    assert told.count("\n") == 1


def test_what_is_edited_changes_and_the_rest_stays(ticket: int, site: Site, inside: Run) -> None:
    site.configure('[category.billing]\nname = "Billing"\n')
    inside("ticket", "edit", "1000", "-p", "Urgent", "--category", "billing", "-s", " Twice   paid ")
    edited = shown(inside)
    assert (edited["priority"], edited["category"], edited["subject"]) == ("urgent", "billing", "Twice paid")
    inside("ticket", "edit", "1000", "--category", "")
    assert shown(inside)["category"] is None
    assert "nothing to change" in inside("ticket", "edit", "1000", code=2).err
    assert "must not be empty" in inside("ticket", "edit", "1000", "-s", " ", code=2).err


def test_spam_closes_in_silence_and_blocks_the_sender(ticket: int, inside: Run) -> None:
    assert waiting(inside) != set()
    inside("ticket", "spam", "1000")
    assert shown(inside)["state"] == "closed"
    assert inside("client", "block").out.split("\t")[0] == "ann@client.example"
    assert waiting(inside) == set()


def test_the_work_that_went_into_an_answer_is_in_the_log(ticket: int, inside: Run) -> None:
    inside("ticket", "reply", "1000", "-m", "It is fixed.", "--time", "1h30m")
    inside("ticket", "note", "1000", "-m", "He called.", "--time", "15")
    assert inside("ticket", "log", "1000").out.count('"time"') == 2
    assert [event["data"]["time"] for event in shown(inside)["events"][1:]] == [5400, 900]
    for wrong in ("soon", "0m", "", "1x"):
        done = inside("ticket", "reply", "1000", "-m", "x", "--time", wrong, code=2)
        assert "must be a time such as 15m, 1h or 1h30m" in done.err


# Files and the log


def test_attachments_are_listed_with_their_numbers(ticket: int, inside: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.pdf").write_bytes(b"%PDF-1.7")
    inside("ticket", "note", "1000", "-m", "See", "-a", str(tmp_path / "plan.pdf"))
    number, name, kind, size, sha256 = inside("ticket", "attachments", "1000").out.rstrip("\n").split("\t")
    assert (number, name, kind, size, len(sha256)) == ("1", "plan.pdf", "application/pdf", "8", 64)


def test_saved_files_stay_in_their_folder_and_overwrite_nothing(
    site: Site, inside: Run, tmp_path: Path
) -> None:
    mail = site.write(subject="Files")
    for name in ("../../escape.txt", "-rf", "twin.txt", "twin.txt", "CON", "a\x1b[2Jb\u202etxt.exe"):
        mail.add_attachment(name.encode(), maintype="application", subtype="octet-stream", filename=name)
    mail.replace_header("Message-Id", "<files@client.example>")
    site.drop(mail)
    inside("fetch-mail")
    found = [one["number"] for one in inside("ticket", "list", "--json").json]
    number = next(one for one in found if inside("ticket", "attachments", str(one)).out)
    folder = tmp_path / "below" / "saved"
    folder.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (folder / "twin.txt").symlink_to(outside)
    saved = inside("ticket", "attachments", str(number), "--save", str(folder)).out.splitlines()
    names = [os.path.basename(path) for path in saved]
    assert all(Path(path).parent == folder and Path(path).is_file() for path in saved)
    assert (names[0], names[2:4]) == ("escape.txt", ["twin (2).txt", "twin (3).txt"])
    assert not any(name.startswith(("-", ".")) or not name.isprintable() for name in names)
    assert outside.read_text() == "mine"
    assert (folder / "twin (2).txt").read_bytes() == b"twin.txt"
    assert (folder / "escape.txt").stat().st_mode & 0o777 == 0o600
    again = inside("ticket", "attachments", str(number), "--save", str(folder), "--json").json
    assert not {one["path"] for one in again} & set(saved)


def test_a_folder_that_cannot_be_written_is_told(ticket: int, inside: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inside("ticket", "note", "1000", "-m", "See", "-a", str(tmp_path / "file"))
    done = inside("ticket", "attachments", "1000", "--save", str(tmp_path / "file" / "x"), code=1)
    assert "Not a directory" in done.err


def test_the_log_tells_who_did_what(ticket: int, inside: Run) -> None:
    inside("ticket", "take", "1000")
    inside("ticket", "edit", "1000", "-p", "high")
    lines = [line.split("\t") for line in inside("ticket", "log", "1000").out.splitlines()]
    assert [(actor, kind) for _, actor, kind, _ in lines] == [
        ("ann@client.example", "opened"),
        ("bob", "assigned"),
        ("bob", "edited"),
    ]
    assert lines[2][3] == '{"field":"priority","from":"normal","to":"high"}'


@pytest.mark.parametrize("verb", ["show", "reply", "note", "move", "close", "reopen", "assign", "take", "edit",
                                  "spam", "attachments", "log"])  # fmt: skip
def test_a_ticket_that_there_is_not_is_4(site: Site, inside: Run, verb: str) -> None:
    more = {
        "reply": ["-m", "x"],
        "note": ["-m", "x"],
        "move": ["done"],
        "assign": ["bob"],
        "edit": ["-p", "high"],
    }
    assert "no ticket 77" in inside("ticket", verb, "77", *more.get(verb, []), code=4).err


@pytest.mark.parametrize("word", ["x", "10.5", "-1", "１０００", ""])
def test_what_is_no_number_is_2(site: Site, inside: Run, word: str) -> None:
    assert inside("ticket", "show", word, code=2).err


@pytest.mark.parametrize(
    "words",
    [
        ("new", "--client", "a@client.example", "-s", "bad\udcff", "-m", "x"),
        ("list", "--search", "\udcff"),
        ("note", "1000", "-m", "\udcff"),
    ],
)
def test_bytes_that_are_no_text_are_2(ticket: int, inside: Run, words: tuple[str, ...]) -> None:
    assert "is not written in UTF-8" in inside("ticket", *words, code=2).err


def test_a_file_may_have_any_name(ticket: int, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a\udcff\n\x1b.txt"
    path.write_text("x")
    run("ticket", "note", "1000", "-m", "See", "-a", str(path))
    assert run("ticket", "attachments", "1000", "--fields", "name,size").out.endswith(".txt\t1\n")
