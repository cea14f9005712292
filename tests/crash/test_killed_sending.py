"""Whatever moment notify is killed at: no letter goes twice by itself, and none is forgotten."""

from collections import Counter
from pathlib import Path

from desks import Site
from killing import KILLS, Program, kill_often, mail, markers, seconds_of

from helpdesk_cli.services import mailroom


def sent_ids(site: Site) -> Counter[str]:
    return Counter(str(message["Message-ID"]) for message in site.sent())


def test_letters_survive_every_kill(site: Site) -> None:
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

    assert kill_often(one, usual, seed=6) >= KILLS
    program.whole("notify")
    with site.desk("bob") as desk:
        letters = mailroom.letters(desk, everything=True)
        states = Counter(letter.state for letter in letters)
        uncertain = [letter for letter in letters if letter.state == "uncertain"]
    copies = sent_ids(site)
    assert set(copies.values()) == {1}
    assert set(states) <= {"sent", "uncertain"}
    assert len(uncertain) <= KILLS
    gone = {letter.message_id for letter in letters if letter.state == "sent"}
    assert gone <= set(copies)
    assert set(copies) <= {letter.message_id for letter in letters}
    with site.desk("bob") as desk:
        mailroom.retry_letters(desk, [letter.id for letter in uncertain if letter.message_id not in copies])
    program.whole("notify")
    assert set(sent_ids(site)) == {letter.message_id for letter in letters}
    assert set(sent_ids(site).values()) == {1}


def test_nothing_half_written_lies_where_mails_are_read(site: Site) -> None:
    program = Program(site)
    site.drop(mail("MARK-half"))
    assert program.whole("fetch-mail") == 0
    program.killed("notify", after=0.15)
    for path in Path(site.out, "new").iterdir():
        raw = path.read_bytes()
        assert raw.endswith(b"--\n") or (b"multipart" not in raw and raw.endswith(b"\n"))
