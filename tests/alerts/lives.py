"""Alerts of every flow in every status, as the rules make them; and every command, as anybody might give it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

from services.alerts.catalogue import alert_type
from services.alerts.domain import contents, duties, ending, receiving, retention, sending
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import AlertType, Flow
from tests.alerts.cast import (
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    IT_REGION,
    ITALY,
    as_party,
)
from tests.alerts.dangers import NOW, TYPE, a_danger, chosen, refers, written
from tests.alerts.kinds import FIELDS, a_structure
from tests.alerts.threads import ADDRESSED, said
from vocabulary.proofs import Ground
from vocabulary.values import Value

UNTIL = date(2027, 1, 31)
_DATED = [*FIELDS, {"code": "until", "type": "DATE"}]


def a_type(flow: Flow, **rules: object) -> AlertType:
    """A type of *flow* with all the stages that it can have, countries picked and an approval, unless told otherwise."""
    own: dict[str, object] = {"recipients": "CHOSEN", "approval": True}
    if flow is Flow.PROFESSIONAL_ALERT:
        own["expiry_field"] = "until"
    fields = [{"label": {"en": field["code"]}, **field} for field in _DATED]
    return alert_type(a_structure(flow, rules={**own, **rules}, fields=fields))


PROFESSIONAL = a_type(Flow.PROFESSIONAL_ALERT)
NOTIFICATION = a_type(Flow.NOTIFICATION)
KINDS: Mapping[Flow, AlertType] = {
    Flow.SERVICES_ALERT: TYPE,
    Flow.PROFESSIONAL_ALERT: PROFESSIONAL,
    Flow.NOTIFICATION: NOTIFICATION,
}
# The actions in which a person takes part: each is a command.
Command = Callable[[Alert, AlertType, Party], Alert]


def form(kind: AlertType, words: str = "SECRET") -> dict[str, Value]:
    """What an alert of *kind* says."""
    if kind.code == TYPE.code:
        return a_danger(facts=written(words))
    values = {"subject": written("titolo"), "name": written(words), "on": Value(date=NOW.date())}
    if kind.rules.flow is Flow.PROFESSIONAL_ALERT:
        return {**values, "until": Value(date=UNTIL)}
    if kind.rules.flow is Flow.SERVICES_ALERT:
        return {**values, "country": refers("HU"), "risk": chosen("HIGH")}
    return values


def commands(kind: AlertType) -> dict[Action, Command]:
    """Every command on an alert of *kind* that is there already, with what it says beside."""

    def other(alert: Alert) -> dict[str, Value]:
        return form(kind, f"SECRET, after {len(alert.versions)} others")

    why = said("SECRET reason")
    return {
        Action.EDIT: lambda alert, kind, by: sending.edit(alert, kind, other(alert), by),
        Action.DELETE: sending.delete,
        Action.SUBMIT: sending.submit,
        Action.RETURN: lambda alert, kind, by: sending.send_back(alert, kind, why, by),
        Action.BROADCAST: lambda alert, kind, by: sending.broadcast(
            alert, kind, ADDRESSED if kind.rules.recipients == "CHOSEN" else (), by
        ),
        Action.ADD_COUNTRIES: lambda alert, kind, by: sending.add_countries(alert, kind, ["AT"], by),
        Action.ACKNOWLEDGE: receiving.acknowledge,
        Action.DISSEMINATE: lambda alert, kind, by: receiving.disseminate(
            alert, kind, [f"aut_{by.country.lower()}_trade"], by
        ),
        Action.ADD_INFORMATION: lambda alert, kind, by: receiving.add_information(
            alert, kind, f"inf_{len(alert.information)}", why, by
        ),
        Action.APPROVE_INFORMATION: lambda alert, kind, by: receiving.approve_information(
            alert, kind, waiting(alert, by), by
        ),
        Action.REJECT_INFORMATION: lambda alert, kind, by: receiving.reject_information(
            alert, kind, waiting(alert, by), why, by
        ),
        Action.PROVE: lambda alert, kind, by: retention.prove(alert, kind, Ground.CONSENT, said("per il giudice"), by),
        Action.COMMENT: lambda alert, kind, by: receiving.comment(alert, kind, f"com_{len(alert.comments)}", why, by),
        Action.CORRECT: lambda alert, kind, by: contents.replaced(alert, kind, Action.CORRECT, other(alert), why, by),
        Action.AMEND: lambda alert, kind, by: contents.replaced(alert, kind, Action.AMEND, other(alert), None, by),
        Action.MODIFY: lambda alert, kind, by: contents.replaced(alert, kind, Action.MODIFY, other(alert), why, by),
        Action.WITHDRAW: lambda alert, kind, by: ending.withdraw(alert, kind, why, by),
        Action.PROPOSE_CLOSURE: ending.propose_closure,
        Action.OBJECT: lambda alert, kind, by: ending.object_to_closure(alert, kind, why, by),
        Action.WITHDRAW_OBJECTION: ending.withdraw_objection,
        Action.CLOSE: lambda alert, kind, by: ending.close(alert, kind, why, by),
        Action.REVOKE: ending.revoke,
        Action.EXPIRE: ending.expire,
        Action.NOTE_APPEAL: lambda alert, kind, by: ending.note_appeal(alert, kind, not alert.appeal_pending, by),
    }


def waiting(alert: Alert, by: Party) -> str:
    """A piece of information of the actor's country that somebody else has written, if there is one."""
    own = [one for one in alert.information if one.country == by.country and one.status == "PROPOSED"]
    others = [one.id for one in own if one.authority_id != by.authority_id]
    return (others or [one.id for one in own] or ["inf_nobody"])[0]


