"""What of a staff member's mail may reach the client: their own words, or nothing."""

import pytest

from helpdesk_cli.mail.answers import staff_words
from helpdesk_cli.mail.quotes import REPLY_LINE

ALERT = (
    f"{REPLY_LINE}\n\nCli opened HD-1000:\n\nIt is broken.\n\n"
    "____________________________________________________________\n\nTicket:     [HD-1000] Printer\n"
    "Client:     Cli <c@client.test>\nDepartment: Support\nStage:      New\nPriority:   Normal\n"
    "Assigned:   nobody\nWritten:    2026-11-22 08:09\n\n"
    "Answer this mail to answer the client. Only what you write above the line\nat the top is sent.\n"
    "In the terminal: helpdesk ticket show 1000\n"
)
QUOTED = "".join(f"> {line}\n" for line in ALERT.splitlines())
TOKEN = "support+afzqaaad5aaaaaabwtlivb47ktuolcig@desk.test"
GMAIL = f"On Sun, Nov 22, 2026 at 9:30 AM Support <{TOKEN}> wrote:\n"
OUTLOOK = (
    f"From: Support <{TOKEN}>\nSent: Sunday, November 22, 2026 9:30 AM\nTo: Anna <anna@staff.test>\n"
    "Subject: [HD-1000] Printer\n\n"
)
GERMAN = (
    f"Von: Support <{TOKEN}>\nGesendet: Sonntag, 22. November 2026 09:30\nAn: Anna <anna@staff.test>\n"
    "Betreff: [HD-1000] Printer\n\n"
)
OWN = frozenset({"support+"})

SENT = [
    ("above, Gmail", f"Use water.\n\n{GMAIL}\n{QUOTED}", "Use water."),
    ("above, Outlook", f"Use water.\n\n{OUTLOOK}{ALERT}", "Use water."),
    ("above, German Outlook", f"Nimm Wasser.\n\n{GERMAN}{ALERT}", "Nimm Wasser."),
    (
        "above, Outlook with a rule",
        f"Use water.\n\n________________________________\n{OUTLOOK}{ALERT}",
        "Use water.",
    ),
    ("several paragraphs", f"Use water.\n\nOr sand.\n\n{GMAIL}{QUOTED}", "Use water.\n\nOr sand."),
    ("with a signature", f"Use water.\n\n-- \nAnna\n\n{GMAIL}{QUOTED}", "Use water."),
    (
        "a signature below the quotation",
        f"Use water.\n\n{GMAIL}{QUOTED}\n-- \nAnna\nExample Ltd\n",
        "Use water.",
    ),
    ("nothing quoted", "Use water.\n", "Use water."),
    ("unquoted and unannounced", f"Use water.\n\n{ALERT}", "Use water."),
    ("quoted lines of their own", f"Use water.\n\n> not this\n\n{GMAIL}{QUOTED}", "Use water."),
]
NOTHING = [
    ("empty Outlook answer", f"{OUTLOOK}{ALERT}"),
    ("empty German Outlook answer", f"{GERMAN}{ALERT}"),
    ("empty, with a rule", f"________________________________\n{OUTLOOK}{ALERT}"),
    ("empty Gmail answer", f"{GMAIL}\n{QUOTED}"),
    ("Gmail, alert unquoted", f"{GMAIL}\n{ALERT}"),
    ("the alert alone", ALERT),
    ("the quoted alert alone", QUOTED),
    ("below Outlook's", f"{OUTLOOK}{ALERT}\nUse water.\n"),
    ("below the bare alert", f"{ALERT}\nUse water.\n"),
    ("nothing at all", ""),
    ("quotation without our line", "> It is broken.\n"),
]
UNCLEAR = [
    ("between quoted lines", f"{GMAIL}{QUOTED[:200]}\nUse water.\n\n{QUOTED[200:]}"),
    (
        "above and between",
        f"Hello.\n\n{GMAIL}> {REPLY_LINE}\n> It is broken.\n\nUse water.\n\n> Stage: New\n",
    ),
    ("below the quotation", f"{GMAIL}{QUOTED}\nUse water.\n"),
    ("our address in the words", f"Write to {TOKEN} please.\n\n{GMAIL}{QUOTED}"),
    (
        "forwarded",
        f"fyi\n\n---------- Forwarded message ---------\nFrom: Support <{TOKEN}>\nDate: Sun, Nov 22\n"
        f"Subject: x\n\n{ALERT}",
    ),
]


@pytest.mark.parametrize(("text", "words"), [row[1:] for row in SENT], ids=[row[0] for row in SENT])
def test_what_stands_above_our_line_is_sent(text: str, words: str) -> None:
    assert staff_words(text, OWN) == words
    assert staff_words(text.replace("\n", "\r\n"), OWN) == words


@pytest.mark.parametrize("text", [row[1] for row in NOTHING], ids=[row[0] for row in NOTHING])
def test_where_nothing_stands_above_it_nothing_is_sent(text: str) -> None:
    assert not staff_words(text, OWN)


@pytest.mark.parametrize("text", [row[1] for row in UNCLEAR], ids=[row[0] for row in UNCLEAR])
def test_where_it_is_not_clear_nothing_is_sent(text: str) -> None:
    words = staff_words(text, OWN)
    assert words is None or words == "fyi"


@pytest.mark.parametrize(
    "secret", ["Assigned:", "Stage:", "helpdesk ticket show", TOKEN, "Only what you write"]
)
def test_no_word_of_the_alert_is_ever_sent(secret: str) -> None:
    for _, text, *_ in [*SENT, *NOTHING, *UNCLEAR]:
        assert secret not in (staff_words(text, OWN) or "")
