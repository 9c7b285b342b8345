"""A case without personal data, as a report can show it: no subject, nothing that may be about a person, no names of attachments."""

from dataclasses import replace
from typing import TypeVar

from services.requests.domain.exchange import Child, MoreInformation, Opinion
from services.requests.domain.questions import Answer, Asked, QuestionSet
from services.requests.domain.requests import HistoryEntry, Request
from vocabulary.files import File
from vocabulary.values import DataClass, FreeText

PERSONAL = frozenset({DataClass.PERSONAL, DataClass.SPECIAL_CATEGORY})
Reasoned = TypeVar("Reasoned", HistoryEntry, Child)


def impersonal(request: Request, questions: QuestionSet) -> Request:
    """*request* without personal data. A text is personal unless its writer said that it is not."""
    return replace(
        request,
        draft=replace(
            request.draft,
            subject=None,
            justification=_text(request.draft.justification),
            urgent_reason=_text(request.draft.urgent_reason),
            questions=tuple(_asked(one) for one in request.draft.questions),
            files=_nameless(request.draft.files),
        ),
        answers=_answers(request.answers, questions),
        released=_answers(request.released, questions),
        former=tuple(replace(one, answers=()) for one in request.former),
        children=tuple(_without_reason(one) for one in request.children),
        more_information=tuple(_more(one) for one in request.more_information),
        opinions=tuple(_opinion(one) for one in request.opinions),
        history=tuple(_without_reason(one) for one in request.history),
    )


def _text(text: FreeText | None) -> FreeText | None:
    return None if text is None or text.data_class in PERSONAL else text


def _asked(one: Asked) -> Asked:
    return replace(one, comment=_text(one.comment), files=_nameless(one.files))


def _answers(answers: tuple[Answer, ...], questions: QuestionSet) -> tuple[Answer, ...]:
    known = questions.questions
    return tuple(
        replace(answer, comment=_text(answer.comment), files=_nameless(answer.files))
        for answer in answers
        if not known[answer.code].field.personal and (answer.value.text is None or _text(answer.value.text))
    )


def _more(one: MoreInformation) -> MoreInformation:
    return replace(one, text=_text(one.text), given=_text(one.given), refusal=_text(one.refusal))


def _opinion(one: Opinion) -> Opinion:
    return replace(one, text=_text(one.text))


def _without_reason(one: Reasoned) -> Reasoned:
    return replace(one, reason=_text(one.reason))


def _nameless(files: tuple[File, ...]) -> tuple[File, ...]:
    return tuple(replace(file, name="") for file in files)
