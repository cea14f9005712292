"""What every way out promises, as tests that each kind inherits."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from helpdesk_cli import settings
from helpdesk_cli.mail.transports import Outgoing, Sent, Transport, open_transport
from helpdesk_cli.mail.transports.contract import Receipt

PLAIN = b"From: a@x.test\r\nTo: b@x.test\r\nSubject: hello\r\n\r\nThe text.\r\n"


class Arrived(NamedTuple):
    """A letter at the other end: its envelope, and its text with LF line ends."""

    sender: str
    recipient: str
    text: bytes


def no_secret() -> str:
    raise AssertionError("nobody may ask for a password here")


class TransportContract:
    """Inherited by each kind, which gives ``transport`` (its settings) and ``arrived`` (what came)."""

    @pytest.fixture
    def transport(self) -> settings.Transport:
        raise NotImplementedError

    @pytest.fixture
    def arrived(self) -> Callable[[], list[Arrived]]:
        raise NotImplementedError

    @pytest.fixture
    def way(self, transport: settings.Transport) -> Transport:
        return open_transport("default", transport, no_secret)

    def test_a_letter_arrives_with_its_envelope_and_unchanged(
        self, way: Transport, arrived: Callable[[], list[Arrived]]
    ) -> None:
        with way:
            assert way.send("desk@x.test", "jane@y.test", PLAIN).outcome is Sent.SENT
        assert arrived() == [Arrived("desk@x.test", "jane@y.test", PLAIN.replace(b"\r\n", b"\n"))]

    def test_many_letters_go_one_after_the_other(
        self, way: Transport, arrived: Callable[[], list[Arrived]]
    ) -> None:
        with way:
            outcomes = {way.send("desk@x.test", f"c{n}@y.test", PLAIN).outcome for n in range(20)}
        assert outcomes == {Sent.SENT}
        assert {mail.recipient for mail in arrived()} == {f"c{n}@y.test" for n in range(20)}

    @pytest.mark.parametrize(
        "body",
        [
            b".\r\n..\r\n.leading\r\n\r\n.\r\n",
            b"From the start\r\n>From here\r\n",
            b"x" * 990 + b"\r\n",
            b"no line end at the end",
            "8 bit: Größe\r\n".encode(),
            b"\r\n\r\n\r\n",
            b"x" * 70_000 + b"\r\n.\r\n",
        ],
        ids=["dots", "from", "long line", "no end", "8 bit", "empty lines", "more than a piece"],
    )
    def test_a_text_arrives_as_it_is(
        self, way: Transport, arrived: Callable[[], list[Arrived]], body: bytes
    ) -> None:
        if len(body) > 60_000:
            body = body.replace(b"x" * 70_000, b"\r\n".join([b"x" * 68] * 1000))
        with way:
            assert way.send("desk@x.test", "jane@y.test", PLAIN + body).outcome is Sent.SENT
        want = (PLAIN + body).replace(b"\r\n", b"\n").rstrip(b"\n")
        assert [mail.text.rstrip(b"\n") for mail in arrived()] == [want]

    @pytest.mark.parametrize("end", [b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\n.\n", b"\r.\r\n"])
    def test_a_bare_line_end_beside_a_dot_makes_no_second_mail(
        self, way: Transport, arrived: Callable[[], list[Arrived]], end: bytes
    ) -> None:
        smuggled = b"one" + end + b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<v@x.test>\r\nDATA\r\nSubject: two\r\n"
        with way:
            assert way.send("desk@x.test", "jane@y.test", PLAIN + smuggled).outcome is Sent.SENT
            assert way.send("desk@x.test", "last@y.test", PLAIN).outcome is Sent.SENT
        mails = sorted(arrived(), key=lambda mail: mail.recipient)
        assert [mail.recipient for mail in mails] == ["jane@y.test", "last@y.test"]
        assert mails[0].text.splitlines()[-5:-2] == [b".", b"MAIL FROM:<evil@x.test>", b"RCPT TO:<v@x.test>"]

    def test_the_null_sender_is_handed_on(self, way: Transport, arrived: Callable[[], list[Arrived]]) -> None:
        with way:
            assert way.send("", "jane@y.test", PLAIN).outcome is Sent.SENT
        assert [mail.sender for mail in arrived()] == [""]

    def test_a_domain_beyond_ascii_goes_as_a_label(
        self, way: Transport, arrived: Callable[[], list[Arrived]]
    ) -> None:
        with way:
            assert way.send("desk@x.test", "jane@bücher.test", PLAIN).outcome is Sent.SENT
        assert [mail.recipient for mail in arrived()] == ["jane@xn--bcher-kva.test"]

    @pytest.mark.parametrize(
        "address",
        [
            "jane@y.test\r\nRCPT TO:<evil@e.test>",
            "jane@y.test> <evil@e.test",
            "jane@y.test,evil@e.test",
            "a b@y.test",
            "jane",
            "@y.test",
            "jane@",
            "jane@-y.test",
            "jane\0@y.test",
            "",
        ],
    )
    def test_an_address_that_could_be_read_as_more_is_refused(
        self, way: Transport, arrived: Callable[[], list[Arrived]], address: str
    ) -> None:
        with way:
            refused = way.send("desk@x.test", address, PLAIN)
            assert way.send("desk@x.test", "jane@y.test", PLAIN).outcome is Sent.SENT
        assert refused.outcome is Sent.FAILED
        assert refused.text.isprintable()
        assert [mail.recipient for mail in arrived()] == ["jane@y.test"]

    def test_a_rehearsal_sends_everything_to_one_address(
        self, transport: settings.Transport, arrived: Callable[[], list[Arrived]]
    ) -> None:
        import msgspec

        elsewhere = msgspec.structs.replace(transport, redirect_to="me@z.test")
        with open_transport("default", elsewhere, no_secret) as way:
            receipt = way.send("desk@x.test", "jane@y.test", PLAIN)
        assert receipt.text.startswith("redirected to me@z.test")
        assert [mail.recipient for mail in arrived()] == ["me@z.test"]


class Recorder:
    """A way out that notes when it was used, by the clock it is given."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.times = clock, list[float]()

    def send(self, sender: str, recipient: str, raw: bytes) -> Receipt:
        self.times.append(self.clock())
        return Receipt(Sent.SENT)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        return None


def paced(rate: int, letters: int, each_takes: float = 0.0) -> list[float]:
    """The times at which letters go out at that rate, on a clock that only sleeping moves."""
    now = [1000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    recorder = Recorder(lambda: now[0])
    place = settings.Transport(kind="null", rate_per_minute=rate)
    way = Outgoing(recorder, place, clock=lambda: now[0], sleep=sleep)
    for _ in range(letters):
        way.send("a@x.test", "b@x.test", PLAIN)
        now[0] += each_takes
    return recorder.times
