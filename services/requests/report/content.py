"""A case in words: what is in a report on it, section by section, in the language of its reader."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.requests.domain import requests as domain
from services.requests.domain.lifecycle import EVER, Party
from services.requests.domain.questions import Answer, Question, QuestionSet
from services.requests.domain.requests import HistoryEntry, Request, Subject
from services.requests.report.document import Block, Document, Fact, Gist, Heading, Note, Quote, Subheading
from services.requests.report.wording import Wording
from vocabulary.files import File
from vocabulary.participants import Participant
from vocabulary.values import Field, FreeText, Value, ValueType


@dataclass(frozen=True, slots=True)
class Translated:
    """What machine translation makes of a text, and the notice what that is worth; both in the reader's language."""

    text: str
    notice: str


# By the text and the language it was written in.
Translations = Mapping[tuple[str, str], Translated]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a reader may see of a request, and what has to be known to put it into words.

    `personal` says whether it holds personal data; `whole` whether an answer that is not in it does not exist.
    """

    request: Request
    questions: QuestionSet
    participants: Mapping[str, Participant]
    translations: Translations
    personal: bool
    whole: bool


def texts(request: Request) -> Iterator[FreeText]:
    """Every free text of *request*."""
    found: list[FreeText | None] = [request.draft.justification]
    found += [one.comment for one in request.draft.questions]
    for answer in request.answers:
        found += [answer.value.text, answer.comment]
    for more in request.more_information:
        found += [more.text, more.given, more.refusal]
    found += [one.reason for one in request.children]
    found += [one.text for one in request.opinions]
    found += [one.reason for one in request.history]
    yield from (text for text in found if text is not None)


def document(case: Case, words: Wording) -> Document:
    """The report on *case*."""
    return Document(
        title=words("said", "title", number=case.request.number),
        language=words.language,
        at=case.request.changed_at,
        foot=f"{case.request.number} · {words('said', 'page')}",
        blocks=tuple(_Report(case, words).blocks()),
    )


class _Report:
    def __init__(self, case: Case, words: Wording) -> None:
        self._case = case
        self._request = case.request
        self._words = words

    def blocks(self) -> Iterator[Block]:
        words = self._words
        yield Note(words("said", "with_personal" if self._case.personal else "without_personal"))
        yield Note(words("said", "as_of", date=words.moment(self._request.changed_at)))
        yield Note(words("said", "times"))
        yield from self._authorities()
        yield from self._terms()
        yield from self._section("subject", self._subject(self._request.draft.subject))
        yield from self._section("questions", self._questions())
        yield from self._section("files", self._files(self._request.draft.files))
        yield from self._section("more_information", self._more_information())
        yield from self._section("moved", self._children())
        yield from self._section("referral", self._opinions())
        yield from self._section("evaluation", self._evaluation())
        yield from self._section("history", self._history())

    def _section(self, code: str, blocks: Iterator[Block]) -> Iterator[Block]:
        """A section, unless there is nothing in it."""
        first = next(blocks, None)
        if first is not None:
            yield Heading(self._words("heading", code))
            yield first
            yield from blocks

    def _fact(self, code: str, text: str) -> Iterator[Block]:
        if text:
            yield Fact(self._words("field", code), text)

    def _quote(self, code: str, text: FreeText | None) -> Iterator[Block]:
        """A free text as it was written, with its translation beside it if there is one."""
        if text is None:
            return
        words = self._words
        named = words("said", "original", language=words.language_name(text.language))
        yield Quote(words("field", code), text.text, named)
        translated = self._case.translations.get((text.text, text.language))
        if translated is not None:
            mark = words("said", "machine", language=words.language_name(words.language))
            yield Gist(mark, translated.text, translated.notice)

    def _authority(self, id_: str, country: str = "") -> str:
        """The official name, in the reader's language if it is to be had in that, with the country."""
        known = self._case.participants.get(id_)
        if known is None:
            return id_
        spoken = self._words.language
        name = known.official_name.get(spoken) or known.informal_name.get(spoken)
        return f"{name or self._words.of(known.official_name) or id_} ({self._words.country(country or known.country)})"

    def _authorities(self) -> Iterator[Block]:
        request = self._request
        yield Heading(self._words("heading", "parties"))
        yield from self._fact("requester", self._authority(request.requester_id, request.requester_country))
        if request.draft.responder_id:
            responder = self._authority(request.draft.responder_id, request.draft.responder_country)
            yield from self._fact("responder", responder)
        for one in request.former:
            yield from self._fact("former", self._authority(one.authority_id))

    def _terms(self) -> Iterator[Block]:
        request, words = self._request, self._words
        yield from self._fact("status", words("status", request.status))
        yield from self._fact("question_set", words.of(self._case.questions.title))
        yield from self._fact("created", words.moment(request.created_at))
        if request.sent_at:
            yield from self._fact("sent", words.moment(request.sent_at))
        days = {
            "desired": request.draft.desired_date,
            "proposed": request.proposed_date,
            "agreed": request.agreed_date,
        }
        for code, day in days.items():
            if day is not None:
                yield from self._fact(code, words.day(day))
        yield from self._quote("justification", request.draft.justification)

    def _subject(self, subject: Subject | None) -> Iterator[Block]:
        if subject is None:
            return
        if subject.kind == domain.PERSON:
            yield from self._fact("family_name", subject.family_name)
            yield from self._fact("given_name", subject.given_name)
            if subject.birth_date:
                yield from self._fact("birth_date", self._words.day(subject.birth_date))
        elif subject.kind == domain.COMPANY:
            yield from self._fact("name", subject.name)
            yield from self._fact("registration_number", subject.registration_number)
        else:
            yield from self._fact("document", subject.title)
            yield from self._fact("reference", subject.reference)

    def _questions(self) -> Iterator[Block]:
        request = self._request
        asked = {one.code: one for one in request.draft.questions}
        answers = {one.code: one for one in request.answers}
        for code, question in self._case.questions.questions.items():
            if code not in asked and code not in answers:
                continue
            yield Subheading(self._words.of(question.field.label))
            if code in asked:
                yield from self._quote("comment", asked[code].comment)
                yield from self._files(asked[code].files)
            if code in answers:
                yield from self._answer(question, answers[code])
            elif self._case.whole and question.field.type is not ValueType.STATEMENT:
                yield Fact(self._words("field", "answer"), self._words("field", "unanswered"))

    def _answer(self, question: Question, answer: Answer) -> Iterator[Block]:
        yield from self._fact("answer", self._value(question.field, answer.value))
        yield from self._quote("answer", answer.value.text)
        yield from self._quote("comment", answer.comment)
        yield from self._files(answer.files)

    def _value(self, field: Field, value: Value) -> str:
        """A value in words; empty for a text, which is quoted, and for files, which are listed."""
        words = self._words
        if value.codes is not None:
            labels = {choice.code: words.of(choice.label) for choice in field.choices}
            return "; ".join(labels.get(code, code) for code in value.codes)
        if value.date is not None:
            return words.day(value.date)
        if value.number is not None:
            return words.number(value.number)
        if value.money is not None:
            return words.amount(value.money.amount, value.money.currency)
        return value.link or "; ".join(self._reference(field.type, one) for one in value.references or ())

    def _reference(self, kind: ValueType, code: str) -> str:
        if kind is ValueType.COUNTRY:
            return self._words.country(code)
        if kind is ValueType.LANGUAGE:
            return self._words.language_name(code)
        return self._authority(code) if kind is ValueType.AUTHORITY else code

    def _files(self, files: Sequence[File]) -> Iterator[Block]:
        """Each with what tells whether a file at hand is this one."""
        for file in files:
            spoken = self._words.language_name(file.language) if file.language else ""
            size = f"{self._words.number(Decimal(-(-file.size_bytes // 1000)))} kB"
            known = "; ".join(part for part in (file.name, file.media_type, size, spoken) if part)
            yield Fact(self._words("heading", "files"), f"{known}; SHA-256 {file.sha256}")

    def _more_information(self) -> Iterator[Block]:
        labels = self._case.questions.questions
        for more in self._request.more_information:
            yield Subheading(f"{self._words('field', 'asked')}: {self._words.moment(more.asked_at)}")
            for code in more.questions:
                yield Fact("", self._words.of(labels[code].field.label) if code in labels else code)
            yield from self._quote("asked", more.text)
            if more.settled_at:
                yield from self._fact("time", self._words.moment(more.settled_at))
            yield from self._quote("given", more.given)
            yield from self._quote("refused", more.refusal)

    def _children(self) -> Iterator[Block]:
        labels = self._case.questions.questions
        for child in self._request.children:
            yield Subheading(f"{child.number}: {self._authority(child.responder_id, child.responder_country)}")
            for question in child.questions:
                yield Fact("", self._words.of(labels[question.code].field.label))
            yield from self._quote("reason", child.reason)

    def _opinions(self) -> Iterator[Block]:
        for opinion in self._request.opinions:
            yield Subheading(f"{self._words.moment(opinion.at)}: {self._authority(opinion.authority_id)}")
            if opinion.verdict:
                yield from self._fact("decision", self._words("verdict", opinion.verdict))
            yield from self._quote("reason", opinion.text)

    def _evaluation(self) -> Iterator[Block]:
        evaluation = self._request.evaluation
        if evaluation is not None:
            yield from self._fact("timeliness", self._words("grade", evaluation.timeliness))
            yield from self._fact("effort", self._words("grade", evaluation.effort))

    def _history(self) -> Iterator[Block]:
        for entry in self._request.history:
            yield Subheading(f"{self._words.moment(entry.at)}: {self._words('event', entry.action)}")
            role = self._words("role", self._role(entry))
            who = self._authority(entry.authority_id) if entry.authority_id else ""
            yield Fact("", f"{who} – {role}" if who else role)
            yield from self._quote("reason", entry.reason)

    def _role(self, entry: HistoryEntry) -> str:
        """As what an authority acted. A responder may have passed the case on since, or what it was split off."""
        request = self._request
        if not entry.authority_id:
            return "system"
        if entry.authority_id == request.requester_id:
            return "requester"
        # The coordinators who approve and decide may have had the case themselves before.
        responds = bool(EVER[entry.action] & {Party.RESPONDER, Party.RESPONDER_ALLOCATOR})
        had_it = entry.authority_id in (request.draft.responder_id, *request.passed)
        return "responder" if responds and had_it else "coordinator"