@lru_cache
def lives(flow: Flow) -> Mapping[Status, Alert]:
    """One alert of a type that asks for approval in each status of its *flow*, the fullest that comes to it early.

    Wherever others have it: HU has acknowledged and told aut_hu_labour, FR has not; where there is information, one piece is
    shared and IT and HU have one each that waits.
    """
    author, coordinator, kind = as_party(ITALY), as_party(IT_COORDINATOR), KINDS[flow]
    do = commands(kind)
    found = {Status.DRAFT: sending.create("AL-1", kind, form(kind), author)}
    found[Status.SUBMITTED] = sending.submit(found[Status.DRAFT], kind, author)
    sent = do[Action.BROADCAST](found[Status.SUBMITTED], kind, coordinator)
    sent = receiving.acknowledge(sent, kind, as_party(HU_COORDINATOR))
    sent = receiving.disseminate(sent, kind, ["aut_hu_labour"], as_party(HU_COORDINATOR))
    if flow is Flow.SERVICES_ALERT:
        for id_, who in (("inf_shared", HUNGARY), ("inf_hu", HUNGARY), ("inf_it", ITALY)):
            sent = receiving.add_information(sent, kind, id_, said("SECRET seen"), as_party(who))
        sent = receiving.approve_information(sent, kind, "inf_shared", as_party(HU_REGION))
    found[Status.BROADCAST] = sent
    by_flow = {
        Flow.SERVICES_ALERT: _services,
        Flow.PROFESSIONAL_ALERT: _professional,
        Flow.NOTIFICATION: _notification,
    }
    return {**found, **by_flow[flow](kind, sent)}


def _services(kind: AlertType, sent: Alert) -> dict[Status, Alert]:
    coordinator, do = as_party(IT_COORDINATOR), commands(kind)
    corrected = do[Action.CORRECT](sent, kind, coordinator)
    closer = as_party(HU_COORDINATOR if sent.closing_country == "HU" else IT_COORDINATOR)
    proposed = ending.propose_closure(corrected, kind, closer)
    closed = duties.done(proposed, kind, Action.CLOSE, duties.due(proposed, kind)[Action.CLOSE])
    return {
        Status.CLOSURE_PROPOSED: proposed,
        Status.CLOSED: closed,
        Status.WITHDRAWN: do[Action.WITHDRAW](corrected, kind, coordinator),
        **_retained(kind, closed),
    }


def _retained(kind: AlertType, ended: Alert) -> dict[Status, Alert]:
    """Blocked, and then proved by the coordinators of Hungary; erased."""
    at = duties.due(ended, kind)[Action.BLOCK]
    hungary = replace(as_party(HU_COORDINATOR), now=at)
    blocked = commands(kind)[Action.PROVE](duties.done(ended, kind, Action.BLOCK, at), kind, hungary)
    return {
        Status.BLOCKED: blocked,
        Status.DELETED: duties.done(blocked, kind, Action.ERASE, duties.due(blocked, kind)[Action.ERASE]),
    }


def _professional(kind: AlertType, sent: Alert) -> dict[Status, Alert]:
    coordinator, do = as_party(IT_COORDINATOR), commands(kind)
    amended = do[Action.AMEND](sent, kind, coordinator)
    revoked = ending.revoke(amended, kind, coordinator)
    return {
        Status.AMENDED: amended,
        Status.EXPIRED: duties.done(amended, kind, Action.EXPIRE, duties.due(amended, kind)[Action.EXPIRE]),
        Status.REVOKED: revoked,
        Status.DELETED: duties.done(revoked, kind, Action.ERASE, duties.due(revoked, kind)[Action.ERASE]),
    }


def _notification(kind: AlertType, sent: Alert) -> dict[Status, Alert]:
    coordinator, do = as_party(IT_COORDINATOR), commands(kind)
    modified = do[Action.MODIFY](sent, kind, coordinator)
    commented = do[Action.COMMENT](modified, kind, as_party(FR_COORDINATOR))
    withdrawn = do[Action.WITHDRAW](commented, kind, coordinator)
    return {
        Status.MODIFIED: modified,
        Status.COMMENTING: commented,
        Status.CLOSED: do[Action.CLOSE](commented, kind, as_party(IT_REGION)),
        Status.WITHDRAWN: withdrawn,
        **_retained(kind, withdrawn),
    }


def later(party: Party, **by: float) -> Party:
    """*party*, so much later."""
    return replace(party, now=NOW + timedelta(**by))
