"""A site's own templates, tried with facts of our making before a client's letter needs them."""

from collections.abc import Iterable, Iterator

from helpdesk_cli.settings import Settings

_MESSAGE = {"text": "It burns.", "at": "2026-11-22 10:30", "attachments": [{"name": "a.jpg", "size": 12345}]}
_SAID = {"author": "Ann", "role": "client", "at": "2026-11-22 10:30", "text": "It burns."}

EVERY: dict[str, object] = {
    "desk": {"name": "Example"},
    "department": {"name": "Support", "address": "support@desk.example"},
    "recipient": {"name": "Ann", "address": "ann@client.example"},
    "reply_line": "",
    "instead_of": "",
}
TICKET: dict[str, object] = {
    "number": 1000,
    "tag": "HD-1000",
    "subject": "Printer on fire",
    "stage": "New",
    "priority": "Normal",
    "category": "",
    "assignee": "",
    "client": {"name": "Ann", "email": "ann@client.example"},
}
CODE = "aaaaaqk3m7w2xr5t"

ABOUT_A_TICKET: dict[str, tuple[dict[str, object], ...]] = {
    "acknowledgement": (
        {"repeat_subject": True, "reply_line": "----", "assigned_to": "Bob"},
        {"repeat_subject": False, "assigned_to": ""},
    ),
    "reply": (
        {"author": {"name": "Bob"}, "message": _MESSAGE, "discussion": [_SAID], "left_out": 2},
        {"author": {"name": "Bob"}, "message": _MESSAGE, "discussion": [], "left_out": 0},
    ),
    "forward": tuple(
        {
            "author": {"name": "Bob"},
            "message": _MESSAGE,
            "forwarded": forwarded,
            "files": bool(forwarded),
            "messages": [],
        }
        for forwarded in ([{**_SAID, "attachments": _MESSAGE["attachments"]}], [])
    ),
    "alert": tuple(
        {
            "event": event,
            "internal": event == "replied",
            "cc": ["colleague@client.example"] if event == "opened" else [],
            "rating": 4 if event == "replied" else 0,
            "author": {"name": "Ann", "email": "ann@client.example"},
            "message": _MESSAGE,
            "warnings": warnings,
        }
        for event, warnings in (
            ("opened", ["sender not authenticated"]),
            ("replied", []),
            ("answered", []),
            ("noted", []),
        )
    ),
    "moved": tuple(
        {"event": event, "stage": "Done", "assigned_to": name}
        for event, name in (
            ("closed", ""),
            ("moved", "Bob"),
            ("reopened", ""),
            ("escalated", ""),
            ("assigned", ""),
            ("assigned", "Bob"),
        )
    ),
    "reminder": ({"closes_in": "5 days"}, {"closes_in": ""}),
    "inactive": ({"reopen_days": 14},),
    "survey": ({},),
    "rule": ({"rule": "urgent"},),
    "notice": tuple(
        {"event": event, "by": "carla", "stage": "Done", "lines": lines}
        for event, lines in (
            ("assigned", []),
            ("closed", []),
            ("moved", []),
            ("reopened", []),
            ("escalated", []),
            ("handed-over", []),
            ("", ["Late."]),
        )
    ),
    "pager": (
        {"code": CODE},
        {"code": CODE, "also": [1025, 1026]},
        {"code": CODE, "also": [1025, 1026], "news": {"1026": "overdue"}},
        {"code": CODE, "text": "the first response is overdue"},
    ),
    "spoof-warning": tuple(
        {
            "sender": sender,
            "staff": {"name": name, "address": address},
            "message": {"at": "2026-11-22 10:30"},
            "inbox_id": 7,
            "page": not name,
            "retired": sender == address,
        }
        for sender, name, address in (
            ("eve@evil.example", "Bob", "bob@staff.example"),
            ("bob@staff.example", "Bob", "bob@staff.example"),
            ("eve@evil.example", "", "4915@pager.example"),
        )
    ),
    "unclear-answer": ({"inbox_id": 7, "allowed": True}, {"inbox_id": 7, "allowed": False}),
    "bounced": (
        {
            "address": "ann@client.example",
            "letter": {"kind": "reply", "at": "2026-11-22 10:30"},
            "diagnosis": "550 5.1.1 no such user",
        },
    ),
}
"""Each kind about a ticket with no more than its contract promises, in the cases that a template may tell."""

