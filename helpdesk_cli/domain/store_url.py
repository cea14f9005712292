"""A store's address: what one of a PostgreSQL server says, as libpq reads it, and how people may see any."""

from msgspec import Struct

MASK = "••••"
SCHEMES = ("postgresql://", "postgres://")

PUBLIC = frozenset(
    [
        "service",
        "servicefile",
        "user",
        "passfile",
        "channel_binding",
        "connect_timeout",
        "dbname",
        "host",
        "hostaddr",
        "port",
        "client_encoding",
        "options",
        "application_name",
        "fallback_application_name",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "ssl",
        "sslmode",
        "sslnegotiation",
        "sslcompression",
        "sslcert",
        "sslkey",
        "sslcertmode",
        "sslrootcert",
        "sslcrl",
        "sslcrldir",
        "sslsni",
        "requirepeer",
        "require_auth",
        "min_protocol_version",
        "max_protocol_version",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "gssencmode",
        "krbsrvname",
        "gsslib",
        "gssdelegation",
        "replication",
        "target_session_attrs",
        "load_balance_hosts",
        "oauth_issuer",
        "oauth_client_id",
        "oauth_scope",
        "sslkeylogfile",
    ]
)
"""The parameters of libpq up to 18 whose values anybody may see (its chapter "Parameter Key Words")."""

SECRET = frozenset(("password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"))
"""Those whose values nobody may see."""

ESCAPES = "in a name or password write @ as %40, : as %3A, / as %2F, ? as %3F and % as %25"


class StoreUrl(Struct, frozen=True, kw_only=True):
    """What the address of a PostgreSQL server says, decoded; an empty host is the socket's usual folder."""

    hosts: tuple[str, ...]
    ports: tuple[str, ...]  # an empty one is the usual one
    more: dict[str, str]  # all other parameters by libpq's names: user, password, dbname, sslmode …

    def has_secret(self) -> bool:
        """Whether a password stands in it, or what is as good as one."""
        return any(self.more.get(name) for name in SECRET)


class Split(Struct, frozen=True):
    """An address cut into its parts, each as it is written."""

    scheme: str
    user: str
    password: str
    hosts: tuple[tuple[str, str], ...]  # with their ports
    path: str
    pairs: tuple[tuple[str, str], ...]


def is_postgres(url: str) -> bool:
    """Whether a store's address is one of a PostgreSQL server."""
    return url.startswith(SCHEMES)


def read(url: str) -> StoreUrl:
    """Read the address of a PostgreSQL server. Raises ValueError, whose text repeats nothing secret."""
    split = cut(url)
    first = {
        "user": split.user,
        "password": split.password,
        "dbname": split.path,
        "host": ",".join(host for host, _ in split.hosts),
        "port": ",".join(port for _, port in split.hosts),
    }
    said = {name: decoded(text) for name, text in first.items() if text}
    said.update((decoded(name), decoded(text)) for name, text in split.pairs)
    if said.get("ssl") == "true":  # as JDBC writes it
        del said["ssl"]
        said["sslmode"] = "require"
    return StoreUrl(
        hosts=tuple(said.pop("host", "").split(",")), ports=tuple(said.pop("port", "").split(",")), more=said
    )


def cut(url: str) -> Split:
    """Cut an address into its parts as libpq does. Raises ValueError where it could be meant in two ways."""
    scheme, _, rest = url.partition("://")
    if any(char.isspace() for char in rest):
        raise ValueError("holds a blank; write it %20")
    login, sign, after = rest.partition("@")
    if "/" in login or not sign:
        login, after = "", rest
    if "@" in after or "?" in login:
        raise ValueError(ESCAPES)
    user, _, password = login.partition(":")
    authority = after.partition("?")[0].partition("/")[0]
    path, _, query = after[len(authority) :].partition("?")
    pairs = []
    for pair in query.removesuffix("&").split("&") if query else ():
        name, sign, value = pair.partition("=")
        if not sign or "=" in value:
            raise ValueError("what follows the ? must be NAME=VALUE&NAME=VALUE; in a value write = as %3D")
        pairs.append((name, value))
    hosts = tuple(host_and_port(part) for part in authority.split(","))
    return Split(scheme, user, password, hosts, path.removeprefix("/"), tuple(pairs))


def host_and_port(text: str) -> tuple[str, str]:
    """Cut ``name:5433`` or ``[::1]:5433``; the port is empty where there is none. Raises ValueError."""
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not (host and bracket and port[:1] in ("", ":")):
            raise ValueError("an IPv6 address is written [2001:db8::1]:5432")
    else:
        host, sign, port = text.partition(":")
        port = sign + port
    if port.strip("0123456789") not in ("", ":"):  # it may be the end of a password, so it is not repeated
        raise ValueError(f"a port is a number; {ESCAPES}")
    return host, port[1:]


def decoded(text: str) -> str:
    """Put characters for their ``%40``. Raises ValueError."""
    if "%" not in text:
        return text
    first, *parts = text.encode().split(b"%")
    try:
        if any(len(part[:2].strip()) < 2 for part in parts):
            raise ValueError
        raw = first + b"".join(bytes.fromhex(part[:2].decode()) + part[2:] for part in parts)
        if b"\0" in raw:
            raise ValueError
        return raw.decode()
    except ValueError:
        raise ValueError(
            "a % must begin the code of a character, such as %20; write % itself as %25"
        ) from None


def without_secrets(url: str) -> str:
    """The address as people may see it: no password, and nothing of one that cannot be read."""
    if url.startswith("sqlite:"):
        return url
    scheme = next((each for each in SCHEMES if url.startswith(each)), "")
    try:
        if not scheme:
            raise ValueError
        read(url)
        split = cut(url)
        pairs = [f"{name}={value if decoded(name) in PUBLIC else MASK}" for name, value in split.pairs]
    except ValueError:
        return f"{scheme}{MASK}"
    text = url.partition("?")[0]
    if split.password:
        _, _, place = text.partition("@")
        text = f"{scheme}{split.user}:{MASK}@{place}"
    return "?".join((text, "&".join(pairs))) if pairs else text
