"""What else belongs to a request: its coordinators, those who had it before, its children, what was asked and said later."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.requests.domain.questions import Answer, Asked
from vocabulary.files import File
from vocabulary.values import FreeText


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an authority's access to the module says of its requests; an empty id is no coordinator."""

    approval_coordinator: str = ""
    referral_coordinator: str = ""
    approve_outgoing: bool = False
    approve_reply: bool = False
    allocation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An authority that takes part in the requests of an area, as the directory knows it now."""

    id: str
    country: str
    region: str = ""
    # Whether it coordinates the area in its country: what goes through it goes through a central authority.
    central: bool = False
    settings: Settings = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinators:
    """The coordinators that have been asked about a request. Each stays who it was when it was asked."""

    sending_approval: str = ""
    reply_approval: str = ""
    requester_referral: str = ""
    responder_referral: str = ""
    # Asked before one of those was, in the same thing: somebody else may be named by the next time.
    earlier: tuple[str, ...] = ()
    # Brought in after a long silence.
    involved: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """Those that were ever asked to approve or to decide."""
        now = (self.sending_approval, self.reply_approval, self.requester_referral, self.responder_referral)
        return tuple(dict.fromkeys(id_ for id_ in (*now, *self.earlier) if id_))

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.asked, *self.involved)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerResponder:
    """Who had the request before: it keeps its own part, and the history as far as it was its own."""

    authority_id: str
    answers: tuple[Answer, ...] = ()
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Questions that were moved to another authority, as a request of their own. Everything it is made of is here or in its parent."""

    id: str
    number: str
    responder_id: str
    responder_country: str
    allocation: bool
    questions: tuple[Asked, ...]
    passed: tuple[str, ...]
    reason: FreeText | None = None
    at: datetime

    @property
    def files(self) -> tuple[File, ...]:
        return tuple(file for question in self.questions for file in question.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreInformation:
    """What was asked after the reply, and what became of it: given, or refused with a reason."""

    asked_at: datetime
    questions: tuple[str, ...] = ()
    text: FreeText | None = None
    settled_at: datetime | None = None
    given: FreeText | None = None
    refusal: FreeText | None = None


class Verdict(StrEnum):
    """How a referral was decided."""

    SATISFACTORY = "SATISFACTORY"
    MUST_IMPROVE = "MUST_IMPROVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a referral coordinator thinks of the reply; with a verdict, the decision. Added, never altered."""

    at: datetime
    authority_id: str
    text: FreeText | None = None
    verdict: Verdict | None = None


class Grade(StrEnum):
    """How good something was."""

    VERY_GOOD = "VERY_GOOD"
    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the requester thinks of the exchange at its end."""

    timeliness: Grade
    effort: Grade
