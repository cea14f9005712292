"""A mailbox is fetched by one run at a time, and free as soon as that run is dead, however it died."""

import mailbox
import os
import signal
import threading
from pathlib import Path

import pytest
from desks import Site
from faults import FaultServer, Talk
from killing import Program, mail
from servers import PASSWORD
from stores import ENGINES, PGBOUNCER


class Silent(FaultServer):
    """A mail server that says nothing, so that who calls it goes on holding the mailbox."""

    def __init__(self) -> None:
        super().__init__()
        self.was_called = threading.Event()

    def talk(self, talk: Talk) -> None:
        self.was_called.set()
        talk.hang()


@pytest.mark.parametrize("engine_kind", [*ENGINES, PGBOUNCER])
def test_a_killed_run_frees_its_mailbox_at_once(site: Site, tmp_path: Path) -> None:
    rest = 'department = "support"\nbacklog = "answer"\n'
    program = Program(site)
    with Silent() as server:
        site.configure(
            f'[mailbox.box]\nkind = "imap"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            f'username = "ann"\npassword = "{PASSWORD}"\ntimeout = "60s"\n{rest}'
        )
        holder = program.start("fetch-mail", "box")
        assert server.was_called.wait(60)
        for _ in range(2):
            done = program.run("fetch-mail", "box", "-v")
            assert (done.code, done.err) == (0, "box: another run is fetching it\n")
        os.killpg(holder.pid, signal.SIGKILL)
        holder.communicate()
    site.configure(f'[mailbox.box]\nkind = "maildir"\npath = "{tmp_path}/box"\n{rest}')
    mailbox.Maildir(tmp_path / "box").add(mail("MARK-freed"))
    done = program.run("fetch-mail", "box", "-v")
    assert (done.code, done.err) == (0, "box: 1 fetched: 1 opened\n")
