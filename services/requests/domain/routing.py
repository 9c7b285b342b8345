"""Who is likely to be competent for a request: each authority that may be asked gets points, and every point has a reason.

A suggestion decides nothing. Whoever is asked may still forward; whether it takes part is looked at again when a request is sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from services.requests.domain.lifecycle import Status
from vocabulary.participants import Level, Participant
from vocabulary.roles import COORDINATING, LegislativeRole, WorkflowRole


class Reason(StrEnum):
    """Why an authority is suggested."""

    CONCEPT = "CONCEPT"
    BROADER_CONCEPT = "BROADER_CONCEPT"
    NARROWER_CONCEPT = "NARROWER_CONCEPT"
    COORDINATOR_OF_AREA = "COORDINATOR_OF_AREA"
    LEVEL = "LEVEL"
    REGION = "REGION"
    SHARED_LANGUAGE = "SHARED_LANGUAGE"
    WORKLOAD = "WORKLOAD"
    ANSWERED_BEFORE = "ANSWERED_BEFORE"


# The most that each reason is worth. No authority has more than 100 points: a concept counts in one way only, a coordinator that
# stands in has none, and where a region is named the level says nothing.
POINTS: Mapping[Reason, int] = MappingProxyType(
    {
        Reason.CONCEPT: 50,
        Reason.BROADER_CONCEPT: 35,
        Reason.NARROWER_CONCEPT: 25,
        Reason.COORDINATOR_OF_AREA: 30,
        Reason.LEVEL: 15,
        Reason.REGION: 15,
        Reason.SHARED_LANGUAGE: 15,
        Reason.WORKLOAD: 10,
        Reason.ANSWERED_BEFORE: 10,
    }
)
# The coordinator of the area knows best who is competent in it; the national one knows the others.
_COORDINATORS: Mapping[LegislativeRole, int] = MappingProxyType(
    {LegislativeRole.LIMIC: 30, LegislativeRole.DIMIC: 20, LegislativeRole.SDIMIC: 20, LegislativeRole.NIMIC: 10}
)
# Who sits in the region itself; who serves a wider one, or a part of it; who serves the whole country.
_SITS_THERE, _BESIDE, _WHOLE_COUNTRY = 15, 10, 5
ANOTHER_LANGUAGE = 8
OTHER_QUESTIONS = 5
# With so many open requests an authority has half of the points for its workload.
HALF_AT = 10
# What can still be added to the points of an authority by what it does and has done.
TO_COME = POINTS[Reason.WORKLOAD] + POINTS[Reason.ANSWERED_BEFORE]
# A reply has been given: the responder knows such requests.
REPLIED = frozenset(
    {
        Status.ANSWERED,
        Status.MORE_INFO_REQUESTED,
        Status.MORE_INFO_REFUSED,
        Status.REFERRED,
        Status.ANSWERED_FINAL,
        Status.CLOSED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. `languages` are those of whoever writes, the own one first; `region` and `concepts` may be empty."""

    module: str
    country: str
    asker_id: str
    concepts: tuple[str, ...] = ()
    region: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What belongs to what: the wider concepts of each concept, the territories that hold each region; the nearest first."""

    broader: Mapping[str, Sequence[str]] = field(default_factory=dict)
    territories: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A reason and its points; of a concept or a language, which."""

    reason: Reason
    points: int
    concepts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An authority that may be asked, and why; the strongest reason first."""

    authority_id: str
    reasons: tuple[Scored, ...] = ()
    open_requests: int = 0

    @property
    def score(self) -> int:
        return sum(one.points for one in self.reasons)


def likely(wanted: Wanted, participants: Iterable[Participant], known: Known) -> tuple[list[Suggestion], bool]:
    """Who of *participants* may be competent, the likeliest first; and whether they are coordinators instead, since nobody is.

    Without a concept nothing tells who is competent: then everybody is there, and the coordinators lead.
    """
    there = [one for one in participants if _may_be_asked(one, wanted, known)]
    if not wanted.concepts:
        return ranked(_suggestion(one, wanted, known, _standing_in(one, wanted)) for one in there), False
    matches = [(one, _concepts(one, wanted, known)) for one in there]
    competent = [_suggestion(one, wanted, known, reasons) for one, reasons in matches if reasons]
    if competent:
        return ranked(competent), False
    instead = [(one, _standing_in(one, wanted)) for one in there]
    return ranked(_suggestion(one, wanted, known, reasons) for one, reasons in instead if reasons), True


def ranked(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """The most points first; of equals, by id, so that the same question has the same answer."""
    return sorted(suggestions, key=lambda one: (-one.score, one.authority_id))


def contenders(suggestions: Sequence[Suggestion], first: int, limit: int) -> list[Suggestion]:
    """Those of *suggestions*, in their order, who can still come among the *first* by what they do and have done; at most *limit*."""
    if len(suggestions) <= first:
        return list(suggestions)
    needed = suggestions[first - 1].score - TO_COME
    return [one for one in suggestions if one.score >= needed][: max(first, limit)]


def experienced(suggestion: Suggestion, open_requests: int, *, answered: bool, to_these: bool) -> Suggestion:
    """*suggestion* with what its authority does and has done: its open requests, and whether it has answered the asking authority,
    *to_these* questions or to others.
    """
    before = POINTS[Reason.ANSWERED_BEFORE] if to_these else OTHER_QUESTIONS if answered else 0
    more = [
        Scored(reason=Reason.WORKLOAD, points=POINTS[Reason.WORKLOAD] * HALF_AT // (HALF_AT + open_requests)),
        Scored(reason=Reason.ANSWERED_BEFORE, points=before),
    ]
    return replace(suggestion, reasons=_ordered([*suggestion.reasons, *more]), open_requests=open_requests)


def _may_be_asked(one: Participant, wanted: Wanted, known: Known) -> bool:
    return (
        one.has(WorkflowRole.REQUEST_PARTNER, module=wanted.module)
        and one.id != wanted.asker_id
        and one.country == wanted.country
        and (not wanted.region or _nearness(one, wanted, known) > 0)
    )


def _suggestion(one: Participant, wanted: Wanted, known: Known, reasons: Sequence[Scored]) -> Suggestion:
    common = tuple(language for language in wanted.languages if language in one.languages)
    language = POINTS[Reason.SHARED_LANGUAGE] if common[:1] == wanted.languages[:1] else ANOTHER_LANGUAGE
    found = [*reasons, Scored(reason=Reason.SHARED_LANGUAGE, points=language if common else 0, languages=common)]
    if wanted.region:
        found.append(Scored(reason=Reason.REGION, points=_nearness(one, wanted, known)))
    elif one.level is Level.NATIONAL:
        found.append(Scored(reason=Reason.LEVEL, points=POINTS[Reason.LEVEL]))
    return Suggestion(authority_id=one.id, reasons=_ordered(found))


def _ordered(reasons: Iterable[Scored]) -> tuple[Scored, ...]:
    order = list(Reason)
    return tuple(sorted((one for one in reasons if one.points), key=lambda one: (-one.points, order.index(one.reason))))


def _concepts(one: Participant, wanted: Wanted, known: Known) -> list[Scored]:
    """In which ways *one* is competent for the concepts that are asked about; each counts in the best way only."""
    ways: dict[Reason, list[str]] = {}
    for concept in dict.fromkeys(wanted.concepts):
        reason = _way(concept, one, known)
        if reason is not None:
            ways.setdefault(reason, []).append(concept)
    # The keywords of a coordinator say what it coordinates, and only perhaps what it is competent for itself.
    share = len(set(wanted.concepts)) * (2 if _role(one, wanted) in COORDINATING else 1)
    return [
        Scored(reason=reason, points=max(1, POINTS[reason] * len(concepts) // share), concepts=tuple(concepts))
        for reason, concepts in ways.items()
    ]


def _way(concept: str, one: Participant, known: Known) -> Reason | None:
    if concept in one.concepts:
        return Reason.CONCEPT
    if any(wide in one.concepts for wide in known.broader.get(concept, ())):
        return Reason.BROADER_CONCEPT
    if any(concept in known.broader.get(own, ()) for own in one.concepts):
        return Reason.NARROWER_CONCEPT
    return None


def _standing_in(one: Participant, wanted: Wanted) -> list[Scored]:
    role = _role(one, wanted)
    if role is None or role not in _COORDINATORS:
        return []
    return [Scored(reason=Reason.COORDINATOR_OF_AREA, points=_COORDINATORS[role])]


def _role(one: Participant, wanted: Wanted) -> LegislativeRole | None:
    part = one.part(wanted.module)
    return part.legislative_role if part else None


def _nearness(one: Participant, wanted: Wanted, known: Known) -> int:
    """The points of *one* for serving the region that is asked about; none for what has nothing to do with it."""
    if not one.region:
        return _WHOLE_COUNTRY
    if one.region == wanted.region:
        return _SITS_THERE
    around = known.territories.get(wanted.region, ())
    inside = known.territories.get(one.region, ())
    return _BESIDE if one.region in around or wanted.region in inside else 0
