"""Who reads: each audience is a set of keys that open an entry or a field, and each reader holds keys of their own.

Whoever holds one of the keys may read, and nobody else. That is the whole rule: what is shown of an entry goes by it, and so does what
a search looks at, counts and suggests.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from vocabulary.roles import UserRole

Keys = frozenset[str]


class Visibility(StrEnum):
    """Who reads what is published, the widest first."""

    PUBLIC = "PUBLIC"
    ALL_IMI = "ALL_IMI"
    MODULE = "MODULE"
    COUNTRY = "COUNTRY"
    ROLE = "ROLE"
    EXPLICIT = "EXPLICIT"


# What people do in a repository's module.
ROLES = (UserRole.VIEWER, UserRole.SUPERVISOR, UserRole.REPOSITORY_EDITOR, UserRole.COORDINATOR)

WIDTH = {visibility: place for place, visibility in enumerate(Visibility)}
_PUBLIC, _IMI, _COMMISSION = "public", "imi", "commission"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who reads: of COUNTRY, those countries or else the entry's own; of ROLE, those roles; of EXPLICIT, those authorities, and those
    in the fields named.
    """

    visibility: Visibility
    countries: tuple[str, ...] = ()
    roles: tuple[UserRole, ...] = ()
    authorities: tuple[str, ...] = ()
    authority_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is read: whose it is, where it belongs, and which authorities its fields name."""

    owner_id: str
    country: str
    areas: tuple[str, ...]
    named: tuple[str, ...] = ()


def opening(audience: Audience, subject: Subject, *, personal: bool = False) -> Keys:
    """The keys that open *subject* for *audience*. What is *personal* is not for the Commission, unless it is for everybody.

    The owner's own people with a role in the module are always among them.
    """
    found = {_authority(area, subject.owner_id) for area in subject.areas}
    match audience.visibility:
        case Visibility.PUBLIC:
            return frozenset({_PUBLIC})
        case Visibility.ALL_IMI:
            found |= {_IMI} if personal else {_IMI, _COMMISSION}
        case Visibility.MODULE:
            found |= {_module(area) for area in subject.areas}
            found |= set() if personal else {_COMMISSION}
        case Visibility.COUNTRY:
            named = audience.countries or (subject.country,)
            found |= {_country(area, country) for area in subject.areas for country in named}
        case Visibility.ROLE:
            found |= {_role(area, role) for area in subject.areas for role in audience.roles}
        case Visibility.EXPLICIT:
            ids = (*audience.authorities, *subject.named)
            found |= {_authority(area, id_) for area in subject.areas for id_ in ids}
    return frozenset(found)


# What nobody opens, whatever they hold.
NOBODY: Keys = frozenset()
# What everybody holds, who is nobody in particular.
ANONYMOUS: Keys = frozenset({_PUBLIC})


def held(authority_id: str, country: str, roles: Iterable[tuple[str, UserRole]], *, is_commission: bool) -> Keys:
    """The keys of a person: *roles* are those they hold, each with the area in whose module they hold it."""
    found = {_PUBLIC, _COMMISSION if is_commission else _IMI}
    for area, role in roles:
        found |= {_module(area), _country(area, country), _role(area, role), _authority(area, authority_id)}
    return frozenset(found)


def opens(keys: Keys, locked: Keys) -> bool:
    """Whether somebody with *keys* may read what is *locked*."""
    return not keys.isdisjoint(locked)


def is_wider(one: Audience, other: Audience) -> bool:
    """Whether *one* may let somebody in whom *other* does not."""
    if one.visibility is not other.visibility:
        return WIDTH[one.visibility] < WIDTH[other.visibility]
    match one.visibility:
        case Visibility.COUNTRY:
            return one.countries != other.countries and not _within(one.countries, other.countries)
        case Visibility.ROLE:
            return not _within(one.roles, other.roles)
        case Visibility.EXPLICIT:
            return not (
                _within(one.authorities, other.authorities) and _within(one.authority_fields, other.authority_fields)
            )
        case _:
            return False


def _within(some: Iterable[str], all_: Iterable[str]) -> bool:
    return set(some) <= set(all_)


def _module(area: str) -> str:
    return f"module {area}"


def _country(area: str, country: str) -> str:
    return f"country {area} {country}"


def _role(area: str, role: UserRole) -> str:
    return f"role {area} {role}"


def _authority(area: str, id_: str) -> str:
    return f"authority {area} {id_}"
