"""An alert, and what each command makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.alerts.domain.lifecycle import Action, Side, Status, step
from services.alerts.domain.types import AlertType
from vocabulary import countries
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound
from vocabulary.roles import UserRole
from vocabulary.values import FreeText, Value, free_text

# So many authorities of one country can be told of one alert.
TOLD_LIMIT = 1_000
INFORMATION_LIMIT = 200


class News(StrEnum):
    """What a delivery tells those it reaches."""

    BROADCAST = "BROADCAST"
    DISSEMINATED = "DISSEMINATED"
    INFORMATION = "INFORMATION"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    INFORMATION_PROPOSED = "INFORMATION_PROPOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Who is to be told what: the alert coordinators of some countries, and some authorities by name.

    `besides` is a coordinator that need not be told, because it may not decide about what it wrote itself. It is part of the alert, so
    that a change and the duty to tell of it are one write.
    """

    id: str
    news: News
    countries: tuple[str, ...] = ()
    authority_ids: tuple[str, ...] = ()
    besides: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A country the alert is addressed to: when it acknowledged, and whom it told."""

    country: str
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    told: tuple[str, ...] = ()


class InformationStatus(StrEnum):
    """Whether everybody sees it, or it waits for the own coordinator."""

    PROPOSED = "PROPOSED"
    SHARED = "SHARED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """Something that a party to the alert knows about the matter."""

    id: str
    authority_id: str
    country: str
    status: InformationStatus
    text: FreeText | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change: never altered, never removed."""

    at: datetime
    authority_id: str
    country: str
    user_id: str
    action: Action
    before: Status | None
    after: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert of one type. `coordinator_id` is the authority that broadcast it."""

    number: str
    status: Status
    type_id: str
    area: str
    author_id: str
    country: str
    values: Mapping[str, Value]
    return_reason: FreeText | None = None
    coordinator_id: str = ""
    addressed: tuple[Addressed, ...] = ()
    information: tuple[Information, ...] = ()
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

    def delivery(self, id_: str) -> Delivery:
        return next(one for one in self.deliveries if one.id == id_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who acts or reads: for which authority, in which roles in the alert's module.

    `coordinates` says that the authority is an alert coordinator of its country, `takes_part` that it writes alerts of its own.
    """

    user_id: str
    authority_id: str
    country: str
    roles: frozenset[UserRole]
    coordinates: bool
    takes_part: bool
    is_commission: bool
    now: datetime = field(compare=False)


def sides(alert: Alert, who: Party) -> frozenset[Side]:
    """What the authority of *who* is to *alert*. A draft is nobody's but its author's."""
    found: set[Side] = set()
    if who.authority_id == alert.author_id:
        found.add(Side.AUTHOR)
    if alert.status is not Status.DRAFT:
        if who.coordinates and who.country == alert.country:
            found.add(Side.COORDINATOR)
        if who.coordinates and alert.to(who.country):
            found.add(Side.RECEIVER)
        if who.authority_id in alert.told:
            found.add(Side.RECIPIENT)
    return frozenset(found)


def create(number: str, kind: AlertType, values: Mapping[str, Value], by: Party) -> Alert:
    """A new draft, which may be incomplete; raises Forbidden unless the actor's authority writes alerts of this kind."""
    if not by.takes_part:
        raise Forbidden(f"your authority does not take part in alerts about {kind.area}")
    status = step(None, Action.CREATE, {Side.AUTHOR}, by.roles)
    new = Alert(
        number=number,
        status=status,
        type_id=kind.id,
        area=kind.area,
        author_id=by.authority_id,
        country=by.country,
        values=kind.check(values, complete=False),
        created_at=by.now,
        changed_at=by.now,
    )
    return _recorded(new, Action.CREATE, None, by)


def edit(alert: Alert, kind: AlertType, values: Mapping[str, Value], by: Party) -> Alert:
    """The draft with other values, which may be incomplete."""
    after = _moved(alert, Action.EDIT, by)
    return _recorded(replace(after, values=kind.check(values, complete=False)), Action.EDIT, alert.status, by)


