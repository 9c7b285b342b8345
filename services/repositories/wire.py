"""Repositories ↔ protobuf, and nothing else."""

from collections.abc import Collection

from chassis import wire
from chassis.aggregates import Kept
from chassis.wire import EnumOnWire, localized, timestamp
from protos.repositories.v1 import events_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.definitions import Definition, Visibility
from services.repositories.domain.entries import Entry, Version
from services.repositories.domain.lifecycle import Action, Status

STATUS = EnumOnWire(Status, pb.EntryStatus)
ACTION = EnumOnWire(Action, pb.EntryAction)
VISIBILITY = EnumOnWire(Visibility, pb.Visibility)


def repository(definition: Definition, wanted: Collection[str]) -> pb.Repository:
    return pb.Repository(
        code=definition.code,
        schema_version=definition.version,
        title=localized(definition.title, wanted),
        description=localized(definition.description, wanted),
        visibility=VISIBILITY.to_wire(definition.visibility),
        fields=[wire.field(field, wanted) for field in definition.fields],
    )


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
        earlier=[one for one in map(version, state.earlier) if one],
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
    )


def version(version: Version | None) -> pb.EntryVersion | None:
    if version is None:
        return None
    return pb.EntryVersion(
        number=version.number,
        schema_version=version.schema_version,
        values=wire.field_values(version.values),
        at=timestamp(version.at),
        reason=version.reason,
    )


def changed(id_: str, revision: int, action: Action, after: Entry) -> events_pb2.EntryChanged:
    return events_pb2.EntryChanged(
        entry_id=id_,
        revision=revision,
        repository_code=after.repository,
        action=ACTION.to_wire(action),
        to=STATUS.to_wire(after.status),
    )
