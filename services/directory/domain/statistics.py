"""How many take part, where and in what: who may count what, and what is counted. Numbers only, never names."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.domain.coordination import EVERYWHERE, Person
from services.directory.domain.users import ADMINISTRATOR, RoleInModule
from vocabulary.participants import Level, Status
from vocabulary.refusals import Forbidden
from vocabulary.roles import COORDINATING, UserRole

Member = TypeVar("Member", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What somebody may count: one authority, or those of a territory in some areas. Empty, and None: no limit."""

    authority_id: str = ""
    country: str = ""
    territory: str = ""
    areas: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is counted of one authority."""

    country: str
    level: Level
    status: Status
    # Those it takes part in, and those it has anything to do with: it may have asked for access and wait.
    areas: tuple[str, ...]
    concerns: frozenset[str]
    # The territories that hold it, its country among them.
    territories: tuple[str, ...]
    access_requests: tuple[str, ...]
    invitation_expires_at: datetime | None
    administrators: int
    former_users: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What `domain.statistics.count` counted. Areas, levels and countries are those of the active authorities."""

    authorities: int = 0
    statuses: Mapping[Status, int] = field(default_factory=dict)
    areas: Mapping[str, int] = field(default_factory=dict)
    levels: Mapping[Level, int] = field(default_factory=dict)
    countries: Mapping[str, int] = field(default_factory=dict)
    access_requests: int = 0
    invitations_pending: int = 0
    invitations_expired: int = 0
    users: int = 0
    roles: Mapping[UserRole, int] = field(default_factory=dict)


def counted(authority: Authority, territories: Iterable[str]) -> Counted:
    """What is counted of *authority*, which lies in *territories*."""
    waiting = [one.area for one in authority.inactive_access if one.status is AccessStatus.REQUESTED]
    return Counted(
        country=authority.country,
        level=authority.level,
        status=authority.status,
        areas=authority.areas,
        concerns=frozenset(one.area for one in authority.all_access),
        territories=tuple(territories),
        access_requests=tuple(waiting) if authority.status is Status.ACTIVE else (),
        invitation_expires_at=authority.invitation.expires_at if authority.invitation else None,
        administrators=len(authority.administrators),
        former_users=frozenset(authority.former_users),
    )


def scope(by: Person) -> Scope:
    """What *by* may count; raises Forbidden for those who may count nothing."""
    own = by.acts_for
    if own is not None:
        if by.is_commission:
            return Scope()
        coordinates = [one for one in own.access if one.legislative_role in COORDINATING and by.acts_in(one.area)]
        if coordinates:
            everywhere = any(one.legislative_role in EVERYWHERE for one in coordinates)
            areas = None if everywhere else frozenset(one.area for one in coordinates)
            return Scope(country=own.country, territory=own.region or own.country, areas=areas)
        supervises = any(UserRole.SUPERVISOR in held for held in by.user_roles.values())
        if supervises or by.user_id in own.administrators:
            return Scope(authority_id=by.authority_id, country=own.country)
    raise Forbidden("statistics are for coordinators, supervisors, local data administrators and the Commission")


def narrowed(scope: Scope, country: str, area: str) -> Scope:
    """*scope* within a country and an area, if they are given; raises Forbidden for what is outside of it."""
    if country and scope.country not in ("", country):
        raise Forbidden("you may count in your own country only", field="country")
    if area and scope.areas is not None and area not in scope.areas:
        raise Forbidden("you may count in the areas that you coordinate only", field="area")
    return replace(scope, country=country or scope.country, areas=frozenset({area}) if area else scope.areas)


def count(
    authorities: Mapping[str, Counted],
    people: Mapping[str, Mapping[str, Sequence[RoleInModule]]],
    scope: Scope,
    now: datetime,
) -> Statistics:
    """The numbers within *scope*; *people* are the active ones, with their roles, by authority."""
    ids = [scope.authority_id] if scope.authority_id else authorities
    within = {id_: authorities[id_] for id_ in ids if id_ in authorities and _is_within(authorities[id_], scope)}
    active = {id_: one for id_, one in within.items() if one.status is Status.ACTIVE}
    deadlines = [
        one.invitation_expires_at
        for one in within.values()
        if one.status is Status.INVITED and one.invitation_expires_at is not None
    ]
    expired = sum(deadline <= now for deadline in deadlines)
    users, roles = _people(active, people, scope)
    return Statistics(
        authorities=len(within),
        statuses=_ordered(Status, Counter(one.status for one in within.values())),
        areas=dict(Counter(area for one in active.values() for area in one.areas if _is_in(area, scope)).most_common()),
        levels=_ordered(Level, Counter(one.level for one in active.values())),
        countries=dict(sorted(Counter(one.country for one in active.values()).items())),
        access_requests=sum(_is_in(area, scope) for one in active.values() for area in one.access_requests),
        invitations_pending=len(deadlines) - expired,
        invitations_expired=expired,
        users=users,
        roles=_ordered(UserRole, roles),
    )


def _is_within(one: Counted, scope: Scope) -> bool:
    return (
        scope.country in ("", one.country)
        and (not scope.territory or scope.territory in one.territories)
        and (scope.areas is None or bool(scope.authority_id) or not scope.areas.isdisjoint(one.concerns))
    )


def _is_in(area: str, scope: Scope) -> bool:
    return scope.areas is None or area in scope.areas


def _people(
    active: Mapping[str, Counted], people: Mapping[str, Mapping[str, Sequence[RoleInModule]]], scope: Scope
) -> tuple[int, Counter[UserRole]]:
    """How many work at the *active* authorities, and how many hold each role in the areas of *scope*, or in all."""
    users, roles = 0, Counter[UserRole]()
    for id_, one in active.items():
        roles[ADMINISTRATOR.role] += one.administrators
        for user_id, held in people.get(id_, {}).items():
            if user_id not in one.former_users:
                users += 1
                roles.update({role.role for role in held if role.module == "*" or _is_in(role.area, scope)})
    return users, roles


def _ordered(kind: Iterable[Member], found: Counter[Member]) -> dict[Member, int]:
    """What there is of each, in the order of its kind."""
    return {one: found[one] for one in kind if found[one]}
