"""AccessService: an authority's parts in modules."""

from collections.abc import Iterable, Mapping

from chassis.server import Call
from protos.directory.v1 import registration_pb2 as pb
from protos.directory.v1.registration_pb2_grpc import AccessServiceServicer
from services.directory import wire_inside
from services.directory.domain import granting
from services.directory.domain.authorities import Authority
from services.directory.domain.granting import LINKS, Setting
from services.directory.domain.history import Command
from services.directory.rpc.changing import Acting, Changing


class AccessRpc(AccessServiceServicer):
    def __init__(self, changing: Changing) -> None:
        self._changing = changing

    async def RequestAccess(self, request: pb.RequestAccessRequest, context: Call) -> pb.RequestAccessResponse:
        part = wire_inside.asked_access(request)
        self._changing.reference.require_module(part.module, field="module")

        async def requested(acting: Acting) -> Authority:
            before = acting.before.state
            linked = await self._linked([part.access_coordinator, before.validating_coordinator])
            return granting.requested(before, part, _setting(acting), linked)

        return await self._changing.change(
            request,
            Command.REQUEST_ACCESS,
            requested,
            lambda authority: pb.RequestAccessResponse(authority=authority),
            pb.RequestAccessResponse,
        )

    async def GrantAccess(self, request: pb.GrantAccessRequest, context: Call) -> pb.GrantAccessResponse:
        async def granted(acting: Acting) -> Authority:
            return granting.granted(acting.before.state, request.module, _setting(acting))

        return await self._changing.change(
            request,
            Command.GRANT_ACCESS,
            granted,
            lambda authority: pb.GrantAccessResponse(authority=authority),
            pb.GrantAccessResponse,
            of_module=request.module,
            post="module",
        )

    async def RefuseAccess(self, request: pb.RefuseAccessRequest, context: Call) -> pb.RefuseAccessResponse:
        async def refused(acting: Acting) -> Authority:
            return granting.refused(acting.before.state, request.module, _setting(acting), request.reason)

        return await self._changing.change(
            request,
            Command.REFUSE_ACCESS,
            refused,
            lambda authority: pb.RefuseAccessResponse(authority=authority),
            pb.RefuseAccessResponse,
            of_module=request.module,
        )

    async def ChangeAccess(self, request: pb.ChangeAccessRequest, context: Call) -> pb.ChangeAccessResponse:
        async def changed(acting: Acting) -> Authority:
            before = acting.before.state
            part = before.part(request.module)
            after = wire_inside.changed_access(part, request) if part else None
            linked = await self._linked(getattr(after, name) for name in LINKS) if after else {}
            return granting.changed(before, request.module, after, _setting(acting), linked)

        return await self._changing.change(
            request,
            Command.CHANGE_ACCESS,
            changed,
            lambda authority: pb.ChangeAccessResponse(authority=authority),
            pb.ChangeAccessResponse,
            of_module=request.module,
            post="legislativeRole",
        )

    async def WithdrawAccess(self, request: pb.WithdrawAccessRequest, context: Call) -> pb.WithdrawAccessResponse:
        async def withdrawn(acting: Acting) -> Authority:
            return granting.withdrawn(acting.before.state, request.module, _setting(acting), request.reason)

        return await self._changing.change(
            request,
            Command.WITHDRAW_ACCESS,
            withdrawn,
            lambda authority: pb.WithdrawAccessResponse(authority=authority),
            pb.WithdrawAccessResponse,
            of_module=request.module,
        )

    async def _linked(self, ids: Iterable[str]) -> Mapping[str, Authority | None]:
        """The authorities that are named as coordinators, as they are now."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if id_]
        return {kept.id: kept.state for kept in await self._changing.authorities.get_many(wanted)}


def _setting(acting: Acting) -> Setting:
    return Setting(id=acting.before.id, by=acting.by, of=acting.of, territories=acting.territories)
