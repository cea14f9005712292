"""Every rule has a case that breaks it, and the key and what is allowed are told."""

from collections.abc import Callable

import pytest

from helpdesk_cli.config.check import check
from helpdesk_cli.config.forms import is_address, is_host, is_loopback, is_slug
from helpdesk_cli.settings import Settings

Told = Callable[..., list[str]]
IMAP = 'host = "imap.example.com"\nusername = "support"\npassword_command = ["true"]\n'
SECOND = '[department.second]\nname = "Second"\naddress = "second@example.com"\n'


def test_the_sound_file_has_no_fault(told: Told, sound: str) -> None:
    assert told(sound) == []


ADDED = [
    # what is added to the sound file, the key that is told, words of the sentence
    ('[desk]\nname = " "', "desk.name", "empty"),
    ('[desk]\nname = "A\\r\\nBcc: x@example.com"', "desk.name", "line break"),
    ('[desk]\nadmin = ["a", "b\\u0085"]', "desk.admin", "line break"),
    ('[mailbox.two]\nkind = "pipe"\nspam_headers = ["A: b\\u007f"]', "mailbox.two.spam_headers", "control"),
    ('[desk]\ndomain = "exa mple.com"', "desk.domain", "example.com"),
    ('[desk]\ndomain = ""', "desk.domain", "example.com"),
    ('[desk]\nsubject_tag = ""', "desk.subject_tag", "1 to 20"),
    ('[desk]\nsubject_tag = "H D"', "desk.subject_tag", "1 to 20"),
    ('[desk]\nsubject_tag = "ÄÖ"', "desk.subject_tag", "1 to 20"),
    ('[desk]\nsubject_tag = "ABCDEFGHIJKLMNOPQRSTU"', "desk.subject_tag", "1 to 20"),
    ('[desk]\nold_subject_tags = ["A", "B]"]', "desk.old_subject_tags", '"B]"'),
    ("[desk]\nfirst_number = 0", "desk.first_number", "from 1"),
    ("[desk]\nfirst_number = 99999999999999999999", "desk.first_number", "to 1000000000"),
    ('[desk]\ntimezone = "Europe/Berln"', "desk.timezone", "Europe/Berlin"),
    ('[desk]\ntimezone = "../../etc/passwd"', "desk.timezone", "not known"),
    ('[desk]\ntimezone = "zone.tab"', "desk.timezone", "not known"),
    ('[desk]\ntimezone = ""', "desk.timezone", "not known"),
    ('[desk]\nlanguage = "e/n"', "desk.language", "pt-BR"),
    ('[desk]\nsecret_file = ""', "desk.secret_file", "name a file"),
    ('[desk]\nsecret_file = "~nobody-has-this-name/key"', "desk.secret_file", "without a home"),
    ('[desk]\nadmin = ["root"]', "desk.admin", "not an address"),
    ('[desk]\nadmin = ["Support@Example.com"]', "desk.admin", "own address"),
    ('[store]\nurl = "sqlite::memory:"', "store.url", "forgets"),
    ('[store]\nurl = "sqlite:"', "store.url", "sqlite:FILE"),
    ('[store]\nurl = "sqlite://host/file"', "store.url", "sqlite:FILE"),
    ('[store]\nurl = "sqlite:a?mode=ro"', "store.url", "sqlite:FILE"),
    ('[store]\nurl = "helpdesk.db"', "store.url", "sqlite:FILE"),
    ('[log]\nto = "file"\nfile = ""', "log.file", "must name a file"),
    ("[operation]\nemail_messages_limit = -1", "operation.email_messages_limit", "0 or more"),
    ("[operation]\nreopen_days = -1", "operation.reopen_days", "0 or more"),
    ("[alerts]\nenabled = true", "alerts.address", "missing"),
    ('[alerts]\naddress = "pager"', "alerts.address", "not an address"),
    ('[alerts]\naddress = "support@example.com"', "alerts.address", "come back to us"),
    ('[transport."a b"]\nhost = "localhost"', 'transport."a b"', "a-z, 0-9"),
    ("[transport.two]", "transport.two.host", "missing"),
    ('[transport.two]\nhost = "localhost"\npath = "x"', "transport.two.path", "means nothing"),
    ('[transport.two]\nkind = "maildir"', "transport.two.path", "missing"),
    ('[transport.two]\nhost = "localhost"\nusername = "u"', "transport.two.password_command", "one of"),
    ('[transport.two]\nhost = "localhost"\npassword_env = "P"', "transport.two.username", "password_env"),
    (
        '[transport.two]\nhost = "localhost"\nusername = "u"\npassword_env = "P"\npassword_file = "f"',
        "transport.two.password_file",
        "password_env is set too",
    ),
    (
        '[transport.two]\nhost = "mx.example.com"\nusername = "u"\npassword_env = "P"',
        "transport.two.security",
        '"tls" or "starttls"',
    ),
    (
        '[transport.two]\nhost = "127.evil.example.com"\nusername = "u"\noauth2_command = "x"',
        "transport.two.security",
        "unencrypted",
    ),
    ('[transport.two]\nhost = "localhost"\nenvelope_from = "x"', "transport.two.envelope_from", "address"),
    ('[transport.two]\nhost = "localhost"\nredirect_to = "-bs@ x"', "transport.two.redirect_to", "address"),
    ('[transport.two]\nhost = "localhost"\nehlo_name = "a b"', "transport.two.ehlo_name", "host name"),
    ('[transport.two]\nhost = "localhost"\nrate_per_minute = -1', "transport.two.rate_per_minute", "0 or"),
    ('[transport.two]\nhost = "localhost:25"', "transport.two.host", "port has its own key"),
    ('[transport.two]\nhost = "smtp://localhost"', "transport.two.host", "only the name"),
    ('[transport.two]\nhost = "local host"', "transport.two.host", "not a host name"),
    ('[transport.two]\nhost = "localhost"\nport = 65536', "transport.two.port", "65535"),
    ('[transport.two]\nhost = "localhost"\ntimeout = 0', "transport.two.timeout", '"1s" to "1h"'),
    ('[transport.two]\nhost = "localhost"\ntimeout = "2h"', "transport.two.timeout", '"1s" to "1h"'),
    ('[transport.two]\nhost = "localhost"\nmax_size = 25', "transport.two.max_size", "64 KiB"),
    (
        '[transport.two]\nhost = "localhost"\nca_file = "~nobody-has-this-name/c"',
        "transport.two.ca_file",
        "home",
    ),
    ('[mailbox.Two]\nkind = "pipe"', "mailbox.Two", "a-z, 0-9"),
    ("[mailbox.two]", "mailbox.two.host", "missing"),
    ('[mailbox.two]\nkind = "pop3"\nhost = "h"\npassword_env = "P"', "mailbox.two.username", "missing"),
    ('[mailbox.two]\nhost = "h"\nusername = "u"', "mailbox.two.password_command", "oauth2_command"),
    (
        '[mailbox.two]\nhost = "h"\nusername = "u"\npassword_command = [""]',
        "mailbox.two.password_command",
        "pro",
    ),
    (
        f'[mailbox.two]\n{IMAP}oauth2_command = "x"',
        "mailbox.two.oauth2_command",
        "password_command is set too",
    ),
    (f'[mailbox.two]\n{IMAP}security = "none"', "mailbox.two.security", "unencrypted to imap.example.com"),
    (f'[mailbox.two]\n{IMAP}path = "Maildir"', "mailbox.two.path", "means nothing"),
    (f'[mailbox.two]\n{IMAP}folder = ""', "mailbox.two.folder", "empty"),
    (f'[mailbox.two]\n{IMAP}folder = "A\\r\\nA9 DELETE INBOX"', "mailbox.two.folder", "line break"),
    (f'[mailbox.two]\n{IMAP}after = "sen"', "mailbox.two.after", "keep, seen, delete, move:FOLDER"),
    (f'[mailbox.two]\n{IMAP}after = "move:"', "mailbox.two.after", "move:FOLDER"),
    (f'[mailbox.two]\n{IMAP}after = "move:INBOX"', "mailbox.two.after", "where it is"),
    (f'[mailbox.two]\nkind = "pop3"\n{IMAP}after = "seen"', "mailbox.two.after", "keep, delete"),
    (f'[mailbox.two]\nkind = "pop3"\n{IMAP}folder = "Old"', "mailbox.two.folder", "means nothing"),
    ('[mailbox.two]\nkind = "mbox"\npath = "m"\nafter = "move:x"', "mailbox.two.after", "keep, delete"),
    ('[mailbox.two]\nkind = "mbox"', "mailbox.two.path", "missing"),
    ('[mailbox.two]\nkind = "maildir"', "mailbox.two.path", "missing"),
    ('[mailbox.two]\nkind = "maildir"\npath = "m"\nhost = "h"', "mailbox.two.host", "means nothing"),
    ('[mailbox.two]\nkind = "maildir"\npath = "m"\npassword = "p"', "mailbox.two.password", "means nothing"),
    ('[mailbox.two]\nkind = "pipe"\npath = "m"', "mailbox.two.path", "means nothing"),
    ('[mailbox.two]\nkind = "pipe"\nafter = "delete"', "mailbox.two.after", "take it out"),
    ('[mailbox.two]\nkind = "pipe"\ndepartment = "sales"', "mailbox.two.department", "there are: support"),
    (
        '[mailbox.two]\nkind = "pipe"\nauthentication = "id:"',
        "mailbox.two.authentication",
        "id:mx.example.com",
    ),
    (
        '[mailbox.two]\nkind = "pipe"\nauthentication = "mx.example.com"',
        "mailbox.two.authentication",
        "id:mx",
    ),
    ('[mailbox.two]\nkind = "pipe"\nspam_headers = ["X-Spam"]', "mailbox.two.spam_headers", "Name: VALUE"),
    (
        '[mailbox.two]\nkind = "pipe"\nspam_headers = ["X Spam: YES"]',
        "mailbox.two.spam_headers",
        "Name: VALUE",
    ),
    ('[mailbox.two]\nkind = "pipe"\nspam_headers = ["X-Spam:"]', "mailbox.two.spam_headers", "Name: VALUE"),
    ('[mailbox.two]\nkind = "pipe"\nrecipient_headers = ["X:"]', "mailbox.two.recipient_headers", "name"),
    (f"[mailbox.two]\n{IMAP}", "mailbox.two", "same place as [mailbox.support]"),
    ('[department.B]\nname = "B"\naddress = "b@example.com"', "department.B", "a-z, 0-9"),
    ('[department.b]\nname = ""\naddress = "b@example.com"', "department.b.name", "empty"),
    ('[department.b]\nname = "B"\naddress = "B <b@example.com>"', "department.b.address", "not an address"),
    (
        '[department.b]\nname = "B"\naddress = "SUPPORT@example.com"',
        "department.b.address",
        "department support",
    ),
    (f'{SECOND}aliases = ["support@example.com"]', "department.second.aliases", "department support"),
    (f'{SECOND}aliases = ["@"]', "department.second.aliases", "not an address"),
    (f'{SECOND}transport = "other"', "department.second.transport", "there are: default"),
    (f'{SECOND}reply_address = "support@example.com"', "department.second.reply_address", "{token}"),
    (f'{SECOND}reply_address = "support+{{token}}"', "department.second.reply_address", "plain"),
    (f'{SECOND}reply_address = "a@{{token}}.example.com"', "department.second.reply_address", "plain"),
    (f'{SECOND}pager = "0170 123"', "department.second.pager", "not an address"),
    (f'{SECOND}pager = "second@example.com"', "department.second.pager", "come back to us"),
    (f'{SECOND}formerly = ["support"]', "department.second.formerly", "taken"),
    (f'{SECOND}formerly = ["a", "a"]', "department.second.formerly", "taken"),
    (f'{SECOND}formerly = ["A b"]', "department.second.formerly", "not a slug"),
    ('[stage.new]\nname = "New"\nstate = "open"', "stage", 'state = "waiting"'),
    ('[stage.new]\nname = "New"\nstate = "open"', "stage", 'state = "closed"'),
    ("[stage]", "stage", 'state = "open"'),
    ('[stage."-x"]\nname = "x"\nstate = "open"', "stage.-x", "a-z, 0-9"),
    ("[priority]", "priority", "there is none"),
    ('[priority.low]\nname = ""', "priority.low.name", "empty"),
    ('[category.""]\nname = "x"', 'category.""', "a-z, 0-9"),
    ('[operation]\nsurvey_after = "7d"', "operation.survey_after", "less than 7d"),
    ("[limits]\nacknowledgements = []", "limits.acknowledgements", "at least one"),
    ('[limits]\nacknowledgements = ["0/1h"]', "limits.acknowledgements", "at least 1"),
    ('[limits]\nacknowledgements = ["1/0s"]', "limits.acknowledgements", "1s to 366d"),
    ('[limits]\nacknowledgements = ["1/9999d"]', "limits.acknowledgements", "1s to 366d"),
]


