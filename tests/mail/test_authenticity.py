"""Who proved a sender: only the field that our own mail server put on top, and in doubt nobody."""

import time

import pytest

from helpdesk_cli.domain.mail import Verdict
from helpdesk_cli.mail.authenticity import verdict
from helpdesk_cli.mail.parse import parse

OURS = "id:mx.corp.test"
GENUINE = "Authentication-Results: mx.corp.test; spf=pass smtp.mailfrom=x; dmarc=pass header.from=client.test"
FAILED = "Authentication-Results: mx.corp.test; dmarc=fail header.from=client.test"
BORDER = "Received: from out.client.test by mx.corp.test with ESMTPS id 1; Sun, 22 Nov 2026 09:30:00 +0000"
LOCAL = "Received: from mx.corp.test by mx.corp.test with LMTP id 2; Sun, 22 Nov 2026 09:30:01 +0000"
FOREIGN = "Received: from pc.client.test by out.client.test with ESMTPSA id 3"
FROM = "From: Jo <jo@client.test>"


def judged(authentication: str, *lines: str) -> Verdict:
    return verdict(parse("\r\n".join((*lines, "", "hello")).encode()), authentication)


def proved(text: str) -> str:
    return f"Authentication-Results: mx.corp.test; {text}"


PASS = {
    "above our Received": (GENUINE, BORDER, FOREIGN, FROM),
    "below a local delivery": (LOCAL, GENUINE, BORDER, FROM),
    "no Received at all": (GENUINE, FROM),
    "another server's field below": (
        GENUINE,
        BORDER,
        "Authentication-Results: out.client.test; dmarc=fail",
        FROM,
    ),
    "folded, with comments and a version": (
        "Authentication-Results: MX.Corp.Test 1;\r\n\tdmarc=pass (p=REJECT; sp=none)\r\n header.from=Client.Test",
        BORDER,
        FROM,
    ),
    "an A-label for an IDN": (
        proved("dmarc=pass header.from=xn--bcher-kva.test"),
        BORDER,
        "From: jo@bücher.test",
    ),
    "quoted": (
        proved('dkim=pass reason="a; dmarc=fail"; dmarc=pass header.from="client.test"'),
        BORDER,
        FROM,
    ),
}


@pytest.mark.parametrize("lines", PASS.values(), ids=PASS.keys())
def test_a_sender_is_proved_by_our_own_server(lines: tuple[str, ...]) -> None:
    assert judged(OURS, *lines) is Verdict.PASS


UNKNOWN = {
    "no field": (BORDER, FROM),
    "below our Received": (BORDER, GENUINE, FROM),
    "below a stranger's Received": (FOREIGN, GENUINE, FROM),
    "two of ours": (GENUINE, GENUINE, BORDER, FROM),
    "a forged fail below the genuine pass": (GENUINE, BORDER, FAILED, FROM),
    "a forged fail alone": (BORDER, FAILED, FROM),
    "an unreadable one above the genuine pass": (FAILED + " (", GENUINE, BORDER, FROM),
    "a longer name": (
        "Authentication-Results: mx.corp.test.evil; dmarc=pass header.from=client.test",
        BORDER,
        FROM,
    ),
    "a name behind a comment": (
        "Authentication-Results: (x)mx.corp.test; dmarc=pass header.from=client.test",
        BORDER,
        FROM,
    ),
    "a name in a comment": (
        "Authentication-Results: evil.test (mx.corp.test; dmarc=pass header.from=client.test)",
        BORDER,
        FROM,
    ),
    "a name in quotes": (
        'Authentication-Results: "mx.corp.test"; dmarc=pass header.from=client.test',
        BORDER,
        FROM,
    ),
    "an encoded name": (
        "Authentication-Results: =?utf-8?q?mx.corp.test?=; dmarc=pass header.from=client.test",
        BORDER,
        FROM,
    ),
    "a pass in a comment": (proved("dmarc=none (dmarc=pass header.from=client.test)"), BORDER, FROM),
    "a pass in quotes": (proved('dmarc=none reason="; dmarc=pass header.from=client.test"'), BORDER, FROM),
    "an open comment": (proved("dmarc=pass header.from=client.test (oops"), BORDER, FROM),
    "an open quote": (proved('dmarc=pass header.from=client.test reason="oops'), BORDER, FROM),
    "only DKIM": (proved("dkim=pass header.d=client.test"), BORDER, FROM),
    "another domain": (proved("dmarc=pass header.from=other.test"), BORDER, FROM),
    "a parent domain": (proved("dmarc=pass header.from=test"), BORDER, FROM),
    "no domain": (proved("dmarc=pass"), BORDER, FROM),
    "two results": (
        proved("dmarc=pass header.from=client.test; dmarc=pass header.from=other.test"),
        BORDER,
        FROM,
    ),
    "two senders": (GENUINE, BORDER, "From: jo@client.test, x@client.test"),
    "two From headers": (GENUINE, BORDER, FROM, "From: x@evil.test"),
    "a blank before the colon": (GENUINE, BORDER, "From : jo@client.test"),
    "a hidden second From": (GENUINE, BORDER, "From : x@evil.test", FROM),
    "a sender that programs read differently": (GENUINE, BORDER, "From: x@evil.test <jo@client.test>"),
    "no sender": (GENUINE, BORDER),
    "too long": (proved("dmarc=pass header.from=client.test " + "x" * 20_000), BORDER, FROM),
    "empty": ("Authentication-Results:", BORDER, FROM),
}


