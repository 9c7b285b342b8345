"""What belongs to a request beside its questions and answers: fields and links, no rules."""

from datetime import datetime
from typing import Any

import strawberry

from gateway.batches import AUTHORITIES, COUNTRIES
from gateway.enums import Grade, Leak, ProofGround, ReferralVerdict, RequestAction, RequestStatus
from gateway.readings import given, link, moment, part
from gateway.schema.common import FreeText
from gateway.schema.directory import Authority, Country


@strawberry.type(
    description="A text that seems to say whom the request is about, to a responder that may not know yet."
)
class DraftWarning:
    field: str = strawberry.field(description="Where the text stands in the input.")
    leak: Leak


@strawberry.type(description="Something that can be done to a request, and whether the reader may do it now.")
class PossibleAction:
    action: RequestAction
    possible: bool
    code: str | None = given("code", "Why not: the code that the refusal would have; null if it is possible.")
    reason: str | None = given("reason", "Why not: the reason that the refusal would have.")
    message: str | None = given("message", "Why not, in words.")


@strawberry.type(description="Questions that were moved to another authority, as a request of their own.")
class SplitOff:
    id: strawberry.ID
    number: str
    responder: Authority | None = link(AUTHORITIES, "responder_id")
    question_codes: list[str]
    reason: FreeText | None = part("reason")
    at: datetime | None = moment("at")


@strawberry.type(description="What was asked after the reply, and what became of it.")
class MoreInformation:
    asked_at: datetime | None = moment("asked_at")
    question_codes: list[str]
    text: FreeText | None = part("text")
    settled_at: datetime | None = moment("settled_at", "Null while it is open.")
    given: FreeText | None = part("given")
    refusal: FreeText | None = part("refusal")


def _verdict(root: Any) -> Any:
    return root.verdict or None


@strawberry.type(
    description="What a referral coordinator thinks of the reply; with a verdict, the decision. Never altered."
)
class Opinion:
    at: datetime | None = moment("at")
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    text: FreeText | None = part("text")
    verdict: ReferralVerdict | None = strawberry.field(resolver=_verdict)


@strawberry.type(description="What the requester thinks of the exchange at its end.")
class Evaluation:
    timeliness: Grade
    effort: Grade


@strawberry.type(description="That what a blocked request says was read, to prove that it was exchanged.")
class RequestProof:
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    country: Country | None = link(COUNTRIES, "country_code")
    ground: ProofGround
    reason: FreeText | None = part("reason", "What had to be proved.")
    at: datetime | None = moment("at")


@strawberry.type(description="One change of a request. Never altered, never removed.")
class RequestHistoryEntry:
    at: datetime | None = moment("at")
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    action: RequestAction
    from_: RequestStatus = strawberry.field(name="from", resolver=lambda root: getattr(root, "from"))
    to: RequestStatus
    reason: FreeText | None = part("reason")
