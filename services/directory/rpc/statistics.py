"""StatisticsService: numbers of the directory, for those whom they concern."""

from collections.abc import Callable
from datetime import datetime

from chassis.aggregates import Aggregates
from chassis.caller import current_person
from chassis.server import Call
from protos.directory.v1 import statistics_pb2 as pb
from protos.directory.v1.statistics_pb2_grpc import StatisticsServiceServicer
from services.directory import wire_people
from services.directory.domain import statistics
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from services.directory.tallies import Tallies
from vocabulary import countries


class StatisticsRpc(StatisticsServiceServicer):
    def __init__(
        self, reference: Reference, authorities: Aggregates[Authority], tallies: Tallies, now: Callable[[], datetime]
    ) -> None:
        self._reference = reference
        self._authorities = authorities
        self._tallies = tallies
        self._now = now

    async def GetDirectoryStatistics(
        self, request: pb.GetDirectoryStatisticsRequest, context: Call
    ) -> pb.GetDirectoryStatisticsResponse:
        scope = statistics.scope(await person(current_person(), self._authorities))
        if request.country and request.country != countries.UNION:
            countries.require(request.country, field="country")
        if request.area:
            self._reference.require_area(request.area, field="area")
        scope = statistics.narrowed(scope, request.country, request.area)
        found = await self._tallies.count(scope, self._now())
        return pb.GetDirectoryStatisticsResponse(statistics=wire_people.statistics(found))
