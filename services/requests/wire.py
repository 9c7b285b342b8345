"""Requests ↔ protobuf, and nothing else."""

from collections.abc import Callable, Collection, Sequence
from datetime import date

from chassis import wire
from chassis.aggregates import Kept
from chassis.inbox import Entry
from chassis.wire import EnumOnWire, localized, timestamp
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain import requests as domain
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.questions import Answer, Asked, File, QuestionSet
from services.requests.domain.requests import Draft, HistoryEntry, Request, Subject
from services.requests.domain.views import View
from vocabulary.refusals import Invalid
from vocabulary.values import FreeText, iso_date

STATUS = EnumOnWire(Status, pb.RequestStatus)
ACTION = EnumOnWire(Action, pb.RequestAction)
VIEW = EnumOnWire(View, pb.RequestView)

# File ids → files, each checked; the second argument says where the ids stand in the input.
FindFiles = Callable[[Sequence[str], str], tuple[File, ...]]


def request(kept: Kept[Request], view: View) -> pb.Request:
    """*kept*, already cut down to what *view* shows."""
    state = kept.state
    return pb.Request(
        id=kept.id,
        revision=kept.revision,
        number=state.number,
        status=STATUS.to_wire(state.status),
        view=VIEW.to_wire(view),
        requester_id=state.requester_id,
        responder_id=state.draft.responder_id,
        requester_country_code=state.requester_country,
        responder_country_code=state.draft.responder_country,
        area_code=state.area,
        question_set_id=state.question_set_id,
        subject=subject(state.draft.subject),
        justification=wire.free_text(state.draft.justification),
        desired_date=_date(state.draft.desired_date),
        questions=[asked(one) for one in state.draft.questions],
        files=[file(one) for one in state.draft.files],
        answers=[answer(one) for one in state.answers],
        history=[history_entry(entry) for entry in state.history],
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
    )


def draft_from(message: pb.RequestDraft, responder_country: str, files: FindFiles, *, at: str = "draft") -> Draft:
    """The draft that *message* describes; raises Invalid for a date that is none, an unknown file, an empty subject."""
    return Draft(
        responder_id=message.responder_id,
        responder_country=responder_country,
        subject=subject_from(message.subject, at=f"{at}.subject") if message.HasField("subject") else None,
        justification=_text_from(message.justification, f"{at}.justification")
        if message.HasField("justification")
        else None,
        desired_date=iso_date(message.desired_date, at=f"{at}.desiredDate") if message.desired_date else None,
        questions=tuple(
            asked_from(one, files, at=f"{at}.questions[{index}]") for index, one in enumerate(message.questions)
        ),
        files=files(message.file_ids, f"{at}.fileIds"),
    )


def asked(one: Asked) -> pb.AskedQuestion:
    return pb.AskedQuestion(code=one.code, comment=wire.free_text(one.comment), files=[file(f) for f in one.files])


def asked_from(message: pb.AskedQuestionDraft, files: FindFiles, *, at: str) -> Asked:
    return Asked(
        code=message.code,
        comment=_text_from(message.comment, f"{at}.comment") if message.HasField("comment") else None,
        files=files(message.file_ids, f"{at}.fileIds"),
    )


def answer(one: Answer) -> pb.Answer:
    return pb.Answer(
        question_code=one.code,
        value=wire.value(one.value),
        comment=wire.free_text(one.comment),
        files=[file(f) for f in one.files],
    )


def answer_from(message: pb.AnswerDraft, files: FindFiles, *, at: str) -> Answer:
    """The answer that *message* gives; the files of its value are among its files."""
    value = wire.value_from(message.value, at=f"{at}.value")
    attached = files(value.files or (), f"{at}.value.files") + files(message.file_ids, f"{at}.fileIds")
    return Answer(
        code=message.question_code,
        value=value,
        comment=_text_from(message.comment, f"{at}.comment") if message.HasField("comment") else None,
        files=tuple({one.id: one for one in attached}.values()),
    )


def subject(subject: Subject | None) -> pb.Subject | None:
    if subject is None:
        return None
    if subject.kind == domain.PERSON:
        return pb.Subject(
            person=pb.Person(
                given_name=subject.given_name,
                family_name=subject.family_name,
                birth_date=_date(subject.birth_date),
            )
        )
    if subject.kind == domain.COMPANY:
        return pb.Subject(company=pb.Company(name=subject.name, registration_number=subject.registration_number))
    return pb.Subject(document=pb.Document(title=subject.title, reference=subject.reference))


def subject_from(message: pb.Subject, *, at: str) -> Subject:
    match message.WhichOneof("kind"):
        case "person":
            person = message.person
            born = iso_date(person.birth_date, at=f"{at}.person.birthDate") if person.birth_date else None
            return Subject(
                kind=domain.PERSON,
                given_name=person.given_name.strip(),
                family_name=person.family_name.strip(),
                birth_date=born,
            )
        case "company":
            company = message.company
            number = company.registration_number.strip()
            return Subject(kind=domain.COMPANY, name=company.name.strip(), registration_number=number)
        case "document":
            document = message.document
            return Subject(kind=domain.DOCUMENT, title=document.title.strip(), reference=document.reference.strip())
        case _:
            raise Invalid("a subject is a person, a company or a document", field=at, reason="EMPTY")


def file(file: File) -> common_pb2.File:
    return common_pb2.File(
        id=file.id,
        name=file.name,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )


def history_entry(entry: HistoryEntry) -> pb.HistoryEntry:
    return pb.HistoryEntry(
        at=timestamp(entry.at),
        authority_id=entry.authority_id,
        action=ACTION.to_wire(entry.action),
        to=STATUS.to_wire(entry.after),
        reason=wire.free_text(entry.reason),
        **{"from": STATUS.to_wire(entry.before)},
    )


def change(entry: Entry) -> pb.RequestChange:
    return pb.RequestChange(
        id=entry.id,
        request_id=entry.subject,
        action=ACTION.to_wire(Action(entry.kind)),
        status=STATUS.to_wire(Status(entry.status)),
    )


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
                questions=[
                    pb.Question(
                        field=wire.field(question.field, wanted),
                        follows=question.follows,
                        opens_on=question.opens_on,
                        allows_attachments=question.attachments,
                    )
                    for question in group.questions
                ],
            )
            for group in questions.groups
        ],
    )


def _text_from(message: common_pb2.FreeText, at: str) -> FreeText:
    return wire.free_text_from(message, at=at)


def _date(day: date | None) -> str:
    return "" if day is None else day.isoformat()
