"""A second process reads mails: the same result, and nothing hangs or is left behind when it dies."""

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
from bombs import BOMBS, ORDINARY

from helpdesk_cli.domain.mail import Inbound
from helpdesk_cli.mail import ahead
from helpdesk_cli.mail.ahead import Ahead
from helpdesk_cli.mail.guard import Limits, ParseDefeated
from helpdesk_cli.mail.parse import parse

START = ahead._START
DIES = START.replace("serve()", "import os; ahead.ordinary = lambda raw: os.abort(); ahead.serve()").replace(
    "from helpdesk_cli.mail.ahead import serve", "from helpdesk_cli.mail import ahead"
)
DIES_OF_ONE = START.replace(
    "serve()",
    "import os; read = ahead.ordinary; "
    "ahead.ordinary = lambda raw: os.abort() if b'poison' in raw else read(raw); ahead.serve()",
).replace("from helpdesk_cli.mail.ahead import serve", "from helpdesk_cli.mail import ahead")


@pytest.fixture
def reader() -> Iterator[Ahead]:
    made = Ahead()
    yield made
    made.close()


def test_mails_are_read_as_here_and_in_order(reader: Ahead) -> None:
    mails = [ORDINARY.replace(b"Subject: ", f"Subject: {number} ".encode()) for number in range(60)]
    assert reader.begin(mails).result(60) == [parse(mail) for mail in mails]
    assert reader.begin([]).result(60) == []
    assert reader.begin(mails[:1]).result(60) == [parse(mails[0])]


def test_large_ones_and_what_looks_like_a_bomb_are_left_to_the_caller(reader: Ahead) -> None:
    mails = [ORDINARY, b"x" * (ahead.LARGEST + 1), BOMBS["encoded words"], ORDINARY]
    assert reader.begin(mails).result(60) == [parse(ORDINARY), None, None, parse(ORDINARY)]


def test_a_child_that_dies_of_one_mail_is_started_anew_for_the_others(
    reader: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_START", DIES_OF_ONE)
    first, second, third = reader.begin([ORDINARY, b"Subject: poison\n\nx", ORDINARY]).result(60)
    assert isinstance(first, Inbound)
    assert isinstance(second, ParseDefeated)
    assert isinstance(third, Inbound)


def test_a_child_that_always_dies_is_told_for_each_mail(
    reader: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_START", DIES)
    found = reader.begin([ORDINARY, ORDINARY]).result(60)
    assert [str(one) for one in found] == ["the process that read it died"] * 2


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_START", "import time; time.sleep(60)")
    reader = Ahead(Limits(wall=0.2))
    found = reader.begin([ORDINARY]).result(60)
    reader.close()
    assert [str(one) for one in found] == ["reading it took more than 0.2 seconds"]


def test_a_child_that_uses_too_much_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    loops = DIES.replace("os.abort()", "exec('while True: pass')")
    monkeypatch.setattr(ahead, "_START", loops)
    reader = Ahead(Limits(cpu=1))
    found = reader.begin([ORDINARY]).result(60)
    reader.close()
    assert [str(one) for one in found] == ["the process that read it died"]


def test_the_limit_is_for_each_mail_and_not_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = START.replace(
        "serve()",
        "import time; read = ahead.ordinary; end = lambda: time.process_time() + 0.5; "
        "wait = lambda until: [None for _ in iter(lambda: time.process_time() < until, False)]; "
        "ahead.ordinary = lambda raw: (wait(end()), read(raw))[1]; ahead.serve()",
    ).replace("from helpdesk_cli.mail.ahead import serve", "from helpdesk_cli.mail import ahead")
    monkeypatch.setattr(ahead, "_START", slow)
    reader = Ahead(Limits(cpu=1))
    found = reader.begin([ORDINARY] * 5).result(60)
    reader.close()
    assert found == [parse(ORDINARY)] * 5


def test_nothing_is_left_behind() -> None:
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        reader = Ahead()
        reader.begin([ORDINARY]).result(60)
        assert reader._child is not None
        child = reader._child.pid
        reader.close()
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    assert len(os.listdir("/dev/fd")) == before


def test_the_child_ends_with_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    code = (
        "import time\nfrom helpdesk_cli.mail.ahead import Ahead\nreader = Ahead()\n"
        "reader.begin([b'Subject: x\\n\\ny']).result(60)\nprint(reader._child.pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        child = int(caller.stdout.readline())
        caller.send_signal(signal.SIGKILL)
        caller.wait()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {child} is still there")


def test_closing_ends_a_batch_that_is_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_START", "import time; time.sleep(60)")
    reader = Ahead()
    reader.begin([ORDINARY] * 3)
    time.sleep(0.2)
    start = time.monotonic()
    reader.close()
    assert time.monotonic() - start < 20
