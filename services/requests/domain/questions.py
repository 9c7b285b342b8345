"""Question sets, and which answers they take.

A question that follows another opens when that other is answered, or answered in one of certain ways; any question may have a
condition besides (`conditions`). Answers to questions that are not open are never stored: given in so many words they are refused,
saved earlier they are dropped.
"""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, replace

from services.requests.domain.condition_text import parse
from services.requests.domain.conditions import (
    UNKNOWN,
    All,
    Answered,
    Circumstances,
    Comparison,
    Condition,
    Fact,
    Operator,
    verdict,
    written,
)
from vocabulary.files import File
from vocabulary.refusals import Invalid
from vocabulary.values import Field, FreeText, LocalizedText, Value, ValueType, check, free_text

# In one place: a request, a question, an answer.
FILES_LIMIT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question is a typed field; `help` on it is what a user reads who asks what is meant.

    `follows` is empty for one that a requester can choose. An *automatic* one is part of every request, chosen by nobody. Whatever
    it is, it opens only while its condition, `applies_if`, holds. An answer to one that *excuses* stands for all others.
    `free_text` and `attachments` say whether one's own words and files may stand beside question and answer. On the answers of
    `suggests_alert_on`, whoever reads them should think of an alert.
    """

    field: Field
    follows: str = ""
    opens_on: tuple[str, ...] = ()
    applies_if: str = ""
    automatic: bool = False
    excuses: bool = False
    free_text: bool = True
    attachments: bool = False
    suggests_alert_on: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        return self.field.code

    @property
    def can_be_chosen(self) -> bool:
        return not self.follows and not self.automatic

    @property
    def opening(self) -> All:
        """All that must hold for it to open, once it is asked."""
        needed: list[Condition] = []
        if self.opens_on:
            needed.append(Comparison(self.follows, Operator.IN, self.opens_on))
        elif self.follows:
            needed.append(Answered(self.follows, True))
        if self.applies_if:
            needed.append(parse(self.applies_if, at=f"{self.code}.appliesIf"))
        return All(tuple(needed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    code: str
    title: LocalizedText
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """Questions on one area of legislation. Never changes once it is published: a change is a new version.

    Where `urgent_for` names questions, a request is urgent only if it asks nothing but these.
    """

    code: str
    version: int
    area: str
    title: LocalizedText
    groups: tuple[Group, ...]
    urgent_for: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.code}:{self.version}"

    @property
    def questions(self) -> dict[str, Question]:
        return {question.code: question for group in self.groups for question in group.questions}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the requester put it."""

    code: str
    comment: FreeText | None = None
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer. The files of a DOCUMENT question are among `files`."""

    code: str
    value: Value
    comment: FreeText | None = None
    files: tuple[File, ...] = ()


def check_asked(questions: QuestionSet, asked: Sequence[Asked], *, at: str) -> tuple[Asked, ...]:
    """*asked* tidied; raises Invalid for a question of another set, one that opens by itself, a repetition, words or files where
    none go.
    """
    known = questions.questions
    checked: dict[str, Asked] = {}
    for index, one in enumerate(asked):
        where = f"{at}[{index}]"
        question = known.get(one.code)
        if question is None:
            raise Invalid(
                f"{questions.id} has no question {one.code!r}", field=f"{where}.code", reason="UNKNOWN_QUESTION"
            )
        if question.follows:
            raise Invalid(
                f"{one.code} opens by itself after {question.follows}; it cannot be chosen",
                field=f"{where}.code",
                reason="FOLLOW_UP",
            )
        if question.automatic:
            raise Invalid(
                f"{one.code} is part of every request; it cannot be chosen",
                field=f"{where}.code",
                reason="AUTOMATIC",
            )
        if one.code in checked:
            raise Invalid(f"{one.code} is asked twice", field=f"{where}.code", reason="REPEATED")
        _check_files(question, one.files, where)
        checked[one.code] = replace(one, comment=_comment(question, one.comment, where))
    return tuple(checked.values())


def check_applies(
    questions: QuestionSet, asked: Sequence[Asked], circumstances: Circumstances, *, at: str, beside: Iterable[str] = ()
) -> None:
    """Raises Invalid for a question that cannot open in a request that asks these, and those *beside* them, whatever is answered."""
    never = never_open(questions, [*beside, *(one.code for one in asked)], circumstances)
    for index, one in enumerate(asked):
        if one.code in never:
            raise Invalid(
                f"{one.code} cannot be asked in this request: it opens only while {never[one.code]}",
                field=f"{at}[{index}].code",
                reason="NOT_APPLICABLE",
            )


def never_open(questions: QuestionSet, asked: Sequence[str], circumstances: Circumstances) -> dict[str, str]:
    """Those *asked* that no answers open, each with its condition. What is not known of the request yet may still fit."""
    known = questions.questions
    reachable = _reachable(questions, asked)
    # What is not asked has no answer.
    facts: dict[str, Fact] = dict.fromkeys(code for code in known if code not in reachable)
    facts |= {name: fact for name, fact in circumstances.facts(questions.area).items() if fact is not None}
    openings = {code: known[code].opening for code in asked}
    return {code: written(opening) for code, opening in openings.items() if verdict(opening, facts) is False}


def check_urgent(questions: QuestionSet, asked: Iterable[str], *, at: str) -> None:
    """Raises Invalid naming *at* if these questions are none for an urgent request."""
    others = [code for code in asked if code not in questions.urgent_for]
    if questions.urgent_for and others:
        raise Invalid(
            f"an urgent request asks nothing but {', '.join(questions.urgent_for)}, and this one asks {', '.join(others)}",
            field=at,
            reason="NOT_URGENT",
        )


def merged(
    questions: QuestionSet,
    asked: Iterable[str],
    saved: Mapping[str, Answer],
    given: Sequence[Answer],
    *,
    at: str,
    circumstances: Circumstances = UNKNOWN,
) -> dict[str, Answer]:
    """*saved* answers replaced by the *given* ones; raises Invalid for one of the wrong type or to a question that is not open."""
    known = questions.questions
    asked = tuple(asked)
    reachable = _reachable(questions, asked)
    answers = dict(saved)
    repeated: set[str] = set()
    for index, answer in enumerate(given):
        where = f"{at}[{index}]"
        if answer.code not in reachable:
            raise Invalid(f"{answer.code!r} is not asked", field=f"{where}.questionCode", reason="UNKNOWN_QUESTION")
        if answer.code in repeated:
            raise Invalid(f"{answer.code} is answered twice", field=f"{where}.questionCode", reason="REPEATED")
        repeated.add(answer.code)
        question = known[answer.code]
        value = check(question.field, answer.value, at=f"{where}.value")
        check_file_count(value.files or (), at=f"{where}.value.files")
        check_file_count(answer.files, at=f"{where}.fileIds")
        extra = [file for file in answer.files if file.id not in (value.files or ())]
        _check_files(question, extra, where)
        answers[answer.code] = replace(answer, value=value, comment=_comment(question, answer.comment, where))
    now_open = open_questions(questions, asked, answers, circumstances)
    for index, answer in enumerate(given):
        if answer.code not in now_open:
            raise Invalid(
                f"{answer.code} is not open: it is only while {written(known[answer.code].opening)}",
                field=f"{at}[{index}].questionCode",
                reason="HIDDEN_QUESTION",
            )
    return {code: answers[code] for code in now_open if code in answers}


def open_questions(
    questions: QuestionSet,
    asked: Iterable[str],
    answers: Mapping[str, Answer],
    circumstances: Circumstances = UNKNOWN,
) -> list[str]:
    """The questions that are to be answered, in the order of the set: of those *asked* or opened, the ones that apply."""
    chosen = set(asked)
    # Answers to questions that are not open say nothing.
    facts: dict[str, Fact] = {**dict.fromkeys(questions.questions), **circumstances.facts(questions.area)}
    found: list[str] = []
    for code, question in questions.questions.items():
        wanted = code in chosen or question.automatic or question.follows in found
        if wanted and verdict(question.opening, facts):
            found.append(code)
            facts[code] = _fact(answers[code].value) if code in answers else None
    return found


def unanswered(
    questions: QuestionSet,
    asked: Iterable[str],
    answers: Mapping[str, Answer],
    circumstances: Circumstances = UNKNOWN,
) -> list[str]:
    """The mandatory questions that are open and have no answer yet. A statement takes none."""
    known = questions.questions
    now_open = open_questions(questions, asked, answers, circumstances)
    if any(code in answers and known[code].excuses for code in now_open):
        return []
    return [
        code
        for code in now_open
        if code not in answers and known[code].field.mandatory and known[code].field.type is not ValueType.STATEMENT
    ]


def _fact(value: Value) -> Fact:
    """What conditions see of an answer: a text, a file or an amount is there, and no more."""
    if value.number is not None:
        return value.number
    return value.date or frozenset(value.codes or ())


def _reachable(questions: QuestionSet, asked: Iterable[str]) -> set[str]:
    found = set(asked)
    for code, question in questions.questions.items():
        if question.automatic or question.follows in found:
            found.add(code)
    return found


def check_file_count(files: Sized, *, at: str) -> None:
    """Raises Invalid if there are too many *files* in one place."""
    if len(files) > FILES_LIMIT:
        raise Invalid(f"at most {FILES_LIMIT} files can be attached", field=at, reason="TOO_MANY")


def _check_files(question: Question, files: Sequence[File], where: str) -> None:
    if files and not question.attachments:
        raise Invalid(f"{question.code} takes no attachments", field=f"{where}.fileIds", reason="NO_ATTACHMENTS")
    check_file_count(files, at=f"{where}.fileIds")


def _comment(question: Question, comment: FreeText | None, where: str) -> FreeText | None:
    if comment is None:
        return None
    if not question.free_text:
        raise Invalid(f"{question.code} takes no free text", field=f"{where}.comment", reason="NO_FREE_TEXT")
    return free_text(comment, at=f"{where}.comment")
