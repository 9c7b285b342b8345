"""A request at its responder's: accepted, dated, forwarded, split, assigned."""

from chassis.aggregates import CommandKey, Kept
from chassis.caller import current_person
from chassis.server import Call
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain import allocation, dates, forwarding
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.requests import Actor, Request
from services.requests.rpc.commands import Commands, simply, text_of
from vocabulary import ids
from vocabulary.values import iso_date


class Handling(Commands):
    async def AcceptRequest(self, request: pb.AcceptRequestRequest, context: Call) -> pb.AcceptRequestResponse:
        proposed = iso_date(request.proposed_date, at="proposedDate") if request.proposed_date else None
        return await self._change(
            request,
            pb.AcceptRequestResponse,
            simply(lambda before, who: dates.accept(before, proposed, who)),
        )

    async def AcceptProposedDate(
        self, request: pb.AcceptProposedDateRequest, context: Call
    ) -> pb.AcceptProposedDateResponse:
        return await self._change(request, pb.AcceptProposedDateResponse, simply(dates.accept_proposed))

    async def RefuseProposedDate(
        self, request: pb.RefuseProposedDateRequest, context: Call
    ) -> pb.RefuseProposedDateResponse:
        reason = text_of(request, "reason")
        return await self._change(
            request,
            pb.RefuseProposedDateResponse,
            simply(lambda before, who: dates.refuse_proposed(before, reason, who)),
        )

    async def ForwardRequest(self, request: pb.ForwardRequestRequest, context: Call) -> pb.ForwardRequestResponse:
        reason = text_of(request, "reason")

        async def forward(before: Kept[Request], who: Actor) -> Request:
            moved(before.state, Action.FORWARD, who, reason)
            to = await self._coordinators.partner(request.responder_id, before.state.area, at="responderId")
            return forwarding.forward(before.state, to, reason, who)

        return await self._change(request, pb.ForwardRequestResponse, forward)

    async def SplitRequest(self, request: pb.SplitRequestRequest, context: Call) -> pb.SplitRequestResponse:
        reason = text_of(request, "reason")
        # Of this request: the same key may have split another one.
        child_id = ids.derived(ids.REQUEST, CommandKey.of(request, current_person()).key, request.id)

        async def split(before: Kept[Request], who: Actor) -> Request:
            state = before.state
            moved(state, Action.SPLIT, who, reason)
            to = await self._coordinators.partner(request.responder_id, state.area, at="responderId")
            number = ids.number("RQ", who.now.year, child_id)
            return forwarding.split(
                before.id,
                state,
                self._questions_of(state),
                request.question_codes,
                to,
                (child_id, number),
                reason,
                who,
            )

        return await self._change(request, pb.SplitRequestResponse, split)

    async def AssignRequest(self, request: pb.AssignRequestRequest, context: Call) -> pb.AssignRequestResponse:
        async def assign(before: Kept[Request], who: Actor) -> Request:
            after = allocation.assign(before.state, request.user_ids, who)
            await self._coordinators.check_handlers(request.user_ids, who.authority_id, after.area)
            return after

        return await self._change(request, pb.AssignRequestResponse, assign)
