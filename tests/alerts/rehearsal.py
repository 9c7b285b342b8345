"""An alerts service with a type of every flow, its own store, and workers beside it whose clock the tests turn."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chassis.caller import Caller
from chassis.inbox import Entry, Inbox
from chassis.outbox import Outbox
from chassis.timers import NEVER, WAKES_AT, Timers
from chassis.wire import field_values
from engines.documents import Documents, open_documents
from engines.events import open_events
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts import storage
from services.alerts.catalogue import SHIPPED, alert_types
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import AlertType, Flow
from services.alerts.reactions import STREAM
from services.alerts.timing import Timing
from tests.alerts.cast import FR_COORDINATOR, HU_COORDINATOR, HUNGARY, IT_COORDINATOR, ITALY
from tests.alerts.conftest import Asking, running
from tests.alerts.dangers import a_danger, text, written
from tests.alerts.kinds import write
from tests.chassis.ticking import Clock
from tests.chassis.waiting import until
from vocabulary.values import Value

PROFESSIONAL = """
code = "professional"
version = 1
area = "services"
act = "2005/36/EC"
title = "Professional"

[rules]
flow = "PROFESSIONAL_ALERT"
approval = true
recipients = "CHOSEN"
acknowledge_days = 3
decision_field = "decided-on"
decision_days = 3
expiry_field = "valid-until"
erase_days = 3

[[fields]]
code = "family-name"
label = "Family name"
type = "TEXT"
mandatory = true
personal = true

[[fields]]
code = "decided-on"
label = "Date of the decision"
type = "DATE"
mandatory = true

[[fields]]
code = "valid-until"
label = "Applies until"
type = "DATE"
"""
NOTICE = """
code = "notice"
version = 1
area = "services"
act = "2006/123/EC"
title = "Notice"

[rules]
flow = "NOTIFICATION"
approval = false
recipients = "CHOSEN"
acknowledge_days = 3
comment_days = 90
standstill_days = 15

[[fields]]
code = "subject"
label = "Subject"
type = "TEXT"
mandatory = true

