"""What is installed says what it means in the system's own quoting, or is refused."""

import re
import shlex
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.schedule import (
    Place,
    calendar,
    cron_times,
    cron_words,
    crontab,
    duration,
    postfix,
    postfix_word,
    systemd,
    task,
    unit_word,
    windows_word,
)

ODD = ("/srv/my desk/bin/it's $HOME 100%/helpdesk", '/etc/a "b" `c`;d/100%.toml')
AT_HOME = Place(program=(ODD[0],), config=ODD[1], user="bob")
printable = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=40).filter(str.isprintable)


def run_by_cron(line: str) -> list[str]:
    """The words that a shell sees of a crontab's command, by crontab(5)."""
    command = re.split(r"(?<!\\)%", line)[0].replace(r"\%", "%")
    return shlex.split(command)


@given(st.lists(printable.filter(lambda word: "\\" not in word), min_size=1, max_size=4))
@settings(deadline=None)
def test_cron_runs_the_very_words(words: list[str]) -> None:
    assert run_by_cron(cron_words(words)) == words


@given(printable)
@settings(deadline=None)
def test_systemd_runs_the_very_words(word: str) -> None:
    told = unit_word(word)
    bare = told[1:-1] if told.startswith('"') else told
    assert told.startswith('"') or not re.search(r"[\s'\"\\;]", told)
    assert re.sub(r"\\(.)", r"\1", bare.replace("%%", "%").replace("$$", "$")) == word
    assert "%" not in bare.replace("%%", "")
    assert "$" not in bare.replace("$$", "")


def read_by_windows(line: str) -> list[str]:
    """The words of a command line, by the rules of Microsoft's C runtime."""
    words, word, quoted, at = [], "", False, 0
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        at += slashes
        char = line[at : at + 1]
        if char == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
        else:
            word += "\\" * slashes
            if char in (" ", "\t") and not quoted:
                words.append(word)
                word = ""
            else:
                word += char
        at += 1
    return [*words, word]


@given(st.lists(printable, min_size=1, max_size=4))
@settings(deadline=None)
def test_windows_reads_the_very_words(words: list[str]) -> None:
    assert read_by_windows(" ".join(map(windows_word, words))) == words


@pytest.mark.parametrize(("word", "told"), [("/a/b", "/a/b"), ("a b", "{a b}"), ("$x", "$$x"), ("", "{}")])
def test_postfix_keeps_words_together_and_replaces_nothing(word: str, told: str) -> None:
    assert postfix_word(word) == told


@pytest.mark.parametrize("odd", ["a\nb", "a\0b", "a\x1bb"])
def test_what_would_break_a_line_is_refused(odd: str) -> None:
    for made in (crontab, systemd, task, postfix):
        with pytest.raises(ValueError, match="cannot hold"):
            made(Place(config=odd))  # type: ignore[operator]


def test_what_a_system_cannot_write_is_refused_with_its_words() -> None:
    with pytest.raises(ValueError, match="a backslash"):
        crontab(Place(config="/etc/a\\b.toml"))
    for odd in ("{a}", 'a"b', "a\\b"):
        with pytest.raises(ValueError, match="Postfix cannot hold"):
            postfix(Place(config=odd))
    for odd in ("it's", 'a"b', "a\\b"):
        with pytest.raises(ValueError, match="quotes or backslashes"):
            systemd(Place(program=(f"/opt/{odd}/helpdesk",)))
    with pytest.raises(ValueError, match="nothing as root"):
        postfix(Place(user="root"))


SPANS = {
    60: ("* * * * *", "*-*-* *:*:00", "PT1M"),
    300: ("*/5 * * * *", "*-*-* *:00/05:00", "PT5M"),
    3600: ("0 * * * *", "*-*-* *:00:00", "PT1H"),
    6 * 3600: ("0 */6 * * *", "*-*-* 00/06:00:00", "PT6H"),
    86400: ("0 0 * * *", "*-*-* 00:00:00", "P1D"),
}


@pytest.mark.parametrize("every", SPANS)
def test_how_often_is_said_in_each_system_s_way(every: int) -> None:
    assert (cron_times(every), calendar(every), duration(every)) == SPANS[every]


def test_only_systemd_starts_more_often_than_each_minute() -> None:
    assert "OnCalendar=*-*-* *:*:00/30\n" in systemd(Place(), 30)[1].text
    for made in (crontab, task):
        with pytest.raises(ValueError, match="more often than each minute"):
            made(Place(), 30)


