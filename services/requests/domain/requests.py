"""A request for information: what it holds, who acts on it, and how each step is recorded."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from services.requests.domain.conditions import Circumstances
from services.requests.domain.exchange import (
    Child,
    Coordinators,
    Evaluation,
    FormerResponder,
    MoreInformation,
    Opinion,
)
from services.requests.domain.lifecycle import AWAITED, OPEN, Action, Side, Status
from services.requests.domain.questions import Answer, Asked
from vocabulary.files import File
from vocabulary.proofs import Proof
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import FreeText


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
    """What a handler fills in before sending. Questions asked later join those asked at first."""

    responder_id: str = ""
    responder_country: str = ""
    subject: Subject | None = None
    justification: FreeText | None = None
    desired_date: date | None = None
    urgent: bool = False
    urgent_reason: FreeText | None = None
    questions: tuple[Asked, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How one side deals with a request: whether each is assigned to somebody first, and to whom this one is."""

    allocation: bool = False
    user_ids: tuple[str, ...] = ()
    # Steps that only this side can observe.
    own_steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request.

    `answers` are the responder's, as it works on them; `released` are those that the requester has, and the `frozen` ones can no
    longer be changed. `accepted` says whether the responder of now has taken it on, whatever happens later. `changed_at` is when
    something last changed that not only one side can observe.
    """

    number: str
    status: Status
    requester_id: str
    requester_country: str
    area: str
    question_set_id: str
    draft: Draft
    answers: tuple[Answer, ...] = ()
    released: tuple[Answer, ...] = ()
    frozen: tuple[str, ...] = ()
    accepted: bool = False
    sent_at: datetime | None = None
    proposed_date: date | None = None
    agreed_date: date | None = None
    # The last day that the law leaves, fixed when it was sent; None where it names none.
    legal_deadline: date | None = None
    requester_handling: Handling = Handling()
    responder_handling: Handling = Handling()
    coordinators: Coordinators = field(default_factory=Coordinators)
    former: tuple[FormerResponder, ...] = ()
    # The authorities to which it may not come back: those that had it before.
    passed: tuple[str, ...] = ()
    parent_id: str = ""
    # The id of the request that all of a family come from; empty for one without family.
    family: str = ""
    children: tuple[Child, ...] = ()
    more_information: tuple[MoreInformation, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    evaluation: Evaluation | None = None
    # Since it is blocked: who has read it.
    proofs: tuple[Proof, ...] = ()
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

    def handling(self, side: Side) -> Handling:
        return self.requester_handling if side is Side.REQUESTER else self.responder_handling

    def former_responder(self, authority_id: str) -> FormerResponder | None:
        """What is kept of an authority that had the request before."""
        return next((one for one in reversed(self.former) if one.authority_id == authority_id), None)

    @property
    def is_open(self) -> bool:
        """Whether the exchange is under way."""
        return self.status in OPEN

    @property
    def is_awaited(self) -> bool:
        """Whether the requester waits for the reply."""
        return self.status in AWAITED

    @property
    def due(self) -> date | None:
        """The day by which the reply is awaited: the one agreed, or else the one wished for, but no later than the law allows."""
        days = (self.agreed_date or self.draft.desired_date, self.legal_deadline)
        return min((day for day in days if day is not None), default=None)

    @property
    def asked(self) -> list[str]:
        """The codes of the questions asked."""
        return [question.code for question in self.draft.questions]

    @property
    def circumstances(self) -> Circumstances:
        """What the conditions of its questions can know of it."""
        return Circumstances(
            requester_country=self.requester_country,
            responder_country=self.draft.responder_country,
            urgent=self.draft.urgent,
            subject_kind=self.draft.subject.kind if self.draft.subject else "",
        )

    @property
    def files(self) -> tuple[File, ...]:
        """Every attached file, wherever it is attached."""
        asked = (file for question in self.draft.questions for file in question.files)
        given = [*self.answers, *self.released, *(one for former in self.former for one in former.answers)]
        everywhere = (*self.draft.files, *asked, *(file for answer in given for file in answer.files))
        return tuple({file.id: file for file in everywhere}.values())

    @property
    def moved_files(self) -> tuple[File, ...]:
        """The files of the questions that were split off it."""
        return tuple(file for child in self.children for file in child.files)


def let_go(before: Request, after: Request) -> list[File]:
    """The files that *before* has, and neither *after* nor what was split off it."""
    still = {file.id for file in (*after.files, *after.moved_files)}
    return [file for file in before.files if file.id not in still]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: for which authority, with which roles in the request's module, when."""

    user_id: str
    authority_id: str
    country: str
    roles: frozenset[UserRole]
    takes_part: bool
    legislative_role: LegislativeRole | None = None
    now: datetime = field(compare=False)


# What is done on one side and cannot be observed on the other.
OWN_STEPS = frozenset({Action.SAVE, Action.ASSIGN, Action.PROVE})


def recorded(
    after: Request,
    action: Action,
    before: Status,
    actor: Actor,
    reason: FreeText | None = None,
) -> Request:
    """*after* with the step that led to it at the end of its history."""
    entry = HistoryEntry(
        at=actor.now,
        authority_id=actor.authority_id,
        user_id=actor.user_id,
        action=action,
        before=before,
        after=after.status,
        reason=reason,
    )
    history = (*after.history, entry)
    if action not in OWN_STEPS:
        return replace(after, changed_at=actor.now, history=history)
    if after.side(actor.authority_id) is Side.REQUESTER:
        return replace(after, history=history, requester_handling=_counted(after.requester_handling))
    return replace(after, history=history, responder_handling=_counted(after.responder_handling))


def _counted(handling: Handling) -> Handling:
    return replace(handling, own_steps=handling.own_steps + 1)
