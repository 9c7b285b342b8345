"""Requests ↔ protobuf, and nothing else."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from chassis import wire
from chassis.aggregates import Kept
from chassis.inbox import Entry
from chassis.wire import EnumOnWire, few, timestamp
from engines.scanning import State
from protos.common.v1 import common_pb2
from protos.requests.v1 import events_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain import requests as domain
from services.requests.domain.actions import Possibility
from services.requests.domain.exchange import Child, Evaluation, Grade, MoreInformation, Opinion, Verdict
from services.requests.domain.hearing import concerned
from services.requests.domain.identity import Giveaway, Leak
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.questions import Answer, Asked
from services.requests.domain.requests import Draft, HistoryEntry, Request, Subject
from services.requests.domain.retention import HIDING
from services.requests.domain.tasks import Task
from services.requests.domain.views import View
from vocabulary.files import File
from vocabulary.refusals import Invalid
from vocabulary.values import FreeText, iso_date

STATUS = EnumOnWire(Status, pb.RequestStatus)
ACTION = EnumOnWire(Action, pb.RequestAction)
VIEW = EnumOnWire(View, pb.RequestView)
TASK = EnumOnWire(Task, pb.RequestTask)
LEAK = EnumOnWire(Leak, pb.Leak)
VERDICT = EnumOnWire(Verdict, pb.ReferralVerdict)
GRADE = EnumOnWire(Grade, pb.Grade)
SCAN_STATE = EnumOnWire(State, pb.ScanState)

# File ids → files, each checked; the second argument says where the ids stand in the input.
FindFiles = Callable[[Sequence[str], str], tuple[File, ...]]
FILES_AT_ONCE = 5_000  # In one command: more than all questions of a set take together.


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
        urgent=state.draft.urgent,
        urgent_reason=wire.free_text(state.draft.urgent_reason),
        questions=[asked(one) for one in state.draft.questions],
        files=[wire.file(one) for one in state.draft.files],
        answers=[answer(one, one.code in state.frozen) for one in state.answers],
        history=[history_entry(entry) for entry in state.history],
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
        sent_at=timestamp(state.sent_at),
        proposed_date=_date(state.proposed_date),
        agreed_date=_date(state.agreed_date),
        due_date=_date(state.due),
        legal_deadline=_date(state.legal_deadline),
        former_responder_ids=[one.authority_id for one in state.former],
        parent_id=state.parent_id,
        family_id=state.family,
        children=[child(one) for one in state.children],
        more_information=[more_information(one) for one in state.more_information],
        opinions=[opinion(one) for one in state.opinions],
        evaluation=evaluation(state.evaluation),
        proofs=map(wire.proof, state.proofs),
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
        urgent=message.urgent,
        urgent_reason=_text_from(message.urgent_reason, f"{at}.urgentReason")
        if message.HasField("urgent_reason")
        else None,
        questions=tuple(
            asked_from(one, files, at=f"{at}.questions[{index}]") for index, one in enumerate(message.questions)
        ),
        files=files(message.file_ids, f"{at}.fileIds"),
    )


def files_named(
    messages: Sequence[pb.AskedQuestionDraft | pb.AnswerDraft], *, at: str, besides: Sequence[str] = ()
) -> list[str]:
    """The ids of the files that a command names, each once; raises Invalid for more *messages*, or more files, than any form takes."""
    given = [besides, *(one.file_ids for one in few(messages, at=at))]
    given += [one.value.files.codes for one in messages if isinstance(one, pb.AnswerDraft)]
    if sum(map(len, given)) > FILES_AT_ONCE:
        raise Invalid(f"at most {FILES_AT_ONCE:,} files at a time", field=at, reason="TOO_MANY")
    return list(dict.fromkeys(id_ for ids in given for id_ in ids))


def asked(one: Asked) -> pb.AskedQuestion:
    return pb.AskedQuestion(
        code=one.code, comment=wire.free_text(one.comment), files=[wire.file(file) for file in one.files]
    )


def asked_from(message: pb.AskedQuestionDraft, files: FindFiles, *, at: str) -> Asked:
    return Asked(
        code=message.code,
        comment=_text_from(message.comment, f"{at}.comment") if message.HasField("comment") else None,
        files=files(message.file_ids, f"{at}.fileIds"),
    )


def answer(one: Answer, released: bool = False) -> pb.Answer:
    return pb.Answer(
        question_code=one.code,
        value=wire.value(one.value),
        comment=wire.free_text(one.comment),
        files=[wire.file(file) for file in one.files],
        released=released,
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


def file_scan(id_: str, state: State, at: datetime | None) -> pb.FileScan:
    return pb.FileScan(id=id_, state=SCAN_STATE.to_wire(state), at=timestamp(at))


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


def changed(id_: str, revision: int, before: Request | None, after: Request) -> events_pb2.RequestChanged:
    """What is told of the last step of *after*: ids and codes."""
    last = after.history[-1]
    return events_pb2.RequestChanged(
        request_id=id_,
        revision=revision,
        action=ACTION.to_wire(last.action),
        to=STATUS.to_wire(last.after),
        requester_id=after.requester_id,
        responder_id=after.draft.responder_id,
        area_code=after.area,
        authority_id=last.authority_id,
        concerned_ids=concerned(before, after),
        **{"from": STATUS.to_wire(last.before)},
    )


def silenced(told: events_pb2.RequestChanged) -> str:
    """The id of a request that holds nothing more that anybody is shown; empty for any other."""
    return told.request_id if ACTION.known(told.action) in {Action.DELETE, *HIDING} else ""


def child(one: Child) -> pb.SplitOff:
    return pb.SplitOff(
        id=one.id,
        number=one.number,
        responder_id=one.responder_id,
        question_codes=[question.code for question in one.questions],
        reason=wire.free_text(one.reason),
        at=timestamp(one.at),
    )


def more_information(one: MoreInformation) -> pb.MoreInformation:
    return pb.MoreInformation(
        asked_at=timestamp(one.asked_at),
        question_codes=one.questions,
        text=wire.free_text(one.text),
        settled_at=timestamp(one.settled_at),
        given=wire.free_text(one.given),
        refusal=wire.free_text(one.refusal),
    )


def opinion(one: Opinion) -> pb.Opinion:
    return pb.Opinion(
        at=timestamp(one.at),
        authority_id=one.authority_id,
        text=wire.free_text(one.text),
        verdict=VERDICT.to_wire(one.verdict) if one.verdict else pb.REFERRAL_VERDICT_UNSPECIFIED,
    )


def evaluation(one: Evaluation | None) -> pb.Evaluation | None:
    if one is None:
        return None
    return pb.Evaluation(timeliness=GRADE.to_wire(one.timeliness), effort=GRADE.to_wire(one.effort))


def evaluation_from(message: pb.Evaluation, *, at: str) -> Evaluation:
    return Evaluation(
        timeliness=GRADE.from_wire(message.timeliness, field=f"{at}.timeliness"),
        effort=GRADE.from_wire(message.effort, field=f"{at}.effort"),
    )


def warning(one: Giveaway) -> pb.DraftWarning:
    return pb.DraftWarning(field=one.field, leak=LEAK.to_wire(one.leak))


def possibility(one: Possibility) -> pb.PossibleAction:
    against = one.refusal
    return pb.PossibleAction(
        action=ACTION.to_wire(one.action),
        possible=against is None,
        code=against.code if against else "",
        reason=against.reason if against else "",
        message=against.message if against else "",
    )


def _text_from(message: common_pb2.FreeText, at: str) -> FreeText:
    return wire.free_text_from(message, at=at)


def _date(day: date | None) -> str:
    return "" if day is None else day.isoformat()
