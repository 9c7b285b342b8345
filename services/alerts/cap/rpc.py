"""CAP messages: what the caller may see of an alert, in languages of theirs."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from chassis.aggregates import Aggregates, Kept
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.calls import Peer
from chassis.participants import Participants
from chassis.server import Call
from chassis.wire import in_chunks, wanted_languages
from protos.alerts.v1 import cap_pb2 as pb
from protos.alerts.v1.cap_pb2_grpc import CapServiceServicer
from protos.directory.v1 import directory_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.alerts.cap.content import Case, message, referred, sent
from services.alerts.cap.message import Status, written
from services.alerts.domain.alerts import Alert
from services.alerts.domain.types import AlertType
from services.alerts.domain.views import View, seen, view
from services.alerts.readers import party
from vocabulary import languages
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Conflict, NotFound
from vocabulary.values import LocalizedText, ValueType

log = structlog.get_logger(__name__)


class CapRpc(CapServiceServicer):
    def __init__(
        self,
        types: Mapping[str, AlertType],
        alerts: Aggregates[Alert],
        participants: Participants,
        peer: Peer,
        directory: DirectoryServiceStub,
        status: Status,
        now: Callable[[], datetime],
    ) -> None:
        self._types = types
        self._alerts = alerts
        self._participants = participants
        self._peer = peer
        self._directory = directory
        self._status = status
        self._now = now

    async def RenderCap(self, request: pb.RenderCapRequest, context: Call) -> AsyncIterator[pb.RenderCapResponse]:
        caller = current_person()
        wanted = list(dict.fromkeys(wanted_languages(request.languages))) or [caller.language or languages.FALLBACK]
        kept, shown, personal = await self._seen(request, caller)
        messages = sent(kept.state)
        if not messages:
            raise Conflict("an alert is a message for others once it is broadcast", field="id", reason="NOT_SENT")
        kind = self._types[shown.type_id]
        sender = await self._participants.get(shown.coordinator_id or shown.author_id)
        case = Case(
            alert=shown,
            kind=kind,
            status=self._status,
            sender_name=sender.official_name if sender else {},
            names=await self._names(shown, kind),
        )
        content = written(message(case, messages, wanted))
        sha256 = hashlib.sha256(content).hexdigest()
        log.info(
            "cap_rendered",
            alert=request.id,
            user=caller.user_id,
            authority=caller.authority_id,
            languages=wanted,
            personal=request.with_personal_data,
            sha256=sha256,
        )
        parts = (Part.CONTENT, Part.PERSONAL_DATA) if personal else (Part.CONTENT,)
        noting.shown(Kind.ALERT, kept.id, kept.revision, *parts, Part.REPORT)
        name = f"{messages[-1][1].identifier}.xml"
        yield pb.RenderCapResponse(header=pb.CapHeader(file_name=name, size_bytes=len(content), sha256=sha256))
        for chunk in in_chunks(content):
            yield pb.RenderCapResponse(chunk=chunk)

    async def _seen(self, asked: pb.RenderCapRequest, caller: Caller) -> tuple[Kept[Alert], Alert, bool]:
        """The alert, what *caller* may see of it and asked for, and whether that is with personal data.

        Raises NotFound if they may not know of it.
        """
        kept = await self._alerts.get(asked.id)
        who = party(caller, kept.state.area, self._now()) if kept else None
        how = view(kept.state, who) if kept and who else None
        if kept is None or who is None or how is None:
            raise NotFound(f"there is no alert {asked.id!r}", field="id")
        kind = self._types[kept.state.type_id]
        shown = seen(kept.state, kind, how, who)
        personal = how is View.FULL and asked.with_personal_data
        if not personal:
            shown = replace(shown, values=kind.without_personal_data(shown.values))
        return kept, shown, personal

    async def _names(self, alert: Alert, kind: AlertType) -> dict[tuple[ValueType, str], LocalizedText]:
        """What the directory calls that which the values refer to, in all languages."""
        by_type: dict[ValueType, list[str]] = {}
        for type_, id_ in sorted(referred(alert, kind)):
            by_type.setdefault(type_, []).append(id_)
        names: dict[tuple[ValueType, str], LocalizedText] = {}
        if ids := by_type.get(ValueType.AUTHORITY):
            found = await self._participants.get_many(ids)
            names |= {(ValueType.AUTHORITY, id_): one.official_name for id_, one in found.items()}
        if ids := by_type.get(ValueType.CONCEPT):
            concepts = directory_pb2.BatchGetConceptsRequest(ids=ids)
            answer = await self._peer.call(self._directory.BatchGetConcepts, concepts)
            names |= {(ValueType.CONCEPT, one.id): dict(one.label.texts) for one in answer.concepts}
        if ids := by_type.get(ValueType.AREA):
            areas = directory_pb2.BatchGetAreasRequest(ids=ids)
            listed = await self._peer.call(self._directory.BatchGetAreas, areas)
            names |= {(ValueType.AREA, one.code): dict(one.name.texts) for one in listed.areas}
        return names
