"""How an exchange ends: closed, withdrawn, or referred to the coordinators first."""

from chassis.aggregates import Kept
from chassis.server import Call
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire
from services.requests.domain import closing, referral
from services.requests.domain.exchange import Evaluation
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.requests import Actor, Request
from services.requests.rpc.commands import Commands, simply, text_of
from vocabulary.refusals import Invalid


class Concluding(Commands):
    async def CloseRequest(self, request: pb.CloseRequestRequest, context: Call) -> pb.CloseRequestResponse:
        evaluation = _evaluation(request)
        return await self._change(
            request,
            pb.CloseRequestResponse,
            simply(lambda before, who: closing.close(before, evaluation, who)),
        )

    async def AcceptRefusal(self, request: pb.AcceptRefusalRequest, context: Call) -> pb.AcceptRefusalResponse:
        evaluation = _evaluation(request)
        return await self._change(
            request,
            pb.AcceptRefusalResponse,
            simply(lambda before, who: closing.accept_refusal(before, evaluation, who)),
        )

    async def WithdrawRequest(self, request: pb.WithdrawRequestRequest, context: Call) -> pb.WithdrawRequestResponse:
        reason = text_of(request, "reason")
        return await self._change(
            request,
            pb.WithdrawRequestResponse,
            simply(lambda before, who: closing.withdraw(before, reason, who)),
        )

    async def ReferRequest(self, request: pb.ReferRequestRequest, context: Call) -> pb.ReferRequestResponse:
        reason = text_of(request, "reason")

        async def refer(before: Kept[Request], who: Actor) -> Request:
            state = before.state
            moved(state, Action.REFER, who, reason)
            ours = await self._coordinators.referral(state.requester_id, state.area, state.requester_country)
            theirs = await self._coordinators.referral(
                state.draft.responder_id, state.area, state.draft.responder_country
            )
            return referral.refer(state, ours, theirs, reason, who)

        return await self._change(request, pb.ReferRequestResponse, refer)

    async def GiveOpinion(self, request: pb.GiveOpinionRequest, context: Call) -> pb.GiveOpinionResponse:
        text = text_of(request, "text")
        if text is None:
            raise Invalid("say what you think of the reply", field="text", reason="MISSING_FIELD")
        return await self._change(
            request,
            pb.GiveOpinionResponse,
            simply(lambda before, who: referral.give_opinion(before, text, who)),
        )

    async def DecideReferral(self, request: pb.DecideReferralRequest, context: Call) -> pb.DecideReferralResponse:
        verdict = wire.VERDICT.from_wire(request.verdict, field="verdict")
        reason = text_of(request, "reason")
        return await self._change(
            request,
            pb.DecideReferralResponse,
            simply(lambda before, who: referral.decide(before, verdict, reason, who)),
        )


def _evaluation(request: pb.CloseRequestRequest | pb.AcceptRefusalRequest) -> Evaluation | None:
    return wire.evaluation_from(request.evaluation, at="evaluation") if request.HasField("evaluation") else None
