"""What happens to alerts by itself; see `chassis.duties`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, Kept
from chassis.duties import Duties, command_of
from chassis.timers import Timer, Timers
from protos.alerts.v1 import events_pb2
from services.alerts import wire
from services.alerts.domain import duties
from services.alerts.domain.alerts import Alert
from services.alerts.domain.lifecycle import Action
from services.alerts.domain.types import AlertType


class Timing(Duties[Alert, events_pb2.AlertChanged]):
    """Escalates, closes, expires, blocks and erases alerts when it is time."""

    def __init__(
        self,
        alerts: Aggregates[Alert],
        types: Mapping[str, AlertType],
        timers: Timers,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(alerts, timers, duties.BY_ITSELF, events_pb2.AlertChanged, lambda told: told.alert_id)
        self._alerts = alerts
        self._types = types
        self._now = now

    def due(self, state: Alert) -> Mapping[Action, datetime]:
        return duties.due(state, self._types[state.type_id])

    async def act(self, kept: Kept[Alert], timer: Timer) -> None:
        action, kind = Action(timer.kind), self._types[kept.state.type_id]
        duties.require_due(kept.state, kind, action, self._now())

        async def decided(before: Kept[Alert]) -> tuple[Alert, Sequence[Message]]:
            after = duties.done(before.state, kind, action, self._now())
            return after, [wire.changed(before.id, before.revision + 1, before.state, after)]

        await self._alerts.change(
            kept.id,
            command_of(timer),
            decided,
            lambda after: events_pb2.AlertChanged(alert_id=after.id, revision=after.revision),
            events_pb2.AlertChanged,
            # The answers to earlier commands say what the alert said.
            forget=action in duties.HIDING,
        )