def test_a_crontab_mails_the_admin_and_finds_the_programs_of_the_configuration() -> None:
    place = Place(admin="root@example.com", folders=("/opt/bin", "/usr/bin"), variables=("SUPPORT_PASSWORD",))
    lines = crontab(place)[0].text.splitlines()
    assert "MAILTO=root@example.com" in lines
    assert "PATH=/opt/bin:/usr/bin:/bin" in lines
    assert any("SUPPORT_PASSWORD=" in line and line.startswith("#") for line in lines)
    assert "PATH" not in crontab(Place(folders=("/usr/bin",)))[0].text


def test_a_unit_may_write_where_the_desk_does_and_lets_postdrop_have_its_rights() -> None:
    text = systemd(Place(writes=("/etc/helpdesk", "/var/lib/helpdesk")))[0].text
    assert "ReadWritePaths=/etc/helpdesk\n" in text
    assert "/var/lib" not in text
    assert "NoNewPrivileges=yes\n" in text
    assert "NoNewPrivileges" not in systemd(Place(takes_rights=True))[0].text


def test_postfix_is_told_which_addresses_and_of_a_mailbox_that_is_missing() -> None:
    text = postfix(Place(addresses=("a@x.example", "tickets.x.example")))[0].text
    assert "#   a@x.example  helpdesk:\n#   tickets.x.example  helpdesk:\n" in text
    assert "[mailbox." not in text
    assert "#   [mailbox.local]\n" in postfix(Place(has_pipe=False))[0].text


# The Task Scheduler's schema (MS-TSCH 2.5), as far as our task goes

SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
SEQUENCE = ("Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit")
CHILDREN = {
    "Task": {"RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"},
    "RegistrationInfo": {"Description"},
    "Triggers": {"TimeTrigger"},
    "TimeTrigger": set(SEQUENCE),
    "Repetition": {"Interval", "Duration", "StopAtDurationEnd"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "RunLevel"},
    "Settings": {
        "MultipleInstancesPolicy",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "StartWhenAvailable",
        "RunOnlyIfNetworkAvailable",
        "ExecutionTimeLimit",
        "Enabled",
    },
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}
VALUES = {
    "Interval": r"PT([1-9]|[1-5]\d)M|PT([1-9]|1\d|2[0-3])H|P([1-9]|[12]\d|3[01])D",  # PT1M to P31D
    "ExecutionTimeLimit": r"PT\d+[MH]",
    "StartBoundary": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "MultipleInstancesPolicy": "Parallel|Queue|IgnoreNew|StopExisting",
    "LogonType": "S4U|Password|InteractiveToken|InteractiveTokenOrPassword",
    "RunLevel": "LeastPrivilege|HighestAvailable",
    "UserId": ".+",
    "Command": ".+",
    "Arguments": ".*",
    "Description": ".*",
    **dict.fromkeys(
        (
            "StopAtDurationEnd",
            "DisallowStartIfOnBatteries",
            "StopIfGoingOnBatteries",
            "StartWhenAvailable",
            "RunOnlyIfNetworkAvailable",
            "Enabled",
        ),
        "true|false",
    ),
}


def hold_to_schema(root: ET.Element) -> None:
    assert root.tag == f"{SPACE}Task"
    assert root.get("version") in ("1.1", "1.2", "1.3", "1.4")
    for element in root.iter():
        name = element.tag.removeprefix(SPACE)
        children = [child.tag.removeprefix(SPACE) for child in element]
        assert len(children) == len(set(children)), name
        if name in CHILDREN:
            assert set(children) <= CHILDREN[name], name
        else:
            assert not children
            assert re.fullmatch(VALUES[name], element.text or ""), (name, element.text)
        if name == "TimeTrigger":
            places = [SEQUENCE.index(child) for child in children]
            assert all(one < other for one, other in pairwise(places))
            assert "StartBoundary" in children
    actions = root.find(f"{SPACE}Actions")
    assert actions is not None and len(actions) > 0
    names = {each.get("id") for each in root.iter(f"{SPACE}Principal")}
    assert actions.get("Context") in names


@pytest.mark.parametrize("every", SPANS)
@pytest.mark.parametrize(
    "place", [Place(), AT_HOME, Place(user="DOM\\Jörg & <Söhne>", config="C:\\a b\\ü.toml")]
)
def test_a_task_is_as_the_schema_wants_it(place: Place, every: int) -> None:
    text = task(place, every)[0].text
    root = ET.fromstring(text)
    hold_to_schema(root)
    assert text.isascii()
    assert "encoding" not in text.partition("\n")[0]
    told = {each.tag.removeprefix(SPACE): each.text or "" for each in root.iter()}
    assert told["Command"] == place.program[0]
    assert read_by_windows(told["Arguments"]) == ["--config", place.config, "cron"]
    assert told["UserId"] == place.user
