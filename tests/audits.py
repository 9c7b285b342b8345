"""Reading the audit of a service that runs."""

from dataclasses import replace
from typing import Any

from grpc import aio

from chassis.caller import Caller
from chassis.calls import Peer
from protos.common.v1 import audit_pb2 as pb
from protos.common.v1.audit_pb2_grpc import AuditServiceStub
from vocabulary.roles import UserRole


def administrator(of: Caller) -> Caller:
    """The local data administrator at the authority of somebody, who reads no exchanges."""
    roles = {"": frozenset({UserRole.LOCAL_DATA_ADMINISTRATOR})}
    return replace(of, user_id=f"usr_{of.authority_id}_administrator", user_roles=roles)


async def listed(peer: Peer, channel: aio.Channel, **asked: Any) -> pb.ListReadsResponse:
    return await peer.call(AuditServiceStub(channel).ListReads, pb.ListReadsRequest(**asked))


def parts_of(read: pb.AuditedRead, id_: str) -> set[str]:
    """Which parts of the thing *id_* were read."""
    return {
        pb.AuditedPart.Name(part).removeprefix("AUDITED_PART_")
        for one in read.things
        if one.id == id_
        for part in one.parts
    }


def method_of(read: pb.AuditedRead) -> str:
    return read.operation.rpartition("/")[2]
