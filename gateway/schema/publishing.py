"""Question sets as the Commission writes them: what is sent, and nothing of the rules."""

from decimal import Decimal
from typing import cast

import strawberry

from gateway.batches import QUESTION_SETS
from gateway.enums import ValueType
from gateway.readings import link
from gateway.schema.common import Command, GatewayInfo, command, digits
from gateway.schema.drafts import ChoiceInput, LocalizedTextInput, choices, localized_text
from gateway.schema.requests import QuestionSet
from protos.requests.v1 import publishing_pb2 as pb


@strawberry.input
class QuestionInput:
    code: str = strawberry.field(description="Unique in its set, such as PQ1.")
    text: list[LocalizedTextInput] = strawberry.field(description="In all 24 official languages.")
    help: list[LocalizedTextInput] = strawberry.field(
        default_factory=list, description="What is meant, for whoever asks."
    )
    type: ValueType
    choice_list: str | None = strawberry.field(
        default=None, description="The closed list that it takes its choices from."
    )
    choices: list[ChoiceInput] = strawberry.field(default_factory=list, description="Choices of its own.")
    mandatory: bool = True
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    follows: str | None = strawberry.field(default=None, description="The earlier question after which it opens.")
    opens_on: list[str] = strawberry.field(
        default_factory=list, description="The answers that open it; none: any does."
    )
    applies_if: str | None = strawberry.field(
        default=None,
        description="A condition on earlier answers and the request, such as `PQ1 = NOT_GENUINE and not urgent`.",
    )
    automatic: bool = strawberry.field(default=False, description="Part of every request, chosen by nobody.")
    excuses: bool = strawberry.field(default=False, description="An answer to it stands for all others.")
    allows_free_text: bool = True
    allows_attachments: bool = False
    suggests_alert_on: list[str] = strawberry.field(default_factory=list)


@strawberry.input
class QuestionGroupInput:
    code: str
    title: list[LocalizedTextInput]
    questions: list[QuestionInput]


@strawberry.input
class QuestionSetInput:
    code: str
    version: int = strawberry.field(description="1 for a new set, otherwise one more than the newest version.")
    area: str
    title: list[LocalizedTextInput]
    groups: list[QuestionGroupInput]
    urgent_for: list[str] = strawberry.field(
        default_factory=list, description="If any: an urgent request asks nothing but these."
    )


@strawberry.input
class PublishQuestionSetInput(Command):
    question_set: QuestionSetInput


@strawberry.type
class PublishQuestionSetPayload:
    question_set: QuestionSet | None = link(QUESTION_SETS, "question_set_id")


@strawberry.type
class PublishingMutations:
    @strawberry.mutation(
        description="For the Commission. What is published never changes: requests stay with the version they were made from."
    )
    async def publish_question_set(
        self, info: GatewayInfo, input: PublishQuestionSetInput
    ) -> PublishQuestionSetPayload:
        requests = info.context.backends.requests
        message = pb.PublishQuestionSetRequest(command=command(input), question_set=_question_set(input.question_set))
        return cast("PublishQuestionSetPayload", await requests.call(requests.stub.PublishQuestionSet, message))


def _question_set(given: QuestionSetInput) -> pb.QuestionSetDraft:
    return pb.QuestionSetDraft(
        code=given.code,
        version=given.version,
        area_code=given.area,
        title=localized_text(given.title, "questionSet.title"),
        groups=[
            pb.QuestionGroupDraft(
                code=group.code,
                title=localized_text(group.title, f"questionSet.groups[{number}].title"),
                questions=[
                    _question(question, f"questionSet.groups[{number}].questions[{index}]")
                    for index, question in enumerate(group.questions)
                ],
            )
            for number, group in enumerate(given.groups)
        ],
        urgent_for=given.urgent_for,
    )


def _question(given: QuestionInput, at: str) -> pb.QuestionDraft:
    return pb.QuestionDraft(
        code=given.code,
        text=localized_text(given.text, f"{at}.text"),
        help=localized_text(given.help, f"{at}.help"),
        type=given.type.value,
        choice_list=given.choice_list or "",
        choices=choices(given.choices, f"{at}.choices"),
        mandatory=given.mandatory,
        minimum=None if given.minimum is None else digits(given.minimum),
        maximum=None if given.maximum is None else digits(given.maximum),
        follows=given.follows or "",
        opens_on=given.opens_on,
        applies_if=given.applies_if or "",
        automatic=given.automatic,
        excuses=given.excuses,
        allows_free_text=given.allows_free_text,
        allows_attachments=given.allows_attachments,
        suggests_alert_on=given.suggests_alert_on,
    )
