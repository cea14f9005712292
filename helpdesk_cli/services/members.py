"""Staff: made, changed, put into departments, let go."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from helpdesk_cli.domain.mail import fold
from helpdesk_cli.domain.people import RESERVED_LOGINS, Staff
from helpdesk_cli.domain.permissions import may_administer
from helpdesk_cli.domain.wishes import chosen
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


def new_staff(desk: Desk, login: str, *, name: str, email: str, role: str = "staff", level: int = 1) -> Staff:
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
        one = rows.add_staff(tx, login, name.strip() or login, address, _role(role), desk.clock())
        if level != 1:
            one = replace(one, level=level)
            rows.save_staff(tx, one)
        return one

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


class Away(Struct, frozen=True):
    """The days on which somebody is away, the last one included; None is without end, and both: never."""

    first: str | None = None
    last: str | None = None


def edit_staff(
    desk: Desk,
    login: str,
    *,
    name: str | None = None,
    email: str | None = None,
    role: str | None = None,
    level: int | None = None,
    active: bool = False,
    away: Away | None = None,
    deputy: str | None = None,
    notices: Sequence[str] = (),
    every_ticket: bool | None = None,
    pager: str | None = None,
) -> Staff:
    """Set a staff member's fields; ``active`` brings back one who retired, "none" is no deputy.

    When they are away, who stands in for them and what they want to hear they may say themselves. Raises Failed
    where that would leave no admin, and for who has retired and stays so; NotFound for a deputy whom there is not.
    """
    if active or any(value is not None for value in (name, email, role, level)) or desk.actor.login != login:
        _administers(desk)

    def edited(tx: Tx) -> Staff:
        after = _staff(tx, login)
        if not active:
            _refuse_retired(after)
        elif after.retired_at is not None:
            if email is None:
                _free_staff_address(tx, after.email)  # somebody may have it by now
            after = replace(after, retired_at=None)
        after = _called(tx, desk, after, name, email)
        if role is not None:
            after = replace(after, role=_role(role))
            if not after.is_admin:
                after = replace(after, every_ticket=0)
        if level is not None:
            after = replace(after, level=level)
        if away is not None:
            after = replace(after, away_from=away.first, away_to=away.last)
        if deputy is not None:
            after = replace(after, deputy=_deputy(tx, login, deputy))
        if every_ticket is not None:
            after = replace(after, every_ticket=int(every_ticket))
        after = _hearing(tx, desk, after, notices)
        if pager is not None:
            after = replace(after, pager="" if pager == "none" else checked_address(desk, pager))
        rows.save_staff(tx, after)
        _keep_an_admin(tx, login)
        return after

    return desk.engine.transact(edited)


def _called(tx: Tx, desk: Desk, member: Staff, name: str | None, email: str | None) -> Staff:
    """A staff member with another name, or another address, which is nobody else's."""
    if name is not None:
        member = replace(member, name=name.strip() or member.login)
    if email is not None:
        address = checked_address(desk, email)
        if fold(address) != fold(member.email):
            _free_staff_address(tx, address)
        member = replace(member, email=address)
    return member


def _hearing(tx: Tx, desk: Desk, member: Staff, notices: Sequence[str]) -> Staff:
    """A staff member with other wishes for their notices; what waits for them follows."""
    if member.every_ticket and not member.is_admin:
        raise Failed(f"{member.login}: only an admin hears of every ticket")
    if not notices:
        return member
    from helpdesk_cli.services.digests import chosen_anew

    try:
        member = replace(member, notices=chosen(member.wishes, notices).text())
    except ValueError as error:
        raise Usage(f"--notices {error}") from None
    chosen_anew(tx, desk, member)
    return member


def _deputy(tx: Tx, login: str, deputy: str) -> str | None:
    """Who shall stand in for a staff member: another one, who works here."""
    if deputy == "none":
        return None
    member = rows.staff_by_login(tx, deputy)
    if member is None or member.retired_at is not None:
        raise NotFound(f"{deputy}: no such staff member; 'helpdesk staff list' shows them")
    if deputy == login:
        raise Usage(f"--deputy {deputy}: nobody stands in for themselves; name somebody else, or none")
    return deputy


def stand_in(desk: Desk, login: str) -> str:
    """What to say of who stands in for a staff member that is away or will be; "" where all is well.

    There is no chain: a deputy's own deputy is not asked.
    """
    with desk.engine.read() as tx:
        member = _staff(tx, login)
        deputy = rows.staff_by_login(tx, member.deputy) if member.deputy else None
    if member.away_from is None and member.away_to is None:
        return ""
    if deputy is None:
        return f"nobody stands in for {login}; 'helpdesk staff edit {login} --deputy LOGIN' names somebody"
    if deputy.retired_at is not None:
        return f"{deputy.login}, who stood in for {login}, has retired; name another --deputy"
    if not deputy.is_admin and not set(deputy.departments) & set(member.departments):
        return (
            f"{deputy.login} shares no department with {login}, and hears only of tickets that they may see"
        )
    if _overlap(member, deputy):
        return f"{deputy.login} is away in that time too, and nobody stands in for a deputy"
    return ""


def _overlap(one: Staff, other: Staff) -> bool:
    """Whether two staff members are away on some day together."""
    if other.away_from is None and other.away_to is None:
        return False
    return (one.away_from or "") <= (other.away_to or "9") and (other.away_from or "") <= (one.away_to or "9")


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
    known = desk.settings.department
    # Who is in a department that is configured no more can leave it all the same.
    is_gone = (
        leave and department not in known and not any(department in one.formerly for one in known.values())
    )
    slug = department if is_gone else slug_of("department", known, department)
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
