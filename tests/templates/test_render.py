"""Words from facts: what a letter says, and what neither a client nor a broken template can do to it."""

import re
from datetime import datetime
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markupsafe import Markup

from helpdesk_cli.errors import BadConfig, Failed
from helpdesk_cli.mail.text import REPLY_LINE, html_to_text, new_text
from helpdesk_cli.templates import KINDS, Rendered, render

TICKET = {
    "number": 1024,
    "tag": "HD-1024",
    "subject": "Printer on fire",
    "stage": "New",
    "priority": "urgent",
    "category": "Hardware",
    "assignee": "alice",
    "client": {"name": "Jane Doe", "email": "jane@y.test"},
}
FACTS: dict[str, object] = {
    "desk": {"name": "Example Hosting"},
    "department": {"name": "Support", "address": "support@desk.test"},
    "recipient": {"name": "Jane Doe", "address": "jane@y.test"},
    "reply_line": REPLY_LINE,
    "instead_of": "Bob Baker",
    "ticket": TICKET,
    "repeat_subject": True,
    "author": {"name": "Alice", "email": "alice@desk.test"},
    "message": {
        "text": "Have you tried water?\n\n  indented\n> quoted",
        "at": "22 Nov 2026 10:30",
        "attachments": [{"name": "fire.jpg", "size": 123456}],
    },
    "discussion": [
        {"author": "Jane Doe", "role": "client", "at": "21 Nov 2026 09:00", "text": "It burns.\n> really"},
        {"author": "Support", "role": "staff", "at": "21 Nov 2026 09:10", "text": "Where?"},
        {"author": "Jane Doe", "role": "client", "at": "21 Nov 2026 09:20", "text": "In the hall."},
    ],
    "left_out": 2,
    "forwarded": [
        {
            "author": "Jane Doe",
            "role": "client",
            "at": "21 Nov 2026 09:00",
            "text": "It burns.\n> really",
            "attachments": [{"name": "smoke.jpg", "size": 1234}],
        },
    ],
    "files": True,
    "internal": False,
    "event": "opened",
    "warnings": ["the sender is not authenticated"],
    "sender": "evil@e.test",
    "staff": {"name": "Alice", "address": "alice@desk.test"},
    "inbox_id": 7,
    "cc": ["colleague@y.test"],
    "rating": 0,
    "allowed": True,
    "page": False,
    "retired": False,
    "address": "jane@y.test",
    "letter": {"kind": "reply", "at": "22 Nov 2026 10:31"},
    "diagnosis": "550 5.1.1 no such user",
    "lines": ["mailbox support: the password was refused", "the disk is nearly full"],
    "at": "22 Nov 2026 10:30",
    "transport": "default",
    "stage": "Done",
    "assigned_to": "",
    "closes_in": "5 days",
    "reopen_days": 14,
    "by": "carla",
    "count": 3,
    "ticket_count": 2,
    "tickets": [
        {
            **TICKET,
            "left_out": 1,
            "news": [
                {
                    "event": "replied",
                    "at": "22 Nov 2026 10:30",
                    "by": "Jane Doe",
                    "words": "It burns.",
                    "stage": "",
                    "lines": [],
                    "instead_of": "Bob Baker",
                }
            ],
        }
    ],
}


def facts(**changes: object) -> dict[str, object]:
    return {**FACTS, **changes}


def ticket(**changes: object) -> dict[str, object]:
    return facts(ticket={**TICKET, **changes})


def message(text: str) -> dict[str, object]:
    return facts(message={"text": text, "at": "now", "attachments": []})


