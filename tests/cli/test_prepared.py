"""Prepared answers: ``--template``, from a folder of the site's, filled with the ticket."""

from pathlib import Path

import pytest
from desks import Site
from program import Run
from terminal import on_terminal

DESK = '[desk]\nname = "Test Desk"\ndomain = "desk.example"\nsecret_file = "secret.key"\n'


@pytest.fixture
def replies(site: Site, inside: Run) -> Path:
    """A desk with a ticket of Ann's and the prepared answers restart (also support's own) and closed."""
    site.configure()
    text = site.config.read_text().replace(DESK, f'{DESK}templates = "words"\n')
    assert "templates" in text
    site.config.write_text(text)
    folder = site.folder / "words" / "replies"
    (folder / "support").mkdir(parents=True)
    (folder / "restart.txt.j2").write_text(
        "{# Turn it off and on #}\nHello {{ client.name }},\n\n"
        "turn it off and on: {{ ticket.subject }}.\n\n{{ staff.name }}\n"
    )
    (folder / "moving.txt.j2").write_text("We move.\n")
    (folder / "support" / "moving.txt.j2").write_text("{# Where we are #}\nSupport moves.\n")
    for path in [folder.parent, *folder.parent.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    site.write(sender="Ann Archer <ann@client.example>", subject="Broken")
    inside("fetch-mail")
    return folder


def last(inside: Run) -> str:
    return str(inside("ticket", "show", "1000", "--json").json["messages"][-1]["text"])


def test_an_answer_is_filled_with_the_ticket(replies: Path, inside: Run) -> None:
    inside("ticket", "reply", "1000", "--template", "restart")
    assert last(inside) == "Hello Ann Archer,\n\nturn it off and on: Broken.\n\nBob Baker"
    inside("ticket", "note", "1000", "--template", "moving")
    assert last(inside) == "Support moves."  # the department's own comes first


def test_another_departments_words_are_everybodys(replies: Path, inside: Run) -> None:
    (replies / "support").rename(replies / "sales")
    inside("ticket", "reply", "1000", "--template", "moving")
    assert last(inside) == "We move."
    assert "there is no [department.sales]" in inside("config", "check", code=78).err


def test_it_may_be_gone_on_with_in_the_editor(replies: Path, site: Site, inside: Run, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/off and on/off and then on/" "$1"\n')
    editor.chmod(0o755)
    env = {"HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob", "EDITOR": str(editor), "VISUAL": ""}
    code, output = on_terminal("ticket", "reply", "1000", "--template", "restart", "-e", env=env)
    assert code == 0, output
    assert "turn it off and then on: Broken." in last(inside)


def test_what_there_is_is_listed_without_a_ticket(replies: Path, inside: Run) -> None:
    lines = inside("ticket", "reply", "--template", "?").out.splitlines()
    assert lines == ["moving\tsupport\tWhere we are", "moving\t\t", "restart\t\tTurn it off and on"]
    found = inside("ticket", "note", "1000", "--template", "?", "--json").json
    assert found[0] == {"name": "moving", "department": "support", "title": "Where we are"}


def test_an_unknown_one_names_the_nearest_and_all(replies: Path, inside: Run) -> None:
    told = inside("ticket", "reply", "1000", "--template", "restrt", code=2).err
    assert "there is no such answer; did you mean restart? there are moving, restart" in told
    assert (
        "no such answer; there are moving"
        in inside("ticket", "reply", "1000", "--template", "../../secret", code=2).err
    )
    told = inside("ticket", "reply", "1000", "--template", "restart", "-m", "x", code=2).err
    assert "exclude each other" in told and "kept in" in told


def test_without_a_folder_it_says_where_they_go(site: Site, inside: Run) -> None:
    site.write()
    inside("fetch-mail")
    told = inside("ticket", "reply", "1000", "--template", "x", code=2).err
    assert "[desk] templates names no folder; put replies/x.txt.j2 into one" in told
    assert inside("ticket", "reply", "--template", "?").out == ""


def test_a_broken_one_is_told_with_its_line_before_somebody_needs_it(replies: Path, inside: Run) -> None:
    (replies / "moving.txt.j2").write_text("Hello\n{{ nobody.name }}\n")
    assert f"{replies}/moving.txt.j2 line 2: 'nobody' is undefined" in inside("config", "check", code=78).err
    assert inside("doctor", code=None).out.count("moving.txt.j2 line 2") == 1
    (replies / "dangling.txt.j2").symlink_to("nowhere")
    assert "dangling" in inside("config", "check", code=78).err
    assert "restart" in inside("ticket", "reply", "--template", "?").out
    inside("ticket", "reply", "1000", "--template", "restart")
    (replies / "support" / "moving.txt.j2").unlink()
    told = inside("ticket", "reply", "1000", "--template", "moving", code=1).err
    assert "moving.txt.j2 line 2" in told


def test_what_others_may_write_is_not_used(replies: Path, inside: Run) -> None:
    (replies / "support").chmod(0o777)
    assert (
        "may be written by others" in inside("ticket", "reply", "1000", "--template", "moving", code=78).err
    )
    (replies / "support").chmod(0o755)
    replies.chmod(0o777)
    assert (
        "may be written by others" in inside("ticket", "reply", "1000", "--template", "moving", code=78).err
    )


def test_words_of_a_client_are_words_and_no_template(replies: Path, site: Site, inside: Run) -> None:
    site.write(subject="{{ 7 * 7 }}", sender="eve@client.example")
    inside("fetch-mail")
    inside("ticket", "reply", "1001", "--template", "restart")
    shown = inside("ticket", "show", "1001", "--json").json
    assert "{{ 7 * 7 }}" in shown["messages"][-1]["text"]


def test_the_words_of_a_language_come_first(replies: Path, site: Site, inside: Run) -> None:
    german = replies.parent / "de" / "replies"
    german.mkdir(parents=True)
    (german / "restart.txt.j2").write_text("Bitte neu starten.\n")
    site.config.write_text(site.config.read_text().replace(DESK, f'{DESK}language = "de"\n'))
    inside("ticket", "reply", "1000", "--template", "restart")
    assert last(inside) == "Bitte neu starten."


def test_the_shell_completes_them(replies: Path, run: Run) -> None:
    asked = {
        "_HELPDESK_COMPLETE": "bash_complete",
        "COMP_WORDS": "helpdesk ticket reply 1000 --template re",
        "COMP_CWORD": "5",
    }
    assert run(env=asked).out == "plain,restart\n"
