"""Access to modules as clients see it: what they send, and nothing of the rules."""

from typing import cast

import strawberry
from strawberry.types.unset import UnsetType

from gateway.enums import LegislativeRole, WorkflowRole
from gateway.readings import attr
from gateway.schema.common import Command, GatewayInfo, command
from gateway.schema.directory import Authority
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import registration_pb2 as pb

NO_ROLE = directory_pb2.LEGISLATIVE_ROLE_UNSPECIFIED


@strawberry.input
class RequestAccessInput(Command):
    id: strawberry.ID
    module: str
    legislative_role: LegislativeRole
    workflow_roles: list[WorkflowRole]
    access_coordinator_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Who is to decide. If absent: the validating coordinator where the area is its own, else the national one.",
    )


@strawberry.type
class RequestAccessPayload:
    authority: Authority = attr("authority")


@strawberry.input
class GrantAccessInput(Command):
    id: strawberry.ID
    module: str


@strawberry.type
class GrantAccessPayload:
    authority: Authority = attr("authority")


@strawberry.input
class RefuseAccessInput(Command):
    id: strawberry.ID
    module: str
    reason: str


@strawberry.type
class RefuseAccessPayload:
    authority: Authority = attr("authority")


@strawberry.input
class WithdrawAccessInput(Command):
    id: strawberry.ID
    module: str
    reason: str


@strawberry.type
class WithdrawAccessPayload:
    authority: Authority = attr("authority")


@strawberry.input(description="What to change; what is absent stays, and a coordinator that is null is none.")
class ChangeAccessInput(Command):
    id: strawberry.ID
    module: str
    legislative_role: LegislativeRole | None = None
    workflow_roles: list[WorkflowRole] | None = None
    access_coordinator_id: strawberry.ID | None = None
    approval_coordinator_id: strawberry.ID | None = strawberry.UNSET
    referral_coordinator_id: strawberry.ID | None = strawberry.UNSET
    approve_outgoing: bool | None = None
    approve_reply: bool | None = None
    allocation: bool | None = None


@strawberry.type
class ChangeAccessPayload:
    authority: Authority = attr("authority")


def _link(given: strawberry.ID | UnsetType | None) -> str | None:
    return None if isinstance(given, UnsetType) else given or ""


@strawberry.type
class AccessMutations:
    @strawberry.mutation(description="A local data administrator asks for a part in a module.")
    async def request_access(self, info: GatewayInfo, input: RequestAccessInput) -> RequestAccessPayload:
        access = info.context.backends.access
        request = pb.RequestAccessRequest(
            command=command(input),
            id=input.id,
            module=input.module,
            legislative_role=input.legislative_role.value,
            workflow_roles=[role.value for role in input.workflow_roles],
            access_coordinator_id=input.access_coordinator_id or "",
        )
        return cast("RequestAccessPayload", await access.call(access.stub.RequestAccess, request))

    @strawberry.mutation(description="The access coordinator changes an authority's part in a module.")
    async def change_access(self, info: GatewayInfo, input: ChangeAccessInput) -> ChangeAccessPayload:
        access = info.context.backends.access
        request = pb.ChangeAccessRequest(
            command=command(input),
            id=input.id,
            module=input.module,
            legislative_role=input.legislative_role.value if input.legislative_role else NO_ROLE,
            workflow_roles=[role.value for role in input.workflow_roles or ()],
            access_coordinator_id=input.access_coordinator_id,
            approval_coordinator_id=_link(input.approval_coordinator_id),
            referral_coordinator_id=_link(input.referral_coordinator_id),
            approve_outgoing=input.approve_outgoing,
            approve_reply=input.approve_reply,
            allocation=input.allocation,
            no_workflow_roles=input.workflow_roles == [],
        )
        return cast("ChangeAccessPayload", await access.call(access.stub.ChangeAccess, request))

    @strawberry.mutation(
        description="The access coordinator gives an authority the part in a module that it has asked for."
    )
    async def grant_access(self, info: GatewayInfo, input: GrantAccessInput) -> GrantAccessPayload:
        access = info.context.backends.access
        request = pb.GrantAccessRequest(command=command(input), id=input.id, module=input.module)
        return cast("GrantAccessPayload", await access.call(access.stub.GrantAccess, request))

    @strawberry.mutation(description="The access coordinator refuses it.")
    async def refuse_access(self, info: GatewayInfo, input: RefuseAccessInput) -> RefuseAccessPayload:
        access = info.context.backends.access
        request = pb.RefuseAccessRequest(command=command(input), id=input.id, module=input.module, reason=input.reason)
        return cast("RefuseAccessPayload", await access.call(access.stub.RefuseAccess, request))

    @strawberry.mutation(description="The access coordinator ends an authority's part in a module.")
    async def withdraw_access(self, info: GatewayInfo, input: WithdrawAccessInput) -> WithdrawAccessPayload:
        access = info.context.backends.access
        request = pb.WithdrawAccessRequest(
            command=command(input), id=input.id, module=input.module, reason=input.reason
        )
        return cast("WithdrawAccessPayload", await access.call(access.stub.WithdrawAccess, request))
