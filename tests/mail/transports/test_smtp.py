"""Letters over SMTP, on real servers: what is taken, what is refused, and where it broke."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from smtp_server import SmtpServer
from transport_contract import PLAIN, Arrived, TransportContract, no_secret

from helpdesk_cli import settings
from helpdesk_cli.errors import BadConfig, Unreachable
from helpdesk_cli.mail.transports import Sent, Transport, open_transport
from helpdesk_cli.mail.transports.contract import Receipt
from helpdesk_cli.mail.transports.smtp import Smtp, Waits
from helpdesk_cli.mail.wire import is_loopback

SHORT = Waits(connect=2.0, command=0.5, dot=0.5)
LONG = Waits(connect=20.0, command=20.0, dot=20.0)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def way(server: SmtpServer) -> Iterator[Smtp]:
    place = settings.Transport(host="127.0.0.1", port=server.port)
    with Smtp("default", place, no_secret, LONG) as opened:
        yield opened


@pytest.fixture
def hasty(server: SmtpServer) -> Iterator[Smtp]:
    """The same with little patience."""
    place = settings.Transport(host="127.0.0.1", port=server.port)
    with Smtp("default", place, no_secret, SHORT) as opened:
        yield opened


def send(way: Transport, recipient: str = "jane@y.test", raw: bytes = PLAIN) -> Receipt:
    return way.send("desk@x.test", recipient, raw)


class TestSmtp(TransportContract):
    @pytest.fixture
    def transport(self, server: SmtpServer) -> settings.Transport:
        return settings.Transport(host="127.0.0.1", port=server.port)

    @pytest.fixture
    def arrived(self, server: SmtpServer) -> Callable[[], list[Arrived]]:
        return lambda: [
            Arrived(mail.sender, ",".join(mail.recipients), mail.raw.replace(b"\r\n", b"\n"))
            for mail in server.mails
        ]


def test_one_connection_serves_many_letters_and_is_reset_between(server: SmtpServer, way: Smtp) -> None:
    for _ in range(3):
        send(way)
    assert server.connections == 1
    assert server.commands == ["MAIL", "RCPT", "DATA", "RSET"] * 2 + ["MAIL", "RCPT", "DATA"]


def test_the_end_says_goodbye(server: SmtpServer) -> None:
    with open_transport("d", settings.Transport(host="127.0.0.1", port=server.port), no_secret) as way:
        send(way)
    assert server.commands[-1] == "QUIT"


def test_nothing_is_connected_before_the_first_letter(server: SmtpServer, way: Smtp) -> None:
    assert server.connections == 0


def test_only_whole_line_ends_go_over_the_wire(server: SmtpServer) -> None:
    place = settings.Transport(host="127.0.0.1", port=server.port)
    with open_transport("d", place, no_secret) as way:
        send(way, raw=PLAIN + b"a\nb\rc\r\r\nd\n\r\n.\n")
    assert server.mails[0].raw == PLAIN + b"a\r\nb\r\nc\r\n\r\nd\r\n\r\n.\r\n"


def test_a_dot_at_the_very_beginning_is_kept(server: SmtpServer, way: Smtp) -> None:
    send(way, raw=b".Odd: x\r\n\r\ntext\r\n")
    assert server.mails[0].raw == b".Odd: x\r\n\r\ntext\r\n"


# Refusals


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 no such user", Sent.FAILED),
        ("553 5.1.3 bad address", Sent.FAILED),
        ("451 4.7.1 greylisted", Sent.DEFERRED),
        ("452 4.2.2 over quota", Sent.DEFERRED),
    ],
)
def test_a_refused_recipient_is_told_and_the_next_letter_goes(
    server: SmtpServer, way: Smtp, answer: str, outcome: Sent
) -> None:
    server.refuse["no@"] = answer
    receipt = send(way, "no@y.test")
    assert receipt == Receipt(outcome, f"the recipient was refused: {answer}")
    assert send(way).outcome is Sent.SENT
    assert server.connections == 1


@pytest.mark.parametrize("step", ["MAIL", "DATA", "."])
@pytest.mark.parametrize(
    ("answer", "outcome"), [("552 5.3.4 too big", Sent.FAILED), ("452 4.3.1 disk full", Sent.DEFERRED)]
)
def test_a_refusal_at_any_step_counts_by_its_first_digit(
    server: SmtpServer, way: Smtp, step: str, answer: str, outcome: Sent
) -> None:
    server.answers[step] = answer
    receipt = send(way)
    assert receipt.outcome is outcome
    assert receipt.text.endswith(answer)
    server.answers.clear()
    assert send(way).outcome is Sent.SENT
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    "answer",
    ["550 5.7.1 account suspended", "554 5.7.8 not for you", "552 5.2.2 your quota is used up", "500 what?"],
)
def test_a_refusal_of_the_sender_is_no_letters_fault(server: SmtpServer, way: Smtp, answer: str) -> None:
    server.answers["MAIL"] = answer
    assert [send(way), send(way)] == [Receipt(Sent.DEFERRED, f"the sender was refused: {answer}")] * 2
    server.answers.clear()
    assert send(way).outcome is Sent.SENT
    assert server.connections == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "."])
def test_a_server_that_closes_down_defers_the_letter(server: SmtpServer, way: Smtp, step: str) -> None:
    server.answers[step] = "421 4.3.2 going down"
    assert send(way).outcome is Sent.DEFERRED
    server.answers.clear()
    assert send(way).outcome is Sent.SENT
    assert server.connections == 2


def test_an_answer_is_made_one_printable_line(server: SmtpServer, way: Smtp) -> None:
    server.refuse["no@"] = "550-first\x1b[2J\r\n550 " + "second\u202e" * 100
    text = send(way, "no@y.test").text
    assert text.isprintable()
    assert "first" in text
    assert len(text) < 400


def test_a_server_that_wants_a_login_ends_the_run_and_fails_no_letter(server: SmtpServer, way: Smtp) -> None:
    server.answers["MAIL"] = "530 5.7.0 Authentication required"
    with pytest.raises(Unreachable, match=r"530 5\.7\.0 Authentication required; set username"):
        send(way)


# Broken connections


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "text"])
def test_a_break_before_the_dot_defers(server: SmtpServer, way: Smtp, step: str) -> None:
    server.drop = step
    # More than the buffers between us hold: what fits into them counts as sent.
    receipt = send(way, raw=PLAIN + b"x" * 70 + b"\r\n" * 12_000_000)
    assert receipt.outcome is Sent.DEFERRED
    assert "the connection broke" in receipt.text
    assert server.mails == []


def test_a_break_after_the_dot_leaves_it_uncertain(server: SmtpServer, way: Smtp) -> None:
    server.drop = "."
    receipt = send(way)
    assert receipt == Receipt(Sent.UNCERTAIN, "the connection broke after the whole letter was sent")
    assert len(server.mails) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_silence_before_the_dot_defers(server: SmtpServer, hasty: Smtp, step: str) -> None:
    server.silent = step
    assert send(hasty) == Receipt(Sent.DEFERRED, "no answer within 0.5 s before the letter was sent")


def test_silence_after_the_dot_leaves_it_uncertain(server: SmtpServer, hasty: Smtp) -> None:
    server.silent = "."
    assert send(hasty) == Receipt(Sent.UNCERTAIN, "no answer within 0.5 s after the whole letter was sent")
    server.silent = ""
    assert send(hasty).outcome is Sent.SENT
    assert server.connections == 2


@pytest.mark.parametrize("step", ["RSET", "MAIL"])
@pytest.mark.parametrize("how", ["drop", "421 4.4.2 idle too long"])
def test_a_connection_closed_while_idle_is_opened_anew(
    server: SmtpServer, way: Smtp, step: str, how: str
) -> None:
    assert send(way).outcome is Sent.SENT
    server.once = True
    if how == "drop":
        server.drop = step
    else:
        server.answers[step] = how
    assert send(way).outcome is Sent.SENT
    assert server.connections == 2
    assert len(server.mails) == 2


def test_three_letters_that_lost_the_connection_end_the_run(server: SmtpServer, hasty: Smtp) -> None:
    server.silent = "RCPT"
    assert [send(hasty).outcome for _ in range(3)] == [Sent.DEFERRED] * 3
    with pytest.raises(Unreachable, match="the connection broke in 3 letters in a row"):
        send(hasty)


def scripted(
    answers: list[bytes], *, gap: float = 0.0, heard: list[bytes] | None = None, patient: bool = False
) -> int:
    """A server of one connection that says these pieces one after the other, whatever it hears.

    A patient one hears a letter to its end before it says the next.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        with listener, listener.accept()[0] as client:
            try:
                for answer in answers:
                    client.sendall(answer)
                    time.sleep(gap)
                    if not gap:
                        said = client.recv(65536)
                        while patient and answer.startswith(b"354") and not said.endswith(b"\r\n.\r\n"):
                            said += client.recv(65536)
                        if heard is not None:
                            heard.append(said)
            except OSError:
                pass

    threading.Thread(target=talk, daemon=True).start()
    return int(listener.getsockname()[1])


