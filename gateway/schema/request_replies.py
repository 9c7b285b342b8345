"""What clients can do with answers: inputs and mutations, no rules."""

from collections.abc import Sequence
from typing import cast

import strawberry

from gateway.schema.common import Command, FreeTextInput, GatewayInfo, ValueInput, command, free_text, value
from gateway.schema.request_drafts import AskedQuestionInput, asked_drafts
from gateway.schema.requests import Request
from protos.requests.v1 import requests_pb2 as pb


@strawberry.input
class AnswerInput:
    question_code: str
    value: ValueInput
    comment: FreeTextInput | None = None
    file_ids: list[strawberry.ID] = strawberry.field(default_factory=list)


def _answer_drafts(given: Sequence[AnswerInput]) -> list[pb.AnswerDraft]:
    return [
        pb.AnswerDraft(
            question_code=one.question_code,
            value=value(one.value),
            comment=free_text(one.comment),
            file_ids=one.file_ids,
        )
        for one in given
    ]


@strawberry.input
class SaveAnswersInput(Command):
    id: strawberry.ID
    answers: list[AnswerInput] = strawberry.field(default_factory=list)
    removed_question_codes: list[str] = strawberry.field(
        default_factory=list, description="Saved answers that are taken out again."
    )


@strawberry.input
class ReleaseAnswersInput(Command):
    id: strawberry.ID
    question_codes: list[str] = strawberry.field(
        description="Whose answers the requester has from now on; they can no longer be changed."
    )
    answers: list[AnswerInput] = strawberry.field(default_factory=list, description="Saved first.")


@strawberry.input
class AnswerRequestInput(Command):
    id: strawberry.ID
    answers: list[AnswerInput] = strawberry.field(
        default_factory=list, description="Added to what was saved; together they answer every open question."
    )


@strawberry.input
class RequestMoreInformationInput(Command):
    id: strawberry.ID
    questions: list[AskedQuestionInput] = strawberry.field(
        default_factory=list, description="Of the same set, not asked so far."
    )
    text: FreeTextInput | None = None


@strawberry.input
class GiveMoreInformationInput(Command):
    id: strawberry.ID
    answers: list[AnswerInput] = strawberry.field(default_factory=list)
    text: FreeTextInput | None = None


@strawberry.input
class RefuseMoreInformationInput(Command):
    id: strawberry.ID
    reason: FreeTextInput | None = strawberry.field(default=None, description="Mandatory.")


@strawberry.type
class SaveAnswersPayload:
    request: Request


@strawberry.type
class ReleaseAnswersPayload:
    request: Request


@strawberry.type
class AnswerRequestPayload:
    request: Request


@strawberry.type
class RequestMoreInformationPayload:
    request: Request


@strawberry.type
class GiveMoreInformationPayload:
    request: Request


@strawberry.type
class RefuseMoreInformationPayload:
    request: Request


@strawberry.type
class RequestReplyMutations:
    @strawberry.mutation(description="Keeps answers without sending them.")
    async def save_answers(self, info: GatewayInfo, input: SaveAnswersInput) -> SaveAnswersPayload:
        requests = info.context.backends.requests
        message = pb.SaveAnswersRequest(
            command=command(input),
            id=input.id,
            answers=_answer_drafts(input.answers),
            removed_question_codes=input.removed_question_codes,
        )
        return cast("SaveAnswersPayload", await requests.call(requests.stub.SaveAnswers, message))

    @strawberry.mutation(description="A part of the reply ahead of the rest.")
    async def release_answers(self, info: GatewayInfo, input: ReleaseAnswersInput) -> ReleaseAnswersPayload:
        requests = info.context.backends.requests
        message = pb.ReleaseAnswersRequest(
            command=command(input),
            id=input.id,
            answers=_answer_drafts(input.answers),
            question_codes=input.question_codes,
        )
        return cast("ReleaseAnswersPayload", await requests.call(requests.stub.ReleaseAnswers, message))

    @strawberry.mutation(
        description="Sends the reply; first to the approval coordinator, where the authority's settings say so."
    )
    async def answer_request(self, info: GatewayInfo, input: AnswerRequestInput) -> AnswerRequestPayload:
        requests = info.context.backends.requests
        message = pb.AnswerRequestRequest(command=command(input), id=input.id, answers=_answer_drafts(input.answers))
        return cast("AnswerRequestPayload", await requests.call(requests.stub.AnswerRequest, message))

    @strawberry.mutation(description="The reply leaves something open.")
    async def request_more_information(
        self, info: GatewayInfo, input: RequestMoreInformationInput
    ) -> RequestMoreInformationPayload:
        requests = info.context.backends.requests
        message = pb.RequestMoreInformationRequest(
            command=command(input), id=input.id, questions=asked_drafts(input.questions), text=free_text(input.text)
        )
        return cast("RequestMoreInformationPayload", await requests.call(requests.stub.RequestMoreInformation, message))

    @strawberry.mutation(description="Answers what was asked after the reply.")
    async def give_more_information(
        self, info: GatewayInfo, input: GiveMoreInformationInput
    ) -> GiveMoreInformationPayload:
        requests = info.context.backends.requests
        message = pb.GiveMoreInformationRequest(
            command=command(input), id=input.id, answers=_answer_drafts(input.answers), text=free_text(input.text)
        )
        return cast("GiveMoreInformationPayload", await requests.call(requests.stub.GiveMoreInformation, message))

    @strawberry.mutation(description="What was asked after the reply is not given, and why.")
    async def refuse_more_information(
        self, info: GatewayInfo, input: RefuseMoreInformationInput
    ) -> RefuseMoreInformationPayload:
        requests = info.context.backends.requests
        message = pb.RefuseMoreInformationRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("RefuseMoreInformationPayload", await requests.call(requests.stub.RefuseMoreInformation, message))
