"""Whatever moment notify is killed at: no letter goes twice by itself, and none is forgotten."""

from pathlib import Path

from desks import Site
from killing import Program, check_letters, kill_often, mail, markers, seconds_of


def test_letters_survive_every_kill(site: Site, kills: int) -> None:
    program = Program(site)
    count = 0

    def bring() -> None:
        nonlocal count
        for marker in markers("letter", range(count, count + 2)):
            site.drop(mail(marker).replace(b"ann@", f"c{marker}@".encode()))
        count += 2
        assert program.whole("fetch-mail") == 0

    bring()
    program.whole("notify")
    bring()
    usual = seconds_of(lambda: program.whole("notify"))

    def one(after: float) -> int:
        if count < 120:
            bring()
        return program.killed("notify", after=after)

    assert kill_often(one, usual, seed=6, kills=kills) >= kills
    check_letters(site, program, uncertain=kills)


def test_nothing_half_written_lies_where_mails_are_read(site: Site) -> None:
    program = Program(site)
    site.drop(mail("MARK-half"))
    assert program.whole("fetch-mail") == 0
    program.killed("notify", after=0.15)
    for path in Path(site.out, "new").iterdir():
        raw = path.read_bytes()
        assert raw.endswith(b"--\n") or (b"multipart" not in raw and raw.endswith(b"\n"))
