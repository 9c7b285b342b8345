"""Question sets ↔ protobuf, and nothing else."""

from collections.abc import Collection
from decimal import Decimal

from chassis import forms, wire
from chassis.wire import VALUE_TYPE, few, localized, localized_from
from protos.common.v1 import common_pb2
from protos.requests.v1 import publishing_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.questions import Group, Question, QuestionSet
from vocabulary.forms import TEXT_LIMIT
from vocabulary.values import Field, decimal


def question_set(questions: QuestionSet, wanted: Collection[str]) -> pb.QuestionSet:
    return pb.QuestionSet(
        id=questions.id,
        code=questions.code,
        version=questions.version,
        area_code=questions.area,
        title=localized(questions.title, wanted),
        groups=[
            pb.QuestionGroup(
                code=group.code,
                title=localized(group.title, wanted),
                questions=[_question(question, wanted) for question in group.questions],
            )
            for group in questions.groups
        ],
        urgent_for=questions.urgent_for,
    )


def _question(question: Question, wanted: Collection[str]) -> pb.Question:
    return pb.Question(
        field=wire.field(question.field, wanted),
        follows=question.follows,
        opens_on=question.opens_on,
        allows_attachments=question.attachments,
        allows_free_text=question.free_text,
        applies_if=question.applies_if,
        automatic=question.automatic,
        excuses=question.excuses,
        suggests_alert_on=question.suggests_alert_on,
    )


def question_set_from(message: publishing_pb2.QuestionSetDraft, *, at: str) -> QuestionSet:
    """The set that *message* describes; raises Invalid for an unknown language, type or list, and a number that is none."""
    return QuestionSet(
        code=message.code,
        version=message.version,
        area=message.area_code,
        title=_texts(message.title, f"{at}.title"),
        groups=tuple(
            _group_from(one, f"{at}.groups[{index}]")
            for index, one in enumerate(few(message.groups, at=f"{at}.groups"))
        ),
        urgent_for=tuple(message.urgent_for),
    )


def _group_from(message: publishing_pb2.QuestionGroupDraft, at: str) -> Group:
    return Group(
        code=message.code,
        title=_texts(message.title, f"{at}.title"),
        questions=tuple(
            _question_from(one, f"{at}.questions[{index}]")
            for index, one in enumerate(few(message.questions, at=f"{at}.questions"))
        ),
    )


def _question_from(message: publishing_pb2.QuestionDraft, at: str) -> Question:
    kind = VALUE_TYPE.from_wire(message.type, field=f"{at}.type")
    return Question(
        field=Field(
            code=message.code,
            label=_texts(message.text, f"{at}.text"),
            help=_texts(message.help, f"{at}.help"),
            type=kind,
            choices=forms.choices_from(message.code, kind, message.choice_list, message.choices, at=at),
            mandatory=message.mandatory if message.HasField("mandatory") else True,
            minimum=_bound(message, "minimum", at),
            maximum=_bound(message, "maximum", at),
        ),
        follows=message.follows,
        opens_on=tuple(message.opens_on),
        applies_if=message.applies_if.strip(),
        automatic=message.automatic,
        excuses=message.excuses,
        free_text=message.allows_free_text if message.HasField("allows_free_text") else True,
        attachments=message.allows_attachments,
        suggests_alert_on=tuple(message.suggests_alert_on),
    )


def _bound(message: publishing_pb2.QuestionDraft, name: str, at: str) -> Decimal | None:
    return decimal(getattr(message, name), at=f"{at}.{name}") if message.HasField(name) else None  # type: ignore[arg-type]


def _texts(message: common_pb2.LocalizedText, at: str) -> dict[str, str]:
    return localized_from(message, at=at, limit=TEXT_LIMIT)