_NEWS: dict[str, object] = {
    "at": "2026-11-22 10:30",
    "by": "Ann",
    "words": "It burns.",
    "stage": "",
    "lines": [],
    "instead_of": "",
}

OTHERS: dict[str, tuple[dict[str, object], ...]] = {
    "pager": ({"code": CODE, "text": "970 more held back"},),
    "rejection": ({},),
    "digest": (
        {
            "count": 4,
            "ticket_count": 2,
            "left_out": 1,
            "tickets": [
                {
                    **TICKET,
                    "left_out": 1,
                    "news": [
                        {**_NEWS, "event": "opened", "instead_of": "Carla"},
                        {**_NEWS, "event": "moved", "by": "carla", "words": "", "stage": "Done"},
                        {**_NEWS, "event": "breach", "by": "", "words": "", "lines": ["Late."]},
                    ],
                }
            ],
        },
    ),
    "trouble": ({"lines": ["mailbox support: the password was refused"]},),
    "test": ({"at": "2026-11-22 10:30", "transport": "default"},),
}


def samples(kind: str) -> Iterator[dict[str, object]]:
    """The facts that a letter of that kind may get, case by case."""
    for facts in ABOUT_A_TICKET.get(kind, ()):
        yield {**EVERY, "ticket": TICKET, **facts}
    for facts in OTHERS.get(kind, ()):
        yield {**EVERY, **facts}


def broken_templates(settings: Settings) -> list[str]:
    """What is wrong with the site's own templates and with those that stages and rules name, a line a fault."""
    return [
        *_broken_of_site(settings),
        *_broken_of_stages(settings),
        *_broken_of_rules(settings),
        *_broken_of_replies(settings),
    ]


def _broken_of_site(settings: Settings) -> list[str]:
    """What is wrong with the site's own templates, with file and line."""
    if not settings.desk.templates:
        return []
    from helpdesk_cli.templates import KINDS

    faults: dict[str, None] = {}
    for kind in KINDS:
        faults.update(dict.fromkeys(_faults(settings, kind, samples(kind))))
    return list(faults)


def _broken_of_stages(settings: Settings) -> list[str]:
    """What is wrong with the templates by which stages tell a client, but for ours."""
    faults: dict[str, None] = {}
    for slug, stage in settings.stage.items():
        if stage.template != "moved":
            faults.update(
                (f"stage.{slug}.template: {fault}", None)
                for fault in _faults(settings, stage.template, samples("moved"))
            )
    return list(faults)


def _broken_of_rules(settings: Settings) -> list[str]:
    """What is wrong with the templates that rules send; one that is missing is told with the configuration."""
    faults: dict[str, None] = {}
    for name, rule in settings.rule.items():
        if isinstance(send := rule.then.get("send"), str):
            faults.update(
                (f"rule.{name}.then.send: {fault}", None)
                for fault in _faults(settings, send, samples("rule"))
            )
    return list(faults)


def _broken_of_replies(settings: Settings) -> Iterator[str]:
    """What is wrong with the prepared answers: their words, and folders that are no department's."""
    if not settings.desk.templates:
        return
    from helpdesk_cli.errors import DeskError
    from helpdesk_cli.templates.replies import canned, prepared

    facts = {**EVERY, "ticket": TICKET, "client": TICKET["client"], "staff": {"name": "Bob", "login": "bob"}}
    for one in canned(settings.desk.templates, settings.desk.language):
        if one.department and one.department not in settings.department:
            yield f"{one.path}: there is no [department.{one.department}]"
        try:
            prepared(
                one.slug,
                facts,
                department=one.department,
                folder=settings.desk.templates,
                language=settings.desk.language,
            )
        except DeskError as failure:
            yield str(failure)


def _faults(settings: Settings, name: str, cases: Iterable[dict[str, object]]) -> Iterator[str]:
    """What is wrong with a template, filled with each of these facts."""
    from helpdesk_cli.errors import DeskError
    from helpdesk_cli.templates import render

    for facts in cases:
        try:
            render(name, facts, folder=settings.desk.templates, language=settings.desk.language)
        except DeskError as failure:
            yield str(failure)
