"""Letters to the machine's sendmail program: a real script stands in for it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from transport_contract import PLAIN, Arrived, TransportContract, no_secret

from helpdesk_cli import settings
from helpdesk_cli.errors import Unreachable
from helpdesk_cli.mail.transports import Sent, open_transport
from helpdesk_cli.mail.transports.sendmail import Sendmail

KEEPS = """#!/bin/sh
# Keeps its arguments and its input, a numbered file each.
n=$(ls '{folder}' | wc -l)
cat > '{folder}/'$n.mail
printf '%s\\n' "$@" > '{folder}/'$n.argv
"""


def program(folder: Path, script: str) -> str:
    path = folder / "sendmail"
    path.write_text(script)
    path.chmod(0o755)
    return str(path)


class TestSendmail(TransportContract):
    @pytest.fixture
    def kept(self, tmp_path: Path) -> Path:
        (tmp_path / "kept").mkdir()
        return tmp_path / "kept"

    @pytest.fixture
    def transport(self, tmp_path: Path, kept: Path) -> settings.Transport:
        return settings.Transport(kind="sendmail", path=program(tmp_path, KEEPS.format(folder=kept)))

    @pytest.fixture
    def arrived(self, kept: Path) -> Callable[[], list[Arrived]]:
        def read() -> list[Arrived]:
            found = []
            for path in sorted(kept.glob("*.argv")):
                ignore_dots, by, sender, rest, recipient = path.read_text().splitlines()
                assert (ignore_dots, by, rest) == ("-i", "-f", "--")
                text = path.with_suffix(".mail").read_bytes()
                found.append(Arrived("" if sender == "<>" else sender, recipient, text))
            return found

        return read

    def test_an_address_like_an_option_is_refused(
        self, transport: settings.Transport, arrived: Callable[[], list[Arrived]]
    ) -> None:
        with open_transport("default", transport, no_secret) as way:
            assert way.send("desk@x.test", "-bs@x.test", PLAIN).outcome is Sent.FAILED
            assert way.send("-OQueueDirectory=/tmp@x.test", "jane@y.test", PLAIN).outcome is Sent.FAILED
        assert arrived() == []

    def test_line_ends_are_those_of_this_machine(
        self, transport: settings.Transport, arrived: Callable[[], list[Arrived]]
    ) -> None:
        with open_transport("default", transport, no_secret) as way:
            way.send("desk@x.test", "jane@y.test", PLAIN)
        assert b"\r" not in arrived()[0].text


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, Sent.SENT),
        (75, Sent.DEFERRED),
        (71, Sent.DEFERRED),
        (69, Sent.DEFERRED),
        (1, Sent.DEFERRED),
        (64, Sent.DEFERRED),
        (65, Sent.FAILED),
        (67, Sent.FAILED),
        (68, Sent.FAILED),
    ],
)
def test_exit_codes_are_told_apart(tmp_path: Path, code: int, outcome: Sent) -> None:
    path = program(tmp_path, f"#!/bin/sh\ncat >/dev/null\necho 'because of\tthis' >&2\nexit {code}\n")
    receipt = Sendmail(path).send("desk@x.test", "jane@y.test", PLAIN)
    assert receipt.outcome is outcome
    assert "because of this" in receipt.text
    assert receipt.text.isprintable()


@pytest.mark.parametrize("code", [77, 78, 126, 127])
def test_a_program_that_cannot_work_ends_the_run_and_fails_no_letter(tmp_path: Path, code: int) -> None:
    path = program(tmp_path, f"#!/bin/sh\ncat >/dev/null\nexit {code}\n")
    with pytest.raises(Unreachable, match=f"sendmail exit {code} .*try it by hand"):
        Sendmail(path).send("desk@x.test", "jane@y.test", PLAIN)


def test_a_killed_program_leaves_the_letter_uncertain(tmp_path: Path) -> None:
    path = program(tmp_path, "#!/bin/sh\ncat >/dev/null\nkill -9 $$\n")
    receipt = Sendmail(path).send("desk@x.test", "jane@y.test", PLAIN)
    assert receipt.outcome is Sent.UNCERTAIN
    assert "killed by signal 9" in receipt.text


def test_a_hanging_program_is_ended_with_its_children(tmp_path: Path) -> None:
    path = program(tmp_path, f"#!/bin/sh\nsleep 60 &\necho $! > {tmp_path}/child\nwait\n")
    began = time.monotonic()
    receipt = Sendmail(path, patience=0.5).send("desk@x.test", "jane@y.test", PLAIN)
    assert receipt.outcome is Sent.UNCERTAIN
    assert "0.5 s" in receipt.text
    assert time.monotonic() - began < 10
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        os.kill(child, 9)
        raise AssertionError("the child outlived its program")


def test_a_program_that_does_not_read_its_input_is_no_crash(tmp_path: Path) -> None:
    path = program(tmp_path, "#!/bin/sh\nexit 75\n")
    receipt = Sendmail(path).send("desk@x.test", "jane@y.test", PLAIN + b"x" * 1_000_000)
    assert receipt.outcome is Sent.DEFERRED


def test_a_missing_program_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"nowhere cannot be run: No such file.*name its path"):
        Sendmail(str(tmp_path / "nowhere")).send("desk@x.test", "jane@y.test", PLAIN)


def test_no_shell_reads_the_addresses(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    path = program(tmp_path, KEEPS.format(folder=tmp_path / "kept"))
    place = settings.Transport(kind="sendmail", path=path)
    with open_transport("default", place, no_secret) as way:
        way.send("desk@x.test", f"$(touch${{IFS}}{tmp_path}/pwned)@y.test", PLAIN)
        way.send("desk@x.test", "`id`@y.test", PLAIN)
    assert not (tmp_path / "pwned").exists()
    assert "`id`@y.test" in "".join(each.read_text() for each in (tmp_path / "kept").glob("*.argv"))
