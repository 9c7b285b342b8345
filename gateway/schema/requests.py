"""Requests for information as clients see them: fields and links, no rules."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, cast

import strawberry

from gateway.batches import (
    AREAS,
    AUTHORITIES,
    COUNTRIES,
    FAMILIES,
    QUESTION_SETS,
    REQUEST_ACTIONS,
    REQUESTS,
    USERS,
)
from gateway.enums import (
    Language,
    RequestAction,
    RequestList,
    RequestSort,
    RequestStatus,
    RequestTask,
    RequestView,
    ValueType,
)
from gateway.readings import attr, day, given, is_message, link, links, localized, moment, part, speak
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
from gateway.schema.directory import Area, Authority, Country, User
from gateway.schema.request_parts import (
    DraftWarning,
    Evaluation,
    MoreInformation,
    Opinion,
    PossibleAction,
    RequestHistoryEntry,
    RequestProof,
    SplitOff,
)
from gateway.schema.translation_whole import PlacedText, translations
from gateway.schema.values import Value
from gateway.schema.work_lists import RequestFilter, filter_message
from protos.requests.v1 import requests_pb2 as pb


@strawberry.type(description="A pre-translated question.")
class Question:
    code: str = attr("field.code")
    text: str = localized("field.label")
    help: str = localized("field.help", "What is meant, for whoever asks; empty where that goes without saying.")
    type: ValueType = attr("field.type")
    choices: list[Choice] = attr("field.choices")
    mandatory: bool = attr("field.mandatory", "Whether a reply must answer it, once it is open.")
    minimum: Decimal | None = part("field.minimum")
    maximum: Decimal | None = part("field.maximum")
    follows: str | None = given("follows", "The question it follows; null for one that follows none.")
    opens_on: list[str] = strawberry.field(
        description="The answers to `follows` that open it; none if any answer does."
    )
    applies_if: str | None = given(
        "applies_if", "The condition it opens under besides, such as `PQ1 = NOT_GENUINE and not urgent`."
    )
    automatic: bool = strawberry.field(description="Part of every request, chosen by nobody.")
    excuses: bool = strawberry.field(description="An answer to it stands for all others.")
    allows_free_text: bool = strawberry.field(
        description="Whether one's own words may stand beside the question and its answer."
    )
    allows_attachments: bool
    suggests_alert_on: list[str] = strawberry.field(description="The answers on which an alert should be thought of.")


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
    urgent_for: list[str] = strawberry.field(description="If any: an urgent request asks nothing but these.")


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
    released: bool = attr("answer.released", "Whether the requester has it.")


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


async def _actions(root: Any, info: GatewayInfo) -> Any:
    found: pb.RequestActions | None = await info.context.load(REQUEST_ACTIONS, root.id)
    return found.actions if found else []


async def _family(root: Any, info: GatewayInfo) -> Any:
    found: pb.Family | None = await info.context.load(FAMILIES, root.family_id) if root.family_id else None
    return found.requests if found else [root]


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
    translations: list[PlacedText] = translations()
    desired_date: date | None = day("desired_date")
    urgent: bool
    urgent_reason: FreeText | None = part("urgent_reason")
    questions: list[AskedQuestion] = strawberry.field(resolver=_asked)
    files: list[File]
    answers: list[Answer] = strawberry.field(resolver=_answers)
    history: list[RequestHistoryEntry]
    created_at: datetime | None = moment("created_at")
    changed_at: datetime | None = moment("changed_at")
    sent_at: datetime | None = moment("sent_at", "When it first reached a responder; forwarding starts no time anew.")
    proposed_date: date | None = day("proposed_date", "What the responder proposed; it waits for the requester.")
    agreed_date: date | None = day("agreed_date", "What both have agreed on.")
    due_date: date | None = day(
        "due_date", "By when the reply is awaited: the day agreed on or wished for, but no later than the law allows."
    )
    legal_deadline: date | None = day("legal_deadline", "The last day that the law leaves; null if it names none.")
    warnings: list[DraftWarning] = strawberry.field(
        description="For the requester, until the responder may know: what in its texts gives the subject away."
    )
    tasks: list[RequestTask] = strawberry.field(description="What the reader's authority has to do.")
    actions: list[PossibleAction] = strawberry.field(
        resolver=_actions, description="What the reader may do now; and of all else, why not."
    )
    handlers: list[User] = links(USERS, "handler_ids", "Who works on it at the reader's authority.")
    former_responders: list[Authority] = links(AUTHORITIES, "former_responder_ids")
    parent: "Request | None" = link(REQUESTS, "parent_id", "The request that it was split from, if the reader sees it.")
    split_off: list[SplitOff] = attr("children", "Its questions that were moved to others.")
    family: list["Request"] = strawberry.field(
        resolver=_family,
        description="All that came of one request by splitting, this one included, as far as the reader sees them.",
    )
    more_information: list[MoreInformation]
    opinions: list[Opinion]
    evaluation: Evaluation | None = part("evaluation")
    proofs: list[RequestProof] = strawberry.field(
        description="Who has read it since it is blocked; shown to their own authority."
    )


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

    @strawberry.field(description="Null for a request that the reader may not know of.")
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
        sort: RequestSort | None = None,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[Request]:
        speak(info, language)
        requests = info.context.backends.requests
        request = pb.ListRequestsRequest(
            list=list.value,
            filter=filter_message(filter),
            page=page(first, after),
            sort=sort.value if sort else pb.REQUEST_SORT_UNSPECIFIED,
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
