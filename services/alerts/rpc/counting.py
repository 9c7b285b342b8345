"""How many alerts of an authority are open: the directory asks before it deregisters one."""

from collections.abc import Mapping

from chassis.aggregates import Aggregates
from chassis.caller import require_service
from chassis.server import Call
from engines.documents import AnyOf
from protos.alerts.v1 import counting_pb2 as pb
from protos.alerts.v1.counting_pb2_grpc import CountingServiceServicer
from services.alerts.domain.alerts import Alert
from services.alerts.domain.lifecycle import OPEN
from services.alerts.domain.types import AlertType
from services.alerts.storage import written_by

COUNTED_MAX = 1_000


class CountingRpc(CountingServiceServicer):
    def __init__(self, types: Mapping[str, AlertType], alerts: Aggregates[Alert]) -> None:
        self._areas = sorted({kind.area for kind in types.values()})
        self._alerts = alerts

    async def CountOpenExchanges(
        self, request: pb.CountOpenExchangesRequest, context: Call
    ) -> pb.CountOpenExchangesResponse:
        """Those it has written. What it was told of is its country's to deal with, and goes on without it."""
        require_service("directory")
        its = AnyOf([written_by(request.authority_id, area) for area in self._areas])
        found = await self._alerts.count({"readers": its, "status": AnyOf(sorted(OPEN))}, at_most=COUNTED_MAX)
        return pb.CountOpenExchangesResponse(open=found)
