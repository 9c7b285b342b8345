"""Requests for information as clients see them: fields and links, no rules."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, cast

import strawberry

from gateway.batches import AREAS, AUTHORITIES, COUNTRIES, QUESTION_SETS, REQUESTS
from gateway.enums import Language, RequestAction, RequestList, RequestStatus, RequestView, ValueType
from gateway.readings import attr, day, given, is_message, link, localized, moment, part, speak
from gateway.schema.common import (
    Choice,
    Connection,
    File,
    Filled,
    FreeText,
    GatewayInfo,
    Node,
    connection,
    page,
)
from gateway.schema.directory import Area, Authority, Country
from gateway.schema.values import Value
from protos.requests.v1 import requests_pb2 as pb


@strawberry.type(description="A pre-translated question.")
class Question:
    code: str = attr("field.code")
    text: str = localized("field.label")
    type: ValueType = attr("field.type")
    choices: list[Choice] = attr("field.choices")
    minimum: Decimal | None = part("field.minimum")
    maximum: Decimal | None = part("field.maximum")
    follows: str | None = given("follows", "The question it follows; null for one that can be chosen.")
    opens_on: list[str] = strawberry.field(
        description="The answers to `follows` that open it; none if any answer does."
    )
    allows_attachments: bool


@strawberry.type
class QuestionGroup:
    code: str
    title: str = localized("title")
    questions: list[Question]


@strawberry.type(
    description="Questions on one area of legislation. Once used, it never changes: a change is a new version."
)
class QuestionSet:
    id: strawberry.ID
    code: str
    version: int
    title: str = localized("title")
    area: Area | None = link(AREAS, "area_code")
    groups: list[QuestionGroup]


@strawberry.type
class Person:
    is_type_of = is_message(pb.Person)

    given_name: str
    family_name: str
    birth_date: date | None = day("birth_date")


@strawberry.type
class Company:
    is_type_of = is_message(pb.Company)

    name: str
    registration_number: str | None = given("registration_number")


@strawberry.type
class Document:
    is_type_of = is_message(pb.Document)

    title: str
    reference: str | None = given("reference")


Subject = Annotated[
    Person | Company | Document, strawberry.union("Subject", description="Whom or what a request is about.")
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it was asked, beside the question itself."""

    asked: pb.AskedQuestion
    question: pb.Question


@strawberry.type(description="A question as the requester put it.")
class AskedQuestion:
    question: Question
    comment: FreeText | None = part("asked.comment")
    files: list[File] = attr("asked.files")


@dataclass(frozen=True, slots=True)
class _Answered:
    """An answer beside its question, which knows what its codes are called."""

    answer: pb.Answer
    question: pb.Question

    @property
    def value(self) -> Filled:
        return Filled(self.answer.value, self.question.field, self.answer.files)


@strawberry.type
class Answer:
    question: Question
    value: Value
    comment: FreeText | None = part("answer.comment")
    files: list[File] = attr("answer.files")


@strawberry.type(description="One change of a request. Never altered, never removed.")
class RequestHistoryEntry:
    at: datetime | None = moment("at")
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    action: RequestAction
    from_: RequestStatus = strawberry.field(name="from", resolver=lambda root: getattr(root, "from"))
    to: RequestStatus
    reason: FreeText | None = part("reason")


async def _questions(root: Any, info: GatewayInfo) -> dict[str, pb.Question]:
    found: pb.QuestionSet = await info.context.load(QUESTION_SETS, root.question_set_id)
    return {question.field.code: question for group in found.groups for question in group.questions}


async def _asked(root: Any, info: GatewayInfo) -> Any:
    known = await _questions(root, info)
    return [_Asked(asked, known[asked.code]) for asked in root.questions]


async def _answers(root: Any, info: GatewayInfo) -> Any:
    known = await _questions(root, info)
    return [_Answered(answer, known[answer.question_code]) for answer in root.answers]


def _subject(root: Any) -> Any:
    kind = root.subject.WhichOneof("kind")
    return getattr(root.subject, kind) if kind else None


@strawberry.type(description="One authority asks, another answers. What the reader may not see is absent.")
class Request(Node):
    is_type_of = is_message(pb.Request)

    revision: int
    number: str = strawberry.field(description="What people call it.")
    status: RequestStatus
    view: RequestView
    requester: Authority | None = link(AUTHORITIES, "requester_id")
    responder: Authority | None = link(AUTHORITIES, "responder_id")
    requester_country: Country | None = link(COUNTRIES, "requester_country_code")
    responder_country: Country | None = link(COUNTRIES, "responder_country_code")
    area: Area | None = link(AREAS, "area_code")
    question_set: QuestionSet | None = link(QUESTION_SETS, "question_set_id")
    subject: Subject | None = strawberry.field(resolver=_subject)
    justification: FreeText | None = part("justification")
    desired_date: date | None = day("desired_date")
    questions: list[AskedQuestion] = strawberry.field(resolver=_asked)
    files: list[File]
    answers: list[Answer] = strawberry.field(resolver=_answers)
    history: list[RequestHistoryEntry]
    created_at: datetime | None = moment("created_at")
    changed_at: datetime | None = moment("changed_at")


@strawberry.input(description="Each list narrows; an empty one does not.")
class RequestFilter:
    statuses: list[RequestStatus] = strawberry.field(default_factory=list)
    areas: list[str] = strawberry.field(default_factory=list)


@strawberry.type
class RequestsQueries:
    @strawberry.field(description="The published question sets; with an area code, those of one area.")
    async def question_sets(
        self, info: GatewayInfo, area: str | None = None, language: Language | None = None
    ) -> list[QuestionSet]:
        speak(info, language)
        requests = info.context.backends.requests
        request = pb.ListQuestionSetsRequest(area=area or "", languages=info.context.languages)
        response = await requests.call(requests.stub.ListQuestionSets, request)
        return cast("list[QuestionSet]", response.question_sets)

    @strawberry.field
    async def request(
        self,
        info: GatewayInfo,
        id: strawberry.ID,
        language: Language | None = None,
    ) -> Request | None:
        speak(info, language)
        return cast("Request | None", await info.context.load(REQUESTS, id))

    @strawberry.field(description="A work list of the signed-in person's authority.")
    async def requests(
        self,
        info: GatewayInfo,
        list: RequestList,  # a name of the contract
        filter: RequestFilter | None = None,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[Request]:
        speak(info, language)
        requests = info.context.backends.requests
        narrowed = filter or RequestFilter()
        request = pb.ListRequestsRequest(
            list=list.value,
            filter=pb.RequestFilter(statuses=[one.value for one in narrowed.statuses], areas=narrowed.areas),
            page=page(first, after),
        )
        response = await requests.call(requests.stub.ListRequests, request)
        return cast("Connection[Request]", connection(response.requests, response.page_info, after))


@strawberry.type(
    description="A change of one of the own authority's requests; without one, a sign that nothing has been missed."
)
class RequestChange:
    cursor: str = strawberry.field(description="Resume with this. Comes at least every 30 seconds.")
    at: datetime | None = moment("at")
    action: RequestAction | None = strawberry.field(resolver=lambda root: root.change.action or None)
    status: RequestStatus | None = strawberry.field(resolver=lambda root: root.change.status or None)
    request: Request | None = link(REQUESTS, "change.request_id")
