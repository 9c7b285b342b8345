"""Drafts: made, changed, deleted, sent, approved or returned."""

from chassis.aggregates import CommandKey, Kept
from chassis.caller import Caller, current_person
from chassis.server import Call
from chassis.uploads.keeping import chosen
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire
from services.requests.domain import drafting as rules
from services.requests.domain import terms
from services.requests.domain.exchange import Partner
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.questions import QuestionSet
from services.requests.domain.requests import Actor, Draft, Request
from services.requests.limits import area_limits
from services.requests.readers import actor
from services.requests.rpc.commands import Commands, shown, simply, text_of
from vocabulary import ids
from vocabulary.refusals import Invalid


class Drafting(Commands):
    async def CreateRequest(self, request: pb.CreateRequestRequest, context: Call) -> pb.CreateRequestResponse:
        return await self.created(request, current_person())

    async def created(self, request: pb.CreateRequestRequest, caller: Caller) -> pb.CreateRequestResponse:
        """The draft that *request* describes, stored; or the first answer, if the same command has made it before."""
        command = CommandKey.of(request, caller)

        def answered(kept: Kept[Request]) -> pb.CreateRequestResponse:
            return pb.CreateRequestResponse(request=shown(kept, caller))

        # Before anything is looked up that may have changed since.
        made = await self._requests.answered(command.new_id(ids.REQUEST), command, pb.CreateRequestResponse)
        if made is not None:
            return await self._again(made, answered, caller)
        id_, new = await self.drafted(request, caller)
        return await self._requests.create(
            id_,
            command,
            new,
            [wire.changed(id_, 1, None, new)],
            answered,
        )

    async def drafted(self, request: pb.CreateRequestRequest, caller: Caller) -> tuple[str, Request]:
        """The id and the draft that *request* would make; raises what keeps it from being made."""
        id_ = CommandKey.of(request, caller).new_id(ids.REQUEST)
        questions = await self._set(request.draft)
        draft = await self._draft(request.draft, questions, caller)
        now = self._now()
        settings = await self._coordinators.own(caller.authority_id, questions.area)
        number = ids.number("RQ", now.year, id_)
        new = rules.create(number, questions, draft, settings, actor(caller, questions.area, now))
        return id_, terms.checked(new, area_limits(questions.area))

    async def EditRequest(self, request: pb.EditRequestRequest, context: Call) -> pb.EditRequestResponse:
        # While deciding: a command that is repeated has its answer, whatever has become of its responder and files.
        async def edit(before: Kept[Request], who: Actor) -> Request:
            questions = await self._set(request.draft)
            draft = await self._draft(request.draft, questions, current_person())
            return terms.checked(rules.edit(before.state, questions, draft, who), area_limits(before.state.area))

        return await self._change(request, pb.EditRequestResponse, edit)

    async def DeleteDraft(self, request: pb.DeleteDraftRequest, context: Call) -> pb.DeleteDraftResponse:
        return await self._change(request, pb.DeleteDraftResponse, simply(rules.delete), forget=True)

    async def SendRequest(self, request: pb.SendRequestRequest, context: Call) -> pb.SendRequestResponse:
        async def send(before: Kept[Request], who: Actor) -> Request:
            state = before.state
            moved(state, Action.SEND, who)
            # It may have been suspended since the draft was written: then it takes on nothing new.
            responder_id = state.draft.responder_id
            responder = await self._responder(responder_id, state.area) if responder_id else None
            own = await self._coordinators.own(state.requester_id, state.area)
            return terms.started(rules.send(state, own, responder, who), area_limits(state.area), responder)

        return await self._change(request, pb.SendRequestResponse, send)

    async def ApproveRequest(self, request: pb.ApproveRequestRequest, context: Call) -> pb.ApproveRequestResponse:
        async def approve(before: Kept[Request], who: Actor) -> Request:
            after = rules.approve(before.state, who)
            if after.draft.responder_id and before.state.sent_at is None:
                # Whoever has been suspended meanwhile begins nothing new.
                await self._coordinators.partner(after.requester_id, after.area, at="id")
                responder = await self._responder(after.draft.responder_id, after.area)
                after = terms.started(after, area_limits(after.area), responder)
            return after

        return await self._change(request, pb.ApproveRequestResponse, approve)

    async def ReturnRequest(self, request: pb.ReturnRequestRequest, context: Call) -> pb.ReturnRequestResponse:
        reason = text_of(request, "reason")
        return await self._change(
            request,
            pb.ReturnRequestResponse,
            simply(lambda before, who: rules.return_(before, reason, who)),
        )

    async def _set(self, draft: pb.RequestDraft) -> QuestionSet:
        await self._question_sets.ensure([draft.question_set_id])
        questions = self._question_sets.get(draft.question_set_id)
        if questions is None:
            known = ", ".join(self._question_sets)
            raise Invalid(
                f"there is no question set {draft.question_set_id!r}; there is {known}",
                field="draft.questionSetId",
                reason="UNKNOWN_QUESTION_SET",
            )
        return questions

    async def _draft(self, draft: pb.RequestDraft, questions: QuestionSet, caller: Caller) -> Draft:
        responder = await self._responder(draft.responder_id, questions.area) if draft.responder_id else None
        wanted = wire.files_named(draft.questions, at="draft.questions", besides=draft.file_ids)
        country = responder.country if responder else ""
        return wire.draft_from(draft, country, chosen(await self._attachments.found(wanted, caller)))

    async def _responder(self, id_: str, area: str) -> Partner:
        return await self._coordinators.partner(id_, area, at="draft.responderId")
