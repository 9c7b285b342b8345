"""RoutingService: whom to ask, and why."""

from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import EnumOnWire
from protos.requests.v1 import routing_pb2 as pb
from protos.requests.v1.routing_pb2_grpc import RoutingServiceServicer
from services.requests.domain.routing import Reason, Scored, Suggestion
from services.requests.routing import Question, Routing

REASON = EnumOnWire(Reason, pb.RoutingReason)


class RoutingRpc(RoutingServiceServicer):
    def __init__(self, routing: Routing) -> None:
        self._routing = routing

    async def SuggestRecipients(
        self, request: pb.SuggestRecipientsRequest, context: Call
    ) -> pb.SuggestRecipientsResponse:
        asked = Question(
            area=request.area,
            country=request.country,
            concepts=request.concept_ids,
            questions=request.question_codes,
            region=request.region,
            first=request.first,
        )
        found, instead = await self._routing.suggestions(asked, current_person())
        return pb.SuggestRecipientsResponse(suggestions=map(_suggestion, found), coordinators_instead=instead)


def _suggestion(one: Suggestion) -> pb.RecipientSuggestion:
    return pb.RecipientSuggestion(
        authority_id=one.authority_id,
        score=one.score,
        reasons=map(_reason, one.reasons),
        open_requests=one.open_requests,
    )


def _reason(one: Scored) -> pb.ScoredReason:
    return pb.ScoredReason(
        reason=REASON.to_wire(one.reason),
        points=one.points,
        concept_ids=one.concepts,
        languages=one.languages,
    )