def to_port(port: int, waits: Waits = LONG) -> Smtp:
    return Smtp("default", settings.Transport(host="127.0.0.1", port=port), no_secret, waits)


def test_a_reply_in_drips_is_given_up_in_time() -> None:
    began = time.monotonic()
    with (
        pytest.raises(Unreachable, match="no answer within 2 s"),
        to_port(scripted([b"2", b"2", b"0", b" "] * 10, gap=0.3), SHORT) as way,
    ):
        send(way)
    assert time.monotonic() - began < 4


def test_a_server_of_another_kind_is_told() -> None:
    with (
        pytest.raises(Unreachable, match="it does not speak SMTP; check that port and security"),
        to_port(scripted([b"SSH-2.0-OpenSSH_9.2\r\n"])) as way,
    ):
        send(way)


def test_a_reason_given_before_the_letter_was_through_is_heard() -> None:
    ok = b"250 ok\r\n"
    port = scripted([b"220 hi\r\n", ok, ok, ok, b"354 go\r\n", b"552 5.3.4 far too big\r\n"])
    with to_port(port) as way:
        receipt = send(way, raw=PLAIN + b"x" * 76 + b"\r\n" * 4_000_000)
    assert receipt == Receipt(Sent.FAILED, "the letter was refused: 552 5.3.4 far too big")


