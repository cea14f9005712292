"""The rules of a PostgreSQL server's address, as far as they show without a server and without its driver."""

import os
from collections.abc import Iterator

from helpdesk_cli.domain.store_url import PUBLIC, SECRET, StoreUrl, read

from .forms import Fault, Key, is_host, is_loopback

KEY: Key = ("store", "url")

CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("read-write", "primary", "any"),
    "load_balance_hosts": ("disable", "random"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "sslcertmode": ("disable", "allow", "require"),
}
NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
PATHS = (
    "passfile",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "sslcrl",
    "sslcrldir",
    "servicefile",
    "sslkeylogfile",
)
"""Files that libpq would look for in the current directory, which is another one under cron."""

FOREIGN = {
    "replication": "means nothing to a store; take it out",
    "client_encoding": "is ours to choose; take it out",
    "ssl": 'must be "true"; or sslmode=require',
}
EXTRA = "PostgreSQL needs the extra: pip install 'helpdesk-cli[postgres]' (pipx inject helpdesk-cli 'psycopg[binary]')"


def check_address(url: str, *, exposed: bool = False) -> Iterator[Fault]:
    """Hold the address of a PostgreSQL server against libpq's rules and ours."""
    try:
        said = read(url)
    except ValueError as error:
        yield Fault(KEY, str(error))
        return
    yield from check_servers(said)
    for name, value in said.more.items():
        if text := fault_of(name, value):
            yield Fault(KEY, text)
    if exposed and said.has_secret():
        yield Fault(
            KEY, "has a password, and others may read this file; run chmod 600 on it, or use password_command"
        )


def check_servers(said: StoreUrl) -> Iterator[Fault]:
    """Servers have names, or are folders of sockets; ports are numbers, one or as many as servers."""
    for host in said.hosts:
        is_name = is_host(host.replace(":", "0").partition("%")[0])
        if host and not host.startswith(("/", "@")) and not is_name:
            yield Fault(KEY, f'"{host}" is not a host name or IP address')
    for port in filter(None, said.ports):
        if not (port.isascii() and port.isdecimal() and 1 <= int(port[:9]) <= 65535):
            yield Fault(KEY, f'"{port}" is no port; 1 to 65535')
    if len(said.ports) not in (1, len(said.hosts)):
        yield Fault(
            KEY, f"{len(said.hosts)} hosts and {len(said.ports)} ports; one port for all, or one for each"
        )
    addresses = said.more.get("hostaddr", "")
    if addresses and any(said.hosts) and addresses.count(",") + 1 != len(said.hosts):
        yield Fault(KEY, "hostaddr must have as many addresses as there are hosts")


def fault_of(name: str, value: str) -> str:
    """What is wrong with a parameter; "" where nothing is."""
    if name not in PUBLIC and name not in SECRET:
        from .faults import nearest, quoted

        meant = nearest(name, [*PUBLIC])
        return f"unknown parameter {quoted(name)}" + (f"; did you mean {quoted(meant)}?" if meant else "")
    if name in FOREIGN:
        return f"{name} {FOREIGN[name]}"
    choices = CHOICES.get(name)
    if choices and value not in choices:
        if name == "target_session_attrs":
            return 'target_session_attrs must be "read-write": a desk writes'
        return f"{name} must be one of {', '.join(choices)}"
    if name in NUMBERS and not (value.isascii() and value.isdecimal()):
        return f"{name} must be a whole number"
    if name in PATHS and not os.path.isabs(value) and value != "system":  # noqa: PTH117
        return f"{name} must be an absolute path; libpq would look for it in the current directory"
    return ""


def lacks_driver() -> bool:
    """Whether the extra is not installed; looks for its files and imports nothing of it."""
    from importlib.util import find_spec

    return find_spec("psycopg") is None


def doubts(url: str) -> Iterator[tuple[str, str]]:
    """What of the address works but will surprise somebody, each with what to do.

    What the address leaves open libpq takes from a service file or the environment.
    """
    said = read(url)
    if said.more.get("service") or os.environ.get("PGSERVICE"):
        return
    hosts = [host for host in said.hosts if host] or os.environ.get("PGHOST", "").split(",")
    chosen = said.more.get("target_session_attrs") or os.environ.get("PGTARGETSESSIONATTRS", "any")
    if len(hosts) > 1 and chosen == "any":
        yield (
            "store.url names several servers, and takes the first that answers, though it be a standby",
            "add ?target_session_attrs=read-write to it",
        )
    if not said.more.get("dbname") and not os.environ.get("PGDATABASE"):
        yield (
            "store.url names no database, so the one that is called like the user is taken",
            "write its name behind the hosts: postgresql://desk@db.example/desk",
        )


def is_near(host: str) -> bool:
    """Whether what goes to this server stays on this machine: a socket, or the loopback."""
    return not host or host.startswith(("/", "@")) or is_loopback(host)
