"""What is written down of alerts: every step after its draft, whom it reached, and a commitment to what the alert said then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chassis.aggregates import Kept
from services.alerts.domain.alerts import Alert, HistoryEntry
from services.alerts.domain.contents import REPLACING
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.receipts.chain import Delivery
from services.alerts.receipts.ledger import Happened, Ledger
from vocabulary.values import Value

# A draft is nobody's but its author's: what was done with it is no part of what others are told.
_DRAFTING = frozenset({Action.CREATE, Action.EDIT, Action.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The event of one step of an alert, the revision that the step led to, and the authorities whose inboxes have it now, each with
    its country.
    """

    event: str
    alert: Kept[Alert]
    revision: int
    recipients: Mapping[str, str] = field(default_factory=dict)


class Recorder:
    """Writes steps into the ledger. Doing it again has no effect, but for whoever was reached since."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def record(self, steps: Sequence[Reached]) -> None:
        """Append *steps*; raises Unavailable while the store is away."""
        written = [one for one in steps if _step(one.alert.state, one.revision).action not in _DRAFTING]
        await self._ledger.append([_happened(one) for one in written])
        for id_ in dict.fromkeys(one.alert.id for one in written if one.alert.state.status is Status.DELETED):
            await self._ledger.forget(id_)


def said(alert: Alert, revision: int) -> tuple[int, Mapping[str, Value] | None]:
    """The number of the version in force after the step that led to *revision*, and its values.

    There are none before the broadcast, while the sender may still change them, and none when they have been erased since.
    """
    taken = [step.action for step in alert.history[:revision]]
    number = 1 + sum(action in REPLACING for action in taken)
    if Action.BROADCAST not in taken or alert.status is Status.DELETED:
        return number, None
    return number, alert.versions[number - 1].values if number <= len(alert.versions) else alert.values


def _happened(one: Reached) -> Happened:
    alert = one.alert.state
    step = _step(alert, one.revision)
    version, values = said(alert, one.revision)
    return Happened(
        alert_id=one.alert.id,
        type_id=alert.type_id,
        event=one.event,
        revision=one.revision,
        what=step.action,
        authority=step.authority_id,
        country=step.country,
        at=step.at,
        version=version,
        values=values,
        deliveries=tuple(Delivery(authority=id_, country=country) for id_, country in one.recipients.items()),
    )


def _step(alert: Alert, revision: int) -> HistoryEntry:
    """Each revision is one step."""
    return alert.history[revision - 1]
