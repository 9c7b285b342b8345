"""How many requests of an authority are open: the directory asks before it deregisters one."""

from chassis.aggregates import Aggregates
from chassis.caller import require_service
from chassis.server import Call
from engines.documents import AnyOf
from protos.requests.v1 import counting_pb2 as pb
from protos.requests.v1.counting_pb2_grpc import CountingServiceServicer
from services.requests.domain.lifecycle import OPEN
from services.requests.domain.requests import Request
from services.requests.storage import deciding, received, sent

COUNTED_MAX = 1_000


class CountingRpc(CountingServiceServicer):
    def __init__(self, requests: Aggregates[Request]) -> None:
        self._requests = requests

    async def CountOpenExchanges(
        self, request: pb.CountOpenExchangesRequest, context: Call
    ) -> pb.CountOpenExchangesResponse:
        """A draft is no exchange yet; what waits for an approval before it is sent is one of its author's.

        What waits for the authority's own approval or decision is one of its, too: without it, that would wait for ever.
        """
        require_service("directory")
        its = AnyOf([sent(request.authority_id), received(request.authority_id), deciding(request.authority_id)])
        found = await self._requests.count({"lists": its, "status": AnyOf(sorted(OPEN))}, at_most=COUNTED_MAX)
        return pb.CountOpenExchangesResponse(open=found)
