"""What clients can do to requests before they are sent: inputs and mutations, no rules."""

from collections.abc import Sequence
from datetime import date
from typing import cast

import strawberry

from gateway.schema.common import Command, FreeTextInput, GatewayInfo, command, free_text
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
    urgent: bool = strawberry.field(default=False, description="Where the law of the area knows urgent requests.")
    urgent_reason: FreeTextInput | None = strawberry.field(default=None, description="Why it cannot wait.")
    questions: list[AskedQuestionInput] = strawberry.field(default_factory=list)
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


def asked_drafts(given: Sequence[AskedQuestionInput]) -> list[pb.AskedQuestionDraft]:
    return [
        pb.AskedQuestionDraft(code=one.code, comment=free_text(one.comment), file_ids=one.file_ids) for one in given
    ]


def _draft(given: RequestDraftInput) -> pb.RequestDraft:
    return pb.RequestDraft(
        responder_id=given.responder_id or "",
        question_set_id=given.question_set_id,
        subject=_subject_message(given.subject),
        justification=free_text(given.justification),
        desired_date=given.desired_date.isoformat() if given.desired_date else "",
        urgent=given.urgent,
        urgent_reason=free_text(given.urgent_reason),
        questions=asked_drafts(given.questions),
        file_ids=given.file_ids,
    )


@strawberry.input
class CreateRequestInput(Command):
    draft: RequestDraftInput


@strawberry.input
class EditRequestInput(Command):
    id: strawberry.ID
    draft: RequestDraftInput = strawberry.field(description="Replaces the draft as a whole.")


@strawberry.input
class DeleteDraftInput(Command):
    id: strawberry.ID


@strawberry.input
class SendRequestInput(Command):
    id: strawberry.ID


@strawberry.input
class ApproveRequestInput(Command):
    id: strawberry.ID


@strawberry.input
class ReturnRequestInput(Command):
    id: strawberry.ID
    reason: FreeTextInput | None = strawberry.field(default=None, description="Mandatory.")


@strawberry.type
class CreateRequestPayload:
    request: Request


@strawberry.type
class EditRequestPayload:
    request: Request


@strawberry.type
class DeleteDraftPayload:
    request: Request


@strawberry.type
class SendRequestPayload:
    request: Request


@strawberry.type
class ApproveRequestPayload:
    request: Request


@strawberry.type
class ReturnRequestPayload:
    request: Request


@strawberry.type
class RequestDraftMutations:
    @strawberry.mutation(description="A draft, which may be incomplete; nobody but its own authority sees it.")
    async def create_request(self, info: GatewayInfo, input: CreateRequestInput) -> CreateRequestPayload:
        requests = info.context.backends.requests
        message = pb.CreateRequestRequest(command=command(input), draft=_draft(input.draft))
        return cast("CreateRequestPayload", await requests.call(requests.stub.CreateRequest, message))

    @strawberry.mutation(description="Replaces a draft as a whole.")
    async def edit_request(self, info: GatewayInfo, input: EditRequestInput) -> EditRequestPayload:
        requests = info.context.backends.requests
        message = pb.EditRequestRequest(command=command(input), id=input.id, draft=_draft(input.draft))
        return cast("EditRequestPayload", await requests.call(requests.stub.EditRequest, message))

    @strawberry.mutation(description="Leaves of the draft only that there was one.")
    async def delete_draft(self, info: GatewayInfo, input: DeleteDraftInput) -> DeleteDraftPayload:
        requests = info.context.backends.requests
        message = pb.DeleteDraftRequest(command=command(input), id=input.id)
        return cast("DeleteDraftPayload", await requests.call(requests.stub.DeleteDraft, message))

    @strawberry.mutation(
        description="To the responder; or first to the approval coordinator, where the authority's settings say so."
    )
    async def send_request(self, info: GatewayInfo, input: SendRequestInput) -> SendRequestPayload:
        requests = info.context.backends.requests
        message = pb.SendRequestRequest(command=command(input), id=input.id)
        return cast("SendRequestPayload", await requests.call(requests.stub.SendRequest, message))

    @strawberry.mutation(description="What waits for the approval coordinator, a request or a reply, goes its way.")
    async def approve_request(self, info: GatewayInfo, input: ApproveRequestInput) -> ApproveRequestPayload:
        requests = info.context.backends.requests
        message = pb.ApproveRequestRequest(command=command(input), id=input.id)
        return cast("ApproveRequestPayload", await requests.call(requests.stub.ApproveRequest, message))

    @strawberry.mutation(description="What waits for the approval coordinator goes back to its author.")
    async def return_request(self, info: GatewayInfo, input: ReturnRequestInput) -> ReturnRequestPayload:
        requests = info.context.backends.requests
        message = pb.ReturnRequestRequest(command=command(input), id=input.id, reason=free_text(input.reason))
        return cast("ReturnRequestPayload", await requests.call(requests.stub.ReturnRequest, message))
