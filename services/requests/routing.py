"""Suggesting whom to ask: what the rule in `domain/routing.py` needs to know, gathered without looking at every request."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.aggregates import Aggregates
from chassis.caller import Caller
from chassis.participants import Participants
from engines.documents import AnyOf
from services.requests import storage
from services.requests.domain import routing as rules
from services.requests.domain.parties import check_asker, check_country
from services.requests.domain.requests import Request
from services.requests.domain.routing import Known, Suggestion, Wanted
from services.requests.question_sets import QuestionSets
from services.requests.readers import actor
from services.requests.routing_reference import RoutingReference
from vocabulary import countries
from vocabulary.participants import Participant
from vocabulary.refusals import Invalid
from vocabulary.roles import REQUESTS, WorkflowRole, module

FIRST, FIRST_MAX = 10, 50
CONCEPTS_MAX = 20
QUESTIONS_MAX = 100
# Of so many at most it is looked at what they do and have done.
LOOKED_AT_MAX = 100
COUNTED_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whom a person looks for, in the words of the input."""

    area: str
    country: str
    concepts: Sequence[str] = ()
    questions: Sequence[str] = ()
    region: str = ""
    first: int = 0


class Routing:
    """Suggests recipients from this service's copy of the directory and its own requests."""

    def __init__(
        self,
        participants: Participants,
        reference: RoutingReference,
        requests: Aggregates[Request],
        question_sets: QuestionSets,
        now: Callable[[], datetime],
    ) -> None:
        self._participants = participants
        self._reference = reference
        self._requests = requests
        self._question_sets = question_sets
        self._now = now

    async def suggestions(self, asked: Question, caller: Caller) -> tuple[list[Suggestion], bool]:
        """The likeliest first; and whether they are coordinators instead. Raises Forbidden for who writes no requests in the area,
        Invalid for what does not exist.
        """
        check_asker(actor(caller, asked.area, self._now()), asked.area)
        first = _size(asked)
        wanted = await self._wanted(asked, caller)
        there = await self._participants.taking_part(
            WorkflowRole.REQUEST_PARTNER, module=wanted.module, countries=[wanted.country]
        )
        found, instead = rules.likely(wanted, there, await self._known(wanted, there))
        looked_at = rules.contenders(found, first, LOOKED_AT_MAX)
        told = await asyncio.gather(*(self._experienced(one, wanted, asked) for one in looked_at))
        return rules.ranked(told)[:first], instead

    async def _wanted(self, asked: Question, caller: Caller) -> Wanted:
        await self._check(asked, caller)
        own = await self._participants.get(caller.authority_id)
        spoken = (caller.language, *(own.languages if own else ()))
        return Wanted(
            module=module(asked.area, REQUESTS),
            country=asked.country,
            asker_id=caller.authority_id,
            concepts=tuple(dict.fromkeys(asked.concepts)),
            region=asked.region,
            languages=tuple(dict.fromkeys(language for language in spoken if language)),
        )

    async def _check(self, asked: Question, caller: Caller) -> None:
        area = await self._reference.area(asked.area)
        if area is None or module(asked.area, REQUESTS) not in area.modules:
            raise Invalid(f"no requests are exchanged about {asked.area!r}", field="area", reason="UNKNOWN_AREA")
        countries.require(asked.country, field="country")
        national_use = module(asked.area, REQUESTS) in area.national_modules
        check_country(asked.country, actor(caller, asked.area, self._now()), field="country", national_use=national_use)
        _check_count(asked.concepts, CONCEPTS_MAX, "concepts")
        there = await self._reference.broader(asked.concepts)
        _require(asked.concepts, there, "a concept of the keyword lists", "concepts", "UNKNOWN_CONCEPT")
        _check_count(asked.questions, QUESTIONS_MAX, "questions")
        _require(
            asked.questions, self._codes(asked.area), f"a question on {asked.area}", "questions", "UNKNOWN_QUESTION"
        )
        if asked.region:
            around = (await self._reference.territories([asked.region])).get(asked.region, ())
            if asked.country not in around:
                raise Invalid(
                    f"{asked.region!r} is not a region (ISO 3166-2) of {asked.country}",
                    field="region",
                    reason="UNKNOWN_REGION",
                )

    def _codes(self, area: str) -> set[str]:
        return {code for one in self._question_sets.values() if one.area == area for code in one.questions}

    async def _known(self, wanted: Wanted, there: Sequence[Participant]) -> Known:
        if not wanted.concepts and not wanted.region:
            return Known()
        concepts = (
            [*wanted.concepts, *(concept for one in there for concept in one.concepts)] if wanted.concepts else []
        )
        regions = [wanted.region, *(one.region for one in there if one.region)] if wanted.region else []
        return Known(
            broader=await self._reference.broader(concepts), territories=await self._reference.territories(regions)
        )

    async def _experienced(self, one: Suggestion, wanted: Wanted, asked: Question) -> Suggestion:
        """*one* with what its authority has to answer, and what it has answered for the asking authority: counts, which end early."""

        def replies(question: str = "") -> str:
            return storage.answered(wanted.asker_id, one.authority_id, asked.area, question)

        open_requests, answered, to_these = await asyncio.gather(
            self._requests.count({"lists": storage.answering(one.authority_id)}, at_most=COUNTED_MAX),
            self._requests.count({"lists": replies()}, at_most=1),
            self._requests.count({"lists": AnyOf([replies(code) for code in asked.questions or ("",)])}, at_most=1),
        )
        return rules.experienced(one, open_requests, answered=bool(answered), to_these=bool(to_these))


def _size(asked: Question) -> int:
    first = asked.first or FIRST
    if not 1 <= first <= FIRST_MAX:
        raise Invalid(f"ask for 1 to {FIRST_MAX} suggestions", field="first", reason="PAGE_SIZE")
    return first


def _check_count(given: Sequence[str], limit: int, field: str) -> None:
    if len(given) > limit:
        raise Invalid(f"at most {limit} values", field=field, reason="TOO_MANY")


def _require(given: Sequence[str], known: Iterable[str], what: str, field: str, reason: str) -> None:
    there = set(known)
    for index, one in enumerate(given):
        if one not in there:
            raise Invalid(f"{one!r} is not {what}", field=f"{field}[{index}]", reason=reason)
