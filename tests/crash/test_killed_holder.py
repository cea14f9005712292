"""A mailbox is fetched by one run at a time, and free as soon as that run is dead, however it died."""

import mailbox
import os
import signal
from pathlib import Path

import pytest
from desks import Site
from faults import Silent
from killing import Program, mail
from stores import ENGINES, PGBOUNCER


@pytest.mark.parametrize("engine_kind", [*ENGINES, PGBOUNCER])
def test_a_killed_run_frees_its_mailbox_at_once(site: Site, tmp_path: Path) -> None:
    program = Program(site)
    with Silent() as server:
        site.configure(server.mailbox("box"))
        holder = program.start("fetch-mail", "box")
        assert server.was_called.wait(60)
        for _ in range(2):
            done = program.run("fetch-mail", "box", "-v")
            assert (done.code, done.err) == (0, "box: another run is fetching it\n")
        os.killpg(holder.pid, signal.SIGKILL)
        holder.communicate()
    site.configure(
        f'[mailbox.box]\nkind = "maildir"\npath = "{tmp_path}/box"\ndepartment = "support"\nbacklog = "answer"\n'
    )
    mailbox.Maildir(tmp_path / "box").add(mail("MARK-freed"))
    done = program.run("fetch-mail", "box", "-v")
    assert (done.code, done.err) == (0, "box: 1 fetched: 1 opened\n")
