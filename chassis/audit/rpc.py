"""Reading the audit of a service: for those who answer for data protection in an authority, as far as it is theirs to know.

Its own people's reads they see whole. Of a thing that their authority has a part in, they see that others have read it, and never
which official did: by authority or by country, as the service says (its `domain/`). To read the audit is a read, too.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime

from chassis.audit import chain, noting
from chassis.audit.chain import Row, Segment
from chassis.audit.segments import Segments
from chassis.audit.writing import Audit
from chassis.caller import Caller, current_person
from chassis.chains import SigningKeys
from chassis.guard import Call
from chassis.wire import EnumOnWire, page_size, timestamp
from protos.common.v1 import audit_pb2 as pb
from protos.common.v1 import common_pb2
from protos.common.v1.audit_pb2_grpc import AuditServiceServicer
from vocabulary import pages
from vocabulary.audit import Kind, Known, Part, Thing, Via
from vocabulary.refusals import Forbidden
from vocabulary.roles import LegislativeRole, UserRole

READS = "reads"
# More than there will ever be, and no more than a store takes for a number.
SEQUENCES = 1 << 53
KIND = EnumOnWire(Kind, pb.AuditedKind)
PART = EnumOnWire(Part, pb.AuditedPart)

# What the caller's authority may know of other authorities' reads of the thing with this id.
Knowing = Callable[[Caller, str], Awaitable[Known]]


class AuditRpc(AuditServiceServicer):
    def __init__(self, audit: Audit, segments: Segments, keys: SigningKeys, knowing: Knowing) -> None:
        self._audit = audit
        self._segments = segments
        self._keys = keys
        self._knowing = knowing

    async def ListReads(self, request: pb.ListReadsRequest, context: Call) -> pb.ListReadsResponse:
        caller = current_person()
        require_answerable(caller)
        size = page_size(request.page)
        up_to, below = _position(request.page.after)
        known = await self._knowing(caller, request.id) if request.id and not request.user_id else Known.NOTHING
        noting.shown(Kind.AUDIT, request.id or caller.authority_id, 0, Part.LISTED)
        await self._audit.all_written()
        found: list[tuple[str, pb.AuditedRead]] = []
        async for segment in self._segments.about(*_under(request, caller), up_to):
            for row in reversed(segment.rows):
                if below is not None and row.sequence >= below:
                    continue
                if told := _told(row, request, caller, known):
                    found.append((pages.cursor(READS, segment.number, row.sequence), told))
            if len(found) > size:
                break
        return pb.ListReadsResponse(
            reads=[read for _, read in found[:size]],
            page_info=common_pb2.PageInfo(
                cursors=[cursor for cursor, _ in found[:size]], has_next_page=len(found) > size
            ),
        )

    async def GetAuditHead(self, request: pb.GetAuditHeadRequest, context: Call) -> pb.GetAuditHeadResponse:
        require_answerable(current_person())
        await self._audit.all_written()
        head = await self._segments.head()
        return pb.GetAuditHeadResponse(head=self._head(head) if head else None)

    def _head(self, segment: Segment) -> pb.AuditHead:
        jwk = next((key for key in self._keys.published() if key["kid"] == segment.key), None)
        return pb.AuditHead(
            length=segment.last,
            hash=segment.hash,
            segment=segment.number,
            closed=segment.state is not chain.State.OPEN,
            first=segment.first,
            previous=segment.previous,
            since=segment.since,
            until=segment.until,
            key=segment.key,
            signature=segment.signature,
            jwk=json.dumps(jwk) if jwk else "",
        )


def require_answerable(caller: Caller) -> None:
    """Raises Forbidden unless *caller* answers for data protection: a local data administrator, or a National IMI Coordinator."""
    national = LegislativeRole.NIMIC in caller.legislative_roles.values()
    coordinates = any(UserRole.COORDINATOR in roles for roles in caller.user_roles.values())
    if not (caller.administers() or (national and coordinates)):
        raise Forbidden("the audit of reads is for local data administrators and for the National IMI Coordinator")


def _under(request: pb.ListReadsRequest, caller: Caller) -> tuple[str, str]:
    """What the segments are found under in which there may be rows for *caller*."""
    if request.user_id:
        return "people", request.user_id
    return ("things", request.id) if request.id else ("authorities", caller.authority_id)


def _told(row: Row, request: pb.ListReadsRequest, caller: Caller, known: Known) -> pb.AuditedRead | None:
    """What *caller* is told of *row*; None if it is not for them, or not what they ask for."""
    read = row.read
    about = [thing for thing in read.things if request.id in ("", thing.id)]
    if (request.id and not about) or request.user_id not in ("", read.user):
        return None
    told = pb.AuditedRead(
        sequence=row.sequence,
        at=timestamp(datetime.fromisoformat(read.at)),
        country_code=read.country,
        direct=read.via is Via.SERVICE,
        operation=read.operation,
        refused=read.refused,
        things=map(_thing, about),
    )
    if read.authority == caller.authority_id:
        told.user_id, told.authority_id, told.trace_id = read.user, read.authority, read.trace
        return told
    if not request.id or known is Known.NOTHING:
        return None
    if known is Known.AUTHORITIES or read.country == caller.country:
        told.authority_id = read.authority
    return told


def _thing(thing: Thing) -> pb.AuditedThing:
    return pb.AuditedThing(
        kind=KIND.to_wire(thing.kind), id=thing.id, revision=thing.revision, parts=map(PART.to_wire, thing.parts)
    )


def _position(after: str) -> tuple[int | None, int | None]:
    """The segment to go on in, and the row to go on below."""
    if not after:
        return None, None
    number, sequence = map(int, pages.position(after, READS, (int, int)))
    if not (0 < number < SEQUENCES and 0 < sequence < SEQUENCES):
        raise pages.wrong_cursor("after")
    return number, sequence
