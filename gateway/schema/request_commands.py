"""What clients can do to requests for information: inputs and mutations, no rules."""

from collections.abc import Sequence
from datetime import date
from typing import cast

import strawberry

from gateway.schema.common import (
    Command,
    FreeTextInput,
    GatewayInfo,
    ValueInput,
    command,
    free_text,
    value,
)
from gateway.schema.requests import Request
from protos.requests.v1 import requests_pb2 as pb


@strawberry.input
class PersonInput:
    given_name: str
    family_name: str
    birth_date: date | None = None


@strawberry.input
class CompanyInput:
    name: str
    registration_number: str | None = None


@strawberry.input
class DocumentInput:
    title: str
    reference: str | None = None


@strawberry.input(one_of=True)
class SubjectInput:
    person: PersonInput | None = strawberry.UNSET
    company: CompanyInput | None = strawberry.UNSET
    document: DocumentInput | None = strawberry.UNSET


@strawberry.input
class AskedQuestionInput:
    code: str
    comment: FreeTextInput | None = None
    file_ids: list[strawberry.ID] = strawberry.field(default_factory=list)


@strawberry.input
class RequestDraftInput:
    question_set_id: strawberry.ID
    responder_id: strawberry.ID | None = None
    subject: SubjectInput | None = None
    justification: FreeTextInput | None = None
    desired_date: date | None = None
    questions: list[AskedQuestionInput] = strawberry.field(default_factory=list)
    file_ids: list[strawberry.ID] = strawberry.field(default_factory=list)


@strawberry.input
class AnswerInput:
    question_code: str
    value: ValueInput
    comment: FreeTextInput | None = None
    file_ids: list[strawberry.ID] = strawberry.field(default_factory=list)


def _subject_message(given: SubjectInput | None) -> pb.Subject | None:
    if given is None:
        return None
    if person := given.person or None:
        born = person.birth_date.isoformat() if person.birth_date else ""
        return pb.Subject(
            person=pb.Person(given_name=person.given_name, family_name=person.family_name, birth_date=born)
        )
    if company := given.company or None:
        return pb.Subject(company=pb.Company(name=company.name, registration_number=company.registration_number or ""))
    if document := given.document or None:
        return pb.Subject(document=pb.Document(title=document.title, reference=document.reference or ""))
    return pb.Subject()


def _draft(given: RequestDraftInput) -> pb.RequestDraft:
    return pb.RequestDraft(
        responder_id=given.responder_id or "",
        question_set_id=given.question_set_id,
        subject=_subject_message(given.subject),
        justification=free_text(given.justification),
        desired_date=given.desired_date.isoformat() if given.desired_date else "",
        questions=[
            pb.AskedQuestionDraft(code=one.code, comment=free_text(one.comment), file_ids=one.file_ids)
            for one in given.questions
        ],
        file_ids=given.file_ids,
    )


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
class CreateRequestInput(Command):
    draft: RequestDraftInput


@strawberry.input
class EditRequestInput(Command):
    id: strawberry.ID
    draft: RequestDraftInput = strawberry.field(description="Replaces the draft as a whole.")


@strawberry.input
class SendRequestInput(Command):
    id: strawberry.ID


@strawberry.input
class AcceptRequestInput(Command):
    id: strawberry.ID


@strawberry.input
class SaveAnswersInput(Command):
    id: strawberry.ID
    answers: list[AnswerInput]


@strawberry.input
class AnswerRequestInput(Command):
    id: strawberry.ID
    answers: list[AnswerInput] = strawberry.field(
        default_factory=list, description="Added to what was saved; together they answer every open question."
    )


@strawberry.input
class CloseRequestInput(Command):
    id: strawberry.ID


@strawberry.input
class WithdrawRequestInput(Command):
    id: strawberry.ID
    reason: FreeTextInput | None = strawberry.field(
        default=None, description="Mandatory once the responder has accepted."
    )


@strawberry.type
class CreateRequestPayload:
    request: Request


@strawberry.type
class EditRequestPayload:
    request: Request


@strawberry.type
class SendRequestPayload:
    request: Request


@strawberry.type
class AcceptRequestPayload:
    request: Request


@strawberry.type
class SaveAnswersPayload:
    request: Request


@strawberry.type
class AnswerRequestPayload:
    request: Request


@strawberry.type
class CloseRequestPayload:
    request: Request


@strawberry.type
class WithdrawRequestPayload:
    request: Request


@strawberry.type
class RequestsMutations:
    @strawberry.mutation
    async def create_request(self, info: GatewayInfo, input: CreateRequestInput) -> CreateRequestPayload:
        requests = info.context.backends.requests
        message = pb.CreateRequestRequest(command=command(input), draft=_draft(input.draft))
        return cast("CreateRequestPayload", await requests.call(requests.stub.CreateRequest, message))

    @strawberry.mutation
    async def edit_request(self, info: GatewayInfo, input: EditRequestInput) -> EditRequestPayload:
        requests = info.context.backends.requests
        message = pb.EditRequestRequest(command=command(input), id=input.id, draft=_draft(input.draft))
        return cast("EditRequestPayload", await requests.call(requests.stub.EditRequest, message))

    @strawberry.mutation
    async def send_request(self, info: GatewayInfo, input: SendRequestInput) -> SendRequestPayload:
        requests = info.context.backends.requests
        message = pb.SendRequestRequest(command=command(input), id=input.id)
        return cast("SendRequestPayload", await requests.call(requests.stub.SendRequest, message))

    @strawberry.mutation(description="The responder takes it on, and sees from now on whom it is about.")
    async def accept_request(self, info: GatewayInfo, input: AcceptRequestInput) -> AcceptRequestPayload:
        requests = info.context.backends.requests
        message = pb.AcceptRequestRequest(command=command(input), id=input.id)
        return cast("AcceptRequestPayload", await requests.call(requests.stub.AcceptRequest, message))

    @strawberry.mutation(description="Keeps answers without sending them.")
    async def save_answers(self, info: GatewayInfo, input: SaveAnswersInput) -> SaveAnswersPayload:
        requests = info.context.backends.requests
        message = pb.SaveAnswersRequest(command=command(input), id=input.id, answers=_answer_drafts(input.answers))
        return cast("SaveAnswersPayload", await requests.call(requests.stub.SaveAnswers, message))

    @strawberry.mutation(description="Sends the reply.")
    async def answer_request(self, info: GatewayInfo, input: AnswerRequestInput) -> AnswerRequestPayload:
        requests = info.context.backends.requests
        message = pb.AnswerRequestRequest(command=command(input), id=input.id, answers=_answer_drafts(input.answers))
        return cast("AnswerRequestPayload", await requests.call(requests.stub.AnswerRequest, message))

    @strawberry.mutation(description="The requester is satisfied: the formal closure.")
    async def close_request(self, info: GatewayInfo, input: CloseRequestInput) -> CloseRequestPayload:
        requests = info.context.backends.requests
        message = pb.CloseRequestRequest(command=command(input), id=input.id)
        return cast("CloseRequestPayload", await requests.call(requests.stub.CloseRequest, message))

    @strawberry.mutation
    async def withdraw_request(self, info: GatewayInfo, input: WithdrawRequestInput) -> WithdrawRequestPayload:
        requests = info.context.backends.requests
        message = pb.WithdrawRequestRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("WithdrawRequestPayload", await requests.call(requests.stub.WithdrawRequest, message))
