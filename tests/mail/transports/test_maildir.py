"""Letters into a Maildir."""

import mailbox
from collections.abc import Callable
from pathlib import Path

import pytest
from transport_contract import PLAIN, Arrived, TransportContract, no_secret

from helpdesk_cli import settings
from helpdesk_cli.errors import BadConfig, Unreachable
from helpdesk_cli.mail.transports import Sent, open_transport


class TestMaildir(TransportContract):
    @pytest.fixture
    def transport(self, tmp_path: Path) -> settings.Transport:
        return settings.Transport(kind="maildir", path=str(tmp_path / "out" / "Maildir"))

    @pytest.fixture
    def arrived(self, transport: settings.Transport) -> Callable[[], list[Arrived]]:
        def read() -> list[Arrived]:
            found = []
            for path in sorted((Path(transport.path) / "new").iterdir()):
                sender, recipient, text = path.read_bytes().split(b"\n", 2)
                found.append(
                    Arrived(
                        sender.removeprefix(b"Return-Path: <").removesuffix(b">").decode(),
                        recipient.removeprefix(b"Delivered-To: ").decode(),
                        text,
                    )
                )
            return found

        return read

    def test_other_programs_can_read_it(self, transport: settings.Transport) -> None:
        with open_transport("default", transport, no_secret) as way:
            way.send("desk@x.test", "jane@y.test", PLAIN)
        box = mailbox.Maildir(transport.path, create=False)
        assert [message["Subject"] for message in box] == ["hello"]

    def test_nothing_is_left_in_tmp_and_others_cannot_read(self, transport: settings.Transport) -> None:
        with open_transport("default", transport, no_secret) as way:
            way.send("desk@x.test", "jane@y.test", PLAIN)
        folder = Path(transport.path)
        (letter,) = (folder / "new").iterdir()
        assert not list((folder / "tmp").iterdir())
        assert letter.stat().st_mode & 0o777 == 0o600
        assert (folder / "new").stat().st_mode & 0o777 == 0o700

    def test_a_place_that_cannot_be_written_is_told_with_its_path(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        place = settings.Transport(kind="maildir", path=str(tmp_path / "file"))
        with (
            pytest.raises(Unreachable, match=r"file cannot be written: .*; make the folder writable"),
            open_transport("default", place, no_secret) as way,
        ):
            way.send("desk@x.test", "jane@y.test", PLAIN)

    def test_a_missing_path_is_a_fault_of_the_configuration(self) -> None:
        with pytest.raises(BadConfig, match=r"transport\.out\.path is missing"):
            open_transport("out", settings.Transport(kind="maildir"), no_secret)


def test_null_takes_and_forgets() -> None:
    with open_transport("default", settings.Transport(kind="null"), no_secret) as way:
        assert way.send("desk@x.test", "jane@y.test", PLAIN).outcome is Sent.SENT
        assert way.send("desk@x.test", "no address", PLAIN).outcome is Sent.FAILED
