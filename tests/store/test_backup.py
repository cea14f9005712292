"""A backup that is put back is the same store as before, and runs as fast."""

from pathlib import Path

import pytest

from helpdesk_cli.errors import BadConfig, DeskError
from helpdesk_cli.store import open_engine


def test_a_backup_that_is_put_back_keeps_its_journal_and_leaves_no_second_file(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:{tmp_path}/desk.db")
    engine.build()
    engine.backup(f"{tmp_path}/copy.db")
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db"]
    copy = open_engine(f"sqlite:{tmp_path}/copy.db")
    assert copy.facts()["journal"] == engine.facts()["journal"]
    assert copy.verify() == []
    copy.close()
    engine.close()


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    (tmp_path / "empty.db").touch()
    with pytest.raises(BadConfig, match="is empty; 'helpdesk init'"):
        open_engine(f"sqlite:{tmp_path}/empty.db").backup(str(copy))
    assert not copy.exists()
    (tmp_path / "damaged.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(DeskError, match="stop cron"):
        open_engine(f"sqlite:{tmp_path}/damaged.db").backup(str(copy))
    assert not copy.exists()
