"""What of a staff member's mail may reach the client: their own words, or nothing."""

import pytest

from helpdesk_cli.domain.mail import Part
from helpdesk_cli.mail.answers import brings_files, files_to_send, staff_words
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
MARKS = ("support+", "support@desk.test", "HD-1000")

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
    (
        "quoted lines of their own",
        f"Type these:\n\n> net stop spooler\n\nand restart.\n\n{GMAIL}{QUOTED}",
        "Type these:\n\n> net stop spooler\n\nand restart.",
    ),
    (
        "no-break spaces in our line",
        f"Use water.\n\n{ALERT}".replace("Please write", "Please\xa0write"),
        "Use water.",
    ),
    (
        "our line over three lines",
        "Use water.\n\n"
        + ALERT.replace("Please write your answer above", "Please write\nyour answer\nabove"),
        "Use water.",
    ),
    (
        "the department's address in the words",
        f"Mail support@desk.test.\n\n{ALERT}",
        "Mail support@desk.test.",
    ),
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
BARE = ALERT.replace(REPLY_LINE, "-- Palun kirjutage vastus selle rea kohale --")
ESTONIAN = "Saatja: Support\nSaadetud: pühapäev\nSaaja: Anna\nTeema: Printer\n\n"
UNCLEAR = [
    ("our line translated", f"Use water.\n\n{BARE}"),
    ("our line translated, unknown header", f"Use water.\n\n{ESTONIAN}{BARE}"),
    (
        "our line lost, indented",
        "Support schrieb:\n" + "".join(f"    {line}\n" for line in BARE.splitlines()),
    ),
    ("our line lost, names as marks", "Use water.\n" + "".join(f"S> {line}\n" for line in BARE.splitlines())),
    ("above, and below the unquoted alert", f"Hi,\n\n{OUTLOOK}{ALERT}\nUse water, twice.\n"),
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
    assert staff_words(text, MARKS) == words
    assert staff_words(text.replace("\n", "\r\n"), MARKS) == words


@pytest.mark.parametrize("text", [row[1] for row in NOTHING], ids=[row[0] for row in NOTHING])
def test_where_nothing_stands_above_it_nothing_is_sent(text: str) -> None:
    assert not staff_words(text, MARKS)


@pytest.mark.parametrize("text", [row[1] for row in UNCLEAR], ids=[row[0] for row in UNCLEAR])
def test_where_it_is_not_clear_nothing_is_sent(text: str) -> None:
    words = staff_words(text, MARKS)
    assert not words or words == "fyi"


@pytest.mark.parametrize(
    "secret", ["Assigned:", "Stage:", "helpdesk ticket show", TOKEN, "Only what you write"]
)
def test_no_word_of_the_alert_is_ever_sent(secret: str) -> None:
    for _, text, *_ in [*SENT, *NOTHING, *UNCLEAR]:
        assert secret not in (staff_words(text, MARKS) or "")


def a_part(name: str, kind: str, content_id: str = "") -> Part:
    return Part(name, kind, 1, "0" * 64, 0, 1, content_id=content_id)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Printer.eml", "message/rfc822"),
        ("alert.eml", "application/octet-stream"),
        ("alert.MSG", "application/vnd.ms-outlook"),
        ("attachment.html", "text/html"),
        ("ATT0001.htm", "text/plain"),
        ("headers", "text/rfc822-headers"),
        ("message", "message/global"),
        ("winmail.dat", "application/ms-tnef"),
        ("winmail.dat", "application/octet-stream"),
        ("smime.p7m", "application/pkcs7-mime"),
        ("encrypted.asc", "application/octet-stream"),
    ],
)
def test_what_may_wrap_our_alert_is_not_sent_on(name: str, kind: str) -> None:
    offer = a_part("offer.pdf", "application/pdf")
    assert files_to_send([a_part(name, kind), offer]) == (offer,)
    assert not brings_files([a_part(name, kind)])


def test_files_say_something_and_a_logo_does_not() -> None:
    assert brings_files([a_part("offer.pdf", "application/pdf")])
    assert not brings_files([a_part("logo.png", "image/png", "<logo@x>")])
    assert not brings_files(
        [a_part("smime.p7m", "application/pkcs7-mime"), a_part("a.pdf", "application/pdf")]
    )
