"""Question sets, and which answers they take.

A question that follows another opens when that other is answered, or answered in one of certain ways. Answers to questions that
are not open are never stored: given in so many words they are refused, saved earlier they are dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vocabulary.refusals import Invalid
from vocabulary.values import Field, FreeText, LocalizedText, Value, ValueType, check, free_text

# In one place: a request, a question, an answer.
FILES_LIMIT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question is a typed field. `follows` is empty for one that a requester can choose."""

    field: Field
    follows: str = ""
    opens_on: tuple[str, ...] = ()
    attachments: bool = False

    @property
    def code(self) -> str:
        return self.field.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    code: str
    title: LocalizedText
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """Questions on one area of legislation. Never changes once it is used: a change is a new version."""

    code: str
    version: int
    area: str
    title: LocalizedText
    groups: tuple[Group, ...]

    @property
    def id(self) -> str:
        return f"{self.code}:{self.version}"

    @property
    def questions(self) -> dict[str, Question]:
        return {question.code: question for group in self.groups for question in group.questions}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that was uploaded."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


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
    """*asked* tidied; raises Invalid for a question of another set, a follow-up, a repetition, or files where none go."""
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
        if one.code in checked:
            raise Invalid(f"{one.code} is asked twice", field=f"{where}.code", reason="REPEATED")
        _check_files(question, one.files, where)
        checked[one.code] = replace(one, comment=_comment(one.comment, where))
    return tuple(checked.values())


def merged(
    questions: QuestionSet, asked: Iterable[str], saved: Mapping[str, Answer], given: Sequence[Answer], *, at: str
) -> dict[str, Answer]:
    """*saved* answers replaced by the *given* ones; raises Invalid for one of the wrong type or to a question that is not open."""
    known = questions.questions
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
        extra = [file for file in answer.files if file.id not in (value.files or ())]
        _check_files(question, extra, where)
        answers[answer.code] = replace(answer, value=value, comment=_comment(answer.comment, where))
    now_open = open_questions(questions, asked, answers)
    for index, answer in enumerate(given):
        if answer.code not in now_open:
            raise Invalid(
                f"{answer.code} is not open: the answer to {known[answer.code].follows} does not lead to it",
                field=f"{at}[{index}].questionCode",
                reason="HIDDEN_QUESTION",
            )
    return {code: answers[code] for code in now_open if code in answers}


def open_questions(questions: QuestionSet, asked: Iterable[str], answers: Mapping[str, Answer]) -> list[str]:
    """The questions that are to be answered, in the order of the set: those *asked*, and what the *answers* open."""
    chosen = set(asked)
    found: list[str] = []
    for code, question in questions.questions.items():
        if code in chosen or (question.follows in found and _opens(question, answers.get(question.follows))):
            found.append(code)
    return found


def unanswered(questions: QuestionSet, asked: Iterable[str], answers: Mapping[str, Answer]) -> list[str]:
    """The open questions that have no answer yet. A statement takes none."""
    known = questions.questions
    return [
        code
        for code in open_questions(questions, asked, answers)
        if code not in answers and known[code].field.type is not ValueType.STATEMENT
    ]


def _opens(question: Question, answer: Answer | None) -> bool:
    if answer is None:
        return False
    return not question.opens_on or bool(set(question.opens_on) & set(answer.value.codes or ()))


def _reachable(questions: QuestionSet, asked: Iterable[str]) -> set[str]:
    found = set(asked)
    for code, question in questions.questions.items():
        if question.follows in found:
            found.add(code)
    return found


def check_file_count(files: Sequence[File], *, at: str) -> None:
    """Raises Invalid if there are too many *files* in one place."""
    if len(files) > FILES_LIMIT:
        raise Invalid(f"at most {FILES_LIMIT} files can be attached", field=at, reason="TOO_MANY")


def _check_files(question: Question, files: Sequence[File], where: str) -> None:
    if files and not question.attachments:
        raise Invalid(f"{question.code} takes no attachments", field=f"{where}.fileIds", reason="NO_ATTACHMENTS")
    check_file_count(files, at=f"{where}.fileIds")


def _comment(comment: FreeText | None, where: str) -> FreeText | None:
    return None if comment is None else free_text(comment, at=f"{where}.comment")
