"""Entries ↔ protobuf, and nothing else."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from chassis import wire
from chassis.aggregates import Kept
from chassis.inbox import Delivered
from chassis.wire import EnumOnWire, field_values, timestamp
from engines.scanning import State
from protos.repositories.v1 import events_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.actions import Possibility
from services.repositories.domain.changes import Change, Kind
from services.repositories.domain.differences import Difference
from services.repositories.domain.entries import Entry, Step, Version
from services.repositories.domain.lifecycle import Action, Status
from vocabulary.values import iso_date

STATUS = EnumOnWire(Status, pb.EntryStatus)
ACTION = EnumOnWire(Action, pb.EntryAction)
SCAN_STATE = EnumOnWire(State, pb.EntryFileScanState)
CHANGE = EnumOnWire(Kind, pb.EntryChangeKind)

# Of many versions, so many are in an entry; each answer that is stored for a repeated command holds them.
EARLIER_SHOWN = 20


def entry(kept: Kept[Entry]) -> pb.Entry:
    """*kept*, already cut down to what its reader may see."""
    state = kept.state
    return pb.Entry(
        id=kept.id,
        revision=kept.revision,
        repository_code=state.repository,
        status=STATUS.to_wire(state.status),
        owner_id=state.owner_id,
        country_code=state.country,
        published=version(state.published),
        draft=version(state.draft),
        earlier=versions(state.earlier[:EARLIER_SHOWN]),
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
        history=map(_step, state.history),
        return_reason=state.return_reason,
    )


def versions(found: Iterable[Version]) -> list[pb.EntryVersion]:
    return [one for one in map(version, found) if one]


def version(version: Version | None) -> pb.EntryVersion | None:
    if version is None:
        return None
    return pb.EntryVersion(
        number=version.number,
        schema_version=version.schema_version,
        values=field_values(version.values),
        at=timestamp(version.at),
        reason=version.reason,
        valid_from=_day(version.valid_from),
        valid_to=_day(version.valid_to),
        files=map(wire.file, version.files),
        reverts_to=version.reverts_to,
    )


def day_from(text: str, *, at: str) -> date | None:
    """The day that *text* writes, if it writes any; raises Invalid for something else."""
    return iso_date(text, at=at) if text else None


def actions(id_: str, found: Sequence[Possibility]) -> pb.EntryActions:
    return pb.EntryActions(
        id=id_,
        actions=[
            pb.PossibleEntryAction(
                action=ACTION.to_wire(one.action),
                possible=one.refusal is None,
                code=one.refusal.code if one.refusal else "",
                reason=one.refusal.reason if one.refusal else "",
                message=one.refusal.message if one.refusal else "",
            )
            for one in found
        ],
    )


def difference(one: Difference) -> pb.FieldDifference:
    return pb.FieldDifference(
        field_code=one.code,
        before=wire.value(one.before) if one.before else None,
        after=wire.value(one.after) if one.after else None,
    )


def change(delivered: Delivered, found: Change) -> pb.EntryChange:
    entry = delivered.entry
    assert entry is not None  # there is a change
    return pb.EntryChange(
        id=entry.id,
        entry_id=entry.subject,
        kind=CHANGE.to_wire(found.kind),
        version=found.version,
        at=timestamp(entry.at),
    )


def changed(id_: str, revision: int, action: Action, before: Entry | None, after: Entry) -> events_pb2.EntryChanged:
    return events_pb2.EntryChanged(
        entry_id=id_,
        revision=revision,
        repository_code=after.repository,
        action=ACTION.to_wire(action),
        to=STATUS.to_wire(after.status),
        version_before=before.published.number if before and before.published else 0,
        version_now=after.published.number if after.published else 0,
    )


def silenced(told: events_pb2.EntryChanged) -> str:
    """The id of an entry of which nothing is left; empty for any other."""
    return told.entry_id if told.to == pb.ENTRY_STATUS_DELETED else ""


def file_scan(id_: str, state: State, at: datetime | None) -> pb.EntryFileScan:
    return pb.EntryFileScan(id=id_, state=SCAN_STATE.to_wire(state), at=timestamp(at))


def _step(step: Step) -> pb.EntryHistoryEntry:
    return pb.EntryHistoryEntry(
        at=timestamp(step.at),
        authority_id=step.authority_id,
        action=ACTION.to_wire(step.action),
        **{"from": STATUS.to_wire(step.before) if step.before else 0},
        to=STATUS.to_wire(step.after),
        version=step.version,
        reason=step.reason,
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
