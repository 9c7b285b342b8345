"""ParticipantsService: what other services keep copies of."""

from chassis.aggregates import Aggregates
from chassis.caller import require_service
from chassis.server import Call
from chassis.wire import batch, few
from engines.documents import AnyOf, Condition
from protos.directory.v1 import participants_pb2 as pb
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceServicer
from services.directory import wire
from services.directory.domain.authorities import Authority
from services.directory.storage import participation
from vocabulary import countries
from vocabulary.refusals import Invalid

COPYING = ("requests", "alerts", "repositories")
PAGE_LIMIT = 500


class ParticipantsRpc(ParticipantsServiceServicer):
    def __init__(self, authorities: Aggregates[Authority]) -> None:
        self._authorities = authorities

    async def ListParticipants(self, request: pb.ListParticipantsRequest, context: Call) -> pb.ListParticipantsResponse:
        require_service(*COPYING)
        if not 0 <= request.limit <= PAGE_LIMIT:
            raise Invalid(f"a page has 1 to {PAGE_LIMIT} participants", field="limit", reason="PAGE_SIZE")
        limit = request.limit or PAGE_LIMIT
        after = (request.after, request.after) if request.after else None
        found = await self._authorities.find(_where(request), after=after, limit=limit + 1)
        shown = found[:limit]
        return pb.ListParticipantsResponse(
            participants=map(wire.participant, shown), next=shown[-1].id if len(found) > limit else ""
        )

    async def BatchGetParticipants(
        self, request: pb.BatchGetParticipantsRequest, context: Call
    ) -> pb.BatchGetParticipantsResponse:
        require_service(*COPYING)
        found = await self._authorities.get_many(batch(request.ids))
        return pb.BatchGetParticipantsResponse(participants=map(wire.participant, found))


def _where(request: pb.ListParticipantsRequest) -> dict[str, Condition]:
    """What narrows the list; raises Invalid for half of a part."""
    if not request.module:
        given = next((name for name in ("workflow_roles", "countries") if getattr(request, name)), "")
        if given:
            raise Invalid("say in which module", field="module", reason="MISSING_FIELD")
        return {}
    if not request.workflow_roles:
        raise Invalid("say with which part in the module", field="workflowRoles", reason="MISSING_FIELD")
    roles = [
        wire.WORKFLOW_ROLE.from_wire(role, field=f"workflowRoles[{index}]")
        for index, role in enumerate(few(request.workflow_roles, at="workflowRoles"))
    ]
    narrowed: dict[str, Condition] = {"participation": AnyOf([participation(request.module, role) for role in roles])}
    if request.countries:
        narrowed["country"] = AnyOf(
            [
                countries.require(code, field=f"countries[{index}]")
                for index, code in enumerate(few(request.countries, at="countries"))
            ]
        )
    return narrowed
