"""What a blocked alert says, for whoever has to prove that it was exchanged."""

import structlog

from chassis.aggregates import Kept
from chassis.audit import noting
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import PROOF_GROUND, free_text_from
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts import wire
from services.alerts.domain import retention as rules
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.steps import moved
from services.alerts.domain.views import View, proven
from services.alerts.readers import party
from services.alerts.rpc.commands import Commands, simply
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Conflict

log = structlog.get_logger(__name__)


class Proving(Commands):
    async def ProveAlert(self, request: pb.ProveAlertRequest, context: Call) -> pb.ProveAlertResponse:
        """The reading is written into the alert first. The answer that is kept of the command has no content: a command that is sent
        again reads again, if its giver still may.
        """
        caller = current_person()
        ground = PROOF_GROUND.from_wire(request.ground, field="ground")
        proved = simply(
            lambda before, kind, by: rules.prove(before, kind, ground, free_text_from(request.reason, at="reason"), by)
        )
        await self._change(request, pb.ProveAlertResponse, proved)
        kept = await self._alerts.get(request.id)
        assert kept is not None  # alerts are never removed
        if kept.state.status is not Status.BLOCKED:
            raise Conflict("its content has been erased meanwhile", field="id", reason="TRANSITION")
        kind, who = self._types[kept.state.type_id], party(caller, kept.state.area, self._now())
        moved(kept.state, kind, Action.PROVE, who)
        log.info(
            "blocked_alert_read",
            alert=kept.id,
            user=caller.user_id,
            authority=caller.authority_id,
            ground=ground,
            revision=kept.revision,
        )
        noting.shown(Kind.ALERT, kept.id, kept.revision, Part.CONTENT, Part.PERSONAL_DATA, Part.PROOF)
        content = Kept(kept.id, kept.revision, proven(kept.state, kind, who))
        return pb.ProveAlertResponse(alert=wire.alert(content, View.FULL))
