"""Who sees how much of an authority.

What is not active is for itself, its coordinators, the National IMI Coordinator and the Commission. Exchanges outlive those who
took part in them: the name and the country of whoever once was active stay readable by id, for everybody.
"""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.registration import Actor
from vocabulary.participants import Status

COORDINATORS = frozenset({Actor.VALIDATING_COORDINATOR, Actor.ACCESS_COORDINATOR, Actor.NIMIC, Actor.COMMISSION})


class View(StrEnum):
    """INSIDE: with the registration and its coordinators. PUBLIC: what helps to find it. NAME: name, country, status."""

    INSIDE = "INSIDE"
    PUBLIC = "PUBLIC"
    NAME = "NAME"
    NOTHING = "NOTHING"


def view(person: Person, id_: str, authority: Authority, actors: AbstractSet[Actor]) -> View:
    """How much *person*, who is *actors* to it, sees of *authority*."""
    if person.authority_id == id_ or actors & COORDINATORS or person.is_commission:
        return View.INSIDE
    match authority.status:
        case Status.ACTIVE:
            return View.PUBLIC
        case Status.SUSPENDED | Status.DEREGISTERED:
            return View.NAME
        case _:
            return View.NOTHING


def sees_history(actors: AbstractSet[Actor]) -> bool:
    """Whether the record of changes, and who was invited and has applied, is for whoever is *actors* to the authority."""
    return bool(actors & (COORDINATORS | {Actor.ADMINISTRATOR}))
