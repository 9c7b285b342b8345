"""An alert: what it holds, and what somebody is to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from services.alerts.domain.lifecycle import UNSENT, Action, Side, Status
from vocabulary.proofs import Proof
from vocabulary.roles import UserRole
from vocabulary.values import FreeText, Value

# So many authorities of one country can be told of one alert.
TOLD_LIMIT = 1_000
INFORMATION_LIMIT = 200
# So many pieces of one authority can wait for approval: none keeps all others from adding what they know.
WAITING_LIMIT = 10
COMMENTS_LIMIT = 200
VERSIONS_LIMIT = 20
# So many blocked proposals to close are kept beside the last one: the latest.
CLOSURES_KEPT = 20


class News(StrEnum):
    """What a delivery tells those it reaches."""

    BROADCAST = "BROADCAST"
    DISSEMINATED = "DISSEMINATED"
    INFORMATION = "INFORMATION"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    INFORMATION_PROPOSED = "INFORMATION_PROPOSED"
    CORRECTED = "CORRECTED"
    WITHDRAWN = "WITHDRAWN"
    CLOSURE_PROPOSED = "CLOSURE_PROPOSED"
    OBJECTED = "OBJECTED"
    OBJECTION_WITHDRAWN = "OBJECTION_WITHDRAWN"
    CLOSED = "CLOSED"
    CLOSURE_REJECTED = "CLOSURE_REJECTED"
    ESCALATED = "ESCALATED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    AMENDED = "AMENDED"
    APPEAL_NOTED = "APPEAL_NOTED"
    MODIFIED = "MODIFIED"
    COMMENTED = "COMMENTED"
    INFORMATION_REJECTED = "INFORMATION_REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Who is to be told what: the alert coordinators of some countries, the national coordinators of others, and some authorities by
    name.

    `besides` is a coordinator that need not be told, because it may not decide about what it wrote itself. `reach` stands for
    everybody who had the alert: for each country it was addressed to, how many authorities that had told. It is part of the
    alert, so that a change and the duty to tell of it are one write.
    """

    id: str
    news: News
    countries: tuple[str, ...] = ()
    authority_ids: tuple[str, ...] = ()
    besides: str = ""
    national: tuple[str, ...] = ()
    reach: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A country the alert is addressed to: since when, when it acknowledged, and whom it told.

    `at` is None where a version of the program stored the alert that knew no later recipients: then it is when that was sent.
    """

    country: str
    at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    told: tuple[str, ...] = ()
    # When its national coordinator was told that it is silent.
    escalated_at: datetime | None = None


class InformationStatus(StrEnum):
    """Whether everybody sees it, or it waits for the own coordinator, or that one does not share it."""

    PROPOSED = "PROPOSED"
    SHARED = "SHARED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """Something that a party to the alert knows about the matter."""

    id: str
    authority_id: str
    country: str
    status: InformationStatus
    text: FreeText | None
    at: datetime
    # Why it is not shared.
    rejection_reason: FreeText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What a country says about a notification."""

    id: str
    authority_id: str
    country: str
    text: FreeText | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a country does not want an alert closed."""

    authority_id: str
    country: str
    reason: FreeText | None
    at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A proposal to close: whose, and until when the other countries may object."""

    proposed_by: str
    country: str
    proposed_at: datetime
    until: datetime
    objections: tuple[Objection, ...] = ()

    @property
    def standing(self) -> tuple[Objection, ...]:
        """The objections that are not withdrawn."""
        return tuple(one for one in self.objections if one.withdrawn_at is None)

    def without_words(self) -> "Closure":
        """Who objected, but not why."""
        return replace(self, objections=tuple(replace(one, reason=None) for one in self.objections))


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What the alert said before it was replaced, and by which step it was."""

    values: Mapping[str, Value]
    replaced_at: datetime
    replaced_by: str
    action: Action
    reason: FreeText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change: never removed, and only its official is ever erased. What the system does has neither authority nor country."""

    at: datetime
    authority_id: str
    country: str
    user_id: str
    action: Action
    before: Status | None
    after: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert of one type. `coordinator_id` is the authority that broadcast it, `versions` what it said before.

    `severity`, `established_in` and `expires_on` are what its values say of these; `late` whether it was sent later after the
    decision than the law allows.
    """

    number: str
    status: Status
    type_id: str
    area: str
    author_id: str
    country: str
    values: Mapping[str, Value]
    severity: str = ""
    established_in: str = ""
    expires_on: date | None = None
    late: bool = False
    return_reason: FreeText | None = None
    coordinator_id: str = ""
    addressed: tuple[Addressed, ...] = ()
    information: tuple[Information, ...] = ()
    comments: tuple[Comment, ...] = ()
    comments_until: datetime | None = None
    closure: Closure | None = None
    earlier_closures: tuple[Closure, ...] = ()
    end_reason: FreeText | None = None
    appeal_pending: bool = False
    standstill_until: date | None = None
    versions: tuple[Version, ...] = ()
    proofs: tuple[Proof, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    created_at: datetime
    changed_at: datetime
    broadcast_at: datetime | None = None

    def to(self, country: str) -> Addressed | None:
        """What *country* has done about it, if it is addressed."""
        return next((one for one in self.addressed if one.country == country), None)

    @property
    def told(self) -> tuple[str, ...]:
        """Every authority that it was passed on to."""
        return tuple(id_ for one in self.addressed for id_ in one.told)

    @property
    def is_sent(self) -> bool:
        """Whether other countries have it."""
        return self.status not in UNSENT and not self.is_discarded

    @property
    def is_discarded(self) -> bool:
        """Whether its author deleted it as a draft."""
        return self.status is Status.DELETED and self.broadcast_at is None

    @property
    def closing_country(self) -> str:
        """Whose coordinators say that the risk is over: where the provider is established, if that has the alert; or the sender's."""
        return self.established_in if self.to(self.established_in) else self.country

    def delivery(self, id_: str) -> Delivery:
        """Whom the delivery *id_* is for, by name and country."""
        due = next(one for one in self.deliveries if one.id == id_)
        if due.reach is None:
            return due
        had = list(zip(self.addressed, due.reach, strict=False))
        told = (id_ for one, count in had for id_ in one.told[:count])
        return replace(
            due,
            reach=None,
            countries=(self.country, *(one.country for one, _ in had)),
            authority_ids=(self.author_id, *told),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who acts or reads: for which authority, in which roles in the alert's module.

    `coordinates` says that the authority is an alert coordinator of its country, `takes_part` that it writes alerts of its own;
    `is_system` that nobody acts, but time.
    """

    user_id: str
    authority_id: str
    country: str
    roles: frozenset[UserRole]
    coordinates: bool
    takes_part: bool
    is_commission: bool
    now: datetime = field(compare=False)
    is_system: bool = False


def system(now: datetime) -> Party:
    """Nobody: what is done because it is due."""
    return Party(
        user_id="",
        authority_id="",
        country="",
        roles=frozenset(),
        coordinates=False,
        takes_part=False,
        is_commission=False,
        now=now,
        is_system=True,
    )


def sides(alert: Alert, who: Party) -> frozenset[Side]:
    """What the authority of *who* is to *alert*, whatever its type. A draft is its author's alone, a deleted one nobody's."""
    found: set[Side] = set()
    if alert.is_discarded:
        return frozenset()
    if who.authority_id == alert.author_id:
        found.add(Side.AUTHOR)
    if alert.status is not Status.DRAFT and who.coordinates and who.country == alert.country:
        found.add(Side.COORDINATOR)
    if alert.is_sent:
        if who.coordinates and alert.to(who.country):
            found.add(Side.RECEIVER)
        if who.authority_id in alert.told:
            found.add(Side.RECIPIENT)
        if who.coordinates and who.country == alert.closing_country:
            found.add(Side.CLOSER)
    return frozenset(found)
