"""A store's address, held against libpq itself, and what people may see of it."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict

from helpdesk_cli.domain.store_url import MASK, PUBLIC, SECRET, is_postgres, read, without_secrets

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Zs", "Zl", "Zp", "Cc"]),
    min_size=1,
    max_size=8,
)
ENCODED = NAMES.map(lambda text: quote(text, safe=""))
WORDS = st.sampled_from(
    ["a", "1", "sesame", "host", "password", "dbname", "user", "p%61ssword", "%40", "%zz", "%0", "%00", "ä"]
)
MARKS = st.sampled_from([*":/?@&=,[]%#", "::1", "//"])


def by_libpq(url: str) -> dict[str, str] | None:
    """What libpq reads, or None where it refuses."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        return None


def by_us(url: str) -> dict[str, str] | None:
    try:
        found = read(url)
    except ValueError:
        return None
    said = {"host": ",".join(found.hosts), "port": ",".join(found.ports), **found.more}
    return {name: value for name, value in said.items() if value}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://", {}),
        ("postgres:///desk", {"dbname": "desk"}),
        ("postgresql://desk@/desk?host=/run/postgresql", {"user": "desk", "host": "/run/postgresql"}),
        ("postgresql://%2Frun%2Fpostgresql/desk", {"host": "/run/postgresql"}),
        ("postgresql://desk:p%40ss:w@h/desk", {"user": "desk", "password": "p@ss:w"}),
        ("postgresql://:pw@h", {"password": "pw"}),
        ("postgresql://desk:@h", {"user": "desk", "host": "h"}),
        ("postgresql://desk@a,b:5433/desk?target_session_attrs=read-write", {"host": "a,b", "port": ",5433"}),
        ("postgresql://a:1,b:2", {"host": "a,b", "port": "1,2"}),
        ("postgresql://[::1]:5433,[fe80::1%25eth0]/", {"host": "::1,fe80::1%eth0", "port": "5433,"}),
        ("postgresql://?service=desk", {"service": "desk"}),
        ("postgresql://h?user=a&user=b", {"host": "h", "user": "b"}),
        ("postgresql://h/desk?options=-csearch_path%3Ddesk", {"options": "-csearch_path=desk"}),
        ("postgresql://h/desk?p%61ssword=x", {"password": "x"}),
        ("postgresql://h?ssl=true", {"host": "h", "sslmode": "require"}),
        ("postgresql://h?user=b&", {"user": "b"}),
        ("postgresql://h?", {"host": "h"}),
        ("postgresql://h/b%C3%BCro", {"dbname": "büro"}),
    ],
)
def test_an_address_is_read_as_libpq_reads_it(url: str, said: dict[str, str]) -> None:
    found = by_us(url)
    assert found is not None and said.items() <= found.items()
    assert found == by_libpq(url)


@given(ENCODED, ENCODED, st.lists(st.tuples(ENCODED, st.integers(1, 65535)), min_size=1), ENCODED, ENCODED)
def test_encoded_parts_are_read_as_libpq_reads_them_and_the_password_is_never_shown(
    user: str, password: str, hosts: list[tuple[str, int]], database: str, socket: str
) -> None:
    places = ",".join(f"{host}:{port}" for host, port in hosts)
    for url in (
        f"postgresql://{user}:{password}@{places}/{database}",
        f"postgres://{user}@/{database}?password={password}&host={socket}",
    ):
        assert by_us(url) == by_libpq(url)
        told = without_secrets(url)
        assert told.replace(MASK, password) == url
        assert told.count(MASK) == 1


@given(st.lists(st.one_of(WORDS, MARKS), max_size=14).map("".join))
def test_what_we_take_means_the_same_to_libpq(rest: str) -> None:
    url = f"postgresql://{rest}"
    ours = by_us(url)
    if ours is not None and set(read(url).more) <= PUBLIC | SECRET:
        assert ours == by_libpq(url)


@given(st.text("sesam:/?@&=,[]%# 1", max_size=12), st.booleans())
def test_a_password_that_was_not_encoded_is_never_shown(password: str, has_database: bool) -> None:
    secret = f"xx{password}xx"
    url = f"postgresql://desk:{secret}@h:5432" + ("/desk?sslmode=require" if has_database else "")
    assert "xx" not in without_secrets(url)
    told = ""
    try:
        read(url)
    except ValueError as error:
        told = str(error)
    assert "xx" not in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@ss@h/d",
        "postgresql://u:p/w@h/d",
        "postgresql://u:12/w@h/d",
        "postgresql://u:p?w@h/d",
        "postgresql://h?user=me@azure",
        "postgresql://u:p%zz@h",
        "postgresql://u:p%0",
        "postgresql://u:p%00@h",
        "postgresql://u:p%ff@h",
        "postgresql://u:p w@h",
        "postgresql://u:p#w/@h",
        "postgresql://[::1/d",
        "postgresql://[]/d",
        "postgresql://[::1]x/d",
        "postgresql://h:x/d",
        "postgresql://h:-1/d",
        "postgresql://h/d?options=-ca=b",
        "postgresql://h/d?sslmode",
        "postgresql://h/d?&user=a",
    ],
)
def test_an_address_that_may_be_meant_otherwise_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"write|written|must"):
        read(url)
    assert without_secrets(url) == f"postgresql://{MASK}"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:/var/h.db", "sqlite:/var/h.db"),
        ("postgresql://desk@a,b:5433/desk?sslmode=require", None),
        ("postgresql://desk:pw@a,b:5433/desk", f"postgresql://desk:{MASK}@a,b:5433/desk"),
        ("postgres://:pw@h", f"postgres://:{MASK}@h"),
        ("postgresql://d:@h", None),
        ("postgresql://d:p%3Aw%2540@h", f"postgresql://d:{MASK}@h"),
        ("postgresql://h?user=a&password=b&x=c", f"postgresql://h?user=a&password={MASK}&x={MASK}"),
        ("postgresql://h?PASSWORD=b", f"postgresql://h?PASSWORD={MASK}"),
        ("postgresql://h?p%61ssword=b", f"postgresql://h?p%61ssword={MASK}"),
        ("postgresql://h?us%65r=a", None),
        ("postgresql://h?sslpassword=b&sslkey=/k", f"postgresql://h?sslpassword={MASK}&sslkey=/k"),
        ("mysql://u:p@h/d", MASK),
        ("postgresql:u:p@h", MASK),
        ("", MASK),
    ],
)
def test_an_address_is_shown_without_what_is_secret(url: str, told: str | None) -> None:
    assert without_secrets(url) == (url if told is None else told)


def test_what_is_as_good_as_a_password_counts_as_one() -> None:
    assert not read("postgresql://desk@h/desk?passfile=/p").has_secret()
    assert all(read(f"postgresql://h?{name}=x").has_secret() for name in SECRET)
    assert read("postgresql://:x@").has_secret()


@pytest.mark.parametrize(
    "url", ["sqlite:postgresql://", "POSTGRESQL://h", "postgresql:h", "postgresql+psycopg://h"]
)
def test_other_addresses_are_none_of_a_server(url: str) -> None:
    assert not is_postgres(url)
    assert is_postgres("postgres://h") and is_postgres("postgresql://h")


def test_every_parameter_of_this_libpq_is_known() -> None:
    assert {each.keyword.decode() for each in pq.Conninfo.get_defaults()} <= PUBLIC | SECRET
