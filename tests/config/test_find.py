"""Which file is the configuration, and which is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpdesk_cli.config import find as finding
from helpdesk_cli.config import load
from helpdesk_cli.config.find import find, home_of_user, is_exposed, read_trusted, refuse_strangers, user_file
from helpdesk_cli.errors import BadConfig


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of its own: a home, a system's folder, nothing in the environment."""
    for name in ("HELPDESK_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(finding, "SYSTEM_FILE", str(tmp_path / "etc" / "helpdesk.toml"))
    return tmp_path


def make(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return str(path)


def test_the_argument_goes_before_the_environment_before_the_user_before_the_system(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = make(places / "etc" / "helpdesk.toml")
    assert find() == system
    user = make(places / "home" / ".config" / "helpdesk" / "helpdesk.toml")
    assert find() == user
    xdg = make(places / "xdg" / "helpdesk" / "helpdesk.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(places / "xdg"))
    assert find() == xdg
    monkeypatch.setenv("HELPDESK_CONFIG", "/environment.toml")
    assert find() == "/environment.toml"
    assert find("/argument.toml") == "/argument.toml"


def test_an_empty_variable_names_no_file(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = make(places / "etc" / "helpdesk.toml")
    monkeypatch.setenv("HELPDESK_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    assert find() == system


def test_a_named_file_is_absolute(monkeypatch: pytest.MonkeyPatch, places: Path) -> None:
    monkeypatch.chdir(places)
    assert find("a/../desk.toml") == str(places / "desk.toml")


def test_the_current_directory_never_decides(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("helpdesk.toml", "helpdesk/helpdesk.toml", ".config/helpdesk/helpdesk.toml"):
        make(places / path)
    monkeypatch.chdir(places)
    for home, xdg in ((".", ""), ("", "."), ("relative", "relative")):
        monkeypatch.setenv("HOME", home)
        monkeypatch.setenv("XDG_CONFIG_HOME", xdg)
        assert user_file().startswith(home_of_user())
        assert Path(user_file()).is_absolute()


def test_no_home_in_the_environment_asks_the_password_database(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    monkeypatch.delenv("HOME")
    assert user_file() == f"{pwd.getpwuid(os.getuid()).pw_dir}/.config/helpdesk/helpdesk.toml"


def test_a_user_whom_nobody_knows_has_only_the_systems_file(
    monkeypatch: pytest.MonkeyPatch, places: Path
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert user_file() == ""
    assert find_refused().count(".toml") == 1


def find_refused() -> str:
    with pytest.raises(BadConfig) as caught:
        find()
    return str(caught.value)


def test_no_file_anywhere_names_the_places_and_the_way_out(places: Path) -> None:
    told = find_refused()
    assert str(places / "home" / ".config" / "helpdesk" / "helpdesk.toml") in told
    assert str(places / "etc" / "helpdesk.toml") in told
    assert "helpdesk init" in told and "HELPDESK_CONFIG" in told


def test_what_is_there_but_cannot_be_read_is_told_not_passed_over(places: Path) -> None:
    make(places / "etc" / "helpdesk.toml")
    (places / "home/.config/helpdesk/helpdesk.toml").mkdir(parents=True)
    with pytest.raises(BadConfig, match="is a directory"):
        load()


@pytest.mark.parametrize("mode", [0o666, 0o622, 0o660, 0o602])
def test_a_file_that_others_may_write_is_refused_with_what_to_do(
    write: Callable[..., str], sound: str, mode: int
) -> None:
    path = write(sound, mode)
    with pytest.raises(
        BadConfig, match=f"may be written by others .mode {mode:04o}.; run: chmod go-w {path}"
    ):
        load(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o644, 0o640])
def test_a_file_that_others_may_only_read_is_taken(write: Callable[..., str], sound: str, mode: int) -> None:
    assert load(write(sound, mode)).source


def state(mode: int, owner: int) -> os.stat_result:
    return os.stat_result((0o100000 | mode, 1, 1, 1, owner, 0, 0, 0, 0, 0))


def test_a_strangers_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    refuse_strangers("f", "it", state(0o644, 1000))
    refuse_strangers("f", "it", state(0o644, 0))
    with pytest.raises(BadConfig, match=r"belongs to #987654, not to you .* sudo -u #987654 helpdesk"):
        refuse_strangers("f", "it", state(0o600, 987_654))


def test_roots_file_for_our_group_alone_is_not_exposed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not is_exposed(state(0o640, 0))
    assert is_exposed(state(0o644, 0))
    assert is_exposed(state(0o640, 1000))
    assert not is_exposed(state(0o600, 1000))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert is_exposed(state(0o640, 0))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.toml", "no such file"), ("", "is a directory"), ("a\0b", "not a file name")],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(BadConfig, match=reason) as caught:
        load(f"{tmp_path}/{name}")
    assert len(caught.value.faults) == 1 and "\n" not in str(caught.value) and "\0" not in str(caught.value)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"#" * 101)
    path.chmod(0o600)
    assert read_trusted(str(path), "it", 101) == (b"#" * 101, False)
    with pytest.raises(BadConfig, match="larger than 100 bytes"):
        read_trusted(str(path), "it", 100)
