"""IMAP as a way in, against a real Dovecot."""

from pathlib import Path

import pytest
from servers import PASSWORD, Dovecot, make_certificate
from source_contract import Desk, SourceContract, a_message, bare, subjects

from helpdesk_cli.errors import BadConfig, Unreachable
from helpdesk_cli.mail.sources import open_source

from .boxes import DovecotBox


@pytest.fixture
def box(dovecot: Dovecot) -> DovecotBox:
    return DovecotBox(dovecot, "imap")


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestContract(SourceContract):
    @pytest.fixture
    def box(self, dovecot: Dovecot) -> DovecotBox:
        return DovecotBox(dovecot, "imap")


# What is fetched


def test_a_key_is_folder_uidvalidity_and_uid(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    folder, validity, uid = desk.fetch(box.open())[0].key.split(":")
    assert (folder, uid) == ("INBOX", "1")
    assert int(validity) > 0


def test_arrival_is_the_servers_word(box: DovecotBox, desk: Desk) -> None:
    from datetime import UTC, datetime

    box.put()
    with box.client() as client:
        when = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
        client.append("INBOX", a_message("old").replace(b"\n", b"\r\n"), msg_time=when)
    assert desk.fetch(box.open())[0].arrived_at == "2001-09-09T01:46:40Z"


def test_an_old_message_moved_in_comes_too(box: DovecotBox, desk: Desk) -> None:
    from datetime import UTC, datetime

    box.put(a_message("one"))
    desk.fetch(box.open())
    with box.client() as client:
        when = datetime(1999, 1, 1, tzinfo=UTC)
        client.append("INBOX", a_message("ancient").replace(b"\n", b"\r\n"), (rb"\Seen",), when)
    assert subjects(desk.fetch(box.open())) == ["ancient"]


def test_large_messages_come_in_pieces_and_whole(box: DovecotBox, desk: Desk) -> None:
    large = a_message("large", b"0123456789abcde\n" * 562_500)
    box.put(a_message("one"), large, a_message("two"))
    came = desk.fetch(box.open())
    assert [bare(delivery.raw) for delivery in came] == [
        bare(message) for message in (a_message("one"), large, a_message("two"))
    ]


def test_another_folder_with_letters_beyond_ascii(box: DovecotBox, desk: Desk) -> None:
    box.put()
    with box.client() as client:
        client.create_folder("Entwürfe & Anfragen")
        client.append("Entwürfe & Anfragen", a_message("one").replace(b"\n", b"\r\n"))
    came = desk.fetch(box.open("move:Erledigt ✓", folder="Entwürfe & Anfragen"))
    assert subjects(came) == ["one"]
    assert box.subjects("Erledigt ✓") == ["one"]
    assert box.subjects("Entwürfe & Anfragen") == []


def test_nothing_new_asks_for_nothing(box: DovecotBox, desk: Desk) -> None:
    box.put(*(a_message(f"m{number}") for number in range(30)))
    desk.fetch(box.open())
    asked: list[str] = []
    with box.open() as source:
        assert list(source.waiting(lambda keys: frozenset(asked.extend(keys) or ()), desk.memory)) == []
    assert asked == []


def test_a_renumbered_folder_is_fetched_under_new_keys_and_old_ones_touch_nothing(
    box: DovecotBox, desk: Desk
) -> None:
    box.put(a_message("one"), a_message("two"))
    old = [delivery.key for delivery in desk.fetch(box.open())]
    box.server.doveadm("mailbox", "update", "--uid-validity", "4242", "-u", box.user, "INBOX")
    with box.open("delete") as source:
        source.done(old)
    assert box.left() == ["one", "two"]
    assert [delivery.key for delivery in desk.fetch(box.open())] == ["INBOX:4242:1", "INBOX:4242:2"]


# What is left behind


def test_seen_sets_the_flag_and_keep_does_not(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    desk.fetch(box.open("keep"))
    assert box.subjects(search=["UNSEEN"]) == ["one"]
    desk.fetch(box.open("seen"))
    assert box.subjects(search=["SEEN"]) == ["one"]


def test_a_message_that_a_reader_marks_as_unread_again_stays_so(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    desk.fetch(box.open("seen"))
    with box.client() as client:
        client.remove_flags([1], [rb"\Seen"])
    desk.fetch(box.open("seen"))
    assert box.subjects(search=["UNSEEN"]) == ["one"]


def test_move_makes_the_folder(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"), a_message("two"))
    desk.fetch(box.open("move:Done.2026"))
    assert box.left() == []
    assert box.subjects("Done.2026") == ["one", "two"]


def test_what_another_reader_flagged_as_deleted_is_never_expunged(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("foreign"))
    desk.fetch(box.open("keep"))
    with box.client() as client:
        client.add_flags([1], [rb"\Deleted"])
    box.put(a_message("ours"))
    desk.memory = desk.memory.replace('"keep"', '"delete"')
    assert subjects(desk.fetch(box.open("delete"))) == ["ours"]
    assert box.subjects(search=["DELETED"]) == ["foreign"]


def test_messages_that_others_expunge_meanwhile_are_skipped_in_silence(box: DovecotBox, desk: Desk) -> None:
    box.put(*(a_message(f"m{number:03}") for number in range(230)))

    def expunge() -> None:
        with box.client() as client:
            client.delete_messages(client.search(["UID", "150:170"]), silent=True)
            client.expunge()

    source = box.open("delete")
    came = desk.fetch(source, between=expunge)
    assert subjects(came) == [f"m{number:03}" for number in range(230) if not 149 <= number <= 169]
    assert source.failures() == []
    assert desk.fetch(box.open("delete")) == []
    assert box.left() == []


def test_a_reader_who_expunges_between_commit_and_done_harms_nobody(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"), a_message("two"), a_message("three"))

    def expunge() -> None:
        with box.client() as client:
            client.delete_messages([2], silent=True)
            client.expunge()

    source = box.open("move:Done")
    desk.fetch(source, between=expunge)
    assert source.failures() == []
    assert box.left() == []
    assert box.subjects("Done") == ["one", "three"]


def test_a_changed_after_is_done_to_what_is_already_ours(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    desk.fetch(box.open("keep"))
    assert desk.fetch(box.open("delete")) == []
    assert box.left() == []


# Who we are, and who they are


def test_a_wrong_password_is_told_without_the_password(box: DovecotBox) -> None:
    box.put()
    source = open_source("test", box.settings(), lambda: "wrong-and-secret", deadline=lambda: 60.0)
    with pytest.raises(Unreachable, match="refused to log in") as caught, source:
        pass
    said = str(caught.value)
    assert f"localhost:{box.server.imaps}" in said
    assert "check username and password" in said
    assert "wrong-and-secret" not in said
    assert "\n" not in said


def test_starttls(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    assert len(desk.fetch(box.open(security="starttls", port=box.server.imap))) == 1


def test_plain_on_this_machine_alone(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    assert len(desk.fetch(box.open(security="none", port=box.server.imap))) == 1


def test_a_token_logs_in(box: DovecotBox, desk: Desk) -> None:
    box.put(a_message("one"))
    token = box.server.token(box.user)
    source = open_source(
        "test", box.settings(oauth2_command="print-token"), lambda: token, deadline=lambda: 60.0
    )
    assert len(desk.fetch(source)) == 1


def test_a_bad_token_is_told_with_the_servers_reason(box: DovecotBox) -> None:
    token = box.server.token(box.user, key=b"another key")
    source = open_source(
        "test", box.settings(oauth2_command="print-token"), lambda: token, deadline=lambda: 60.0
    )
    with pytest.raises(Unreachable, match=r"refused to log in.*check username and token") as caught, source:
        pass
    assert token not in str(caught.value)


@pytest.mark.parametrize("password", ["päss wörd", 'quo"te\\', "with space {5}"])
def test_odd_user_names_and_passwords_reach_the_server_as_they_are(box: DovecotBox, password: str) -> None:
    name = 'jane "the\\boss" x'
    source = open_source("test", box.settings(username=name), lambda: password, deadline=lambda: 60.0)
    with pytest.raises(Unreachable, match="refused to log in"), source:
        pass


def test_a_certificate_that_is_not_trusted_gets_no_password(box: DovecotBox) -> None:
    source = open_source("test", box.settings(ca_file=""), never_asked, deadline=lambda: 60.0)
    with pytest.raises(Unreachable, match=r"not trusted.*ca_file"), source:
        pass


def test_a_certificate_for_another_name_gets_no_password(box: DovecotBox, tmp_path: Path) -> None:
    source = open_source("test", box.settings(host="127.0.0.2"), never_asked, deadline=lambda: 60.0)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.2"), source:
        pass
    make_certificate(tmp_path, "other", ["DNS:other.test"])
    source = open_source(
        "test", box.settings(ca_file=str(tmp_path / "cert.pem")), never_asked, deadline=lambda: 60.0
    )
    with pytest.raises(Unreachable, match="not trusted"), source:
        pass


def never_asked() -> str:
    raise AssertionError("the password was asked for before the line was safe")


@pytest.mark.parametrize("folder", ["INBOX\r\nA9 DELETE INBOX", "a\0b", "x\ny"])
def test_a_folder_name_with_a_line_break_is_refused(box: DovecotBox, folder: str) -> None:
    with pytest.raises(BadConfig, match="control character"):
        box.open(folder=folder)


def test_a_folder_that_is_not_there_is_told(box: DovecotBox) -> None:
    with pytest.raises(Unreachable, match=r"'Nowhere'.*check folder"), box.open(folder="Nowhere"):
        pass


def test_a_password_with_a_line_break_is_not_sent(box: DovecotBox) -> None:
    source = open_source("test", box.settings(), lambda: f"{PASSWORD}\nA9 NOOP", deadline=lambda: 60.0)
    with pytest.raises(Unreachable, match="line break"), source:
        pass