@pytest.mark.parametrize("lines", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_in_doubt_nobody_is_proved(lines: tuple[str, ...]) -> None:
    assert judged(OURS, *lines) is Verdict.UNKNOWN


def test_a_failure_of_our_own_server_is_a_failure() -> None:
    assert judged(OURS, FAILED, BORDER, FROM) is Verdict.FAIL
    assert (
        judged(OURS, proved("dmarc=pass header.from=client.test; dmarc=fail"), BORDER, FROM) is Verdict.FAIL
    )


@pytest.mark.parametrize(
    "lines",
    [
        (FAILED, BORDER, GENUINE, FROM),
        (FAILED, GENUINE, BORDER, FROM),
        (GENUINE, FAILED, BORDER, FROM),
        (FAILED, BORDER, FAILED + " (", FROM),
        (FAILED, BORDER, GENUINE.replace(" mx", " (x)mx"), FROM),
    ],
    ids=["below", "beside", "on top", "unreadable", "behind a comment"],
)
def test_no_forged_field_beside_it_hides_a_failure(lines: tuple[str, ...]) -> None:
    assert judged(OURS, *lines) is Verdict.FAIL


@pytest.mark.parametrize("authentication", ["none", "", "id:", "mx.corp.test", "id:other.test", "id: "])
def test_without_a_server_of_that_name_nobody_is_proved(authentication: str) -> None:
    assert judged(authentication, GENUINE, BORDER, FROM) is Verdict.UNKNOWN


def test_google_writes_its_results_below_its_own_received() -> None:
    border = BORDER.replace("mx.corp.test", "mx.google.com")
    results = GENUINE.replace("mx.corp.test", "mx.google.com")
    inner = "Received: by 2002:a05:6a10:abcd with SMTP id x1"
    assert judged("id:mx.google.com", inner, border, results, FOREIGN, FROM) is Verdict.PASS
    assert judged("id:mx.google.com", inner, border, FOREIGN, results, FROM) is Verdict.UNKNOWN
    assert judged("id:mx.google.com", inner, border, results, FOREIGN, results, FROM) is Verdict.UNKNOWN


MICROSOFT = "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=client.test;"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [f"{MICROSOFT} dmarc=pass action=none header.from=client.test;compauth=pass reason=100"],
            Verdict.PASS,
        ),
        (
            [f"{MICROSOFT} dmarc=fail action=none header.from=client.test;compauth=fail reason=000"],
            Verdict.FAIL,
        ),
        ([f"{MICROSOFT} dmarc=pass header.from=client.test;compauth=fail reason=001"], Verdict.FAIL),
        ([f"{MICROSOFT} dmarc=none header.from=client.test;compauth=pass reason=109"], Verdict.UNKNOWN),
        ([f"{MICROSOFT} dmarc=pass header.from=evil.test"], Verdict.UNKNOWN),
        ([GENUINE], Verdict.UNKNOWN),
        ([f"{MICROSOFT} dmarc=none", f"{MICROSOFT} dmarc=pass header.from=client.test"], Verdict.UNKNOWN),
        ([], Verdict.UNKNOWN),
    ],
)
def test_microsofts_topmost_field_is_believed(lines: list[str], expected: Verdict) -> None:
    assert judged("microsoft365", "Received: from a by b.prod.outlook.com", *lines, BORDER, FROM) is expected


@pytest.mark.parametrize(
    "piece", ["(", ")", '"', '"\\', "a=b;", ";", "a=", "(x)", "mx.corp.test ", "a", "a ", " ", '\\"']
)
def test_a_bomb_proves_nothing(piece: str) -> None:
    field = proved((piece * 60_000)[:60_000] + "; dmarc=pass header.from=client.test")
    assert judged(OURS, field, BORDER, FROM) is Verdict.UNKNOWN
    short = proved((piece * 19_000)[:19_000])
    before = time.process_time()
    assert judged(OURS, short, BORDER, FROM) is Verdict.UNKNOWN
    assert time.process_time() - before < 1.5  # a reader whose work grows with the square needs more
