"""Who coordinates whom: ranks, areas, territories (IMI Regulation, Article 6), and what a person is to an authority.

A NIMIC and an SDIMIC are coordinators in every area; an SDIMIC, and whoever else has a region, in that region only. Nobody is ever
a coordinator of their own authority.
"""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.directory.domain.authorities import Authority, ModuleAccess
from services.directory.domain.registration import Actor
from vocabulary import countries
from vocabulary.participants import Status
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole

RANK: Mapping[LegislativeRole, int] = {
    LegislativeRole.COMPETENT_AUTHORITY: 0,
    LegislativeRole.DIMIC: 1,
    LegislativeRole.LIMIC: 2,
    LegislativeRole.SDIMIC: 3,
    LegislativeRole.NIMIC: 4,
    LegislativeRole.COMMISSION: 5,
}
EVERYWHERE = frozenset({LegislativeRole.SDIMIC, LegislativeRole.NIMIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whoever acts: for which authority, as it is now (None: not there any more), and in which roles by module."""

    user_id: str
    authority_id: str
    authority: Authority | None
    user_roles: Mapping[str, AbstractSet[UserRole]]

    @property
    def acts_for(self) -> Authority | None:
        """Their authority, if it is active and they still work there: a token may say so for some minutes longer."""
        own = self.authority
        return own if own and own.status is Status.ACTIVE and self.user_id not in own.former_users else None

    @property
    def is_commission(self) -> bool:
        return self.acts_for is not None and _is_commission(self.acts_for)

    @property
    def acts_as_coordinator(self) -> frozenset[str]:
        """The areas in which they act as coordinator; ``*`` stands for all."""
        return frozenset(
            held_in.partition("/")[0] for held_in, roles in self.user_roles.items() if UserRole.COORDINATOR in roles
        )

    def acts_in(self, area: str) -> bool:
        """Whether they act as coordinator in *area*."""
        return not self.acts_as_coordinator.isdisjoint({"*", area})


def role_in(authority: Authority, area: str) -> LegislativeRole | None:
    """The highest legislative role that *authority* has in *area*."""
    roles = [
        access.legislative_role
        for access in authority.access
        if access.area in (area, "*") or access.legislative_role in EVERYWHERE
    ]
    return max(roles, key=RANK.__getitem__, default=None)


def is_above(coordinator: Authority, area: str, role: LegislativeRole, territories: Collection[str]) -> bool:
    """Whether *coordinator* stands above *role* in *area*, and one of *territories* is its own."""
    own = role_in(coordinator, area)
    return (
        coordinator.status is Status.ACTIVE
        and own in COORDINATING
        and RANK[own] > RANK[role]
        and (coordinator.region or coordinator.country) in territories
    )


def is_nimic(authority: Authority) -> bool:
    """Whether *authority* is the National IMI Coordinator of its country now: what it only asks for makes it nothing."""
    return any(access.legislative_role is LegislativeRole.NIMIC for access in authority.access)


def is_to_be_nimic(authority: Authority) -> bool:
    """Whether *authority* is, or is to become, the National IMI Coordinator of its country."""
    return any(access.legislative_role is LegislativeRole.NIMIC for access in authority.all_access)


def actors(
    person: Person, id_: str, authority: Authority, territories: Collection[str], of_module: str = ""
) -> frozenset[Actor]:
    """What *person* is to the authority *id_*; where its parts are concerned, to that in *of_module*, or to any of them."""
    own = person.acts_for
    if own is None:
        return frozenset()
    if person.authority_id == id_:
        # Who administers is known here at once, whatever a token says.
        return frozenset({Actor.ADMINISTRATOR}) if person.user_id in authority.administrators else frozenset()
    if own.country == countries.UNION:
        registers = _is_commission(own) and person.acts_in("*")
        return frozenset({Actor.COMMISSION}) if registers and is_to_be_nimic(authority) else frozenset()
    above = [
        access
        for access in authority.all_access
        if person.acts_in(access.area) and is_above(own, access.area, access.legislative_role, territories)
    ]
    found = set()
    if above and is_nimic(own) and (not of_module or person.acts_in(of_module.partition("/")[0])):
        found.add(Actor.NIMIC)
    if (
        above
        and authority.validating_coordinator == person.authority_id
        and not _has_outgrown(authority, own, territories)
    ):
        found.add(Actor.VALIDATING_COORDINATOR)
    if any(one.access_coordinator == person.authority_id and of_module in ("", one.module) for one in above):
        found.add(Actor.ACCESS_COORDINATOR)
    return frozenset(found)


def _has_outgrown(authority: Authority, coordinator: Authority, territories: Collection[str]) -> bool:
    """Whether *authority* has come to coordinate where *coordinator* does not stand above it.

    Whoever manages its people could take its power, and whoever suspends it, end it.
    """
    return any(
        access.legislative_role in COORDINATING
        and not is_above(coordinator, access.area, access.legislative_role, territories)
        for access in authority.access
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom somebody's lists show besides those that name their authority as coordinator: the authorities of a whole country, those
    of some areas in it, of every status or the active ones, or the national coordinators of all countries.
    """

    country: str
    whole_country: bool = False
    areas: frozenset[str] = frozenset()
    every_status: bool = False
    national_coordinators: bool = False


def reach(by: Person) -> Reach | None:
    """How far *by*'s lists reach: a NIMIC's over its country, a national LIMIC's over what is active in its areas; None for nobody."""
    own, acted = by.acts_for, by.acts_as_coordinator
    if own is None or not acted:
        return None
    if own.country == countries.UNION:
        return Reach(country=own.country, national_coordinators=True) if _is_commission(own) and "*" in acted else None
    if is_nimic(own):
        return Reach(country=own.country, whole_country="*" in acted, areas=acted - {"*"}, every_status=True)
    if not any(access.legislative_role in COORDINATING and by.acts_in(access.area) for access in own.access):
        return None
    led = {access.area for access in own.access if access.legislative_role is LegislativeRole.LIMIC and not own.region}
    return Reach(country=own.country, areas=frozenset(filter(by.acts_in, led)))


def registrar(new: Authority, by: Person, territories: Collection[str]) -> Actor:
    """As what *by* may register or invite *new*: the Commission a NIMIC, a coordinator what ranks below it in its areas and territory.

    Raises Forbidden, naming what is not theirs to give.
    """
    roles = {access.legislative_role for access in new.access}
    if new.country == countries.UNION or LegislativeRole.COMMISSION in roles:
        raise Forbidden("the Commission takes part from the beginning; nobody registers it")
    own = by.acts_for
    if own is not None and _is_commission(own) and by.acts_in("*"):
        if roles != {LegislativeRole.NIMIC}:
            raise Forbidden("the Commission registers National IMI Coordinators only")
        return Actor.COMMISSION
    if LegislativeRole.NIMIC in roles:
        raise Forbidden("only the Commission registers a National IMI Coordinator")
    coordinated = [one.area for one in own.access if one.legislative_role in COORDINATING] if own else []
    if own is None or not any(map(by.acts_in, coordinated)):
        raise Forbidden("only a coordinator registers authorities")
    if new.country != own.country:
        raise Forbidden("a coordinator registers authorities of its own country", field="authority.country")
    if (own.region or own.country) not in territories:
        raise Forbidden("a coordinator registers authorities of its own region", field="authority.region")
    if not new.access:
        raise Invalid("say in which modules it takes part", field="authority.access", reason="EMPTY")
    for index, access in enumerate(new.access):
        at = f"authority.access[{index}]"
        may_give(own, by, access, territories, at=at)
    return Actor.COORDINATOR


def may_give(own: Authority, by: Person, access: ModuleAccess, territories: Collection[str], *, at: str) -> None:
    """Raises Forbidden unless *by* of *own* coordinates the area of *access* and ranks above its role there."""
    at = f"{at}." if at else ""
    if role_in(own, access.area) not in COORDINATING or not by.acts_in(access.area):
        raise Forbidden(f"a coordinator acts in its own areas; {access.area} is not one", field=f"{at}module")
    if not is_above(own, access.area, access.legislative_role, territories):
        raise Forbidden(
            f"a coordinator gives roles below its own; {access.legislative_role} is not", field=f"{at}legislativeRole"
        )


def gives_all(by: Person, of: AbstractSet[Actor], parts: Iterable[ModuleAccess], territories: Collection[str]) -> bool:
    """Whether *by*, who is *of* to an authority, may give it every one of *parts*, as a validation does."""
    if Actor.COMMISSION in of:
        return all(access.legislative_role is LegislativeRole.NIMIC for access in parts)
    own = by.acts_for
    return own is not None and all(
        by.acts_in(access.area) and is_above(own, access.area, access.legislative_role, territories) for access in parts
    )


def _is_commission(authority: Authority) -> bool:
    return any(access.legislative_role is LegislativeRole.COMMISSION for access in authority.access)


def looks_after(coordinator: Authority, area: str, role: LegislativeRole, territories: Collection[str]) -> bool:
    """Whether *coordinator* may be a coordinator of a part with *role* in *area*: it stands above; the Commission, above a NIMIC."""
    if role is LegislativeRole.NIMIC:
        return _is_commission(coordinator) and coordinator.status is Status.ACTIVE
    return is_above(coordinator, area, role, territories)
