"""Receipts: the caller's copy of an alert's chain, how far chains go, and what they are verified with."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from chassis.aggregates import Aggregates, Kept
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.chains import instant
from chassis.server import Call
from chassis.wire import batch, in_chunks, timestamp
from protos.alerts.v1 import receipts_pb2 as pb
from protos.alerts.v1.receipts_pb2_grpc import ReceiptsServiceServicer
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.lifecycle import Status
from services.alerts.domain.types import AlertType
from services.alerts.domain.views import View, seen, view
from services.alerts.readers import party
from services.alerts.receipts import chain
from services.alerts.receipts.chain import Delivery, Entry, Secrets
from services.alerts.receipts.document import Content, Copy, shown, written
from services.alerts.receipts.keys import ReceiptKeys
from services.alerts.receipts.ledger import Ledger
from services.alerts.receipts.recording import said
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Forbidden, NotFound

# Copies are hashed on a thread; more at once would only wait for each other, and hold the memory of all.
AT_ONCE = 2
# A delivery takes a kilobyte: of a country that told a thousand of every step, not all are shown for ever.
DELIVERIES_SHOWN = 10_000
log = structlog.get_logger(__name__)


class ReceiptsRpc(ReceiptsServiceServicer):
    def __init__(
        self,
        types: Mapping[str, AlertType],
        alerts: Aggregates[Alert],
        ledger: Ledger,
        keys: ReceiptKeys,
        now: Callable[[], datetime],
    ) -> None:
        self._types = types
        self._alerts = alerts
        self._ledger = ledger
        self._keys = keys
        self._now = now
        self._free = asyncio.Semaphore(AT_ONCE)

    async def RenderReceipt(
        self, request: pb.RenderReceiptRequest, context: Call
    ) -> AsyncIterator[pb.RenderReceiptResponse]:
        caller = current_person()
        kept = await self._alerts.get(request.id)
        reader = self._reader(kept, caller) if kept else None
        if kept is None or reader is None:
            raise NotFound(f"there is no alert {request.id!r}", field="id")
        if request.with_content and reader[1] is not View.FULL:
            raise Forbidden("only who sees all of an alert is given what it says", field="withContent")
        copy = self._copy(kept, *reader)
        rendered, content = await self._rendered(kept, copy, with_content=request.with_content)
        sha256 = hashlib.sha256(rendered).hexdigest()
        _log(kept.id, caller, content, sha256)
        said = (Part.CONTENT, Part.PERSONAL_DATA) if content else ()
        noting.shown(Kind.ALERT, kept.id, kept.revision, *said, Part.REPORT)
        header = pb.ReceiptHeader(
            file_name=f"{kept.state.number}-receipt.json", size_bytes=len(rendered), sha256=sha256
        )
        yield pb.RenderReceiptResponse(header=header)
        for chunk in in_chunks(rendered):
            yield pb.RenderReceiptResponse(chunk=chunk)

    async def _rendered(self, kept: Kept[Alert], copy: Copy, *, with_content: bool) -> tuple[bytes, bool]:
        """The reader's copy as JSON, and whether it has what the alert says. Of the chain, only some links are held at a time."""
        async with self._free:
            secrets, head = await self._ledger.secrets(kept.id), chain.start(kept.id)
            entries: list[dict[str, Any]] = []
            deliveries = 0
            async for links in self._ledger.entries(kept.id):
                more = await asyncio.to_thread(shown, links, copy, secrets)
                entries += more
                head = links[-1].hash
                deliveries += sum(len(one.get("deliveries", ())) for one in more)
                if deliveries > DELIVERIES_SHOWN:
                    copy = copy.of_own_deliveries()
            content = _content(kept.state, entries, secrets) if with_content else None
            signed_at = instant(self._now())
            rendered = await asyncio.to_thread(
                lambda: _json(written(copy, entries, head, content, self._keys, signed_at))
            )
            return rendered, content is not None

    async def BatchGetReceiptHeads(
        self, request: pb.BatchGetReceiptHeadsRequest, context: Call
    ) -> pb.BatchGetReceiptHeadsResponse:
        caller = current_person()
        found = await self._alerts.get_many(batch(request.ids))
        copies = {one.id: self._copy(one, *reader) for one in found if (reader := self._reader(one, caller))}
        heads = [_head(copies[id_], last) async for id_, last in self._ledger.lasts(list(copies))]
        return pb.BatchGetReceiptHeadsResponse(heads=heads)

    async def ListReceiptKeys(self, request: pb.ListReceiptKeysRequest, context: Call) -> pb.ListReceiptKeysResponse:
        current_person()
        keys = [pb.ReceiptKey(id=key["kid"], jwk=json.dumps(key)) for key in self._keys.published()]
        return pb.ListReceiptKeysResponse(keys=keys)

    def _reader(self, kept: Kept[Alert], caller: Caller) -> tuple[Party, View] | None:
        """Who asks, and how much they see; None if it is not for them to know that the alert exists."""
        who = party(caller, kept.state.area, self._now())
        how = view(kept.state, who)
        return (who, how) if how else None

    def _copy(self, kept: Kept[Alert], who: Party, how: View) -> Copy:
        """What of the chain is open to *who*: the steps that the alert shows as well, and those that reached the own authority."""
        history = kept.state.history
        steps = set(seen(kept.state, self._types[kept.state.type_id], how, who).history)

        def is_open(entry: Entry) -> bool:
            # A step that was taken since the alert was read stays closed this time.
            if entry.revision <= len(history) and history[entry.revision - 1] in steps:
                return True
            return any(one.authority == who.authority_id for one in entry.deliveries)

        def knows_of(delivery: Delivery) -> bool:
            own_country = how is View.FULL and delivery.country == who.country
            return own_country or delivery.authority == who.authority_id

        return Copy(
            alert_id=kept.id,
            number=kept.state.number,
            reader=who.authority_id,
            is_open=is_open,
            knows_of=knows_of,
        )


def _content(alert: Alert, entries: Sequence[Mapping[str, Any]], secrets: Secrets) -> Content | None:
    """What the alert says now, to be held against the last open one of *entries* that is committed to it; None where nothing is left
    to say.
    """
    version, values = said(alert, len(alert.history))
    salt = secrets.content_salt(version)
    if values is None or not salt or alert.status is Status.BLOCKED:
        return None
    commitment = chain.commitment(alert.type_id, values, salt)
    sequence = next((one["sequence"] for one in reversed(entries) if one.get("content") == commitment), None)
    if sequence is None:
        return None
    return Content(sequence=sequence, type_id=alert.type_id, salt=salt, values=dict(values))


def _head(copy: Copy, last: Entry) -> pb.ReceiptHead:
    """How far the chain goes; when its last link was added only if the reader may know of that."""
    recorded = timestamp(datetime.fromisoformat(last.recorded)) if copy.is_open(last) else None
    return pb.ReceiptHead(alert_id=copy.alert_id, length=last.sequence, hash=last.hash, recorded_at=recorded)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _log(id_: str, caller: Caller, content: bool, sha256: str) -> None:
    log.info(
        "receipt_rendered",
        alert=id_,
        user=caller.user_id,
        authority=caller.authority_id,
        content=content,
        sha256=sha256,
    )
