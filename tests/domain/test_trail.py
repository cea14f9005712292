"""A line of the log is one line, whatever strangers wrote, and leads to the mail server's own."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.domain.trail import LONGEST, line, queue_ids, quoted

POSTFIX = (
    "from out.client.example (out.client.example [192.0.2.7]) (using TLSv1.3 with cipher X (256/256 bits)) "
    "(No client certificate requested) by mx.desk.example (Postfix) with ESMTPS id 4F3A81C0D2 "
    "for <support@desk.example>; Sun, 22 Nov 2026 10:30:00 +0100 (CET)"
)
RECEIVED = {
    POSTFIX: "4F3A81C0D2",
    "from out.client.example ([192.0.2.7]) by mx.desk.example with esmtps (Exim 4.96) (envelope-from "
    "<ann@client.example>) id 1tABcd-0004xY-2k for support@desk.example; Sun, 22 Nov": "1tABcd-0004xY-2k",
    "from mx.desk.example by imap.desk.example with LMTP id GLxbM2XvQGdZ1wAA7SRJ3Q "
    "(envelope-from <x@y>); Sun": "GLxbM2XvQGdZ1wAA7SRJ3Q",
    "by 2002:a05:6402:1e95:b0:5cf:f1fe with SMTP id f21csp123edf; Sun, 22": "f21csp123edf",
    "from A.prod.outlook.com (2603:10a6::1) by B.prod.outlook.com (2603:10a6::2) with Microsoft SMTP Server "
    "(version=TLS1_2) id 15.20.8182.20; Sun": "15.20.8182.20",
    "from localhost (localhost)\r\n\tby mx.desk.example (Postfix)\r\n\tid 9A; Sun": "",
    "from evil (HELO id 4F3A81C0D2) by mx.desk.example with SMTP id REAL123; Sun": "REAL123",
    "from evil (it came by x id 4F3A81C0D2) by mx.desk.example (who (said) id FAKE1) with SMTP id REAL123; Sun": (
        "REAL123"
    ),
    "from id 4F3A81C0D2 by mx.desk.example with SMTP id REAL123; Sun": "REAL123",
    "(qmail 1234 invoked by uid 0); 22 Nov 2026": "",
    "": "",
    "by " * 5000: "",
}


@pytest.mark.parametrize("received", RECEIVED, ids=range(len(RECEIVED)))
def test_the_id_in_a_mail_server_s_queue_is_found(received: str) -> None:
    assert queue_ids([received]) == RECEIVED[received]


def test_the_ids_of_the_topmost_hops_are_told_once_each() -> None:
    hops = [f"from a by b with SMTP id {name}; Sun" for name in ("LMTP1", "QUEUE2", "QUEUE2", "FAR4")]
    assert queue_ids(hops) == "LMTP1,QUEUE2"


def test_a_line_has_what_there_is() -> None:
    assert line("fetch", mailbox="support", inbox=17, ticket=None, queue="", said="250 ok") == (
        'fetch mailbox=support inbox=17 said="250 ok"'
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<a=b+c@x.example>", "<a=b+c@x.example>"),
        ("two words", '"two words"'),
        ('say "no"', '"say \\"no\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("a\nNov 22 mx postfix: fake", '"a\\nNov 22 mx postfix: fake"'),
        ("\x1b[2J\x00\x85", '"\\x1b[2J\\x00\\x85"'),
        ("\u202egpj.exe\u2028", '"\\u202egpj.exe\\u2028"'),
        ("Grüße", '"Grüße"'),
        ("", '""'),
    ],
)
def test_values_are_one_word(value: str, shown: str) -> None:
    assert quoted(value) == shown


def test_a_long_value_is_cut() -> None:
    assert len(quoted("x" * 1000)) == LONGEST + 2


@given(st.text(max_size=400))
@settings(deadline=None)
def test_no_value_breaks_out_of_its_place(value: str) -> None:
    told = line("fetch", subject=value, outcome="opened")
    assert told.isprintable()
    words = shlex.split(told)
    assert (words[0], words[-1]) == ("fetch", "outcome=opened")
    assert len(words) == (3 if value else 2)
