"""The tutorial, typed as it is written by somebody new, against a real mail server; and what init says."""

import os
import pwd
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import Site
from program import PROGRAM, Done
from servers import PASSWORD, Dovecot, running_dovecot

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
MAIL = b"From: Ann Ashe <ann@client.example>\r\nTo: support@example.com\r\nSubject: Printer\r\n\r\nIt smokes.\r\n"


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """A mail server with one mail for the support address."""
    with (
        tempfile.TemporaryDirectory(prefix="dovecot-", ignore_cleanup_errors=True) as folder,
        running_dovecot(Path(folder)) as running,
    ):
        running.deliver("support@example.com", MAIL)
        yield running


def typed() -> list[list[str]]:
    """The program's calls of the tutorial, in their order."""
    blocks = re.findall(r"^```console\n(.*?)^```", TUTORIAL, re.S | re.M)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ helpdesk ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def newcomer(home: Path, *words: str) -> Done:
    """Somebody without any settings calls the program."""
    names = ("HELPDESK_CONFIG", "HELPDESK_STAFF", "XDG_CONFIG_HOME", "SUDO_USER", "DOAS_USER")
    env = {name: value for name, value in os.environ.items() if name not in names}
    return Done(
        subprocess.run(
            [*PROGRAM, *words],
            env={**env, "HOME": str(home), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=home,
            timeout=120,
            check=False,
        )
    )


def configure(folder: Path, server: Dovecot) -> None:
    """Write what the tutorial says, but for this machine's servers."""
    found = re.search(r"^```toml\n(.*?)^```", TUTORIAL, re.S | re.M)
    assert found
    text = found[1]
    for old, new in (
        (
            'host = "imap.example.com"',
            f'host = "localhost"\nport = {server.imaps}\nca_file = "{server.certificate}"',
        ),
        ("[transport.default]", '[transport.default]\nkind = "maildir"\npath = "sent"'),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "helpdesk.toml").write_text(text, encoding="utf-8")
    password = folder / "support.password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD + "\n")


def test_the_tutorial_works_as_it_is_written(server: Dovecot, tmp_path: Path) -> None:
    login = pwd.getpwuid(os.getuid()).pw_name
    folder = tmp_path / ".config" / "helpdesk"
    ran = []
    for words in typed():
        given = [{"bob": login, "1123": "1000"}.get(word, word) for word in words]
        done = newcomer(tmp_path, *given)
        assert done.code == 0, (given, done)
        ran.append(" ".join(words[:2]))
        if words == ["init"]:
            configure(folder, server)
    assert {
        "init",
        "doctor",
        "mailbox test",
        "staff new",
        "fetch-mail -v",
        "ticket reply",
        "notify -v",
    } <= set(ran)
    letters = [path.read_text() for path in (folder / "sent" / "new").iterdir()]
    to_ann = [letter for letter in letters if "Delivered-To: ann@client.example" in letter]
    assert sum("we are looking into it" in letter for letter in to_ann) == 1
    assert sum("we have received your message" in letter for letter in to_ann) == 1
    assert newcomer(tmp_path, "ticket", "list", "--state", "closed", "--ids").out == "1000\n"
    assert newcomer(tmp_path, "doctor", "--quiet").out == ""


def test_init_tells_cron_where_the_program_lies(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("helpdesk")
    done = subprocess.run([program, "init", tmp_path / "desk"], capture_output=True, text=True, check=True)
    assert f"* * * * * {program} --config {tmp_path}/desk/helpdesk.toml cron\n" in done.stdout


def test_doctor_warns_of_message_ids_without_a_domain(site: Site, tmp_path: Path) -> None:
    assert "warn  domain:" not in newcomer(tmp_path, "doctor", "--config", str(site.config)).out
    text = site.config.read_text()
    site.config.write_text(text.replace('domain = "desk.example"', 'domain = "localhost"'))
    assert "warn  domain:" in newcomer(tmp_path, "doctor", "--config", str(site.config)).out