[[fields]]
code = "contact"
label = "Contact"
type = "TEXT"
personal = true
"""
TYPE_IDS = {Flow.SERVICES_ALERT: "services:1", Flow.PROFESSIONAL_ALERT: "professional:1", Flow.NOTIFICATION: "notice:1"}
# The way from the beginning to each status: who gives which commands.
WAYS: dict[tuple[Flow, Status], tuple[tuple[Caller, str], ...]] = {
    (Flow.SERVICES_ALERT, Status.CLOSURE_PROPOSED): ((IT_COORDINATOR, "ProposeAlertClosure"),),
    (Flow.SERVICES_ALERT, Status.WITHDRAWN): ((IT_COORDINATOR, "WithdrawAlert"),),
    (Flow.PROFESSIONAL_ALERT, Status.AMENDED): ((IT_COORDINATOR, "AmendAlert"),),
    (Flow.PROFESSIONAL_ALERT, Status.REVOKED): ((IT_COORDINATOR, "RevokeAlert"),),
    (Flow.NOTIFICATION, Status.COMMENTING): ((HU_COORDINATOR, "CommentAlert"),),
    (Flow.NOTIFICATION, Status.MODIFIED): ((IT_COORDINATOR, "ModifyAlert"),),
    (Flow.NOTIFICATION, Status.CLOSED): ((IT_COORDINATOR, "CloseAlert"),),
    (Flow.NOTIFICATION, Status.WITHDRAWN): ((IT_COORDINATOR, "WithdrawAlert"),),
}


def a_form(flow: Flow, words: str = "SECRET") -> list[common_pb2.FieldValue]:
    """What an alert of *flow* says; *words* where it is about a person."""
    today = datetime.now(UTC).date()
    values: dict[Flow, dict[str, Value]] = {
        Flow.SERVICES_ALERT: a_danger(facts=written(words)),
        Flow.PROFESSIONAL_ALERT: {
            "family-name": written(words),
            "decided-on": Value(date=today),
            "valid-until": Value(date=today + timedelta(days=60)),
        },
        Flow.NOTIFICATION: {"subject": written("titolo"), "contact": written(words)},
    }
    return field_values(values[flow])


def fields_of(method: str, flow: Flow) -> dict[str, Any]:
    """What a command of *method* says beside its key and its id."""
    why = text("SECRET perché")
    fields: dict[str, dict[str, Any]] = {
        "EditAlert": {"values": a_form(flow)},
        "ReturnAlert": {"reason": why},
        "BroadcastAlert": {"countries": ["HU", "FR"]},
        "AddAlertCountries": {"countries": ["AT"]},
        "DisseminateAlert": {"authority_ids": ["aut_hu_labour"]},
        "AddAlertInformation": {"text": why},
        "ApproveAlertInformation": {"information_id": "inf_nobody"},
        "RejectAlertInformation": {"information_id": "inf_nobody", "reason": why},
        "ProveAlert": {"ground": common_pb2.PROOF_GROUND_CONSENT, "reason": why},
        "CorrectAlert": {"values": a_form(flow, "SECRET, corrected"), "reason": why},
        "AmendAlert": {"values": a_form(flow, "SECRET, amended")},
        "ModifyAlert": {"values": a_form(flow, "SECRET, modified"), "reason": why},
        "WithdrawAlert": {"reason": why},
        "ObjectToAlertClosure": {"reason": why},
        "CloseAlert": {"reason": why},
        "NoteAlertAppeal": {"pending": True},
        "CommentAlert": {"text": why},
    }
    return fields.get(method, {})


# Every command that begins with an id.
METHODS: dict[Action, str] = {
    Action.EDIT: "EditAlert",
    Action.DELETE: "DeleteAlertDraft",
    Action.SUBMIT: "SubmitAlert",
    Action.RETURN: "ReturnAlert",
    Action.BROADCAST: "BroadcastAlert",
    Action.ACKNOWLEDGE: "AcknowledgeAlert",
    Action.DISSEMINATE: "DisseminateAlert",
    Action.ADD_COUNTRIES: "AddAlertCountries",
    Action.ADD_INFORMATION: "AddAlertInformation",
    Action.APPROVE_INFORMATION: "ApproveAlertInformation",
    Action.REJECT_INFORMATION: "RejectAlertInformation",
    Action.CORRECT: "CorrectAlert",
    Action.WITHDRAW: "WithdrawAlert",
    Action.PROPOSE_CLOSURE: "ProposeAlertClosure",
    Action.OBJECT: "ObjectToAlertClosure",
    Action.WITHDRAW_OBJECTION: "WithdrawAlertObjection",
    Action.CLOSE: "CloseAlert",
    Action.AMEND: "AmendAlert",
    Action.NOTE_APPEAL: "NoteAlertAppeal",
    Action.REVOKE: "RevokeAlert",
    Action.EXPIRE: "ExpireAlert",
    Action.MODIFY: "ModifyAlert",
    Action.COMMENT: "CommentAlert",
    Action.PROVE: "ProveAlert",
}


@dataclass
class Rehearsal:
    """The service, and workers on the same store."""

    asking: Asking
    documents: Documents
    clock: Clock
    workers: Sequence[tuple[Timers, Timing]]
    types: dict[str, AlertType]

    async def do(self, caller: Caller, method: str, id_: str, flow: Flow, **fields: Any) -> pb.Alert:
        return await self.asking.do(caller, method, id=id_, **{**fields_of(method, flow), **fields})

    async def an_alert(self, flow: Flow, status: Status = Status.BROADCAST) -> pb.Alert:
        """One that came to *status* the shortest way; Hungary has acknowledged it and told its labour authority."""
        made = await self.asking.do(ITALY, "CreateAlert", type_id=TYPE_IDS[flow], values=a_form(flow))
        approved = self.types[TYPE_IDS[flow]].rules.approval
        if status is Status.DRAFT:
            return made
        if approved:
            made = await self.do(ITALY, "SubmitAlert", made.id, flow)
        if status is Status.SUBMITTED:
            return made
        await self.do(IT_COORDINATOR if approved else ITALY, "BroadcastAlert", made.id, flow)
        await self.do(HU_COORDINATOR, "AcknowledgeAlert", made.id, flow)
        made = await self.do(HU_COORDINATOR, "DisseminateAlert", made.id, flow)
        for caller, method in WAYS.get((flow, status), ()):
            made = await self.do(caller, method, made.id, flow)
        assert made.status == pb.AlertStatus.Value(f"ALERT_STATUS_{status}")
        return made

    async def timers(self, id_: str) -> dict[Action, str]:
        """When each timer of the alert wakes, as stored: those that wait."""
        found = {action: await self.documents.get(storage.TIMERS, f"{id_}:{action}") for action in Action}
        waking = {action: str(timer.body[WAKES_AT]) for action, timer in found.items() if timer is not None}
        return {action: at for action, at in waking.items() if at < NEVER}

    async def arranged(self, id_: str, *waiting: Action) -> None:
        """Return once the running service has set the timers of *waiting*, and no other."""

        async def are() -> bool:
            return set(await self.timers(id_)) == set(waiting)

        await until(are)

    async def fire(self, *, after: timedelta) -> None:
        """Let the workers do what is due so much later, all at once, until nothing is.

        A timer that the service sets again at the same moment is one that a worker loses, and finds when it looks again.
        """
        self.clock.at = datetime.now(UTC) + after
        while any(
            await asyncio.gather(*(timers.fire_due(timing.fire) for timers, timing in self.workers)),
        ):
            continue

    async def told(self, authority_id: str, id_: str) -> list[Entry]:
        """What the inbox of an authority has about an alert."""
        inbox = Inbox(self.documents, STREAM, self.clock)
        return [entry for entry in (await inbox.read(authority_id, "", 10_000)).items if entry.subject == id_]

    async def until_told(self, authority_id: str, id_: str, news: str) -> None:
        async def is_told() -> bool:
            return news in {entry.kind for entry in await self.told(authority_id, id_)}

        await until(is_told)


@asynccontextmanager
async def a_rehearsal(asking: Asking, data: Path) -> AsyncIterator[Rehearsal]:
    """A service of its own on *data*, beside *asking*'s directory."""
    catalogue = data / "catalogue"
    catalogue.mkdir()
    shutil.copytree(SHIPPED / "services-v1", catalogue / "services-v1")
    write(catalogue / "professional-v1", PROFESSIONAL)
    write(catalogue / "notice-v1", NOTICE)
    types = alert_types(catalogue)
    settings = asking.settings.model_copy(update={"data_dir": data, "keys_dir": asking.settings.keys})
    async with (
        running(settings, catalogue) as own,
        open_documents(settings.documents("alerts"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        clock = Clock(datetime.now(UTC))

        def a_worker() -> tuple[Timers, Timing]:
            alerts = storage.alerts(documents, Outbox("alerts", documents, events, clock))
            timers = Timers(documents, storage.TIMERS, clock)
            return timers, Timing(alerts, types, timers, clock)

        yield Rehearsal(own, documents, clock, [a_worker() for _ in range(3)], types)


# Everybody to whom an alert is told in these tests.
TOLD = (ITALY, IT_COORDINATOR, HUNGARY, HU_COORDINATOR, FR_COORDINATOR)
