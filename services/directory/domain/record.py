"""The record of an authority: what was done to it and to its people, the newest first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.directory.domain.authorities import Authority
from services.directory.domain.history import Change, Command
from services.directory.domain.users import User


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a change stands in the record; changes of one moment go by what was changed, and then as they came."""

    at: datetime
    changed: str
    number: int


def record(id_: str, authority: Authority, people: Mapping[str, User]) -> list[tuple[Place, Change]]:
    """Every change of the authority *id_* and of its *people*, the newest first."""
    found = [(place, _explained(change, people)) for place, change in _placed(id_, authority.history)]
    for user_id, user in people.items():
        found += _placed(user_id, user.history)
    return sorted(found, key=lambda one: one[0], reverse=True)


def _explained(change: Change, people: Mapping[str, User]) -> Change:
    """*change* with why somebody left, for as long as they are known."""
    subject = people.get(change.subject_id)
    if change.command is not Command.DEACTIVATE_USER or subject is None or not subject.left_because:
        return change
    return replace(change, reason=subject.left_because)


def _placed(id_: str, history: Iterable[Change]) -> Iterable[tuple[Place, Change]]:
    return ((Place(change.at, id_, number), change) for number, change in enumerate(history))
