"""Clients: made, changed, blocked."""

from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import Client
from helpdesk_cli.errors import Failed, NotFound, Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.store import people
from helpdesk_cli.store.engine import Tx


def checked_address(desk: Desk, address: str) -> str:
    """A mail address as somebody typed it, checked. Raises Usage."""
    from helpdesk_cli.mail.addresses import wire_address

    bare = address.strip()
    try:
        wire_address(bare)
    except ValueError as error:
        raise Usage(f"{address}: {error}") from None
    if fold(bare) in desk.settings.own_addresses():
        raise Usage(f"{bare}: is an address of the desk itself")
    return bare


def _client(tx: Tx, address: str) -> Client:
    client = people.client_by_address(tx, address)
    if client is None:
        raise NotFound(f"{address}: no client has that address; 'helpdesk client list' shows them")
    return client


def new_client(
    desk: Desk, email: str, *, name: str = "", organization: str | None = None, note: str = ""
) -> Client:
    """Make a client. Raises Failed where the address is somebody's already."""
    address = checked_address(desk, email)
    called = name.strip() or address.partition("@")[0]

    def made(tx: Tx) -> Client:
        _free(tx, address)
        return people.add_client(tx, called, address, desk.clock(), organization, note)

    return desk.engine.transact(made)


def _free(tx: Tx, address: str) -> None:
    owner = people.client_by_address(tx, address)
    if owner is not None:
        raise Failed(f"{address}: is already an address of {owner.name} <{owner.email}>; nothing was changed")


def clients(desk: Desk, *, search: str = "", limit: int | None = None) -> list[Client]:
    """Clients by name."""
    with desk.engine.read() as tx:
        return people.clients(tx, search=search, limit=limit)


def client(desk: Desk, address: str) -> Client:
    """The client whom an address names. Raises NotFound."""
    with desk.engine.read() as tx:
        return _client(tx, address)


def edit_client(
    desk: Desk,
    address: str,
    *,
    name: str | None = None,
    email: str | None = None,
    organization: str | None = None,
    note: str | None = None,
) -> Client:
    """Set a client's fields; a new primary address stays beside the old one."""

    def edited(tx: Tx) -> Client:
        before = _client(tx, address)
        after = before
        if name is not None:
            if not name.strip():
                raise Usage("--name: must not be empty")
            after = replace(after, name=name.strip())
        if organization is not None:
            after = replace(after, organization=organization.strip() or None)
        if note is not None:
            after = replace(after, note=note)
        if email is not None:
            wanted = checked_address(desk, email)
            if fold(wanted) not in before.addresses:
                _free(tx, wanted)
                people.add_address(tx, before.id, wanted, desk.clock())
            after = replace(after, email=wanted)
        people.save_client(tx, after)
        _measure_anew(tx, desk, after)
        return _client(tx, after.email)

    return desk.engine.transact(edited)


def _measure_anew(tx: Tx, desk: Desk, client: Client) -> None:
    """Another address or organization may mean another service level for a client's tickets."""
    if desk.settings.sla:
        from helpdesk_cli.services import clocks

        clocks.of_client(tx, desk, client.id, desk.clock())


def add_address(desk: Desk, client: str, address: str) -> Client:
    """Let a client be known by one more address."""
    wanted = checked_address(desk, address)

    def added(tx: Tx) -> Client:
        found = _client(tx, client)
        if fold(wanted) in found.addresses:
            return found
        _free(tx, wanted)
        people.add_address(tx, found.id, wanted, desk.clock())
        _measure_anew(tx, desk, found)
        return _client(tx, client)

    return desk.engine.transact(added)


def remove_address(desk: Desk, client: str, address: str) -> Client:
    """Take an additional address away; the primary one stays. Raises Failed, NotFound."""

    def removed(tx: Tx) -> Client:
        found = _client(tx, client)
        if fold(address) == fold(found.email):
            raise Failed(f"{address}: is the primary address; set another with 'client edit --email' first")
        if not people.remove_address(tx, found.id, address):
            raise NotFound(f"{address}: is no address of {found.name}")
        _measure_anew(tx, desk, found)
        return _client(tx, found.email)

    return desk.engine.transact(removed)


def block(desk: Desk, patterns: list[str], *, undo: bool = False) -> None:
    """Hear nothing more from addresses or domains, or hear them again. Raises Usage, NotFound."""

    def heard(tx: Tx) -> None:
        for pattern in patterns:
            bare = fold(pattern.strip().removeprefix("@"))
            if not bare or " " in bare or "." not in bare.rpartition("@")[2]:
                raise Usage(f"{pattern}: must be an address or a domain")
            own = desk.settings.own_addresses()
            if bare in own or any(address.endswith("@" + bare) for address in own):
                raise Usage(f"{pattern}: is the desk's own")
            if undo and not people.unblock(tx, bare):
                raise NotFound(f"{pattern}: is not blocked")
            if not undo:
                people.block(tx, bare, desk.actor.login, desk.clock())

    desk.engine.transact(heard)


def blocks(desk: Desk) -> list[tuple[str, str, str]]:
    """What is blocked, when, by whom."""
    with desk.engine.read() as tx:
        return people.blocks(tx)
