"""From text to Settings: forms of values, paths, and every fault at once with its line."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_cli.config import load
from helpdesk_cli.config.forms import rate_of, size_of, span_of
from helpdesk_cli.config.lines import line_of, lines_of
from helpdesk_cli.config.read import read
from helpdesk_cli.errors import BadConfig
from helpdesk_cli.settings import Rate, Settings, Size, Span

Write = Callable[..., str]
Told = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("50 MB", 50_000_000),
        ("64 kB", 64_000),
        ("2 GiB", 2**31),
        ("1KiB", 1024),
        ("7", 7),
        (7, 7),
        (0, 0),
        ("3 b", 3),
    ],
)
def test_sizes(written: object, number: int) -> None:
    assert size_of(written) == number
    assert type(size_of(written)) is Size


@pytest.mark.parametrize(
    ("written", "number"),
    [("30s", 30), ("10m", 600), ("1h", 3600), ("1d", 86400), ("2 h", 7200), (90, 90), ("90", 90)],
)
def test_spans(written: object, number: int) -> None:
    assert span_of(written) == number
    assert type(span_of(written)) is Span


@pytest.mark.parametrize(
    "written", ["", "MB", "-1", "1.5h", "1 h 5 m", "h1", "1y", "٣s", True, -1, 1.0, None, [], 10**18]
)
def test_what_is_no_amount_is_refused(written: object) -> None:
    for form in (size_of, span_of):
        with pytest.raises(ValueError, match="amount"):
            form(written)


def test_rates() -> None:
    assert rate_of("20/10m") == Rate(20, 600)
    assert rate_of(" 5 / 1 h ") == Rate(5, 3600)
    for written in ("20", "20/", "/1h", "20/10x", "2k/1h", "a/b", "1/2/3", 20, None):
        with pytest.raises(ValueError, match="amount"):
            rate_of(written)


def test_the_written_forms_become_numbers(write: Write, sound: str) -> None:
    settings = read(
        write(
            f'{sound}\n[mailbox.two]\ntimeout = "2m"\nmax_size = "1 MB"\n'
            '[limits]\nacknowledgements = ["1/1h", "2/1d"]\n'
        )
    )
    assert (settings.mailbox["two"].timeout, settings.mailbox["two"].max_size) == (120, 1_000_000)
    assert settings.limits.acknowledgements == (Rate(1, 3600), Rate(2, 86400))
    assert settings.limits.pages_per_person == Settings().limits.pages_per_person


def test_relative_paths_start_at_the_folder_of_the_file(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = read(
        write(
            """
            desk.templates = "words/"
            [transport.a]
            kind = "maildir"
            path = "../out"
            [transport.b]
            kind = "sendmail"
            path = "sendmail"
            [transport.c]
            kind = "sendmail"
            path = "./sendmail"
            [mailbox.a]
            path = "~/Maildir/"
            password_file = "p"
            ca_file = "/etc/ca.pem"
            """
        )
    )
    assert settings.source == f"{tmp_path}/helpdesk.toml"
    assert settings.desk.secret_file == f"{tmp_path}/secret.key"
    assert settings.desk.templates == f"{tmp_path}/words"
    assert settings.transport["a"].path == f"{tmp_path.parent}/out"
    assert settings.transport["b"].path == "sendmail"
    assert settings.transport["c"].path == f"{tmp_path}/sendmail"
    mailbox = settings.mailbox["a"]
    assert (mailbox.path, mailbox.password_file, mailbox.ca_file) == (
        "/home/somebody/Maildir",
        f"{tmp_path}/p",
        "/etc/ca.pem",
    )


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("sqlite:helpdesk.db", "sqlite:FOLDER/helpdesk.db"),
        ("sqlite:sub/../h.db", "sqlite:FOLDER/h.db"),
        ("sqlite:/var/h.db", "sqlite:/var/h.db"),
        ("sqlite:///var/h.db", "sqlite:/var/h.db"),
        ("sqlite:////var/h.db", "sqlite:/var/h.db"),
        ("postgresql://x/y", "postgresql://x/y"),
    ],
)
def test_the_stores_address_is_absolute(write: Write, tmp_path: Path, url: str, kept: str) -> None:
    assert read(write(f'store.url = "{url}"')).store.url == kept.replace("FOLDER", str(tmp_path))


def test_domains_are_kept_as_a_labels_so_that_addresses_compare(write: Write, sound: str) -> None:
    text = sound.replace("support@example.com", "Support@BÜCHER.example").replace(
        "[transport.default]",
        '[desk]\nadmin = ["a@bücher.example"]\n[transport.default]\nredirect_to = "b@bücher.example"',
    )
    settings = load(write(text))
    assert settings.own_addresses() == {"support@xn--bcher-kva.example"}
    assert settings.desk.admin == ("a@xn--bcher-kva.example",)
    assert settings.transport["default"].redirect_to == "b@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("kind", "after"), [("imap", "seen"), ("maildir", "seen"), ("pop3", "keep"), ("mbox", "keep")]
)
def test_a_mailbox_that_names_no_after_has_one_that_its_kind_knows(
    write: Write, kind: str, after: str
) -> None:
    assert read(write(f'[mailbox.a]\nkind = "{kind}"')).mailbox["a"].after == after


def test_a_byte_order_mark_is_passed_over(write: Write, sound: str) -> None:
    assert load(write(b"\xef\xbb\xbf" + sound.encode())).department["support"].name == "Support"


MANY = """\
# A file with one fault of each kind.
[desk]
nmae = "x"
first_number = "x"
subject_tag = "H D"

