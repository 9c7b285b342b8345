"""Related alerts, for whoever writes or approves one: as far as they may know of each other."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from chassis.aggregates import Aggregates, Kept
from chassis.caller import Caller, current_person
from chassis.server import Call
from chassis.wire import batch
from protos.alerts.v1 import related_pb2 as pb
from protos.alerts.v1.related_pb2_grpc import RelatedAlertsServiceServicer
from services.alerts.domain.alerts import Alert, sides
from services.alerts.domain.lifecycle import Side
from services.alerts.domain.retention import disclosed
from services.alerts.domain.views import View, view
from services.alerts.hints.index import READ_BATCH, RelatedAlerts
from services.alerts.readers import party

SHOWN_LIMIT = 20
LOOKED_AT_ONCE = 16
# Who is told: those who decide what is sent. Whoever receives an alert has the sender's word for whom it is about.
TOLD = frozenset({Side.AUTHOR, Side.COORDINATOR})


class RelatedAlertsRpc(RelatedAlertsServiceServicer):
    def __init__(
        self,
        alerts: Aggregates[Alert],
        related: RelatedAlerts,
        now: Callable[[], datetime],
    ) -> None:
        self._alerts = alerts
        self._related = related
        self._now = now

    async def BatchGetRelatedAlerts(
        self, request: pb.BatchGetRelatedAlertsRequest, context: Call
    ) -> pb.BatchGetRelatedAlertsResponse:
        caller = current_person()
        found = await self._alerts.get_many(batch(request.ids))
        told = [kept for kept in found if self._sees_all(kept, caller) and self._decides(kept, caller)]
        free = asyncio.Semaphore(LOOKED_AT_ONCE)

        async def candidates(kept: Kept[Alert]) -> list[str]:
            async with free:
                return await self._related.of(kept)

        about = dict(zip((kept.id for kept in told), await asyncio.gather(*map(candidates, told)), strict=True))
        known = await self._known(list({id_: None for ids in about.values() for id_ in ids}), caller)
        return pb.BatchGetRelatedAlertsResponse(
            related=[pb.RelatedAlerts(id=id_, alert_ids=_shown(ids, known)) for id_, ids in about.items()]
        )

    async def _known(self, ids: Sequence[str], caller: Caller) -> dict[str, datetime]:
        """Those of *ids* that *caller* sees whole, with when they changed. Of others nothing is said, nor that there are any.

        Many alerts may be about one subject: each of the others is read once, and few are held at a time.
        """
        known: dict[str, datetime] = {}
        for start in range(0, len(ids), READ_BATCH):
            found = await self._alerts.get_many(ids[start : start + READ_BATCH])
            # What says nothing any more is about nobody, though its hashes go only when its event comes.
            says = [one for one in found if disclosed(one.state).values]
            known |= {one.id: one.state.changed_at for one in says if self._sees_all(one, caller)}
        return known

    def _sees_all(self, kept: Kept[Alert], caller: Caller) -> bool:
        """Whoever sees an alert without data of natural persons is not told by them that it is about the same one."""
        return view(kept.state, party(caller, kept.state.area, self._now())) is View.FULL

    def _decides(self, kept: Kept[Alert], caller: Caller) -> bool:
        return bool(TOLD & sides(kept.state, party(caller, kept.state.area, self._now())))


def _shown(ids: Sequence[str], known: Mapping[str, datetime]) -> list[str]:
    seen = sorted(((known[id_], id_) for id_ in ids if id_ in known), reverse=True)
    return [id_ for _, id_ in seen[:SHOWN_LIMIT]]
