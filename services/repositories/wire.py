"""Entries ↔ protobuf, and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from chassis import wire
from chassis.aggregates import Kept
from chassis.inbox import Delivered
from chassis.wire import DATA_CLASS, EnumOnWire, field_values_from, timestamp
from engines.scanning import State
from protos.common.v1 import common_pb2
from protos.repositories.v1 import events_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.actions import Possibility
from services.repositories.domain.changes import Change, Kind
from services.repositories.domain.definitions import Definition
from services.repositories.domain.differences import Difference
from services.repositories.domain.entries import Entry, Step, Version, areas_of
from services.repositories.domain.lifecycle import Action, Status
from vocabulary.values import Value, iso_date

STATUS = EnumOnWire(Status, pb.EntryStatus)
ACTION = EnumOnWire(Action, pb.EntryAction)
SCAN_STATE = EnumOnWire(State, pb.EntryFileScanState)
CHANGE = EnumOnWire(Kind, pb.EntryChangeKind)

# Of many versions, so many are in an entry; each answer that is stored for a repeated command holds them.
EARLIER_SHOWN = 20


def entry(kept: Kept[Entry], definition: Definition) -> pb.Entry:
    """*kept*, already cut down to what its reader may see; *definition* is the newest of its repository."""
    state = kept.state
    areas = areas_of(state, definition)
    return pb.Entry(
        id=kept.id,
        revision=kept.revision,
        repository_code=state.repository,
        status=STATUS.to_wire(state.status),
        owner_id=state.owner_id,
        country_code=state.country,
        published=version(state.published, definition),
        draft=version(state.draft, definition),
        earlier=versions(state.earlier[:EARLIER_SHOWN], definition),
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
        history=map(_step, state.history),
        return_reason=state.return_reason,
        area_code=areas[0] if len(areas) == 1 else "",
    )


def versions(found: Iterable[Version], definition: Definition) -> list[pb.EntryVersion]:
    return [shown for one in found if (shown := version(one, definition))]


def version(version: Version | None, definition: Definition) -> pb.EntryVersion | None:
    if version is None:
        return None
    return pb.EntryVersion(
        number=version.number,
        schema_version=version.schema_version,
        values=[
            common_pb2.FieldValue(code=code, value=_value(code, one, definition, version.schema_version))
            for code, one in version.values.items()
        ],
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


def values_from(
    given: Sequence[common_pb2.FieldValue], definition: Definition, before: Version | None
) -> dict[str, Value]:
    """The values that *given* writes. A text whose class is not said has that of its field; one that stood there *before*, its own."""
    found = field_values_from(given, at="values")
    for one in given:
        text = found[one.code].text
        if text and not one.value.text.data_class:
            earlier = before.values.get(one.code) if before else None
            same = earlier.text if earlier and earlier.text and earlier.text.text == text.text else None
            data_class = same.data_class if same else definition.data_class(one.code)
            found[one.code] = Value(text=replace(text, data_class=data_class))
    return found


def difference(one: Difference, definition: Definition, before: Version, after: Version) -> pb.FieldDifference:
    return pb.FieldDifference(
        field_code=one.code,
        before=_value(one.code, one.before, definition, before.schema_version) if one.before else None,
        after=_value(one.code, one.after, definition, after.schema_version) if one.after else None,
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


def _value(code: str, value: Value, definition: Definition, written_for: int) -> common_pb2.Value:
    found = wire.value(value)
    if value.text:
        found.text.data_class = DATA_CLASS.to_wire(definition.class_of(code, value.text, written_for))
        found.text.as_written = not definition.rule(code).translatable
    return found


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