def submit(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """Before the own country's coordinators; raises Invalid naming the fields that are still empty."""
    after = _moved(alert, Action.SUBMIT, by)
    kind.check(alert.values, complete=True)
    told = _owing(
        replace(after, return_reason=None), News.SUBMITTED, countries=(alert.country,), besides=alert.author_id
    )
    return _recorded(told, Action.SUBMIT, alert.status, by)


def send_back(alert: Alert, reason: FreeText, by: Party) -> Alert:
    """A draft again, for its author to change."""
    after = _moved(alert, Action.RETURN, by)
    _require_four_eyes(alert.author_id, by)
    told = _owing(
        replace(after, return_reason=free_text(reason, at="reason")), News.RETURNED, authority_ids=(alert.author_id,)
    )
    return _recorded(told, Action.RETURN, alert.status, by)


def broadcast(alert: Alert, chosen: Sequence[str], by: Party) -> Alert:
    """Approved, and on its way to the coordinators of the *chosen* countries: only a coordinator sends across a border."""
    after = _moved(alert, Action.BROADCAST, by)
    _require_four_eyes(alert.author_id, by)
    if not chosen:
        raise Invalid("say which countries are to be warned", field="countries", reason="EMPTY")
    for index, country in enumerate(chosen):
        countries.require(country, field=f"countries[{index}]")
        if country == alert.country:
            raise Invalid("an alert goes to other countries", field=f"countries[{index}]", reason="OWN_COUNTRY")
        if country in chosen[:index]:
            raise Invalid(f"{country} is given twice", field=f"countries[{index}]", reason="REPEATED")
    sent = replace(
        after,
        coordinator_id=by.authority_id,
        addressed=tuple(Addressed(country=country) for country in chosen),
        broadcast_at=by.now,
    )
    return _recorded(_owing(sent, News.BROADCAST, countries=tuple(chosen)), Action.BROADCAST, alert.status, by)


def acknowledge(alert: Alert, by: Party) -> Alert:
    """The actor's country says that it has the alert; once."""
    after = _moved(alert, Action.ACKNOWLEDGE, by)
    own = _own(alert, by)
    if own.acknowledged_at:
        raise Conflict(f"{own.country} has acknowledged the alert already", reason="ALREADY_ACKNOWLEDGED")
    noted = replace(own, acknowledged_at=by.now, acknowledged_by=by.authority_id)
    return _recorded(_with(after, noted), Action.ACKNOWLEDGE, alert.status, by)


def disseminate(alert: Alert, authority_ids: Sequence[str], by: Party) -> Alert:
    """Passed on to authorities of the actor's country, which must have acknowledged it; those told before are left out."""
    after = _moved(alert, Action.DISSEMINATE, by)
    own = _own(alert, by)
    if not own.acknowledged_at:
        raise Conflict("acknowledge the alert before passing it on", reason="NOT_ACKNOWLEDGED")
    new = tuple(id_ for id_ in dict.fromkeys(authority_ids) if id_ not in own.told)
    if not new:
        raise Invalid("name an authority that has not been told yet", field="authorityIds", reason="EMPTY")
    if len(own.told) + len(new) > TOLD_LIMIT:
        raise Invalid(
            f"at most {TOLD_LIMIT} authorities of a country are told", field="authorityIds", reason="TOO_MANY"
        )
    told = _with(after, replace(own, told=(*own.told, *new)))
    return _recorded(_owing(told, News.DISSEMINATED, authority_ids=new), Action.DISSEMINATE, alert.status, by)


def add_information(alert: Alert, id_: str, text: FreeText, by: Party) -> Alert:
    """What a party knows about the matter, for its own country's coordinators to approve."""
    after = _moved(alert, Action.ADD_INFORMATION, by)
    if len(alert.information) >= INFORMATION_LIMIT:
        raise Conflict(f"an alert has at most {INFORMATION_LIMIT} pieces of information", reason="TOO_MUCH_INFORMATION")
    new = Information(
        id=id_,
        authority_id=by.authority_id,
        country=by.country,
        status=InformationStatus.PROPOSED,
        text=free_text(text, at="text"),
        at=by.now,
    )
    proposed = replace(after, information=(*after.information, new))
    told = _owing(proposed, News.INFORMATION_PROPOSED, countries=(by.country,), besides=by.authority_id)
    return _recorded(told, Action.ADD_INFORMATION, alert.status, by)


def approve_information(alert: Alert, id_: str, by: Party) -> Alert:
    """Shared with every party; raises NotFound for information that the actor may not know of."""
    after = _moved(alert, Action.APPROVE_INFORMATION, by)
    found = next((one for one in alert.information if one.id == id_ and one.country == by.country), None)
    if found is None:
        raise NotFound(f"your country has added no information {id_!r}", field="informationId")
    if found.status is InformationStatus.SHARED:
        raise Conflict("this information is shared already", reason="ALREADY_SHARED")
    _require_four_eyes(found.authority_id, by)
    shared = replace(found, status=InformationStatus.SHARED)
    information = tuple(shared if one.id == id_ else one for one in alert.information)
    told = _owing(
        replace(after, information=information),
        News.INFORMATION,
        countries=(alert.country, *(one.country for one in alert.addressed)),
        authority_ids=(alert.author_id, *alert.told),
    )
    return _recorded(told, Action.APPROVE_INFORMATION, alert.status, by)


def _require_four_eyes(author_id: str, by: Party) -> None:
    if author_id == by.authority_id:
        raise Forbidden("another authority than the one that wrote it decides about it", reason="FOUR_EYES")


def _own(alert: Alert, by: Party) -> Addressed:
    own = alert.to(by.country)
    assert own is not None  # only a receiver comes here
    return own


def _with(alert: Alert, changed: Addressed) -> Alert:
    addressed = tuple(changed if one.country == changed.country else one for one in alert.addressed)
    return replace(alert, addressed=addressed)


def _owing(
    alert: Alert,
    news: News,
    *,
    countries: tuple[str, ...] = (),
    authority_ids: tuple[str, ...] = (),
    besides: str = "",
) -> Alert:
    number = str(len(alert.deliveries) + 1)
    due = Delivery(id=number, news=news, countries=countries, authority_ids=authority_ids, besides=besides)
    return replace(alert, deliveries=(*alert.deliveries, due))


def _moved(alert: Alert, action: Action, by: Party) -> Alert:
    return replace(alert, status=step(alert.status, action, sides(alert, by), by.roles))


def _recorded(after: Alert, action: Action, before: Status | None, by: Party) -> Alert:
    entry = HistoryEntry(
        at=by.now,
        authority_id=by.authority_id,
        country=by.country,
        user_id=by.user_id,
        action=action,
        before=before,
        after=after.status,
    )
    return replace(after, changed_at=by.now, history=(*after.history, entry))
