"""Clients and staff: made, changed, blocked."""

from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import RESERVED_LOGINS, Client, Staff
from helpdesk_cli.domain.permissions import may_administer
from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
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
        return _client(tx, after.email)

    return desk.engine.transact(edited)


def add_address(desk: Desk, client: str, address: str) -> Client:
    """Let a client be known by one more address."""
    wanted = checked_address(desk, address)

    def added(tx: Tx) -> Client:
        found = _client(tx, client)
        if fold(wanted) in found.addresses:
            return found
        _free(tx, wanted)
        people.add_address(tx, found.id, wanted, desk.clock())
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


def _administers(desk: Desk) -> None:
    if not may_administer(desk.actor):
        raise NotAllowed(f"{desk.actor.login}: only an admin may change staff")


def _staff(tx: Tx, login: str) -> Staff:
    staff = people.staff_by_login(tx, login)
    if staff is None:
        raise NotFound(f"{login}: no such staff member; 'helpdesk staff list --all' shows them")
    return staff


def _role(role: str) -> str:
    if role not in ("staff", "admin"):
        raise Usage(f"--role {role}: must be staff or admin")
    return role


def new_staff(desk: Desk, login: str, *, name: str, email: str, role: str = "staff") -> Staff:
    """Make a staff member. Raises Usage for a reserved or odd login, Failed where it or the address is taken."""
    _administers(desk)
    bare = login.replace("-", "").replace("_", "").replace(".", "")
    if login.lower() in RESERVED_LOGINS or login.startswith("-") or not bare.isalnum():
        raise Usage(
            f"{login}: cannot be a login; letters, digits, '.', '-' and '_' may, but not the words "
            + ", ".join(sorted(RESERVED_LOGINS))
        )
    address = checked_address(desk, email)

    def made(tx: Tx) -> Staff:
        known = people.staff_by_login(tx, login)
        if known is not None:
            _refuse_retired(known)
            raise Failed(f"{login}: there is such a staff member already")
        _free_staff_address(tx, address)
        return people.add_staff(tx, login, name.strip() or login, address, _role(role), desk.clock())

    return desk.engine.transact(made)


def _refuse_retired(member: Staff) -> None:
    if member.retired_at is not None:
        raise Failed(
            f"{member.login}: this staff member has retired; 'helpdesk staff edit {member.login} --active' "
            "brings them back"
        )


def _free_staff_address(tx: Tx, address: str) -> None:
    owner = people.staff_by_address(tx, address)
    if owner is not None:
        raise Failed(f"{address}: is already the address of {owner.login}")


def staff(desk: Desk, *, department: str | None = None, retired: bool = False) -> list[Staff]:
    """Staff by login."""
    with desk.engine.read() as tx:
        return people.all_staff(tx, department=department, retired=retired)


def one_staff(desk: Desk, login: str) -> Staff:
    """A staff member. Raises NotFound."""
    with desk.engine.read() as tx:
        return _staff(tx, login)


def edit_staff(
    desk: Desk,
    login: str,
    *,
    name: str | None = None,
    email: str | None = None,
    role: str | None = None,
    active: bool = False,
) -> Staff:
    """Set a staff member's fields; ``active`` brings back one who retired.

    Raises Failed where that would leave no admin, and for who has retired and stays so.
    """
    _administers(desk)

    def edited(tx: Tx) -> Staff:
        after = _staff(tx, login)
        if not active:
            _refuse_retired(after)
        elif after.retired_at is not None:
            if email is None:
                _free_staff_address(tx, after.email)  # somebody may have it by now
            after = replace(after, retired_at=None)
        if name is not None:
            after = replace(after, name=name.strip() or login)
        if email is not None:
            address = checked_address(desk, email)
            if fold(address) != fold(after.email):
                _free_staff_address(tx, address)
            after = replace(after, email=address)
        if role is not None:
            after = replace(after, role=_role(role))
        people.save_staff(tx, after)
        _keep_an_admin(tx, login)
        return after

    return desk.engine.transact(edited)


def _keep_an_admin(tx: Tx, login: str) -> None:
    others = people.all_staff(tx)
    if others and not any(member.is_admin for member in others):
        raise Failed(f"{login} is the last admin; make somebody else one first")


def retire(desk: Desk, login: str) -> None:
    """Let a staff member go: their history stays, nothing more reaches them."""
    _administers(desk)

    def retired(tx: Tx) -> None:
        member = _staff(tx, login)
        if member.retired_at is not None:
            return
        people.save_staff(tx, replace(member, retired_at=desk.clock()))
        if member.is_admin:
            _keep_an_admin(tx, login)

    desk.engine.transact(retired)


def join(desk: Desk, login: str, department: str, *, leave: bool = False) -> Staff:
    """Put a staff member into a department, or take them out. Raises Usage, NotFound."""
    from helpdesk_cli.services.slugs import slug_of

    _administers(desk)
    slug = slug_of("department", desk.settings.department, department) if not leave else department
    assert slug is not None

    def joined(tx: Tx) -> Staff:
        member = _staff(tx, login)
        if not leave:
            _refuse_retired(member)
            people.join(tx, member.id, slug)
        elif not people.leave(tx, member.id, slug):
            raise NotFound(f"{login} is not in {department}")
        return _staff(tx, login)

    return desk.engine.transact(joined)
