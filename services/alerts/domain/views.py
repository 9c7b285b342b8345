"""Who sees how much of an alert (Directive 2006/123/EC, Article 32; IMI Regulation, Articles 6 and 9; access matrix).

The author and the coordinators of its country see all, the coordinators of the addressed countries and the authorities they told
see what is broadcast, the Commission sees that without data of natural persons and without free words beside the form. For
everybody else the alert does not exist. What is blocked says nothing to anybody, but for a proof.
"""

from dataclasses import replace
from enum import StrEnum

from services.alerts.domain.alerts import Alert, HistoryEntry, Information, InformationStatus, Party, sides
from services.alerts.domain.contents import is_late
from services.alerts.domain.lifecycle import Action, Side
from services.alerts.domain.retention import disclosed
from services.alerts.domain.types import AlertType
from vocabulary.proofs import Proof
from vocabulary.roles import UserRole


class View(StrEnum):
    """How much is seen."""

    FULL = "FULL"
    WITHOUT_PERSONAL_DATA = "WITHOUT_PERSONAL_DATA"


READERS = frozenset({UserRole.VIEWER, UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR})
# What other countries do not learn of each other's doings.
_OWN = frozenset(
    {
        Action.CREATE,
        Action.EDIT,
        Action.SUBMIT,
        Action.RETURN,
        Action.DISSEMINATE,
        Action.ADD_INFORMATION,
        Action.REJECT_INFORMATION,
        Action.PROVE,
    }
)


def view(alert: Alert, who: Party) -> View | None:
    """What *who* sees of *alert*; None if it is not for them to know that it exists."""
    if who.roles & READERS and sides(alert, who):
        return View.FULL
    if who.is_commission and who.roles & READERS and alert.is_sent:
        return View.WITHOUT_PERSONAL_DATA
    return None


def seen(alert: Alert, kind: AlertType, how: View, who: Party) -> Alert:
    """*alert* as *how* shows it to *who*: what waits for approval, and whom a country told, is that country's own."""
    return _shown(disclosed(alert), kind, how, who)


def proven(alert: Alert, kind: AlertType, who: Party) -> Alert:
    """*alert* with all that it says to *who*, though it is blocked: for whoever has said what has to be proved."""
    return _shown(alert, kind, View.FULL, who)


def _shown(alert: Alert, kind: AlertType, how: View, who: Party) -> Alert:
    shown = replace(
        alert,
        addressed=tuple(one if one.country == who.country else replace(one, told=()) for one in alert.addressed),
        information=tuple(one for one in alert.information if _sees_information(alert, one, who)),
        history=tuple(entry for entry in alert.history if _sees_step(alert, entry, who)),
        proofs=tuple(one for one in alert.proofs if _sees_proof(alert, one, who)),
        # Of what is not sent yet, whether it would be.
        late=alert.late if alert.is_sent else is_late(alert, kind, who.now),
    )
    if Side.AUTHOR not in sides(alert, who):
        shown = replace(shown, return_reason=None)
    if how is View.FULL:
        return shown
    return _without_personal_data(shown, kind)


def _without_personal_data(alert: Alert, kind: AlertType) -> Alert:
    return replace(
        alert,
        values=kind.without_personal_data(alert.values),
        versions=tuple(
            replace(one, values=kind.without_personal_data(one.values), reason=None) for one in alert.versions
        ),
        information=tuple(replace(one, text=None, rejection_reason=None) for one in alert.information),
        comments=tuple(replace(one, text=None) for one in alert.comments),
        closure=alert.closure and alert.closure.without_words(),
        earlier_closures=tuple(one.without_words() for one in alert.earlier_closures),
        end_reason=None,
    )


def _sees_information(alert: Alert, information: Information, who: Party) -> bool:
    if information.status is InformationStatus.SHARED or information.authority_id == who.authority_id:
        return True
    return information.country == who.country and bool(sides(alert, who) & {Side.COORDINATOR, Side.RECEIVER})


def _sees_proof(alert: Alert, proof: Proof, who: Party) -> bool:
    return proof.country == who.country and bool(sides(alert, who) & {Side.COORDINATOR, Side.RECEIVER})


def _sees_step(alert: Alert, entry: HistoryEntry, who: Party) -> bool:
    if entry.action not in _OWN or entry.authority_id == who.authority_id:
        return True
    own = sides(alert, who)
    if Side.AUTHOR in own and entry.action is Action.RETURN:
        return True
    return entry.country == who.country and bool(own & {Side.COORDINATOR, Side.RECEIVER})
