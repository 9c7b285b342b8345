"""How clients end an exchange, or have it decided: inputs and mutations, no rules."""

from typing import cast

import strawberry

from gateway.enums import Grade, ProofGround, ReferralVerdict
from gateway.schema.common import Command, FreeTextInput, GatewayInfo, command, free_text
from gateway.schema.requests import Request
from protos.requests.v1 import requests_pb2 as pb


@strawberry.input
class EvaluationInput:
    timeliness: Grade
    effort: Grade


def _evaluation(given: EvaluationInput | None) -> pb.Evaluation | None:
    return pb.Evaluation(timeliness=given.timeliness.value, effort=given.effort.value) if given else None


@strawberry.input
class CloseRequestInput(Command):
    id: strawberry.ID
    evaluation: EvaluationInput | None = strawberry.field(default=None, description="How the exchange went.")


@strawberry.input
class AcceptRefusalInput(Command):
    id: strawberry.ID
    evaluation: EvaluationInput | None = strawberry.field(default=None, description="How the exchange went.")


@strawberry.input
class ReferRequestInput(Command):
    id: strawberry.ID
    reason: FreeTextInput | None = None


@strawberry.input
class GiveOpinionInput(Command):
    id: strawberry.ID
    text: FreeTextInput


@strawberry.input
class DecideReferralInput(Command):
    id: strawberry.ID
    verdict: ReferralVerdict
    reason: FreeTextInput | None = strawberry.field(
        default=None, description="Mandatory where the reply must be improved."
    )


@strawberry.input
class ProveRequestInput(Command):
    id: strawberry.ID
    ground: ProofGround
    reason: FreeTextInput = strawberry.field(description="What has to be proved.")


@strawberry.type
class CloseRequestPayload:
    request: Request


@strawberry.type
class AcceptRefusalPayload:
    request: Request


@strawberry.type
class ReferRequestPayload:
    request: Request


@strawberry.type
class GiveOpinionPayload:
    request: Request


@strawberry.type
class DecideReferralPayload:
    request: Request


@strawberry.type
class ProveRequestPayload:
    request: Request = strawberry.field(description="With what it says.")


@strawberry.type
class RequestConclusionMutations:
    @strawberry.mutation(description="The requester has what it needs: the formal closure.")
    async def close_request(self, info: GatewayInfo, input: CloseRequestInput) -> CloseRequestPayload:
        requests = info.context.backends.requests
        message = pb.CloseRequestRequest(command=command(input), id=input.id, evaluation=_evaluation(input.evaluation))
        return cast("CloseRequestPayload", await requests.call(requests.stub.CloseRequest, message))

    @strawberry.mutation(description="The requester makes do with the reply that it has: the formal closure.")
    async def accept_refusal(self, info: GatewayInfo, input: AcceptRefusalInput) -> AcceptRefusalPayload:
        requests = info.context.backends.requests
        message = pb.AcceptRefusalRequest(command=command(input), id=input.id, evaluation=_evaluation(input.evaluation))
        return cast("AcceptRefusalPayload", await requests.call(requests.stub.AcceptRefusal, message))

    @strawberry.mutation(description="The referral coordinators of both sides are asked.")
    async def refer_request(self, info: GatewayInfo, input: ReferRequestInput) -> ReferRequestPayload:
        requests = info.context.backends.requests
        message = pb.ReferRequestRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("ReferRequestPayload", await requests.call(requests.stub.ReferRequest, message))

    @strawberry.mutation(
        description="What a referral coordinator thinks of the reply. All who take part read it; it names nobody."
    )
    async def give_opinion(self, info: GatewayInfo, input: GiveOpinionInput) -> GiveOpinionPayload:
        requests = info.context.backends.requests
        message = pb.GiveOpinionRequest(command=command(input), id=input.id, text=free_text(input.text))
        return cast("GiveOpinionPayload", await requests.call(requests.stub.GiveOpinion, message))

    @strawberry.mutation(description="By the referral coordinator on the responder's side.")
    async def decide_referral(self, info: GatewayInfo, input: DecideReferralInput) -> DecideReferralPayload:
        requests = info.context.backends.requests
        message = pb.DecideReferralRequest(
            command=command(input), id=input.id, verdict=input.verdict.value, reason=free_text(input.reason)
        )
        return cast("DecideReferralPayload", await requests.call(requests.stub.DecideReferral, message))

    @strawberry.mutation(
        description="Reads what a blocked request says, for one of the two authorities that has to prove that it was exchanged. Each "
        "reading is written down."
    )
    async def prove_request(self, info: GatewayInfo, input: ProveRequestInput) -> ProveRequestPayload:
        requests = info.context.backends.requests
        message = pb.ProveRequestRequest(
            command=command(input), id=input.id, ground=input.ground.value, reason=free_text(input.reason)
        )
        return cast("ProveRequestPayload", await requests.call(requests.stub.ProveRequest, message))
