"""Whom to ask, as clients see it: the likely authorities, and why."""

from typing import cast

import strawberry

from gateway.batches import AUTHORITIES, CONCEPTS
from gateway.enums import Language, RoutingReason
from gateway.readings import link, links, speak
from gateway.schema.common import GatewayInfo, page
from gateway.schema.directory import Authority, Concept
from protos.requests.v1 import routing_pb2 as pb


@strawberry.type(description="A reason to ask an authority, and what it is worth.")
class ScoredReason:
    reason: RoutingReason
    points: int
    concepts: list[Concept] = links(
        CONCEPTS, "concept_ids", "Of the concepts that were named, those that this is about."
    )
    languages: list[Language] = strawberry.field(description="Of SHARED_LANGUAGE: which, the reader's own first.")


@strawberry.type(description="An authority that is likely to be competent.")
class RecipientSuggestion:
    authority: Authority | None = link(AUTHORITIES, "authority_id")
    score: int = strawberry.field(description="The points of all reasons, 100 at most.")
    reasons: list[ScoredReason] = strawberry.field(description="The strongest first.")
    open_requests: int = strawberry.field(description="What it has to answer and is not closed, counted up to 100.")


@strawberry.type(description="Whom to ask, the likeliest first.")
class RecipientSuggestions:
    suggestions: list[RecipientSuggestion]
    coordinators_instead: bool = strawberry.field(
        description="Nobody there is competent for what was named: these are the coordinators, who forward."
    )


@strawberry.type
class RoutingQueries:
    @strawberry.field(
        description="Who is likely to be competent, and why. For those who write requests in the area. It decides nothing."
    )
    async def suggest_recipients(
        self,
        info: GatewayInfo,
        area: str,
        country: str,
        concepts: list[strawberry.ID] | None = None,
        questions: list[str] | None = None,
        region: str | None = None,
        first: int | None = None,
        language: Language | None = None,
    ) -> RecipientSuggestions:
        speak(info, language)
        routing = info.context.backends.routing
        request = pb.SuggestRecipientsRequest(
            area=area,
            country=country,
            concept_ids=concepts or (),
            question_codes=questions or (),
            region=region or "",
            first=page(first, None).first,
        )
        response = await routing.call(routing.stub.SuggestRecipients, request)
        return cast("RecipientSuggestions", response)
