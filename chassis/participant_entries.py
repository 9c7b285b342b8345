"""An entry of the copy of the directory: how the directory says it, how the store keeps it, when it gives way to another."""

import dataclasses
import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from chassis.wire import EnumOnWire
from engines.documents import Document, Json
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import participants_pb2 as pb
from vocabulary.participants import Level, Part, Participant, Status
from vocabulary.roles import LegislativeRole, WorkflowRole


def _shape(*kinds: Any) -> str:
    """Changes with the fields of an entry and the words in them."""
    fields = [[field.name for field in dataclasses.fields(one)] for one in kinds if dataclasses.is_dataclass(one)]
    words = [[*one] for one in kinds if issubclass(one, StrEnum)]
    return hashlib.sha256(repr([fields, words]).encode()).hexdigest()[:8]


# What this version keeps of an authority. During a rolling upgrade another one may write into the same copy: an entry of its is as
# good as missing.
SHAPE = _shape(Participant, Part, Level, Status, LegislativeRole, WorkflowRole)
# Where it is noted that the copy is complete; no authority has such an id.
FILLED = f"filled {SHAPE}"


def body(one: Participant) -> dict[str, Json]:
    parts = one.parts if one.is_active else ()
    keys: dict[str, None] = {}
    for part in parts:
        for role in (part.legislative_role, *part.workflow_roles):
            keys |= {key(part.module, role): None, key("", role): None}
    return {
        "parts": list(keys),
        "country": one.country,
        "revision": one.revision,
        "shape": SHAPE,
        "participant": msgspec.to_builtins(one),
    }


def key(module: str, role: str) -> str:
    """How whoever has *role* in *module*, or in any, is found."""
    return f"{module} {role}"


def is_entry(document: Document) -> bool:
    return "participant" in document.body


def entry(document: Document) -> Participant | None:
    """What the entry *document* says; None if another version wrote it."""
    if document.body.get("shape") != SHAPE:
        return None
    return msgspec.convert(document.body["participant"], Participant)


def readable(documents: Iterable[Document]) -> dict[str, Participant]:
    return {one.id: one for document in documents if (one := entry(document))}


def revision(document: Document) -> int:
    kept = document.body["revision"]
    assert isinstance(kept, int)
    return kept


def gives_way(document: Document, to: Participant) -> bool:
    """Whether what is stored is older than *to*; or different at the same revision, which is then the directory's word."""
    kept = revision(document)
    return kept < to.revision or (kept == to.revision and entry(document) != to)


LEVEL = EnumOnWire(Level, directory_pb2.AuthorityLevel)
STATUS = EnumOnWire(Status, directory_pb2.AuthorityStatus)
LEGISLATIVE_ROLE = EnumOnWire(LegislativeRole, directory_pb2.LegislativeRole)
WORKFLOW_ROLE = EnumOnWire(WorkflowRole, directory_pb2.WorkflowRole)


def from_wire(message: pb.Participant) -> Participant:
    """What a newer directory says in words of its own is left out, since nothing here could act on it."""
    return Participant(
        id=message.id,
        revision=message.revision,
        country=message.country_code,
        region=message.region_code,
        level=LEVEL.known(message.level),
        status=STATUS.known(message.status),
        official_name=dict(message.official_name.texts),
        informal_name=dict(message.informal_name.texts),
        languages=tuple(message.languages),
        concepts=tuple(message.concept_ids),
        parts=tuple(
            _part(one, role)
            for one in message.parts
            if (role := LEGISLATIVE_ROLE.known(one.legislative_role)) is not None
        ),
        validating_coordinator=message.validating_coordinator_id,
    )


def _part(message: pb.ParticipantPart, role: LegislativeRole) -> Part:
    return Part(
        module=message.module,
        legislative_role=role,
        workflow_roles=tuple(
            known for number in message.workflow_roles if (known := WORKFLOW_ROLE.known(number)) is not None
        ),
        access_coordinator=message.access_coordinator_id,
        approval_coordinator=message.approval_coordinator_id,
        referral_coordinator=message.referral_coordinator_id,
        approve_outgoing=message.approve_outgoing,
        approve_reply=message.approve_reply,
        allocation=message.allocation,
    )
