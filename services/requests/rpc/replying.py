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
        async def save(before: Kept[Request], who: Actor) -> Request:
            given = await self._given(request.answers)
            return rules.save(
                before.state, self._questions_of(before.state), given, request.removed_question_codes, who
            )

        return await self._change(request, pb.SaveAnswersResponse, save)

    async def ReleaseAnswers(self, request: pb.ReleaseAnswersRequest, context: Call) -> pb.ReleaseAnswersResponse:
        async def release(before: Kept[Request], who: Actor) -> Request:
            state = before.state
            moved(state, Action.RELEASE, who)
            given = await self._given(request.answers)
            own = await self._coordinators.own(who.authority_id, state.area)
            return rules.release(state, self._questions_of(state), given, request.question_codes, own, who)

        return await self._change(request, pb.ReleaseAnswersResponse, release)

    async def AnswerRequest(self, request: pb.AnswerRequestRequest, context: Call) -> pb.AnswerRequestResponse:
        async def answer(before: Kept[Request], who: Actor) -> Request:
            state = before.state
            moved(state, Action.ANSWER, who)
            given = await self._given(request.answers)
            own = await self._coordinators.own(who.authority_id, state.area)
            return rules.answer(state, self._questions_of(state), given, own, who)

        return await self._change(request, pb.AnswerRequestResponse, answer)

    async def RequestMoreInformation(
        self, request: pb.RequestMoreInformationRequest, context: Call
    ) -> pb.RequestMoreInformationResponse:
        text = text_of(request, "text")

        async def request_more(before: Kept[Request], who: Actor) -> Request:
            wanted = wire.files_named(request.questions, at="questions")
            files = chosen(await self._attachments.found(wanted, current_person()))
            asked = [
                wire.asked_from(one, files, at=f"questions[{index}]") for index, one in enumerate(request.questions)
            ]
            return rules.request_more(before.state, self._questions_of(before.state), asked, text, who)

        return await self._change(request, pb.RequestMoreInformationResponse, request_more)

    async def GiveMoreInformation(
        self, request: pb.GiveMoreInformationRequest, context: Call
    ) -> pb.GiveMoreInformationResponse:
        text = text_of(request, "text")

        async def give_more(before: Kept[Request], who: Actor) -> Request:
            given = await self._given(request.answers)
            return rules.give_more(before.state, self._questions_of(before.state), given, text, who)

        return await self._change(request, pb.GiveMoreInformationResponse, give_more)

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
        """What *answers* say. While deciding: a command that is repeated has its answer, whatever has become of its files."""
        wanted = wire.files_named(answers, at="answers")
        files = chosen(await self._attachments.found(wanted, current_person()))
        return [wire.answer_from(one, files, at=f"answers[{index}]") for index, one in enumerate(answers)]
