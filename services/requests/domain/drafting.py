"""From the first word to the responder: drafting, deleting, sending, and the approval of sending."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from services.requests.domain import questions as rules
from services.requests.domain.conditions import Circumstances
from services.requests.domain.dates import check_not_past
from services.requests.domain.exchange import Partner, Settings
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.parties import check_asker, check_country, moved
from services.requests.domain.questions import QuestionSet
from services.requests.domain.requests import (
    COMPANY,
    DOCUMENT,
    PERSON,
    Actor,
    Draft,
    Handling,
    Request,
    Subject,
    recorded,
)
from vocabulary.days import day_of
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import FreeText, free_text

NAME_LIMIT = 200
_REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {PERSON: ("given_name", "family_name"), COMPANY: ("name",), DOCUMENT: ("title",)}
)


def create(number: str, questions: QuestionSet, draft: Draft, settings: Settings, actor: Actor) -> Request:
    """A new draft of *actor*'s authority; raises Forbidden unless it takes part in the area's requests."""
    check_asker(actor, questions.area)
    new = Request(
        number=number,
        status=Status.DRAFT,
        requester_id=actor.authority_id,
        requester_country=actor.country,
        area=questions.area,
        question_set_id=questions.id,
        draft=_checked(questions, draft, actor),
        # Who begins a request goes on with it.
        requester_handling=Handling(allocation=settings.allocation, user_ids=(actor.user_id,)),
        created_at=actor.now,
        changed_at=actor.now,
    )
    return recorded(new, Action.CREATE, Status.DRAFT, actor)


def edit(request: Request, questions: QuestionSet, draft: Draft, actor: Actor) -> Request:
    """The draft replaced as a whole, perhaps with questions of another set."""
    after = moved(request, Action.EDIT, actor)
    if questions.area != request.area:
        raise Invalid(
            f"the request is about {request.area}; make another one for {questions.area}",
            field="draft.questionSetId",
            reason="OTHER_AREA",
        )
    changed = replace(after, question_set_id=questions.id, draft=_checked(questions, draft, actor))
    return recorded(changed, Action.EDIT, request.status, actor)


def delete(request: Request, actor: Actor) -> Request:
    """Nothing of the draft is left but that there was one."""
    after = moved(request, Action.DELETE, actor)
    silent = tuple(replace(entry, reason=None) for entry in request.history)
    after = replace(after, draft=Draft(), history=silent)
    return recorded(after, Action.DELETE, request.status, actor)


def send(request: Request, own: Settings, responder: Partner | None, actor: Actor) -> Request:
    """On its way, or before the approval coordinator; raises Invalid naming what a request cannot be sent without."""
    after = moved(request, Action.SEND, actor, approval=own.approve_outgoing)
    check_complete(request)
    check_not_past(request.draft.desired_date, actor.now, at="draft.desiredDate", what="desired")
    if own.approve_outgoing:
        approver = approver_of(own, request.requester_id)
        asked = after.coordinators
        after = replace(after, coordinators=replace(asked, sending_approval=approver, earlier=asked.asked))
    assert responder is not None
    after = replace(
        after,
        responder_handling=Handling(allocation=responder.settings.allocation),
        sent_at=actor.now if after.status is Status.SENT else None,
    )
    return recorded(after, Action.SEND, request.status, actor)


def approve(request: Request, actor: Actor) -> Request:
    """What waited for the approval coordinator goes where it was to go: to the responder, or as the reply to the requester."""
    after = moved(request, Action.APPROVE, actor)
    after = replace(after, sent_at=actor.now) if after.status is Status.SENT else released(after)
    return recorded(after, Action.APPROVE, request.status, actor)


def return_(request: Request, reason: FreeText | None, actor: Actor) -> Request:
    """What waited for the approval coordinator goes back to whoever wrote it."""
    checked = None if reason is None else free_text(reason, at="reason")
    return recorded(moved(request, Action.RETURN, actor, checked), Action.RETURN, request.status, actor, checked)


def released(request: Request) -> Request:
    """*request* with all its answers in the requester's hands."""
    codes = tuple(answer.code for answer in request.answers)
    return replace(request, released=request.answers, frozen=codes)


def approver_of(settings: Settings, authority_id: str) -> str:
    """The approval coordinator; raises Conflict if there is none but the authority itself (four eyes)."""
    if settings.approval_coordinator in ("", authority_id):
        raise Conflict(
            "your authority's requests need the approval of another authority, and none is named for it",
            reason="NO_APPROVAL_COORDINATOR",
        )
    return settings.approval_coordinator


def check_complete(request: Request) -> None:
    """Raises Invalid naming what a request cannot be sent without."""
    draft = request.draft
    missing = {
        "draft.responderId": draft.responder_id,
        "draft.questions": draft.questions,
        "draft.subject": draft.subject,
        "draft.justification": draft.justification,
        "draft.urgentReason": draft.urgent_reason or not draft.urgent,
    }
    for name, value in missing.items():
        if not value:
            raise Invalid("fill this in before sending", field=name, reason="MISSING_FIELD")


def _checked(questions: QuestionSet, draft: Draft, actor: Actor) -> Draft:
    if draft.responder_id and draft.responder_id == actor.authority_id:
        raise Invalid("an authority does not ask itself", field="draft.responderId", reason="OWN_AUTHORITY")
    if draft.responder_id:
        check_country(draft.responder_country, actor, field="draft.responderId")
    rules.check_file_count(draft.files, at="draft.fileIds")
    if draft.subject:
        _check_subject(draft.subject, day_of(actor.now))
    justification = draft.justification
    asked = rules.check_asked(questions, draft.questions, at="draft.questions")
    if draft.urgent:
        rules.check_urgent(questions, [one.code for one in asked], at="draft.urgent")
    circumstances = Circumstances(
        requester_country=actor.country,
        responder_country=draft.responder_country,
        urgent=draft.urgent,
        subject_kind=draft.subject.kind if draft.subject else "",
    )
    rules.check_applies(questions, asked, circumstances, at="draft.questions")
    return replace(
        draft,
        justification=None if justification is None else free_text(justification, at="draft.justification"),
        questions=asked,
    )


def _check_subject(subject: Subject, today: date) -> None:
    at = f"draft.subject.{subject.kind}"
    for name in _REQUIRED[subject.kind]:
        if not getattr(subject, name).strip():
            raise Invalid("this is needed to find the subject", field=f"{at}.{_camel(name)}", reason="EMPTY")
    for name in ("given_name", "family_name", "name", "registration_number", "title", "reference"):
        given, where = getattr(subject, name), f"{at}.{_camel(name)}"
        if len(given) > NAME_LIMIT:
            raise Invalid(f"longer than {NAME_LIMIT} characters", field=where, reason="TOO_LONG")
        if any(unicodedata.category(character) == "Cc" for character in given):
            raise Invalid("the text contains control characters", field=where, reason="CONTROL_CHARACTER")
    if subject.birth_date and subject.birth_date > today:
        raise Invalid("the date of birth lies in the future", field=f"{at}.birthDate", reason="FUTURE_DATE")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
