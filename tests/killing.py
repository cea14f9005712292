"""Runs of the program that are killed at random moments, and what must be true afterwards."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence

from desks import Site
from program import PROGRAM, Done


def mail(marker: str) -> bytes:
    """A client's mail that can be told from all others."""
    return (
        f"From: Ann <ann@client.example>\nTo: support@desk.example\nSubject: {marker}\n"
        f"Message-ID: <{marker}@client.example>\n\nIt is about {marker}.\n"
    ).encode()


NO_LIMITS = """
[limits]
new_tickets_per_sender = ["1000000/10m"]
acknowledgements = ["1000000/10m"]
acknowledgements_per_address = ["1000000/10m"]
automatic_per_address = ["1000000/10m"]
automatic_per_domain = ["1000000/10m"]
storm = ["1000000/10m"]
"""


class Program:
    """The program on one desk, run whole or killed."""

    def __init__(self, site: Site) -> None:
        self.environment = {**os.environ, "HELPDESK_CONFIG": str(site.config), "HELPDESK_STAFF": "bob"}

    def start(self, *words: str, data: bytes | None = None) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [*PROGRAM, *words],
            env=self.environment,
            stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if data is not None:
            assert process.stdin is not None
            try:
                process.stdin.write(data)
                process.stdin.close()
            except BrokenPipeError:
                pass
            process.stdin = None
        return process

    def run(self, *words: str, data: bytes | None = None) -> Done:
        """Run it to its end; how it ended."""
        return ended(self.start(*words, data=data))

    def whole(self, *words: str, data: bytes | None = None) -> int:
        """Run it to its end; its exit code."""
        return self.run(*words, data=data).code

    def killed(self, *words: str, after: float, data: bytes | None = None) -> int:
        """Run it and kill it, with all its children, after so many seconds; its exit code."""
        process = self.start(*words, data=data)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=120)
        return process.returncode


def ended(process: "subprocess.Popen[bytes]") -> Done:
    """Wait for a run's end; how it ended."""
    out, err = process.communicate(timeout=120)
    done = Done(subprocess.CompletedProcess(process.args, process.returncode, out, err))
    assert "Traceback" not in done.out + done.err, done
    return done


def is_orderly(done: Done) -> bool:
    """Whether a job said what it may say where its database went away: one line, and one for each uncertain letter."""
    lines = done.err.splitlines()
    unclear = [line for line in lines if "may have gone or not: " in line]
    codes = {0} if not lines else {1} if unclear else {69, 75}
    is_said = done.out == "" and all(line.startswith("helpdesk: ") for line in lines)
    return is_said and done.code in codes and len(lines) - len(unclear) <= 1


def kill_often(run: Callable[[float], int], usual: float, *, seed: int, kills: int) -> int:
    """Kill so many runs at moments spread over a usual run's length; how many died.

    The first half of a run is starting up, so most moments lie in the second. How long a run takes is
    learned on the way, for later ones may have less to do and the machine may be busier.
    """
    dice = random.Random(seed)
    died = 0
    for turn in range(10 * kills):
        share = dice.uniform(0.0, 0.5) if turn % 5 == 0 else dice.uniform(0.4, 1.1)
        if run(usual * share) < 0:
            died += 1
            usual *= 1.01 if share > 0.5 else 1
        else:
            usual *= 0.98
        if died >= kills:
            break
    return died


def seconds_of(work: Callable[[], object]) -> float:
    """How long a thing takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def subjects(site: Site) -> list[str]:
    """The subjects of all clients' messages on tickets, after a person tried again what was given up."""
    from helpdesk_cli.services import mailroom

    with site.desk("bob") as desk:
        for entry in mailroom.entries(desk, outcome="failed"):
            mailroom.retry(desk, entry.id)
        assert mailroom.entries(desk, outcome="pending") == []
        assert desk.engine.verify() == []
        with desk.engine.read() as tx:
            rows = tx.rows("select subject from message where kind = 'inbound'")
    return sorted(str(row[0]) for row in rows)


def check_letters(site: Site, program: Program, *, uncertain: int) -> None:
    """None went twice, none is forgotten; at most so many are for a person to decide, who knows what went."""
    from helpdesk_cli.services import mailroom

    while program.whole("notify") == 1:  # what became uncertain is told once
        pass
    with site.desk("bob") as desk:
        letters = mailroom.letters(desk, everything=True)
        unclear = [letter for letter in letters if letter.state == "uncertain"]
        copies = copies_of(site)
        assert set(copies.values()) == {1}
        assert {letter.state for letter in letters} <= {"sent", "uncertain"}
        assert len(unclear) <= uncertain
        gone = {letter.message_id for letter in letters if letter.state == "sent"}
        assert gone <= set(copies) <= {letter.message_id for letter in letters}
        mailroom.retry_letters(desk, [letter.id for letter in unclear if letter.message_id not in copies])
    assert program.whole("notify") == 0
    assert copies_of(site) == dict.fromkeys((letter.message_id for letter in letters), 1)


def copies_of(site: Site) -> Counter[str]:
    """How often each letter was sent, by its Message-ID."""
    return Counter(str(message["Message-ID"]) for message in site.sent())


def markers(name: str, numbers: Sequence[int]) -> list[str]:
    """The names of so many mails."""
    return [f"MARK-{name}-{number:05d}" for number in numbers]