@pytest.mark.parametrize(("added", "key", "words"), ADDED)
def test_a_broken_rule_is_told_with_its_key_and_what_is_allowed(
    told: Told, sound: str, added: str, key: str, words: str
) -> None:
    faults = told(f"{sound}\n{added}\n")
    assert any(f": {key}: " in f": {fault}" and words in fault for fault in faults), faults


@pytest.mark.parametrize("table", ["transport", "mailbox", "department"])
def test_a_desk_needs_one_of_each(told: Told, sound: str, table: str) -> None:
    parts = sound.split("\n\n")
    text = "\n\n".join(part for part in parts if not part.startswith(f"[{table}."))
    assert f"{table}: there is none; add a [{table}.SLUG]" in told(text)


SOUND_TOO = [
    '[desk]\ntimezone = "Europe/Berlin"\nlanguage = "pt-BR"\nadmin = ["root@localhost"]',
    '[desk]\nsubject_tag = "ACME-Desk-2"\nold_subject_tags = ["HD"]\ndomain = "example.com"',
    '[store]\nurl = "sqlite:///var/lib/helpdesk/helpdesk.db"',
    '[alerts]\nenabled = true\naddress = "oncall@pager.example"',
    '[transport.two]\nkind = "null"\nhost = "mx.example.com"\nusername = "u"',
    '[transport.two]\nkind = "sendmail"',
    '[transport.two]\nkind = "maildir"\npath = "out"',
    '[transport.two]\nhost = "127.0.0.1"\nusername = "u"\npassword_env = "P"',
    '[transport.two]\nhost = "::1"\nusername = "u"\npassword_env = "P"',
    '[transport.two]\nhost = "mx.example.com"\nsecurity = "starttls"\nusername = "u"\npassword_env = "P"',
    '[transport.two]\nhost = "2001:db8::25"',
    '[mailbox.two]\nkind = "pipe"',
    '[mailbox.two]\nkind = "maildir"\npath = "m"\nafter = "move:Done"',
    '[mailbox.two]\nkind = "mbox"\npath = "m"',
    f'[mailbox.two]\nkind = "pop3"\n{IMAP}',
    f'[mailbox.two]\n{IMAP}folder = "Sent"\nafter = "move:Done"\nauthentication = "id:mx.example.com"',
    '[mailbox.two]\nkind = "imap"\nhost = "h"\nusername = "u"\npassword_command = """\nset -e\necho x\n"""',
    f'{SECOND}reply_address = "second+{{token}}@example.com"\nformerly = ["old"]\naliases = ["x@a.example"]',
    f'{SECOND}aliases = ["second@example.com"]',
    '[mailbox.two]\nhost = "h"\nusername = "u"\npassword_command = ["sh", "-c", "a\\nb"]',
    f'{SECOND}address = "hilfe@bücher.example"'.replace('address = "second@example.com"\n', ""),
    '[mailbox.two]\nkind = "pipe"\nspam_headers = ["X-Spam-Flag: YES"]\nrecipient_headers = ["X-To"]',
    '[category.billing]\nname = "Billing"',
]


