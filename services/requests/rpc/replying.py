"""Answers: saved, released in part, sent as the reply; and what is asked and given after it."""

from collections.abc import Sequence

from chassis.aggregates import Kept
from chassis.caller import current_person
from chassis.server import Call
from chassis.uploads.keeping import chosen
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire
from services.requests.domain import replying as rules
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.questions import Answer
from services.requests.domain.requests import Actor, Request
from services.requests.rpc.commands import Commands, simply, text_of


class Replying(Commands):
    async def SaveAnswers(self, request: pb.SaveAnswersRequest, context: Call) -> pb.SaveAnswersResponse:
        given = await self._given(request.answers)
        removed = request.removed_question_codes
        return await self._change(
            request,
            pb.SaveAnswersResponse,
            simply(lambda before, who: rules.save(before, self._questions_of(before), given, removed, who)),
        )

    async def ReleaseAnswers(self, request: pb.ReleaseAnswersRequest, context: Call) -> pb.ReleaseAnswersResponse:
        given = await self._given(request.answers)

        async def release(before: Kept[Request], who: Actor) -> Request:
            state = before.state
            moved(state, Action.RELEASE, who)
            own = await self._coordinators.own(who.authority_id, state.area)
            return rules.release(state, self._questions_of(state), given, request.question_codes, own, who)

        return await self._change(request, pb.ReleaseAnswersResponse, release)

    async def AnswerRequest(self, request: pb.AnswerRequestRequest, context: Call) -> pb.AnswerRequestResponse:
        given = await self._given(request.answers)

        async def answer(before: Kept[Request], who: Actor) -> Request:
            state = before.state
            moved(state, Action.ANSWER, who)
            own = await self._coordinators.own(who.authority_id, state.area)
            return rules.answer(state, self._questions_of(state), given, own, who)

        return await self._change(request, pb.AnswerRequestResponse, answer)

    async def RequestMoreInformation(
        self, request: pb.RequestMoreInformationRequest, context: Call
    ) -> pb.RequestMoreInformationResponse:
        wanted = [id_ for question in request.questions for id_ in question.file_ids]
        files = chosen(await self._attachments.found(wanted, current_person()))
        asked = [wire.asked_from(one, files, at=f"questions[{index}]") for index, one in enumerate(request.questions)]
        text = text_of(request, "text")
        return await self._change(
            request,
            pb.RequestMoreInformationResponse,
            simply(lambda before, who: rules.request_more(before, self._questions_of(before), asked, text, who)),
        )

    async def GiveMoreInformation(
        self, request: pb.GiveMoreInformationRequest, context: Call
    ) -> pb.GiveMoreInformationResponse:
        given = await self._given(request.answers)
        text = text_of(request, "text")
        return await self._change(
            request,
            pb.GiveMoreInformationResponse,
            simply(lambda before, who: rules.give_more(before, self._questions_of(before), given, text, who)),
        )

    async def RefuseMoreInformation(
        self, request: pb.RefuseMoreInformationRequest, context: Call
    ) -> pb.RefuseMoreInformationResponse:
        reason = text_of(request, "reason")
        return await self._change(
            request,
            pb.RefuseMoreInformationResponse,
            simply(lambda before, who: rules.refuse_more(before, reason, who)),
        )

    async def _given(self, answers: Sequence[pb.AnswerDraft]) -> list[Answer]:
        wanted = [id_ for one in answers for id_ in (*one.file_ids, *one.value.files.codes)]
        files = chosen(await self._attachments.found(wanted, current_person()))
        return [wire.answer_from(one, files, at=f"answers[{index}]") for index, one in enumerate(answers)]