[transport.default]
hst = "localhost"
security = "tsl"
[mailbox.support]
host = "imap.example.com"
passwrod_command = ["pass", "x"]
max_size = "50 XB"
after = "sen"
[departmnt.support]
name = "Support"
address = "support@example.com"
[oauth2.x]
text = \"\"\"
[desk]
name = "not a key"
\"\"\"
[stage.x]
name = "new"
[limits]
acknowledgements = [
  "1/1h", # comment
  "x",
]
[mailbox.b]
"host" = 5
"""


def test_all_faults_are_told_at_once_in_the_files_order_with_lines_and_nearest_keys(told: Told) -> None:
    assert told(MANY) == [
        'line 3: desk.nmae: unknown key; did you mean "name"?',
        'line 4: desk.first_number: "x" will not do; must be a whole number',
        "line 5: desk.subject_tag: 1 to 20 letters, digits and -, such as HD",
        'line 8: transport.default.hst: unknown key; did you mean "host"?',
        'line 9: transport.default.security: "tsl" will not do; must be one of "none", "starttls", "tls"; '
        'did you mean "tls"?',
        'line 10: mailbox.support.username: is missing; kind = "imap" needs it',
        'line 12: mailbox.support.passwrod_command: unknown key; did you mean "password_command"?',
        'line 13: mailbox.support.max_size: "50 XB" will not do; must be a size such as "50 MB", "64 kB" '
        "or a number of bytes",
        'line 14: mailbox.support.after: "sen" means nothing to kind = "imap"; '
        "must be one of keep, seen, delete, move:FOLDER",
        'line 15: departmnt: unknown key; did you mean "department"?',
        "line 18: oauth2: not in this version yet; take it out",
        'line 23: stage.x.state: is missing; must be one of "open", "waiting", "closed"',
        'line 26: limits.acknowledgements: must be a list of rates such as ["20/10m", "100/1d"]',
        'line 30: mailbox.b.username: is missing; kind = "imap" needs it',
        "line 30: mailbox.b.password_command: is missing; needs one of password_command, password_env, "
        "password_file, password, oauth2_command",
        "line 31: mailbox.b.host: 5 will not do; must be a text in quotes",
    ]


VALUES = [
    ("[operation]\nadmin_can_enter_tickets = 1", "operation.admin_can_enter_tickets", "true or false"),
    ("[operation]\nemail_messages_limit = 3.0", "operation.email_messages_limit", "whole number"),
    ("[operation]\nemail_messages_limit = true", "operation.email_messages_limit", "true will not do"),
    ("[desk]\nname = 2026-11-22", "desk.name", "text in quotes"),
    ('[desk]\nadmin = "root@example.com"', "desk.admin", "list of texts"),
    ("[desk]\nadmin = [1]", "desk.admin", "list of texts"),
    ("desk = 3", "desk", "must be a table: [desk]"),
    ("mailbox = 3", "mailbox", "must be tables: [mailbox.SLUG]"),
    ("[mailbox]\nsupport = 3", "mailbox.support", "must be a table: [mailbox.SLUG]"),
    ("[[department]]", "department", "must be tables"),
    ('[mailbox.a]\nkind = "imapp"', "mailbox.a.kind", 'did you mean "imap"?'),
    ("[mailbox.a]\nkind = 1", "mailbox.a.kind", "must be one of"),
    ('[mailbox.a]\ntimeout = "soon"', "mailbox.a.timeout", '"30s"'),
    ("[mailbox.a]\ntimeout = nan", "mailbox.a.timeout", '"30s"'),
    ("[mailbox.a]\npassword_command = 1", "mailbox.a.password_command", "run by the shell"),
    ('[mailbox.a]\n"Password-Command" = "x"', "mailbox.a.Password-Command", '"password_command"'),
    ("[mailbox.a]\nxyzzy = 1", "mailbox.a.xyzzy", "known here: host, port"),
    ('source = "x"', "source", "unknown key"),
    ("[department.a]", "department.a.name", "is missing; must be a text"),
    ("[department.a]", "department.a.address", "is missing; must be a text"),
    ("[limits]\nacknowledgements = 5", "limits.acknowledgements", "list of rates"),
    ("[limits]\nacknowledgements = [5]", "limits.acknowledgements", "list of rates"),
    ("[limits]\nnew_tickets_per_sendr = []", "limits.new_tickets_per_sendr", '"new_tickets_per_sender"'),
    *((f"[{table}]", table, "not in this version yet") for table in ("oauth2", "retention")),
    ("[mailbox.a]\nform_senders = []", "mailbox.a.form_senders", "not in this version yet"),
    ('"\\u001b[31m" = 1', '"\\x1b[31m"', "unknown key"),
]


@pytest.mark.parametrize(("text", "key", "words"), VALUES)
def test_a_value_that_will_not_do_is_told_with_what_is_allowed(
    told: Told, text: str, key: str, words: str
) -> None:
    faults = told(text)
    assert any(f": {key}: " in f": {fault}" and words in fault for fault in faults), faults


def test_a_fault_is_not_told_again_as_a_missing_key_or_table(told: Told, sound: str) -> None:
    spoilt = sound.replace('host = "imap.example.com"', "host = 5").replace('["true"]', "[1]")
    assert len(told(spoilt)) == 2
    assert len(told(f"{sound}[stage.x]\nname = 1\nstate = 2\n")) == 2
    assert len(told(sound.replace("[mailbox.support]", "[mailbux.support]"))) == 1
    assert told(sound.replace("[department.support]", "[department]\nsupport = 3\n[priority.x]")) != []


def test_what_another_kind_would_need_is_not_told_of_a_wrong_one(told: Told, sound: str) -> None:
    spoilt = sound.replace("[mailbox.support]", '[mailbox.box]\nkind = "mailbox"\n[mailbox.support]')
    (fault,) = told(spoilt)
    assert "mailbox.box.kind" in fault


@pytest.mark.parametrize("amount", ['timeout = "90s"', "timeout = 90", 'max_size = "1 MB"'])
def test_an_amount_beside_a_fault_is_none(told: Told, sound: str, amount: str) -> None:
    (fault,) = told(sound.replace("[mailbox.support]", f"[mailbox.support]\n{amount}\nfolde = 'x'"))
    assert 'did you mean "folder"' in fault


def test_a_secret_is_never_repeated(told: Told, sound: str) -> None:
    for line in (
        "password = 31337",
        "password_commnd = 31337",
        "password_command = 31337",
        "password_file = 31337",
    ):
        faults = told(sound.replace('password_command = ["true"]', line))
        assert faults and "31337" not in "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "told_as"),
    [
        ("a = 1\nb = = 2\n", "line 2, column 5: not TOML: Invalid value"),
        ("[a\n", "line 1, column 3: not TOML: "),
        ("a = 1\na = 2\n", "line 2, column 6: not TOML: Cannot overwrite a value"),
        ('a = "x', "line 1: not TOML: "),
        ("a = 1\n\n[desk]\nname = ", "line 4: not TOML: Invalid value"),
        (b"a = 1\nb = '\xff'\n", "line 2: not UTF-8; save the file as UTF-8"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "not TOML: "),
    ],
)
def test_what_is_not_toml_is_told_with_line_and_column(told: Told, text: str | bytes, told_as: str) -> None:
    (fault,) = told(text)
    assert fault.startswith(told_as)


def test_lines_are_found_behind_strings_arrays_and_quoted_keys() -> None:
    text = """
