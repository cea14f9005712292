"""POP3 as a way in, against a real Dovecot."""

import pytest
from servers import Dovecot
from source_contract import Desk, SourceContract, a_message, bare

from helpdesk_cli.errors import BadConfig, Unreachable
from helpdesk_cli.mail.sources import open_source

from .boxes import DovecotBox


@pytest.fixture
def box(dovecot: Dovecot) -> DovecotBox:
    return DovecotBox(dovecot, "pop3")


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestContract(SourceContract):
    @pytest.fixture
    def box(self, dovecot: Dovecot) -> DovecotBox:
        return DovecotBox(dovecot, "pop3")


def test_stls(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    assert len(desk.fetch(box.open(security="starttls", port=box.server.pop3))) == 1


def test_plain_on_this_machine_alone(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    assert len(desk.fetch(box.open(security="none", port=box.server.pop3))) == 1


def test_a_line_of_three_million_bytes_comes_whole(box: DovecotBox, desk: Desk) -> None:
    message = a_message("long", b"x" * 3_000_000 + b"\n")
    box.put(message, a_message("after"))
    assert [bare(d.raw) for d in desk.fetch(box.open())] == [bare(message), bare(a_message("after"))]


def test_a_token_logs_in(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    token = box.server.token(box.user)
    source = open_source(
        "test", box.settings(oauth2_command="print-token"), lambda: token, deadline=lambda: 60.0
    )
    assert len(desk.fetch(source)) == 1


def test_a_bad_token_is_told(box: DovecotBox) -> None:
    token = box.server.token(box.user, key=b"another key")
    source = open_source(
        "test", box.settings(oauth2_command="print-token"), lambda: token, deadline=lambda: 60.0
    )
    with pytest.raises(Unreachable, match=r"refused to log in.*check username and token") as caught, source:
        pass
    assert token not in str(caught.value)


def test_a_wrong_password_is_told_without_the_password(box: DovecotBox) -> None:
    box.put()
    source = open_source("test", box.settings(), lambda: "wrong-and-secret", deadline=lambda: 60.0)
    with (
        pytest.raises(Unreachable, match=r"refused to log in.*check username and password") as caught,
        source,
    ):
        pass
    assert f"localhost:{box.server.pop3s}" in str(caught.value)
    assert "wrong-and-secret" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_gets_no_password(box: DovecotBox) -> None:
    def never_asked() -> str:
        raise AssertionError("the password was asked for before the line was safe")

    source = open_source("test", box.settings(ca_file=""), never_asked, deadline=lambda: 60.0)
    with pytest.raises(Unreachable, match=r"not trusted.*ca_file"), source:
        pass


def test_folders_and_flags_are_not_for_pop3(box: DovecotBox) -> None:
    with pytest.raises(BadConfig, match=r"move:Done.*pop3 knows keep, delete"):
        box.open("move:Done")
