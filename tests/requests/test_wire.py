"""What goes over the wire comes back the same, and what cannot is refused by name."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.aggregates import Kept
from chassis.inbox import Entry
from chassis.wire import LISTED_LIMIT, EnumOnWire, datetime_of, free_text_from, value, value_from
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire
from services.requests.domain import requests as domain
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.questions import Answer, Asked
from services.requests.domain.requests import Draft, HistoryEntry, Request, Subject
from services.requests.domain.views import View
from services.requests.wire_questions import question_set
from tests.requests.exchanges import QUESTIONS, SET, a_draft
from vocabulary import languages
from vocabulary.files import File
from vocabulary.refusals import Invalid
from vocabulary.values import DataClass, FreeText, Money, Value

words = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
codes = st.lists(words, min_size=1, max_size=3, unique=True).map(tuple)
amounts = st.decimals(0, 10**9, places=2)
days = st.dates(date(1900, 1, 1))
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.builds(FreeText, text=words, language=st.sampled_from(languages.ALL), data_class=st.sampled_from(DataClass))
values = (
    st.builds(Value, codes=codes)
    | st.builds(Value, references=codes)
    | st.builds(Value, link=words)
    | st.builds(Value, date=days)
    | st.builds(Value, number=amounts)
    | st.builds(Value, money=st.builds(Money, amount=amounts, currency=st.sampled_from(["EUR", "HUF"])))
    | st.builds(Value, text=texts)
)
subjects = (
    st.builds(Subject, kind=st.just(domain.PERSON), given_name=words, family_name=words, birth_date=st.none() | days)
    | st.builds(Subject, kind=st.just(domain.COMPANY), name=words, registration_number=words | st.just(""))
    | st.builds(Subject, kind=st.just(domain.DOCUMENT), title=words, reference=words | st.just(""))
)
files = st.builds(File, id=words, name=words, media_type=words, size_bytes=st.integers(1, 2**40), sha256=words)
attached = st.lists(files, max_size=2, unique_by=lambda file: file.id).map(tuple)
asked = st.builds(Asked, code=words, comment=st.none() | texts, files=attached)
answers = st.builds(Answer, code=words, value=values, comment=st.none() | texts, files=attached)
drafts = st.builds(
    Draft,
    responder_id=words | st.just(""),
    responder_country=st.sampled_from(["HU", "EL"]),
    subject=st.none() | subjects,
    justification=st.none() | texts,
    desired_date=st.none() | days,
    questions=st.lists(asked, max_size=2).map(tuple),
    files=attached,
)
history = st.builds(
    HistoryEntry,
    at=times,
    authority_id=words,
    user_id=st.just("usr_1"),
    action=st.sampled_from(Action),
    before=st.sampled_from(Status),
    after=st.sampled_from(Status),
    reason=st.none() | texts,
)
requests = st.builds(
    Request,
    number=words,
    status=st.sampled_from(Status),
    requester_id=words,
    requester_country=st.sampled_from(["IT", "SI"]),
    area=words,
    question_set_id=words,
    draft=drafts,
    answers=st.lists(answers, max_size=2).map(tuple),
    history=st.lists(history, max_size=3).map(tuple),
    created_at=times,
    changed_at=times,
)


def known(files_: Sequence[File]) -> wire.FindFiles:
    """Finds those of *files_*."""
    by_id = {file.id: file for file in files_}
    return lambda ids, _at: tuple(by_id[id_] for id_ in ids)


def text_back(message: common_pb2.FreeText, present: bool) -> FreeText | None:
    return free_text_from(message, at="") if present else None


def file_back(message: common_pb2.File) -> File:
    return File(
        id=message.id,
        name=message.name,
        media_type=message.media_type,
        size_bytes=message.size_bytes,
        sha256=message.sha256,
    )


def files_back(messages: Sequence[common_pb2.File]) -> tuple[File, ...]:
    return tuple(map(file_back, messages))


def request_back(message: pb.Request) -> Kept[Request]:
    """Everything but who of an authority did what, and whether it was accepted: those are not told."""
    draft = Draft(
        responder_id=message.responder_id,
        responder_country=message.responder_country_code,
        subject=wire.subject_from(message.subject, at="") if message.HasField("subject") else None,
        justification=text_back(message.justification, message.HasField("justification")),
        desired_date=date.fromisoformat(message.desired_date) if message.desired_date else None,
        questions=tuple(
            Asked(code=one.code, comment=text_back(one.comment, one.HasField("comment")), files=files_back(one.files))
            for one in message.questions
        ),
        files=files_back(message.files),
    )
    state = Request(
        number=message.number,
        status=wire.STATUS.from_wire(message.status, field=""),
        requester_id=message.requester_id,
        requester_country=message.requester_country_code,
        area=message.area_code,
        question_set_id=message.question_set_id,
        draft=draft,
        answers=tuple(
            Answer(
                code=one.question_code,
                value=value_from(one.value, at=""),
                comment=text_back(one.comment, one.HasField("comment")),
                files=files_back(one.files),
            )
            for one in message.answers
        ),
        history=tuple(
            HistoryEntry(
                at=datetime_of(entry.at),
                authority_id=entry.authority_id,
                user_id="usr_1",
                action=wire.ACTION.from_wire(entry.action, field=""),
                before=wire.STATUS.from_wire(getattr(entry, "from"), field=""),
                after=wire.STATUS.from_wire(entry.to, field=""),
                reason=text_back(entry.reason, entry.HasField("reason")),
            )
            for entry in message.history
        ),
        created_at=datetime_of(message.created_at),
        changed_at=datetime_of(message.changed_at),
    )
    return Kept(message.id, message.revision, state)


@given(words, st.integers(1, 2**40), requests, st.sampled_from(View))
@settings(deadline=None)
def test_a_request_comes_back_with_all_that_is_in_it(id_: str, revision: int, request: Request, view: View) -> None:
    kept = Kept(id_, revision, request)
    message = pb.Request.FromString(wire.request(kept, view).SerializeToString())
    assert request_back(message) == kept
    assert wire.VIEW.from_wire(message.view, field="") is view
    assert "usr_1" not in str(message)


@given(drafts)
@settings(deadline=None)
def test_a_draft_comes_as_it_was_written(draft: Draft) -> None:
    shown = wire.request(Kept("", 1, Request(
        number="", status=Status.DRAFT, requester_id="", requester_country="", area="", question_set_id="",
        draft=draft, created_at=datetime(2026, 1, 1, tzinfo=UTC), changed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )), View.FULL)  # fmt: skip
    message = pb.RequestDraft(
        responder_id=shown.responder_id,
        desired_date=shown.desired_date,
        questions=[
            pb.AskedQuestionDraft(
                code=one.code,
                comment=one.comment if one.HasField("comment") else None,
                file_ids=[file.id for file in one.files],
            )
            for one in shown.questions
        ],
        file_ids=[file.id for file in shown.files],
        subject=shown.subject if shown.HasField("subject") else None,
        justification=shown.justification if shown.HasField("justification") else None,
    )
    places = (draft.files, *(one.files for one in draft.questions))

    def find(ids: Sequence[str], at: str) -> tuple[File, ...]:
        place = places[0] if at == "draft.fileIds" else places[1 + int(at[len("draft.questions[")])]
        return known(place)(ids, at)

    assert wire.draft_from(message, draft.responder_country, find) == draft


@given(answers)
def test_an_answer_comes_as_it_was_given(answer: Answer) -> None:
    shown = wire.answer(answer)
    message = pb.AnswerDraft(
        question_code=shown.question_code,
        value=shown.value,
        comment=shown.comment if shown.HasField("comment") else None,
        file_ids=[file.id for file in shown.files],
    )
    message = pb.AnswerDraft.FromString(message.SerializeToString())
    assert wire.answer_from(message, known(answer.files), at="answers[0]") == answer


@given(attached, attached)
def test_the_files_of_a_document_are_among_those_of_its_answer_each_once(
    given_files: tuple[File, ...], more: tuple[File, ...]
) -> None:
    everything = {file.id: file for file in (*given_files, *more)}
    message = pb.AnswerDraft(
        question_code="PQ8",
        value=value(Value(files=tuple(file.id for file in given_files))),
        file_ids=[file.id for file in (*more, *given_files)],
    )
    answer = wire.answer_from(message, known(list(everything.values())), at="answers[0]")
    assert answer.value.files == tuple(file.id for file in given_files)
    assert [file.id for file in answer.files] == list(everything)


@given(subjects)
def test_a_subject_comes_back(subject: Subject) -> None:
    message = wire.subject(subject)
    assert message is not None
    assert wire.subject_from(pb.Subject.FromString(message.SerializeToString()), at="subject") == subject


def test_what_is_not_there_stays_absent() -> None:
    assert wire.subject(None) is None


@given(st.text(" \t\n", max_size=3), words)
def test_a_name_comes_without_the_space_around_it(space: str, name: str) -> None:
    person = pb.Person(given_name=f"{space}{name}{space}", family_name=f"{name}{space}")
    found = wire.subject_from(pb.Subject(person=person), at="subject")
    assert (found.given_name, found.family_name) == (name, name)


def test_what_is_longer_than_any_form_is_refused_before_it_is_looked_at() -> None:
    """Of the smallest items, one message holds hundreds of thousands; nobody else would be answered while they are turned."""
    many = LISTED_LIMIT + 1
    few = [
        pb.AnswerDraft(file_ids=["b", "a"]),
        pb.AnswerDraft(value=common_pb2.Value(files=common_pb2.Codes(codes=["c", "b"]))),
    ]
    assert wire.files_named(few, at="answers") == ["b", "a", "c"]
    full = pb.AskedQuestionDraft(file_ids=["a"] * 100)
    for messages in (
        [pb.AskedQuestionDraft()] * many,
        [pb.AnswerDraft()] * many,
        [full] * (wire.FILES_AT_ONCE // 100 + 1),
    ):
        with pytest.raises(Invalid) as found:
            wire.files_named(messages, at="draft.questions")
        assert (found.value.field, found.value.reason) == ("draft.questions", "TOO_MANY")


def test_a_subject_is_something() -> None:
    for at in ("subject", "draft.subject"):
        with pytest.raises(Invalid) as found:
            wire.subject_from(pb.Subject(), at=at)
        assert (found.value.field, found.value.reason) == (at, "EMPTY")


@pytest.mark.parametrize("day", ["24.11.2026", "2026-02-30", "2026-1-1", "20261124", "tomorrow", "2026-11-24T00:00"])
def test_a_date_that_is_none_is_refused_by_name(day: str) -> None:
    person = pb.Subject(person=pb.Person(given_name="A", family_name="B", birth_date=day))
    with pytest.raises(Invalid) as found:
        wire.subject_from(person, at="draft.subject")
    assert (found.value.field, found.value.reason) == ("draft.subject.person.birthDate", "NOT_A_DATE")
    with pytest.raises(Invalid) as found:
        wire.draft_from(a_draft(desired_date=day), "HU", known([]))
    assert (found.value.field, found.value.reason) == ("draft.desiredDate", "NOT_A_DATE")
    answer = pb.AnswerDraft(question_code="PQ2a", value=common_pb2.Value(date=day))
    with pytest.raises(Invalid) as found:
        wire.answer_from(answer, known([]), at="answers[3]")
    assert (found.value.field, found.value.reason) == ("answers[3].value.date", "NOT_A_DATE")


def test_each_place_of_a_file_is_named() -> None:
    """The one who looks for files hears where the ids stand in the input."""
    places: list[str] = []

    def note(ids: Sequence[str], at: str) -> tuple[File, ...]:
        places.append(at)
        return ()

    questions = [pb.AskedQuestionDraft(code="PQ1"), pb.AskedQuestionDraft(code="PQ3")]
    wire.draft_from(a_draft(questions=questions), "HU", note)
    wire.answer_from(
        pb.AnswerDraft(value=common_pb2.Value(files=common_pb2.Codes(codes=["fil_1"]))), note, at="answers[2]"
    )
    assert places == [
        "draft.questions[0].fileIds",
        "draft.questions[1].fileIds",
        "draft.fileIds",
        "answers[2].value.files",
        "answers[2].fileIds",
    ]


ENUMS = [
    (wire.STATUS, Status, dict(pb.RequestStatus.items()), "REQUEST_STATUS_"),
    (wire.ACTION, Action, dict(pb.RequestAction.items()), "REQUEST_ACTION_"),
    (wire.VIEW, View, dict(pb.RequestView.items()), "REQUEST_VIEW_"),
]


@pytest.mark.parametrize(("on_wire", "meanings", "numbers", "prefix"), ENUMS)
def test_every_word_of_the_wire_has_its_meaning_and_back(
    on_wire: EnumOnWire[Any], meanings: type[StrEnum], numbers: dict[str, int], prefix: str
) -> None:
    assert {name.removeprefix(prefix) for name in numbers} == {"UNSPECIFIED", *meanings}
    for word in meanings:
        assert on_wire.to_wire(word) == numbers[prefix + word]
        assert on_wire.from_wire(numbers[prefix + word], field="") is word
    for number in (0, 99):
        with pytest.raises(Invalid) as found:
            on_wire.from_wire(number, field="status")
        assert (found.value.field, found.value.reason) == ("status", "UNKNOWN_VALUE")


@given(words, words, st.sampled_from(Action), st.sampled_from(Status), times)
def test_a_change_says_what_happened_to_which_request(
    id_: str, subject: str, action: Action, status: Status, at: datetime
) -> None:
    change = wire.change(Entry(id=id_, subject=subject, kind=action, at=at, status=status))
    assert (change.id, change.request_id) == (id_, subject)
    assert wire.ACTION.from_wire(change.action, field="") is action
    assert wire.STATUS.from_wire(change.status, field="") is status


@given(st.lists(st.sampled_from(languages.OFFICIAL), min_size=1, unique=True))
def test_a_question_set_speaks_the_languages_wanted_and_no_other(wanted: list[str]) -> None:
    message = pb.QuestionSet.FromString(question_set(QUESTIONS, wanted).SerializeToString())
    questions = [question for group in message.groups for question in group.questions]
    spoken = [message.title, *(group.title for group in message.groups), *(one.field.label for one in questions)]
    spoken += [choice.label for one in questions for choice in one.field.choices]
    assert all(set(text.texts) == set(wanted) for text in spoken)
    assert (message.id, message.code, message.version, message.area_code) == (
        SET, QUESTIONS.code, QUESTIONS.version, QUESTIONS.area,
    )  # fmt: skip
    assert [(one.field.code, one.follows, list(one.opens_on), one.allows_attachments) for one in questions] == [
        (one.code, one.follows, list(one.opens_on), one.attachments) for one in QUESTIONS.questions.values()
    ]
    helps = [one.field.help for one in questions if one.field.HasField("help")]
    assert len(helps) == sum(bool(one.field.help) for one in QUESTIONS.questions.values())
    assert all(set(text.texts) == set(wanted) for text in helps)
    years = next(one.field for one in questions if one.field.code == "PQ7")
    assert (years.minimum, years.maximum) == ("0", "10")