a.b = 1 # c = 2
"x.y" = '''
[no]
key = 1
'''
[ t . "u v" ]
list = [
  "]", # ]
  { k = "}" },
]
last = "[no]"
"""
    lines = lines_of(text)
    assert lines == {
        ("a",): 2,
        ("a", "b"): 2,
        ("x.y",): 3,
        ("t",): 7,
        ("t", "u v"): 7,
        ("t", "u v", "list"): 8,
        ("t", "u v", "last"): 12,
    }
    assert line_of(("t", "u v", "gone"), lines) == 7
    assert line_of(("gone",), lines) == 0


KEYS = st.sampled_from(
    [*Settings.__struct_fields__, "host", "name", "state", "kind", "x", "after", "formerly", "password"]
)
SCALARS = st.one_of(
    st.integers().map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.sampled_from(
        ["nan", "-inf", "1979-05-27", "07:32:00", '""', '"imap"', '"open"', '"\\u0000"', '"move:"', "'~'"]
    ),
    st.text(st.characters(exclude_characters="'\n\r", exclude_categories=["Cs", "Cc"])).map(
        lambda text: f"'{text}'"
    ),
)
WRITTEN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        ),
    ),
    max_leaves=6,
)
HEADERS = st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[{'.'.join(keys)}]")
PAIRS = st.builds("{} = {}".format, KEYS, WRITTEN)
TOMLISH = st.lists(st.one_of(HEADERS, PAIRS, st.text(max_size=20)), max_size=12).map("\n".join)


@settings(deadline=None)
@given(st.one_of(TOMLISH, st.text()).map(lambda text: text.encode(errors="surrogatepass")) | st.binary())
def test_any_text_gives_settings_or_one_refusal(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "helpdesk.toml"
        path.write_bytes(content)
        path.chmod(0o600)
        try:
            found: object = load(str(path))
        except BadConfig as error:
            found = error.faults
    faults = found if isinstance(found, tuple) else ()
    assert isinstance(found, Settings) or faults
    assert all(fault.isprintable() and fault.startswith(str(path)) for fault in faults)
