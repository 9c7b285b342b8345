"""An authority's parts in modules: asked for by itself, granted and looked after by coordinators above it, never by itself."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from services.directory.domain import coordination, registration
from services.directory.domain.authorities import AccessStatus, Authority, ModuleAccess, check_part, with_part
from services.directory.domain.coordination import Person, looks_after
from services.directory.domain.history import Command
from services.directory.domain.registration import Actor
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Who acts on which authority: *by*, who is *of* to the authority *id*, which lies in *territories*."""

    id: str
    by: Person
    of: AbstractSet[Actor]
    territories: Collection[str]


# Field of the part → what the interface calls it.
LINKS = {
    "access_coordinator": "accessCoordinatorId",
    "approval_coordinator": "approvalCoordinatorId",
    "referral_coordinator": "referralCoordinatorId",
}


def requested(
    authority: Authority, part: ModuleAccess, setting: Setting, linked: Mapping[str, Authority | None]
) -> Authority:
    """*authority*, which asks for *part*; *linked* are the coordinators it names, by id.

    Who decides, if it does not say: its validating coordinator, where that stands above it in the area, else the national one.
    """
    _step(authority, Command.REQUEST_ACCESS, setting)
    now = authority.part(part.module)
    status = registration.access_step(now.status if now else None, Command.REQUEST_ACCESS, part.module)
    _check_role(authority, part)
    _check_links(part, {"access_coordinator"}, setting, linked)
    if not part.access_coordinator:
        validating = linked.get(authority.validating_coordinator)
        if validating and looks_after(validating, part.area, part.legislative_role, setting.territories):
            part = replace(part, access_coordinator=authority.validating_coordinator)
    return with_part(authority, replace(part, status=status))


def granted(authority: Authority, module: str, setting: Setting) -> Authority:
    """*authority* with the part it has asked for."""
    before, status = _decide(authority, Command.GRANT_ACCESS, module, setting)
    _check_giver(before, setting)
    coordinator = before.access_coordinator or setting.by.authority_id
    after = replace(before, status=status, access_coordinator=coordinator)
    check_part(authority, after, at="")
    return with_part(authority, after)


def refused(authority: Authority, module: str, setting: Setting, reason: str) -> Authority:
    """*authority* without the part it has asked for."""
    before, status = _decide(authority, Command.REFUSE_ACCESS, module, setting, reason)
    return with_part(authority, replace(before, status=status, reason=reason.strip()))


def changed(
    authority: Authority,
    module: str,
    after: ModuleAccess | None,
    setting: Setting,
    linked: Mapping[str, Authority | None],
) -> Authority:
    """*authority* with *after* in the place of its part in *module*; *linked* are the coordinators it names, by id."""
    before, status = _decide(authority, Command.CHANGE_ACCESS, module, setting)
    assert after is not None, "there is a part to change"
    _check_role(authority, after)
    _check_giver(after, setting)
    if after.legislative_role is before.legislative_role:
        links = {name for name in LINKS if getattr(after, name) != getattr(before, name)}
    else:  # who stood above the role before may not stand above the new one
        links = set(LINKS)
    if not after.access_coordinator:
        raise Invalid("somebody looks after every part", field="accessCoordinatorId", reason="EMPTY")
    _check_links(after, links, setting, linked)
    check_part(authority, after, at="")
    return with_part(authority, replace(after, status=status))


def withdrawn(authority: Authority, module: str, setting: Setting, reason: str) -> Authority:
    """*authority* without its part in *module*."""
    before, status = _decide(authority, Command.WITHDRAW_ACCESS, module, setting, reason)
    return with_part(authority, replace(before, status=status, reason=reason.strip()))


def _step(authority: Authority, command: Command, setting: Setting, reason: str = "") -> None:
    registration.step(authority.status, command, setting.of, reason)


def _decide(
    authority: Authority, command: Command, module: str, setting: Setting, reason: str = ""
) -> tuple[ModuleAccess, AccessStatus]:
    """The part in *module* as it is, and its status after *command*, which is for a coordinator of it."""
    _step(authority, command, setting, reason)
    part = authority.part(module)
    status = registration.access_step(part.status if part else None, command, module)
    assert part is not None, "no command but the request is in the table's row of what is not there"
    return part, status


def _check_role(authority: Authority, part: ModuleAccess) -> None:
    """Raises Forbidden for a role that nobody gets this way, Invalid naming the field of *part* that does not fit its module."""
    if part.legislative_role is LegislativeRole.COMMISSION:
        raise Forbidden("only the Commission takes part as the Commission", field="legislativeRole")
    if part.legislative_role is LegislativeRole.NIMIC and not coordination.is_nimic(authority):
        raise Forbidden("only the Commission registers a National IMI Coordinator", field="legislativeRole")
    check_part(authority, replace(part, approve_outgoing=False, approve_reply=False), at="")


def _check_giver(part: ModuleAccess, setting: Setting) -> None:
    """Raises Forbidden unless the role of *part* is theirs to give."""
    if Actor.COMMISSION in setting.of:
        if part.legislative_role is not LegislativeRole.NIMIC:
            raise Forbidden("the Commission gives the role of a National IMI Coordinator only", field="legislativeRole")
        return
    assert setting.by.authority is not None, "who is an actor has an authority"
    coordination.may_give(setting.by.authority, setting.by, part, setting.territories, at="")


def _check_links(
    part: ModuleAccess, links: AbstractSet[str], setting: Setting, linked: Mapping[str, Authority | None]
) -> None:
    """Raises Invalid naming the link of *part* that leads to the authority itself, or to nobody who stands above it there."""
    for name, field in LINKS.items():
        id_ = getattr(part, name)
        if name not in links or not id_:
            continue
        if id_ == setting.id:
            raise Invalid("an authority is never its own coordinator", field=field, reason="OWN_COORDINATOR")
        coordinator = linked.get(id_)
        if coordinator is None or not looks_after(coordinator, part.area, part.legislative_role, setting.territories):
            raise Invalid(
                f"{id_!r} is no active coordinator above it in {part.area}", field=field, reason="UNKNOWN_COORDINATOR"
            )