@pytest.mark.parametrize("added", SOUND_TOO)
def test_what_is_right_is_taken(told: Told, sound: str, added: str) -> None:
    assert told(f"{sound}\n{added}\n") == []


def test_departments_may_do_without_a_default_transport(told: Told, sound: str) -> None:
    text = sound.replace("[transport.default]", "[transport.other]")
    assert [fault.partition(": ")[2] for fault in told(text)] == [
        "department.support.transport: there is no [transport.default]; there are: other"
    ]
    assert told(f'{text}transport = "other"\n') == []


def test_a_password_in_a_file_that_others_may_read_is_refused(told: Told, sound: str) -> None:
    text = sound.replace('password_command = ["true"]', 'password = "sesame"')
    assert told(text, 0o600) == []
    for mode in (0o644, 0o640, 0o604):
        (fault,) = told(text, mode)
        assert fault.startswith("line 7: mailbox.support.password: others may read this file")
        assert "sesame" not in fault
    transport = 'host = "localhost"\nusername = "u"\npassword = "sesame"'
    (fault,) = told(sound.replace('host = "localhost"', transport), 0o644)
    assert "transport.default.password: others may read this file" in fault


def test_a_department_that_is_missing_altogether_is_told_once_a_mailbox(told: Told, sound: str) -> None:
    faults = told(sound.replace("[department.support]", "[department.sales]"))
    assert faults == [
        "line 8: mailbox.support.department: there is no [department.support]; there are: sales"
    ]


