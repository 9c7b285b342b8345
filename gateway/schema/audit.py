"""The audit of reads, for those who answer for data protection."""

import datetime as dt
from typing import cast

import strawberry

from gateway.backends import Backend
from gateway.batches import AUTHORITIES, COUNTRIES, USERS
from gateway.enums import AuditedKind, AuditedPart, BuildingBlock, Language
from gateway.readings import given, link, moment, speak
from gateway.schema.common import Connection, GatewayInfo, connection, page
from gateway.schema.directory import Authority, Country, User
from protos.common.v1 import audit_pb2 as pb
from protos.common.v1.audit_pb2_grpc import AuditServiceStub
from vocabulary.refusals import Invalid


@strawberry.type(description="Something that was read, and how much of it.")
class AuditedThing:
    kind: AuditedKind
    id: strawberry.ID
    revision: int = strawberry.field(description="As its reader could observe it; 0 for what has none.")
    parts: list[AuditedPart]


@strawberry.type(description="One answer that somebody was given, or one refusal.")
class AuditedRead:
    sequence: int = strawberry.field(description="Its place in the chain.")
    at: dt.datetime | None = moment("at")
    user_id: strawberry.ID | None = given("user_id", "Who read; null for people of other authorities.")
    user: User | None = link(USERS, "user_id", "Known to their own authority only.")
    authority: Authority | None = link(
        AUTHORITIES, "authority_id", "For which they read; null where only the country is for the viewer to know."
    )
    country: Country | None = link(COUNTRIES, "country_code")
    direct: bool = strawberry.field(
        description="Whether they had signed in at the service itself, as systems do, and not at the gateway."
    )
    operation: str = strawberry.field(description="The method of the service.")
    trace_id: str | None = given("trace_id", "Of the trace that it was part of; null for people of other authorities.")
    refused: str | None = given("refused", "The reason, where it was refused.")
    things: list[AuditedThing]


@strawberry.type(
    description="How far the chain of an audit goes: whoever has kept it can tell that nothing before was changed."
)
class AuditHead:
    length: int = strawberry.field(description="How many rows it has.")
    hash: str = strawberry.field(description="Of the last one.")
    segment: int = strawberry.field(description="The segment it is in; what follows is signed with it (docs/audit.md).")
    closed: bool
    first: int
    previous: str
    since: str
    until: str
    key: str = strawberry.field(description="The thumbprint (RFC 7638) of the key.")
    signature: str
    jwk: str = strawberry.field(description="The public key, as a JSON Web Key.")


@strawberry.type
class AuditQueries:
    @strawberry.field(
        description="Who was shown what by a building block, the newest first: what people of the viewer's authority have read, or "
        "one of them; with an id, who has read that, as far as the viewer's authority may know. For local data administrators and "
        "National IMI Coordinators. This is a read, too."
    )
    async def audit_of_reads(
        self,
        info: GatewayInfo,
        block: BuildingBlock,
        id: strawberry.ID | None = None,
        person: strawberry.ID | None = None,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> Connection[AuditedRead]:
        speak(info, language)
        backend = _backend(info, block)
        request = pb.ListReadsRequest(id=id or "", user_id=person or "", page=page(first, after))
        response = await backend.call(backend.stub.ListReads, request)
        return cast("Connection[AuditedRead]", connection(response.reads, response.page_info, after))

    @strawberry.field(description="Null before anything was read. For the same people.")
    async def audit_head(self, info: GatewayInfo, block: BuildingBlock) -> AuditHead | None:
        backend = _backend(info, block)
        response = await backend.call(backend.stub.GetAuditHead, pb.GetAuditHeadRequest())
        return cast("AuditHead | None", response.head if response.HasField("head") else None)


def _backend(info: GatewayInfo, block: BuildingBlock) -> Backend[AuditServiceStub]:
    found = info.context.backends.audit(block.name.lower())
    if found is None:
        raise Invalid(
            f"{block.name} shows nothing that is audited, or does not run", field="block", reason="UNKNOWN_VALUE"
        )
    return found
