"""Whatever moment a run is killed at: every message is on a ticket exactly once in the end."""

import mailbox
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from desks import Site
from killing import Program, kill_often, mail, markers, seconds_of, subjects
from servers import PASSWORD, Dovecot

EACH = 3
"""So many new mails wait at each run that is killed."""

Deliver = Callable[[Sequence[bytes]], None]


def into_maildir(folder: Path) -> Deliver:
    def deliver(mails: Sequence[bytes]) -> None:
        box = mailbox.Maildir(folder, create=True)
        for raw in mails:
            box.add(raw)

    return deliver


def into_mbox(path: Path) -> Deliver:
    def deliver(mails: Sequence[bytes]) -> None:
        # A killed run cannot give its dot-lock back; mail servers take a stale one away, as we do here.
        Path(f"{path}.lock").unlink(missing_ok=True)
        box = mailbox.mbox(path, create=True)
        box.lock()
        for raw in mails:
            box.add(raw)
        box.flush()
        box.close()

    return deliver


def server_box(kind: str, dovecot: Dovecot, user: str, after: str) -> str:
    port = dovecot.imaps if kind == "imap" else dovecot.pop3s
    return (
        f'[mailbox.box]\nkind = "{kind}"\nhost = "localhost"\nport = {port}\nsecurity = "tls"\n'
        f'username = "{user}"\npassword = "{PASSWORD}"\nca_file = "{dovecot.certificate}"\n'
        f'after = "{after}"\ndepartment = "support"\nbacklog = "answer"\n'
    )


def box_in(folder: Path, kind: str, after: str) -> str:
    return (
        f'[mailbox.box]\nkind = "{kind}"\npath = "{folder}/box"\nafter = "{after}"\n'
        'department = "support"\nbacklog = "answer"\n'
    )


def check_survival(
    site: Site,
    deliver: Deliver,
    words: Sequence[str],
    name: str,
    seed: int,
    *,
    kills: int,
    each: int = EACH,
) -> None:
    program = Program(site)
    sent: list[str] = []

    def bring() -> None:
        fresh = markers(name, range(len(sent), len(sent) + each))
        deliver([mail(marker) for marker in fresh])
        sent.extend(fresh)

    bring()
    assert program.whole(*words) == 0
    bring()
    usual = seconds_of(lambda: program.whole(*words))

    def one(after: float) -> int:
        bring()
        return program.killed(*words, after=after)

    assert kill_often(one, usual, seed=seed, kills=kills) >= kills
    while program.whole(*words) == 1:  # a mail that was given up is told once; a person tries it again
        pass
    assert subjects(site) == sorted(sent)


@pytest.mark.parametrize("after", ["seen", "delete"])
def test_a_maildir_survives_every_kill(site: Site, tmp_path: Path, after: str, kills: int) -> None:
    site.configure(box_in(tmp_path, "maildir", after))
    deliver = into_maildir(tmp_path / "box")
    check_survival(site, deliver, ["fetch-mail", "box"], f"maildir-{after}", 1, kills=kills)


def test_large_batches_that_a_second_process_reads_survive_kills(
    site: Site, tmp_path: Path, kills: int
) -> None:
    site.configure(box_in(tmp_path, "maildir", "delete"))
    deliver = into_maildir(tmp_path / "box")
    check_survival(site, deliver, ["fetch-mail", "box"], "large", 7, each=60, kills=kills // 2)


@pytest.mark.parametrize("after", ["keep", "delete"])
def test_an_mbox_survives_every_kill(site: Site, tmp_path: Path, after: str, kills: int) -> None:
    site.configure(box_in(tmp_path, "mbox", after))
    deliver = into_mbox(tmp_path / "box")
    check_survival(site, deliver, ["fetch-mail", "box"], f"mbox-{after}", 2, kills=kills)


@pytest.mark.parametrize(("kind", "after"), [("imap", "seen"), ("imap", "delete"), ("pop3", "delete")])
def test_a_server_survives_every_kill(
    site: Site, dovecot: Dovecot, kind: str, after: str, engine_kind: str, kills: int
) -> None:
    user = f"kill-{kind}-{after}-{engine_kind}"
    site.configure(server_box(kind, dovecot, user, after))

    def deliver(mails: Sequence[bytes]) -> None:
        dovecot.deliver(user, *mails)

    check_survival(site, deliver, ["fetch-mail", "box"], f"{kind}-{after}", 3, kills=kills)


def test_an_import_survives_every_kill(site: Site, tmp_path: Path, kills: int) -> None:
    box = tmp_path / "box"
    check_survival(site, into_maildir(box), ["import", str(box)], "import", 4, kills=kills)


def test_a_pipe_survives_every_kill_when_the_mail_server_tries_again(site: Site, kills: int) -> None:
    site.configure('[mailbox.pipe]\nkind = "pipe"\ndepartment = "support"\n')
    program = Program(site)
    sent: list[str] = []
    waiting: list[str] = []
    usual = seconds_of(lambda: program.whole("receive", data=mail("MARK-warm")))

    def one(after: float) -> int:
        if not waiting:
            waiting.extend(markers("pipe", [len(sent)]))
            sent.extend(waiting)
        code = program.killed("receive", after=after, data=mail(waiting[0]))
        if code == 0:
            waiting.clear()
        return code

    assert kill_often(one, usual, seed=5, kills=kills) >= kills
    for marker in waiting:
        assert program.whole("receive", data=mail(marker)) == 0
    with site.desk(is_job=True) as desk, desk.engine.write() as tx:
        # What a killed run kept and did not settle is taken up ten minutes later.
        tx.run("update inbox set kept_at = '2020-01-01T00:00:00Z' where outcome = 'pending'")
    while program.whole("fetch-mail") == 1:
        pass
    assert subjects(site) == sorted(["MARK-warm", *sent])