def test_settings_without_any_file_lack_the_three_tables() -> None:
    assert {fault.key for fault in check(Settings())} == {("transport",), ("mailbox",), ("department",)}


def test_forms_at_their_edges() -> None:
    assert is_slug("a") and is_slug("0-a-") and is_slug("x" * 60)
    assert not any(map(is_slug, ["", "-a", "A", "a.b", "ä", "a b", "x" * 61, "a/b", "a\n"]))
    assert is_host("localhost") and is_host("a" * 63 + ".example")
    assert not any(map(is_host, ["", ".", "a..b", "a.", "-a", "a-", "a" * 64, "ä.example", "a\nb"]))
    assert is_address("a.b+c@localhost") and is_address("x" * 64 + "@example.com")
    bad = [
        "",
        "@",
        "a",
        "a@",
        "@a",
        "a b@c",
        "a@b@c",
        ".a@b",
        "a.@b",
        "a..b@c",
        "x" * 65 + "@a",
        '"a"@b',
        "a@b\n",
    ]
    assert not any(map(is_address, bad))
    assert all(map(is_loopback, ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]))
    away = ["", "127.0.0.1.example.com", "127.a.b.c", "localhost.example.com", "10.0.0.1", "0.0.0.0", "::2"]
    assert not any(map(is_loopback, away))
