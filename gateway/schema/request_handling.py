"""What clients can do to requests that are at their responder: inputs and mutations, no rules."""

from datetime import date
from typing import cast

import strawberry

from gateway.schema.common import Command, FreeTextInput, GatewayInfo, command, free_text
from gateway.schema.requests import Request
from protos.requests.v1 import requests_pb2 as pb


@strawberry.input
class AcceptRequestInput(Command):
    id: strawberry.ID
    proposed_date: date | None = strawberry.field(
        default=None,
        description="Another day than the one that is wished for; it is agreed once the requester accepts it.",
    )


@strawberry.input
class AcceptProposedDateInput(Command):
    id: strawberry.ID


@strawberry.input
class RefuseProposedDateInput(Command):
    id: strawberry.ID
    reason: FreeTextInput | None = None


@strawberry.input
class ForwardRequestInput(Command):
    id: strawberry.ID
    responder_id: strawberry.ID
    reason: FreeTextInput | None = strawberry.field(
        default=None, description="Mandatory. Everybody who takes part reads it."
    )


@strawberry.input
class SplitRequestInput(Command):
    id: strawberry.ID
    question_codes: list[str] = strawberry.field(description="Those that are moved: some of them, not all.")
    responder_id: strawberry.ID
    reason: FreeTextInput | None = None


@strawberry.input
class AssignRequestInput(Command):
    id: strawberry.ID
    user_ids: list[strawberry.ID] = strawberry.field(description="Who works on it from now on, in the place of others.")


@strawberry.input
class WithdrawRequestInput(Command):
    id: strawberry.ID
    reason: FreeTextInput | None = strawberry.field(
        default=None, description="Mandatory once the responder has accepted."
    )


@strawberry.type
class AcceptRequestPayload:
    request: Request


@strawberry.type
class AcceptProposedDatePayload:
    request: Request


@strawberry.type
class RefuseProposedDatePayload:
    request: Request


@strawberry.type
class ForwardRequestPayload:
    request: Request


@strawberry.type
class SplitRequestPayload:
    request: Request


@strawberry.type
class AssignRequestPayload:
    request: Request


@strawberry.type
class WithdrawRequestPayload:
    request: Request


@strawberry.type
class RequestHandlingMutations:
    @strawberry.mutation(description="The responder takes it on, and sees from now on whom it is about.")
    async def accept_request(self, info: GatewayInfo, input: AcceptRequestInput) -> AcceptRequestPayload:
        requests = info.context.backends.requests
        message = pb.AcceptRequestRequest(
            command=command(input),
            id=input.id,
            proposed_date=input.proposed_date.isoformat() if input.proposed_date else "",
        )
        return cast("AcceptRequestPayload", await requests.call(requests.stub.AcceptRequest, message))

    @strawberry.mutation(description="The day that the responder proposed is agreed.")
    async def accept_proposed_date(
        self, info: GatewayInfo, input: AcceptProposedDateInput
    ) -> AcceptProposedDatePayload:
        requests = info.context.backends.requests
        message = pb.AcceptProposedDateRequest(command=command(input), id=input.id)
        return cast("AcceptProposedDatePayload", await requests.call(requests.stub.AcceptProposedDate, message))

    @strawberry.mutation(description="No day is agreed; the one that was wished for stays wished for.")
    async def refuse_proposed_date(
        self, info: GatewayInfo, input: RefuseProposedDateInput
    ) -> RefuseProposedDatePayload:
        requests = info.context.backends.requests
        message = pb.RefuseProposedDateRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("RefuseProposedDatePayload", await requests.call(requests.stub.RefuseProposedDate, message))

    @strawberry.mutation(
        description="The whole request goes to another authority of the same country, which accepts it before it sees the subject."
    )
    async def forward_request(self, info: GatewayInfo, input: ForwardRequestInput) -> ForwardRequestPayload:
        requests = info.context.backends.requests
        message = pb.ForwardRequestRequest(
            command=command(input), id=input.id, responder_id=input.responder_id, reason=free_text(input.reason)
        )
        return cast("ForwardRequestPayload", await requests.call(requests.stub.ForwardRequest, message))

    @strawberry.mutation(
        description="Some questions become a request of their own to another authority; the request keeps the others."
    )
    async def split_request(self, info: GatewayInfo, input: SplitRequestInput) -> SplitRequestPayload:
        requests = info.context.backends.requests
        message = pb.SplitRequestRequest(
            command=command(input),
            id=input.id,
            question_codes=input.question_codes,
            responder_id=input.responder_id,
            reason=free_text(input.reason),
        )
        return cast("SplitRequestPayload", await requests.call(requests.stub.SplitRequest, message))

    @strawberry.mutation(description="By an allocator or a supervisor, to people of their own authority.")
    async def assign_request(self, info: GatewayInfo, input: AssignRequestInput) -> AssignRequestPayload:
        requests = info.context.backends.requests
        message = pb.AssignRequestRequest(command=command(input), id=input.id, user_ids=input.user_ids)
        return cast("AssignRequestPayload", await requests.call(requests.stub.AssignRequest, message))

    @strawberry.mutation(description="The requester needs it no more: it ends, and its history is kept.")
    async def withdraw_request(self, info: GatewayInfo, input: WithdrawRequestInput) -> WithdrawRequestPayload:
        requests = info.context.backends.requests
        message = pb.WithdrawRequestRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("WithdrawRequestPayload", await requests.call(requests.stub.WithdrawRequest, message))
