"""What holds when the file says nothing."""

import msgspec
import pytest

from helpdesk_cli.settings import Department, Mailbox, Rate, Settings, Stage, Transport


def test_the_default_stages_have_each_state_and_begin_with_new() -> None:
    settings = Settings()
    assert settings.first_stage("open") == "new"
    assert settings.first_stage("waiting") == "awaiting"
    assert settings.first_stage("closed") == "done"


def test_the_middle_priority_is_normal_or_the_lower_middle_one() -> None:
    assert Settings().middle_priority() == "normal"
    three = {slug: Settings().priority["low"] for slug in ("a", "b", "c")}
    assert Settings(priority=three).middle_priority() == "b"
    assert Settings(priority={"a": three["a"], "b": three["b"]}).middle_priority() == "a"


def test_own_addresses_are_all_addresses_and_aliases_in_lower_case() -> None:
    department = Department(name="S", address="Support@Example.COM", aliases=("Help@example.com",))
    assert Settings(department={"s": department}).own_addresses() == {
        "support@example.com",
        "help@example.com",
    }


def test_mail_is_fetched_by_tls_and_stays_on_the_server() -> None:
    assert (Mailbox().kind, Mailbox().security, Mailbox().after) == ("imap", "tls", "seen")


def test_no_two_desks_share_their_defaults() -> None:
    first, second = Settings(), Settings()
    first.stage["more"] = Stage(name="More", state="open")
    assert "more" not in second.stage


@pytest.mark.parametrize(
    "table", [Settings(), Transport(), Mailbox(), Rate(1, 2), Stage(name="x", state="open")]
)
def test_no_table_can_be_changed(table: msgspec.Struct) -> None:
    with pytest.raises(AttributeError, match="immutable"):
        setattr(table, table.__struct_fields__[0], "else")


def test_a_key_that_is_none_is_refused() -> None:
    for kind in (Settings, Transport, Mailbox):
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.convert({"passwrod": "x"}, kind)