def test_a_server_that_gave_up_before_the_dot_gets_no_dot() -> None:
    ok = b"250 ok\r\n"
    heard: list[bytes] = []
    port = scripted([b"220 hi\r\n", ok, ok, ok, b"354 go\r\n452 4.3.1 disk full\r\n"], heard=heard)
    with to_port(port) as way:
        receipt = send(way)
    assert receipt == Receipt(Sent.DEFERRED, "the letter was refused: 452 4.3.1 disk full")
    assert not any(piece.endswith(b"\r\n.\r\n") or piece == b".\r\n" for piece in heard)


def test_an_answer_that_is_none_after_the_dot_leaves_it_uncertain() -> None:
    ok = b"250 ok\r\n"
    with to_port(scripted([b"220 hi\r\n", ok, ok, ok, b"354 go\r\n", b"what?\r\n"], patient=True)) as way:
        assert send(way).outcome is Sent.UNCERTAIN


# Out of reach


def test_a_port_where_nobody_listens_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        pytest.raises(
            Unreachable, match=f"^transport.default: mail server 127.0.0.1 port {port}: it refused.*check"
        ),
        to_port(port) as way,
    ):
        send(way)


def test_a_greeting_that_refuses_us_is_told() -> None:
    with (
        pytest.raises(Unreachable, match=r"it answered 554 5\.7\.1 no service for you"),
        to_port(scripted([b"554 5.7.1 no service for you\r\n"])) as way,
    ):
        send(way)


def test_an_unknown_name_is_told() -> None:
    place = settings.Transport(host="nowhere.invalid")
    with (
        pytest.raises(Unreachable, match=r"nowhere\.invalid port 25: .*check"),
        Smtp("d", place, no_secret) as way,
    ):
        send(way)


def test_a_missing_host_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(BadConfig, match=r"transport\.out\.host is missing"):
        open_transport("out", settings.Transport(), no_secret)


# What the server can do


def test_a_letter_above_the_servers_limit_is_not_begun() -> None:
    with SmtpServer(size=2000) as server, to_port(server.port) as way:
        receipt = send(way, raw=PLAIN + b"x" * 60 + b"\r\n" * 1500)
        assert receipt.outcome is Sent.FAILED
        assert "the server takes at most 2,000" in receipt.text
        assert "MAIL" not in server.commands
        assert send(way).outcome is Sent.SENT


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    head = "To: jörg@x.test\r\nSubject: x\r\n\r\n".encode()
    with SmtpServer() as server, to_port(server.port) as way:
        assert send(way, "jörg@x.test").outcome is Sent.SENT
        assert send(way, raw=head).outcome is Sent.SENT
        assert [mail.recipients for mail in server.mails] == [["jörg@x.test"], ["jane@y.test"]]
    with SmtpServer(smtputf8=False) as server, to_port(server.port) as way:
        for receipt in (send(way, "jörg@x.test"), send(way, raw=head)):
            assert receipt.outcome is Sent.FAILED
            assert "no SMTPUTF8" in receipt.text
        assert send(way, raw=b"Subject: x\r\n\r\n" + "Größe\r\n".encode()).outcome is Sent.SENT


def test_small_packets_do_not_wait_for_each_other(server: SmtpServer, way: Smtp) -> None:
    raw = PLAIN + b"x" * 70 + b"\r\n" * 1000
    send(way)
    times = []
    for _ in range(25):
        began = time.perf_counter()
        send(way, raw=raw)
        times.append(time.perf_counter() - began)
    assert sorted(times)[12] < 0.035  # where they wait it is over 0.04 each time


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
        ("/run/socket", False),
    ],
)
def test_only_this_machine_counts_as_loopback(address: str, is_ours: bool) -> None:
    assert is_loopback(address) is is_ours
