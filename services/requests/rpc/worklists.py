"""WorkListsService: how much is on each work list."""

from chassis.caller import current_person
from chassis.server import Call
from protos.requests.v1 import worklists_pb2 as pb
from protos.requests.v1.worklists_pb2_grpc import WorkListsServiceServicer
from services.requests.lists import Lists


class WorkListsRpc(WorkListsServiceServicer):
    def __init__(self, lists: Lists) -> None:
        self._lists = lists

    async def CountRequests(self, request: pb.CountRequestsRequest, context: Call) -> pb.CountRequestsResponse:
        found = await self._lists.counts(request.filter, current_person())
        return pb.CountRequestsResponse(counts=[pb.ListCount(list=one, count=number) for one, number in found.items()])
