"""What a blocked request says, for whoever has to prove that it was exchanged."""

import structlog

from chassis.aggregates import Kept
from chassis.audit import noting
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import PROOF_GROUND
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire
from services.requests.domain import retention as rules
from services.requests.domain.auditing import parts_of_proof
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.views import proven, revision_for, view
from services.requests.readers import actor, reader
from services.requests.rpc.commands import Commands, simply, text_of
from vocabulary.audit import Kind
from vocabulary.refusals import NotFound

log = structlog.get_logger(__name__)


class Proving(Commands):
    async def ProveRequest(self, request: pb.ProveRequestRequest, context: Call) -> pb.ProveRequestResponse:
        """The reading is written into the request first. The answer that is kept of the command has no content: a command that is sent
        again reads again, if its giver still may.
        """
        caller = current_person()
        ground = PROOF_GROUND.from_wire(request.ground, field="ground")
        reason = text_of(request, "reason")
        proved = simply(lambda before, who: rules.prove(before, ground, reason, who))
        await self._change(request, pb.ProveRequestResponse, proved)
        kept = await self._requests.get(request.id)
        assert kept is not None  # requests are never removed
        state = kept.state
        by = reader(caller, state.area)
        how = view(state, by)
        if how is None:
            raise NotFound(f"there is no request {kept.id!r}", field="id")
        moved(state, Action.PROVE, actor(caller, state.area, self._now()), reason)
        revision = revision_for(state, kept.revision, caller.authority_id, how)
        log.info(
            "blocked_request_read",
            request=kept.id,
            user=caller.user_id,
            authority=caller.authority_id,
            ground=ground,
            revision=revision,
        )
        noting.shown(Kind.REQUEST, kept.id, revision, *parts_of_proof(how))
        return pb.ProveRequestResponse(request=wire.request(Kept(kept.id, revision, proven(state, how, by)), how))
