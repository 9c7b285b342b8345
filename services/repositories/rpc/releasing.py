"""From the draft to what readers see, and out of their sight again."""

from chassis.server import Call
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain import ending, releasing
from services.repositories.domain.lifecycle import Action
from services.repositories.rpc.commands import Commands, simply


class Releasing(Commands):
    async def SubmitEntry(self, request: pb.SubmitEntryRequest, context: Call) -> pb.SubmitEntryResponse:
        return await self._change(request, Action.SUBMIT, pb.SubmitEntryResponse, simply(releasing.submit))

    async def ReturnEntry(self, request: pb.ReturnEntryRequest, context: Call) -> pb.ReturnEntryResponse:
        returned = simply(lambda entry, definition, by: releasing.return_(entry, definition, request.reason, by))
        return await self._change(request, Action.RETURN, pb.ReturnEntryResponse, returned)

    async def ApproveEntry(self, request: pb.ApproveEntryRequest, context: Call) -> pb.ApproveEntryResponse:
        return await self._change(request, Action.APPROVE, pb.ApproveEntryResponse, simply(releasing.approve))

    async def PublishEntry(self, request: pb.PublishEntryRequest, context: Call) -> pb.PublishEntryResponse:
        return await self._change(request, Action.PUBLISH, pb.PublishEntryResponse, simply(releasing.publish))

    async def WithdrawEntry(self, request: pb.WithdrawEntryRequest, context: Call) -> pb.WithdrawEntryResponse:
        withdrawn = simply(lambda entry, definition, by: ending.withdraw(entry, definition, request.reason, by))
        return await self._change(request, Action.WITHDRAW, pb.WithdrawEntryResponse, withdrawn)

    async def ArchiveEntry(self, request: pb.ArchiveEntryRequest, context: Call) -> pb.ArchiveEntryResponse:
        return await self._change(request, Action.ARCHIVE, pb.ArchiveEntryResponse, simply(ending.archive))
