"""An event as a record of Kafka, and back: the headers are those of the CloudEvents Kafka binding in binary mode."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import structlog
from aiokafka import ConsumerRecord

from engines.events import Event, Received

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/protobuf"

log = structlog.get_logger(__name__)


def waves(events: Sequence[Event]) -> Iterator[list[Event]]:
    """*events* so that no two of one subject are under way together: if the first is lost, the second must not be there."""
    waiting = list(events)
    while waiting:
        subjects: set[str] = set()
        wave: list[Event] = []
        later: list[Event] = []
        for event in waiting:
            (later if event.subject in subjects else wave).append(event)
            subjects.add(event.subject)
        yield wave
        waiting = later


def headers_of(event: Event, failure: str) -> list[tuple[str, bytes]]:
    attributes = {
        "content-type": CONTENT_TYPE,
        "ce_specversion": SPEC_VERSION,
        "ce_id": event.id,
        "ce_type": event.type,
        "ce_source": event.source,
        "ce_subject": event.subject,
        "ce_time": event.time.isoformat(),
        "traceparent": event.traceparent,
        "imi_failure": failure,
    }
    return [(name, value.encode()) for name, value in attributes.items() if value]


def received_of(record: "ConsumerRecord[bytes, bytes]", prefix_length: int) -> Received:
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return Received(
        topic=record.topic[prefix_length:],
        partition=record.partition,
        offset=record.offset,
        event=_event(record, headers),
        failure=headers.get("imi_failure", ""),
    )


def _event(record: "ConsumerRecord[bytes, bytes]", headers: Mapping[str, str]) -> Event:
    """What *record* tells. One that is no event of ours has no type: nobody reacts to it, and it holds nobody up."""
    try:
        return Event(
            id=headers["ce_id"],
            type=headers["ce_type"],
            source=headers["ce_source"],
            subject=headers["ce_subject"],
            time=datetime.fromisoformat(headers["ce_time"]),
            data=record.value or b"",
            traceparent=headers.get("traceparent", ""),
        )
    except (KeyError, ValueError):
        place = f"{record.topic}/{record.partition}/{record.offset}"
        log.error("record_is_no_event", record=place)
        written = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        return Event(id=place, type="", source="", subject="", time=written, data=record.value or b"")
