"""Staff: made, changed, put into departments, let go."""

from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import RESERVED_LOGINS, Staff
from helpdesk_cli.domain.permissions import may_administer
from helpdesk_cli.errors import Failed, NotAllowed, NotFound, Usage
from helpdesk_cli.services.desk import Desk
from helpdesk_cli.services.people import checked_address
from helpdesk_cli.services.slugs import slug_of
from helpdesk_cli.store import members as rows
from helpdesk_cli.store.engine import Tx


def _administers(desk: Desk) -> None:
    if not may_administer(desk.actor):
        raise NotAllowed(f"{desk.actor.login}: only an admin may change staff")


def _staff(tx: Tx, login: str) -> Staff:
    staff = rows.staff_by_login(tx, login)
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
        known = rows.staff_by_login(tx, login)
        if known is not None:
            _refuse_retired(known)
            raise Failed(f"{login}: there is such a staff member already")
        _free_staff_address(tx, address)
        return rows.add_staff(tx, login, name.strip() or login, address, _role(role), desk.clock())

    return desk.engine.transact(made)


def _refuse_retired(member: Staff) -> None:
    if member.retired_at is not None:
        raise Failed(
            f"{member.login}: this staff member has retired; 'helpdesk staff edit {member.login} --active' "
            "brings them back"
        )


def _free_staff_address(tx: Tx, address: str) -> None:
    owner = rows.staff_by_address(tx, address)
    if owner is not None:
        raise Failed(f"{address}: is already the address of {owner.login}")


def staff(desk: Desk, *, department: str | None = None, retired: bool = False) -> list[Staff]:
    """Staff by login."""
    with desk.engine.read() as tx:
        return rows.all_staff(tx, department=department, retired=retired)


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
        rows.save_staff(tx, after)
        _keep_an_admin(tx, login)
        return after

    return desk.engine.transact(edited)


def _keep_an_admin(tx: Tx, login: str) -> None:
    others = rows.all_staff(tx)
    if others and not any(member.is_admin for member in others):
        raise Failed(f"{login} is the last admin; make somebody else one first")


def retire(desk: Desk, login: str) -> None:
    """Let a staff member go: their history stays, nothing more reaches them."""
    _administers(desk)

    def retired(tx: Tx) -> None:
        member = _staff(tx, login)
        if member.retired_at is not None:
            return
        rows.save_staff(tx, replace(member, retired_at=desk.clock()))
        if member.is_admin:
            _keep_an_admin(tx, login)

    desk.engine.transact(retired)


def join(desk: Desk, login: str, department: str, *, leave: bool = False) -> Staff:
    """Put a staff member into a department, or take them out. Raises Usage, NotFound."""
    _administers(desk)
    slug = slug_of("department", desk.settings.department, department) if not leave else department
    assert slug is not None

    def joined(tx: Tx) -> Staff:
        member = _staff(tx, login)
        if not leave:
            _refuse_retired(member)
            rows.join(tx, member.id, slug)
        elif not rows.leave(tx, member.id, slug):
            raise NotFound(f"{login} is not in {department}")
        return _staff(tx, login)

    return desk.engine.transact(joined)
