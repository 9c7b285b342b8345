"""A request for information, and what each command makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.requests.domain import questions as rules
from services.requests.domain.lifecycle import OPEN, TURN, Action, Side, Status, step
from services.requests.domain.questions import Answer, Asked, File, QuestionSet
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import UserRole
from vocabulary.values import FreeText, free_text

NAME_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom or what a request is about: a person, a company or a document. Personal data."""

    kind: str
    given_name: str = ""
    family_name: str = ""
    birth_date: date | None = None
    name: str = ""
    registration_number: str = ""
    title: str = ""
    reference: str = ""


PERSON, COMPANY, DOCUMENT = "person", "company", "document"
_REQUIRED = {PERSON: ("given_name", "family_name"), COMPANY: ("name",), DOCUMENT: ("title",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change: never altered, never removed."""

    at: datetime
    authority_id: str
    user_id: str
    action: Action
    before: Status
    after: Status
    reason: FreeText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a handler fills in before sending."""

    responder_id: str = ""
    responder_country: str = ""
    subject: Subject | None = None
    justification: FreeText | None = None
    desired_date: date | None = None
    questions: tuple[Asked, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request. `accepted` stays true once the responder has accepted, whatever happens later."""

    number: str
    status: Status
    requester_id: str
    requester_country: str
    area: str
    question_set_id: str
    draft: Draft
    answers: tuple[Answer, ...] = ()
    accepted: bool = False
    history: tuple[HistoryEntry, ...] = ()
    created_at: datetime
    changed_at: datetime

    def side(self, authority_id: str) -> Side | None:
        """Which of the two authorities this is."""
        if authority_id == self.requester_id:
            return Side.REQUESTER
        if authority_id and authority_id == self.draft.responder_id:
            return Side.RESPONDER
        return None

    @property
    def is_open(self) -> bool:
        """Whether the requester waits for answers."""
        return self.status in OPEN

    @property
    def turn(self) -> str:
        """The authority that has something to do; empty if none."""
        side = TURN.get(self.status)
        return "" if side is None else self.requester_id if side is Side.REQUESTER else self.draft.responder_id

    @property
    def files(self) -> tuple[File, ...]:
        """Every attached file, wherever it is attached."""
        asked = (file for question in self.draft.questions for file in question.files)
        answered = (file for answer in self.answers for file in answer.files)
        return (*self.draft.files, *asked, *answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: for which authority, with which roles in the request's module, when."""

    user_id: str
    authority_id: str
    country: str
    roles: frozenset[UserRole]
    takes_part: bool
    now: datetime = field(compare=False)


def create(number: str, questions: QuestionSet, draft: Draft, actor: Actor) -> Request:
    """A new draft of *actor*'s authority; raises Forbidden unless it takes part in the area's requests."""
    if not actor.takes_part:
        raise Forbidden(f"your authority does not take part in requests about {questions.area}")
    step(Status.DRAFT, Action.EDIT, Side.REQUESTER, actor.roles)
    new = Request(
        number=number,
        status=Status.DRAFT,
        requester_id=actor.authority_id,
        requester_country=actor.country,
        area=questions.area,
        question_set_id=questions.id,
        draft=_checked(questions, draft, actor),
        created_at=actor.now,
        changed_at=actor.now,
    )
    return _recorded(new, Action.CREATE, Status.DRAFT, actor)


def edit(request: Request, questions: QuestionSet, draft: Draft, actor: Actor) -> Request:
    """The draft replaced as a whole, perhaps with questions of another set."""
    after = _moved(request, Action.EDIT, actor)
    if questions.area != request.area:
        raise Invalid(
            f"the request is about {request.area}; make another one for {questions.area}",
            field="draft.questionSetId",
            reason="OTHER_AREA",
        )
    changed = replace(after, question_set_id=questions.id, draft=_checked(questions, draft, actor))
    return _recorded(changed, Action.EDIT, request.status, actor)


def send(request: Request, actor: Actor) -> Request:
    """On its way; raises Invalid naming what a request cannot be sent without."""
    after = _moved(request, Action.SEND, actor)
    draft = request.draft
    missing = {
        "draft.responderId": draft.responder_id,
        "draft.questions": draft.questions,
        "draft.subject": draft.subject,
        "draft.justification": draft.justification,
    }
    for name, value in missing.items():
        if not value:
            raise Invalid("fill this in before sending", field=name, reason="MISSING_FIELD")
    if draft.desired_date and draft.desired_date < actor.now.date():
        raise Invalid("the desired date has passed", field="draft.desiredDate", reason="PAST_DATE")
    return _recorded(after, Action.SEND, request.status, actor)


def accept(request: Request, actor: Actor) -> Request:
    """The responder takes it on, and from now on sees whom it is about."""
    after = _moved(request, Action.ACCEPT, actor)
    return _recorded(replace(after, accepted=True), Action.ACCEPT, request.status, actor)


def save(request: Request, questions: QuestionSet, given: Sequence[Answer], actor: Actor) -> Request:
    """Answers kept, not yet shown to the requester."""
    after = _answered(_moved(request, Action.SAVE, actor), questions, given)
    return _recorded(after, Action.SAVE, request.status, actor)


def answer(request: Request, questions: QuestionSet, given: Sequence[Answer], actor: Actor) -> Request:
    """The reply goes to the requester; raises Invalid while an open question has no answer."""
    after = _answered(_moved(request, Action.ANSWER, actor), questions, given)
    asked = [question.code for question in request.draft.questions]
    left = rules.unanswered(questions, asked, {one.code: one for one in after.answers})
    if left:
        raise Invalid(
            f"these questions are not answered: {', '.join(left)}", field="answers", reason="UNANSWERED_QUESTIONS"
        )
    return _recorded(after, Action.ANSWER, request.status, actor)


def close(request: Request, actor: Actor) -> Request:
    """The requester is satisfied (formal closure: every retention period begins here; IMI Regulation, Article 14)."""
    return _recorded(_moved(request, Action.CLOSE, actor), Action.CLOSE, request.status, actor)


def withdraw(request: Request, reason: FreeText | None, actor: Actor) -> Request:
    """No longer needed; the reason is mandatory once the responder has accepted."""
    after = _moved(request, Action.WITHDRAW, actor)
    if reason is None and request.accepted:
        raise Invalid("say why an accepted request is withdrawn", field="reason", reason="MISSING_FIELD")
    checked = None if reason is None else free_text(reason, at="reason")
    return _recorded(after, Action.WITHDRAW, request.status, actor, checked)


def _moved(request: Request, action: Action, actor: Actor) -> Request:
    side = request.side(actor.authority_id)
    if not actor.takes_part:
        raise Forbidden(f"your authority no longer takes part in requests about {request.area}")
    return replace(request, status=step(request.status, action, side, actor.roles))


def _recorded(after: Request, action: Action, before: Status, actor: Actor, reason: FreeText | None = None) -> Request:
    entry = HistoryEntry(
        at=actor.now,
        authority_id=actor.authority_id,
        user_id=actor.user_id,
        action=action,
        before=before,
        after=after.status,
        reason=reason,
    )
    return replace(after, changed_at=actor.now, history=(*after.history, entry))


def _answered(request: Request, questions: QuestionSet, given: Sequence[Answer]) -> Request:
    asked = [question.code for question in request.draft.questions]
    saved = {one.code: one for one in request.answers}
    return replace(request, answers=tuple(rules.merged(questions, asked, saved, given, at="answers").values()))


def _checked(questions: QuestionSet, draft: Draft, actor: Actor) -> Draft:
    if draft.responder_id and draft.responder_id == actor.authority_id:
        raise Invalid("an authority does not ask itself", field="draft.responderId", reason="OWN_AUTHORITY")
    if draft.responder_id and draft.responder_country == actor.country:
        raise Invalid("requests go to authorities of other countries", field="draft.responderId", reason="OWN_COUNTRY")
    rules.check_file_count(draft.files, at="draft.fileIds")
    if draft.subject:
        _check_subject(draft.subject, actor.now.date())
    justification = draft.justification
    return replace(
        draft,
        justification=None if justification is None else free_text(justification, at="draft.justification"),
        questions=rules.check_asked(questions, draft.questions, at="draft.questions"),
    )


def _check_subject(subject: Subject, today: date) -> None:
    at = f"draft.subject.{subject.kind}"
    for name in _REQUIRED[subject.kind]:
        if not getattr(subject, name).strip():
            raise Invalid("this is needed to find the subject", field=f"{at}.{_camel(name)}", reason="EMPTY")
    for name in ("given_name", "family_name", "name", "registration_number", "title", "reference"):
        if len(getattr(subject, name)) > NAME_LIMIT:
            raise Invalid(f"longer than {NAME_LIMIT} characters", field=f"{at}.{_camel(name)}", reason="TOO_LONG")
    if subject.birth_date and subject.birth_date > today:
        raise Invalid("the date of birth lies in the future", field=f"{at}.birthDate", reason="FUTURE_DATE")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
