"""Who acts, by the account that runs the program, by sudo, and by name."""

import os
import pwd
from typing import Any

import pytest
from desks import Site

from helpdesk_cli.errors import NotAllowed
from helpdesk_cli.services import lending
from helpdesk_cli.services.desk import open_desk
from helpdesk_cli.services.members import edit_staff, new_staff

OWNER, STRANGER = pwd.getpwnam("nobody"), pwd.getpwnam("daemon")


@pytest.fixture
def owned(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The desk, as the account that owns it sees it; bob is its admin, eve is staff."""
    with site.desk(is_job=True) as desk:
        new_staff(desk, "eve", name="Eve", email="eve@desk.example")
    for name in ("SUDO_USER", "DOAS_USER", "HELPDESK_STAFF"):
        monkeypatch.delenv(name, raising=False)
    stat = os.stat

    def owned_stat(path: Any, **more: Any) -> os.stat_result:
        found = list(stat(path, **more))
        found[4] = OWNER.pw_uid
        return os.stat_result(found)

    monkeypatch.setattr(os, "stat", owned_stat)
    monkeypatch.setattr(lending, "number_of", lambda _: "4711")
    monkeypatch.setenv("SUDO_UID", "")
    run_as(monkeypatch, OWNER)
    return site


def by(monkeypatch: pytest.MonkeyPatch, variable: str, login: str) -> None:
    """As sudo or doas leave it."""
    monkeypatch.setenv(variable, login)
    if variable == "SUDO_USER":
        monkeypatch.setenv("SUDO_UID", "4711")


def run_as(monkeypatch: pytest.MonkeyPatch, account: pwd.struct_passwd) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: account.pw_uid)
    monkeypatch.setattr(os, "getuid", lambda: account.pw_uid)


def who(site: Site, login: str | None = None) -> tuple[str, bool]:
    """Who acts, and whether as an admin."""
    with open_desk(str(site.config), login=login) as desk:
        return desk.actor.login, desk.actor.is_admin


def no_admin(site: Site) -> None:
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        tx.run("update staff set role = 'staff'")


def test_sudo_is_believed_from_the_owner_s_account_alone(
    owned: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    by(monkeypatch, "SUDO_USER", "bob")
    assert who(owned) == ("bob", True)
    run_as(monkeypatch, STRANGER)
    with pytest.raises(NotAllowed, match=STRANGER.pw_name):
        who(owned)


@pytest.mark.parametrize("variable", ["SUDO_USER", "DOAS_USER"])
def test_who_borrows_the_owner_s_account_names_nobody_else(
    owned: Site, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    by(monkeypatch, variable, "eve")
    assert who(owned, "eve") == ("eve", False)
    with pytest.raises(NotAllowed, match=r"--as bob: only the (store|key)'s owner"):
        who(owned, "bob")
    monkeypatch.setenv("HELPDESK_STAFF", "bob")
    with pytest.raises(NotAllowed, match=r"--as bob: only the (store|key)'s owner"):
        who(owned)


@pytest.mark.parametrize("sudo", [None, "root", OWNER.pw_name])
def test_the_owner_and_root_name_whom_they_like(
    owned: Site, monkeypatch: pytest.MonkeyPatch, sudo: str | None
) -> None:
    if sudo:
        by(monkeypatch, "SUDO_USER", sudo)
    assert who(owned, "bob") == ("bob", True)
    run_as(monkeypatch, pwd.getpwuid(0))
    assert who(owned, "eve") == ("eve", False)


def test_a_stranger_names_nobody(owned: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(monkeypatch, STRANGER)
    with pytest.raises(NotAllowed, match=r"only the (store|key)'s owner"):
        who(owned, "bob")


def test_without_an_admin_the_owner_is_one_even_as_staff(owned: Site) -> None:
    with owned.desk(is_job=True) as desk:
        new_staff(desk, OWNER.pw_name, name="Owner", email="owner@desk.example")
    assert who(owned) == (OWNER.pw_name, False)
    no_admin(owned)
    assert who(owned) == (OWNER.pw_name, True)
    assert who(owned, OWNER.pw_name) == (OWNER.pw_name, True)
    assert who(owned, "eve") == ("eve", False)
    with open_desk(str(owned.config)) as desk:
        edit_staff(desk, OWNER.pw_name, role="admin")
    assert who(owned) == (OWNER.pw_name, True)


def test_without_an_admin_a_stranger_is_none(owned: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    no_admin(owned)
    run_as(monkeypatch, STRANGER)
    with pytest.raises(NotAllowed):
        who(owned)
