"""An alert until it is on its way: written, deleted, submitted, sent back, broadcast; and to which countries."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.alerts.domain.alerts import Addressed, Alert, News, Party
from services.alerts.domain.contents import check_sendable, is_late, noticed, saying
from services.alerts.domain.flows import step
from services.alerts.domain.lifecycle import Action, Side, Status
from services.alerts.domain.retention import without_content, without_people
from services.alerts.domain.steps import moved, owing, recorded, require_four_eyes
from services.alerts.domain.types import AlertType, Audience
from vocabulary import countries
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.values import FreeText, Value, free_text


def create(number: str, kind: AlertType, values: Mapping[str, Value], by: Party) -> Alert:
    """A new draft, which may be incomplete; raises Forbidden unless the actor's authority writes alerts of this kind."""
    if not by.takes_part:
        raise Forbidden(f"your authority does not take part in alerts about {kind.area}")
    new = Alert(
        number=number,
        status=step(kind.rules, None, Action.CREATE, {Side.AUTHOR}, by.roles),
        type_id=kind.id,
        area=kind.area,
        author_id=by.authority_id,
        country=by.country,
        values={},
        created_at=by.now,
        changed_at=by.now,
    )
    return recorded(saying(new, kind, kind.check(values, complete=False)), Action.CREATE, None, by)


def edit(alert: Alert, kind: AlertType, values: Mapping[str, Value], by: Party) -> Alert:
    """The draft with other values, which may be incomplete."""
    after = moved(alert, kind, Action.EDIT, by)
    return recorded(saying(after, kind, kind.check(values, complete=False)), Action.EDIT, alert.status, by)


def delete(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """Nothing of the draft is left but that there was one, whoever wrote it; and that is nobody's to know."""
    after = moved(alert, kind, Action.DELETE, by)
    return without_people(recorded(without_content(after), Action.DELETE, alert.status, by))


def submit(alert: Alert, kind: AlertType, by: Party) -> Alert:
    """Before the own country's coordinators; raises Invalid naming the fields that are still empty."""
    after = moved(alert, kind, Action.SUBMIT, by)
    check_sendable(alert, kind, by)
    told = owing(
        replace(after, return_reason=None), News.SUBMITTED, countries=(alert.country,), besides=alert.author_id
    )
    return recorded(told, Action.SUBMIT, alert.status, by)


def send_back(alert: Alert, kind: AlertType, reason: FreeText, by: Party) -> Alert:
    """A draft again, for its author to change."""
    after = moved(alert, kind, Action.RETURN, by)
    check_decidable(alert, by)
    told = owing(
        replace(after, return_reason=free_text(reason, at="reason")), News.RETURNED, authority_ids=(alert.author_id,)
    )
    return recorded(told, Action.RETURN, alert.status, by)


def broadcast(alert: Alert, kind: AlertType, chosen: Sequence[str], by: Party) -> Alert:
    """On its way to the coordinators of the *chosen* countries, or of all others, as its type says; approved, if it asks for that."""
    after = moved(alert, kind, Action.BROADCAST, by)
    check_decidable(alert, by)
    check_sendable(alert, kind, by)
    addressed = _chosen(alert, chosen) if kind.rules.recipients is Audience.CHOSEN else _all_others(alert, chosen)
    sent = replace(
        noticed(after, kind, by),
        return_reason=None,
        coordinator_id=by.authority_id,
        addressed=tuple(Addressed(country=country, at=by.now) for country in addressed),
        broadcast_at=by.now,
        late=is_late(alert, kind, by.now),
    )
    return recorded(owing(sent, News.BROADCAST, countries=addressed), Action.BROADCAST, alert.status, by)


def add_countries(alert: Alert, kind: AlertType, chosen: Sequence[str], by: Party) -> Alert:
    """Later recipients: more countries that are warned from now on."""
    after = moved(alert, kind, Action.ADD_COUNTRIES, by)
    check_extendable(alert, kind, by)
    added = _chosen(alert, chosen)
    for index, country in enumerate(added):
        if alert.to(country):
            raise Invalid(f"{country} has it already", field=f"countries[{index}]", reason="ALREADY_ADDRESSED")
    wider = replace(after, addressed=(*alert.addressed, *(Addressed(country=country, at=by.now) for country in added)))
    return recorded(owing(wider, News.BROADCAST, countries=added), Action.ADD_COUNTRIES, alert.status, by)


def check_decidable(alert: Alert, by: Party) -> None:
    """Raises Forbidden for the authority that wrote it, where another one has to approve."""
    if alert.status is Status.SUBMITTED:
        require_four_eyes(alert.author_id, by)


def check_extendable(alert: Alert, kind: AlertType, by: Party) -> None:
    """Raises Forbidden for the authority that wrote it, where another one has to approve; Conflict if every other country has it."""
    if kind.rules.approval:
        require_four_eyes(alert.author_id, by)
    if len(alert.addressed) >= len(countries.ALL) - 1:
        raise Conflict("every other country has it already", reason="EVERYBODY_HAS_IT")


def _chosen(alert: Alert, chosen: Sequence[str]) -> tuple[str, ...]:
    if not chosen:
        raise Invalid("say which countries are to be warned", field="countries", reason="EMPTY")
    for index, country in enumerate(chosen):
        countries.require(country, field=f"countries[{index}]")
        if country == alert.country:
            raise Invalid("an alert goes to other countries", field=f"countries[{index}]", reason="OWN_COUNTRY")
        if country in chosen[:index]:
            raise Invalid(f"{country} is given twice", field=f"countries[{index}]", reason="REPEATED")
    return tuple(chosen)


def _all_others(alert: Alert, chosen: Sequence[str]) -> tuple[str, ...]:
    if chosen:
        raise Invalid("alerts of this type go to every other country", field="countries", reason="NOT_CHOSEN")
    return tuple(sorted(country for country in countries.ALL if country != alert.country))