class Seen(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


# What the letters say


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_subject_and_a_text(kind: str) -> None:
    made = render(kind, FACTS)
    assert made.subject
    assert made.text.strip()
    assert "\n" not in made.subject
    assert "{{" not in made.text
    assert "\n\n\n\n" not in made.text


@pytest.mark.parametrize("kind", ["acknowledgement", "reply", "alert"])
def test_a_letters_html_is_quiet_and_says_the_same(kind: str) -> None:
    made = render(kind, FACTS)
    seen = Seen(made.html)
    assert {"script", "img", "link", "iframe", "style", "a"}.isdisjoint(seen.tags)
    assert {name for name, _ in seen.attributes} <= {"lang", "charset", "name", "content", "style", "role"}
    assert "url(" not in made.html
    assert '<meta name="color-scheme" content="light dark">' in made.html
    assert not re.search(r"[;\"](background|color):", made.html)
    said = set(re.findall(r"[^\W_]{4,}", html_to_text(made.html)))
    assert set(re.findall(r"[^\W_]{4,}", made.text)) - said == set()


def test_an_acknowledgement_tells_the_number() -> None:
    made = render("acknowledgement", FACTS)
    assert made.subject == "[HD-1024] Printer on fire"
    assert "HD-1024" in made.text
    assert "Printer on fire" in made.text


def test_an_acknowledgement_to_an_unproved_sender_repeats_nothing_that_came() -> None:
    made = render("acknowledgement", facts(repeat_subject=False))
    assert made.subject == "[HD-1024] We have received your message"
    assert "Printer" not in made.text + made.html
    assert "Jane" not in made.text + made.html
    assert "Hello,\n" in made.text
    assert "Hello Jane Doe,\n" in render("acknowledgement", FACTS).text


def test_a_reply_shows_the_request_first_and_the_newest_last() -> None:
    text = render("reply", FACTS).text
    places = [
        text.index(words)
        for words in (
            REPLY_LINE,
            "Have you tried",
            "fire.jpg (123 kB)",
            "It burns",
            "2 messages are",
            "Where?",
            "hall",
        )
    ]
    assert places == sorted(places)
    assert "On 21 Nov 2026 09:00, Jane Doe wrote:\n> It burns.\n>> really\n" in text


def test_a_reply_without_earlier_messages_has_no_empty_block() -> None:
    request = FACTS["discussion"][:1]  # type: ignore[index]
    made = render("reply", facts(discussion=request, left_out=12))
    assert "(12 messages are left out here)" in made.text
    assert "(12 messages are left out here)" in made.html
    made = render("reply", facts(discussion=[], left_out=0))
    assert "Earlier" not in made.text + made.html
    assert "blockquote" not in made.html


def test_an_alert_tells_staff_how_to_answer() -> None:
    made = render("alert", facts(event="replied"))
    assert made.subject == "[HD-1024] Printer on fire"
    assert "Alice answered in HD-1024" in made.text
    assert "Answer this mail to answer Jane" in made.text
    assert "Note: the sender is not authenticated" in made.text
    assert "helpdesk ticket show 1024" in made.text


@pytest.mark.parametrize("kind", ["reply", "alert", "acknowledgement"])
@pytest.mark.parametrize("html", [False, True])
def test_what_a_client_writes_above_or_below_our_letter_is_found(kind: str, html: bool) -> None:
    made = render(kind, FACTS)
    ours = html_to_text(made.html) if html else made.text
    quoted = "\n".join(f"> {line}" for line in ours.splitlines())
    header = "On Sun, 22 Nov 2026 at 11:00, Support <support@desk.test> wrote:"
    assert new_text(f"It is out.\n\n{header}\n{quoted}\n").strip() == "It is out."
    assert new_text(f"{header}\n{quoted}\n\nIt is out.\n").strip() == "It is out."
    assert new_text(f"It is out.\n\n{ours}").strip() == "It is out."


# The pager


def test_a_page_has_number_priority_client_and_subject() -> None:
    made = render("pager", FACTS)
    assert made == Rendered("HD-1024", "HD-1024 urgent, Jane Doe: Printer on fire")


def test_a_page_says_what_happened_to_a_ticket_that_is_not_new() -> None:
    text = render("pager", {**FACTS, "text": "the time for the first response was over 12:00"}).text
    tag = FACTS["ticket"]["tag"]  # type: ignore[index]
    assert text.startswith(f"{tag} ")
    assert ", the time for the first response was over 12:00, " in text


@pytest.mark.parametrize(
    "subject",
    [
        "x" * 5000,
        "word " * 500,
        "ß" * 500,
        "👩‍👩‍👧‍👦" * 60,
        "e\u0301" * 300,
        "a\u0300\u0301\u0302" * 100,
        "漢" * 300,
    ],
)
@pytest.mark.parametrize("name", ["Jane", "J" * 500, "é" * 500])
def test_a_page_is_never_longer_than_a_short_message(subject: str, name: str) -> None:
    made = render("pager", ticket(subject=subject, client={"name": name, "email": "j@y.test"}))
    assert len(made.text) + 1 + len(made.subject) <= 160
    assert len(made.text) > 100
    assert made.text.endswith("...")
    assert made.html == ""


def test_a_page_is_not_cut_within_a_character() -> None:
    for n in range(12):
        text = render("pager", ticket(subject="x" * n + "👩‍👩‍👧‍👦" * 60)).text.removesuffix("...")
        assert text.endswith("👦") or text.endswith("x")
        text = render("pager", ticket(subject="x" * n + "q\u0323\u0307" * 300)).text.removesuffix("...")
        assert text.endswith("q\u0323\u0307") or text.endswith("x")


def test_a_page_has_no_links_controls_or_costly_punctuation() -> None:
    subject = "See http://evil.test/x?y=1 or www.evil.test \x1b[2J\x07\u202e “now” – it’s… [x]{y}\r\nTo: z"
    text = render("pager", ticket(subject=subject)).text
    assert text == 'HD-1024 urgent, Jane Doe: See (link) or (link) (2J "now" - it\'s... (x)(y) To: z'


def test_a_page_has_nothing_of_which_a_phone_makes_a_link() -> None:
    subject = "log in at evil.test/x, mailto:x@evil.test tel:+49123 //evil.test or x@evil.test; 1.5 GB, v2.1."
    text = render("pager", ticket(subject=subject)).text
    told = "log in at evil(.)test/x, (link) (link) (link) or x@evil(.)test; 1.5 GB, v2.1."
    assert text == f"HD-1024 urgent, Jane Doe: {told}"


# Hostile values

HOSTILE = [
    "{{7*7}}",
    "{% for c in ().__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{# comment #}",
    "${7*7} <%= 7*7 %> #{7*7}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</div></body><a href='javascript:x'>",
    "<!-- -->",
    "&lt;b&gt; &amp;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_client_wrote_is_only_text(text: str) -> None:
    before = Seen(render("alert", FACTS).html)
    hostile = facts(
        ticket={**TICKET, "subject": text, "client": {"name": text, "email": text}},
        author={"name": text, "email": text},
        message={"text": text, "at": "now", "attachments": [{"name": text, "size": 1}]},
        discussion=[{"author": text, "role": "client", "at": "then", "text": text}] * 3,
    )
    for kind in ("acknowledgement", "reply", "alert"):
        made = render(kind, hostile)
        assert text in made.text
        assert made.subject == f"[HD-1024] {text}"
        assert {"script", "img", "a"}.isdisjoint(Seen(made.html).tags)
    assert sorted(set(Seen(render("alert", hostile).html).tags)) == sorted({*before.tags} - {"br"})


def test_line_breaks_in_short_facts_write_no_line_of_ours() -> None:
    forged = "x\r\nPriority:   low\n\nBcc: evil@e.test\u2028y\x85z"
    made = render("alert", ticket(subject=forged, client={"name": forged, "email": "j@y.test"}))
    assert made.subject == "[HD-1024] x Priority: low Bcc: evil@e.test y z"
    assert len(re.findall(r"(?m)^Priority:", made.text)) == 1
    assert not re.search(r"(?m)^Bcc:", made.text)


def test_marks_that_turn_or_hide_writing_are_gone_and_languages_stay() -> None:
    made = render("alert", message("invoice\u202egnp.exe \u2066x\u2069 a\0b\x1b[2J שלום\u200f مرحبا"))
    assert "invoicegnp.exe x ab[2J שלום\u200f مرحبا" in made.text
    assert not re.search("[\0\x1b\u202a-\u202e\u2066-\u2069]", made.text + made.html)


def test_a_lone_surrogate_can_be_written() -> None:
    assert b"b" in render("reply", message("a\ud800b")).text.encode()


def test_a_text_that_calls_itself_safe_is_escaped_nevertheless() -> None:
    class Sly(str):
        def __html__(self) -> str:
            return "<script>"

        def __str__(self) -> str:
            return "<script>"

    for text in (Markup("<b>x</b>"), Sly("<b>x</b>")):
        made = render("alert", facts(author={"name": text, "email": ""}))
        assert "&lt;b&gt;x&lt;/b&gt;" in made.html
        assert "<script>" not in made.html


@pytest.mark.parametrize(
    "value", [datetime(2026, 1, 1), object(), render, 1.5, b"x", {"x"}, iter(()), {1: "x"}, type]
)
def test_only_plain_values_reach_a_template(value: object) -> None:
    with pytest.raises(Failed, match=r"the fact (author\.name|author\.name\.1|1) of a letter|has no name"):
        render("reply", facts(author={"name": value}))


def test_words_of_an_enumeration_and_lists_are_plain_enough() -> None:
    class Priority(StrEnum):
        HIGH = "high"

    assert "high" in render("alert", ticket(priority=Priority.HIGH)).text
    assert "line two" in render("trouble", facts(lines=("line one", "line two"))).text


def test_facts_without_end_are_refused() -> None:
    endless: dict[str, object] = {}
    endless["x"] = endless
    with pytest.raises(Failed, match="nested too deeply"):
        render("reply", facts(author=endless))


@pytest.mark.parametrize("text", ["x" * 3_000_000, "\n" * 3_000_000, "<" * 3_000_000, "word \n" * 500_000])
def test_a_huge_message_is_cut_and_delays_no_letter(text: str) -> None:
    discussion = [{"author": "Jane", "role": "client", "at": "then", "text": text}] * 20
    huge = facts(discussion=discussion, message={"text": f"My answer.{text}", "at": "now", "attachments": []})
    for kind in ("reply", "alert"):
        made = render(kind, huge)
        assert "My answer." in made.text
        assert "[…]" in made.text
        assert len(made.text) < 500_000
        assert len(made.html) < 1_000_000


def test_a_huge_name_is_cut(site: Path) -> None:
    assert len(render("alert", facts(author={"name": "x" * 100_000, "email": ""})).text) < 3000


def test_a_template_that_writes_too_much_is_stopped(site: Path) -> None:
    put(site, "test.txt.j2", "{% for a in at %}{% for b in at %}{{ message.text }}{% endfor %}{% endfor %}")
    huge = {**message("x" * 50_000), "at": "x" * 100}
    with pytest.raises(Failed, match="more than 1,000,000 characters"):
        render("test", huge, folder=str(site))


# A site's own templates


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "words"
    folder.mkdir(mode=0o755)
    return folder


def put(folder: Path, name: str, source: str) -> Path:
    path = folder / name
    path.parent.mkdir(mode=0o755, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    path.chmod(0o644)
    return path


def own(folder: Path, source: str, *, kind: str = "test", part: str = "txt") -> str:
    put(folder, f"{kind}.{part}.j2", source)
    made = render(kind, FACTS, folder=str(folder))
    return made.html if part == "html" else made.text


def test_a_site_replaces_one_file_and_keeps_the_rest(site: Path) -> None:
    put(site, "reply.txt.j2", "Howdy {{ recipient.name.split()[0] }}\n{{ message.text }}")
    made = render("reply", FACTS, folder=str(site))
    assert made.text.startswith("Howdy Jane\nHave you")
    assert made.subject == "[HD-1024] Printer on fire"
    assert "blockquote" in made.html
    assert render("reply", FACTS).text.startswith(REPLY_LINE)


def test_an_empty_html_file_makes_a_letter_of_plain_text(site: Path) -> None:
    put(site, "reply.html.j2", "\n")
    assert render("reply", FACTS, folder=str(site)).html == ""


def test_a_site_may_use_our_layout(site: Path) -> None:
    html = own(site, '{% extends "layout.html.j2" %}{% block content %}{{ at }}!{% endblock %}', part="html")
    assert "22 Nov 2026 10:30!" in html
    assert "color-scheme" in html


def test_another_language_falls_back_to_english_file_by_file(site: Path) -> None:
    put(site, "de/test.txt.j2", "Dies ist ein Test.")
    for language in ("de", "de_DE.UTF-8", "DE-at"):
        made = render("test", FACTS, folder=str(site), language=language)
        assert made == Rendered("Example Hosting: test mail", "Dies ist ein Test.\n")
    assert render("test", FACTS, folder=str(site), language="fr").text == render("test", FACTS).text
    assert render("test", FACTS, language="../../x").text == render("test", FACTS).text


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_a_template_that_others_may_write_is_refused(site: Path, mode: int) -> None:
    path = put(site, "test.txt.j2", "x")
    path.chmod(mode)
    with pytest.raises(
        BadConfig, match=f"test.txt.j2 may be written by others .mode {mode:04o}.: run chmod go-w"
    ):
        render("test", FACTS, folder=str(site))


def test_a_folder_that_others_may_write_is_refused(site: Path) -> None:
    put(site, "test.txt.j2", "x")
    site.chmod(0o777)
    with pytest.raises(BadConfig, match="words may be written by others"):
        render("test", FACTS, folder=str(site))


def test_a_link_to_a_file_that_others_may_write_is_refused(site: Path, tmp_path: Path) -> None:
    target = put(tmp_path, "elsewhere", "x")
    target.chmod(0o666)
    (site / "test.txt.j2").symlink_to(target)
    with pytest.raises(BadConfig, match="may be written by others"):
        render("test", FACTS, folder=str(site))


def test_a_missing_folder_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"folder of templates .*nowhere does not exist"):
        render("test", FACTS, folder=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("one\n{{ at ", 2, "unexpected end of template"),
        ("one\n\n{% if at %}", 3, "Unexpected end of template"),
        ("one\n{{ at | shout }}", 2, "No filter named 'shout'"),
        ("one\n{{ nobody }}", 2, "'nobody' is undefined"),
        ("one\n\n{{ ticket.colour }}", 3, "has no attribute 'colour'"),
        ("{{ 1 + at }}", 1, "unsupported operand"),
        ("\n{% include 'missing.j2' %}", 2, "missing.j2"),
    ],
)
def test_a_broken_template_is_told_with_file_and_line(site: Path, source: str, line: int, why: str) -> None:
    path = put(site, "test.txt.j2", source)
    with pytest.raises(Failed) as told:
        render("test", FACTS, folder=str(site))
    assert str(told.value).startswith(f"{path} line {line}: ")
    assert why in str(told.value)
    assert "\n" not in str(told.value)


def test_a_template_that_is_not_utf8_is_told(site: Path) -> None:
    put(site, "test.txt.j2", "x").write_bytes(b"gr\xfc\xdfe")
    with pytest.raises(Failed, match=r"test\.txt\.j2: byte 2 is not UTF-8"):
        render("test", FACTS, folder=str(site))


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(Failed, match="no template nonsense"):
        render("nonsense", FACTS)
    with pytest.raises(Failed, match="no template"):
        render("../../etc/passwd", FACTS)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ticket.__class__.__mro__ }}",
        "{{ ticket['__class__'] }}",
        "{{ self.__init__.__globals__ }}",
        "{{ render }}",
        "{{ range(3) }}",
        "{{ lipsum() }}",
        "{{ cycler('a') }}",
        "{{ namespace() }}",
        "{{ dict(a=1) }}",
        "{{ at | attr('upper') }}",
        "{{ at | pprint }}",
        "{{ at | replace('a', 'b') }}",
        "{{ at | center(99999999) }}",
        "{{ '%99999999d' | format(1) }}",
        "{{ '%99999999d' % 1 }}",
        "{{ 'a' * 100000000 }}",
        "{{ [1] * 100000000 }}",
        "{{ 10 ** 1000000 }}",
        "{{ at.center(99999999) }}",
        "{{ at.format(1) }}",
        "{{ '{:99999999d}'.format(1) }}",
        "{{ '{0.__class__}'.format(at) }}",
        "{{ at.encode() }}",
        "{{ ticket.update({'number': 1}) }}",
        "{{ ticket.pop('number') }}",
        "{{ lines.append('x') }}",
        "{% include '../reply.txt.j2' %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% for c in at %}{% for d in at %}{% for e in at %}{% for f in at %}{% for g in at %}"
        "{{ at }}{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(site: Path, source: str) -> None:
    with pytest.raises(Failed, match=r"test\.txt\.j2"):
        own(site, source)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ '=' * 20 }}", "=" * 20),
        ("{{ 3 * 4 }} {{ 7 % 4 }}", "12 3"),
        ("{% for line in lines %}{{ loop.index }}{% if not loop.last %},{% endif %}{% endfor %}", "1,2"),
        ("{{ lines | join('; ') | truncate(20) }}", "mailbox support:..."),
        ("{{ recipient.name.upper() }} {{ ticket.get('x', 'none') }}", "JANE DOE none"),
        ("{% macro hi(x) %}hi {{ x }}{% endmacro %}{{ hi('you') }}", "hi you"),
        ("{% set x = 'a' %}{{ x ~ 'b' }}", "ab"),
    ],
)
def test_what_a_template_needs_works(site: Path, source: str, result: str) -> None:
    assert own(site, source).strip() == result
