"""Checking that what a value refers to exists: authorities, areas and concepts are the directory's to know."""

from collections.abc import Iterable, Mapping, Sequence

from chassis.calls import Peer
from chassis.participants import Participants
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from vocabulary.refusals import Invalid
from vocabulary.values import Field, Value, ValueType


class References:
    """Asks the directory, once per kind of thing; for authorities only where the service's own copy does not know them yet."""

    def __init__(self, peer: Peer, directory: DirectoryServiceStub, participants: Participants) -> None:
        self._peer = peer
        self._directory = directory
        self._participants = participants

    async def check_form(self, fields: Iterable[Field], values: Mapping[str, Value], *, at: str) -> None:
        """Raises Invalid naming the field whose value refers to an authority, area or concept that does not exist."""
        types = {field.code: field.type for field in fields}
        used: dict[ValueType, dict[str, str]] = {}
        for index, (code, value) in enumerate(values.items()):
            for place, reference in enumerate(value.references or ()):
                where = f"{at}[{index}].value.references[{place}]"
                used.setdefault(types[code], {}).setdefault(reference, where)
        if authorities := used.get(ValueType.AUTHORITY):
            await self._require_authorities(authorities)
        if areas := used.get(ValueType.AREA):
            listed = await self._peer.call(
                self._directory.BatchGetAreas, pb.BatchGetAreasRequest(ids=areas, languages=["en"])
            )
            _require(areas, {area.code for area in listed.areas}, "an area of legislation", "UNKNOWN_AREA")
        if concepts := used.get(ValueType.CONCEPT):
            request = pb.BatchGetConceptsRequest(ids=concepts, languages=["en"])
            known = await self._peer.call(self._directory.BatchGetConcepts, request)
            _require(
                concepts,
                {concept.id for concept in known.concepts},
                "a concept of the keyword lists",
                "UNKNOWN_CONCEPT",
            )

    async def require_authorities(self, ids: Sequence[str], *, field: str) -> None:
        """Raises Invalid naming the item of *field* that is not an authority."""
        await self._require_authorities({id_: f"{field}[{index}]" for index, id_ in enumerate(ids)})

    async def _require_authorities(self, used: Mapping[str, str]) -> None:
        # Whoever was registered once stays: what the copy knows exists.
        found = await self._participants.get_many(used)
        there = [id_ for id_, one in found.items() if not one.gone]
        _require(used, there, "an authority of the directory", "UNKNOWN_AUTHORITY")

    async def authorities(self, ids: Iterable[str]) -> dict[str, pb.Authority]:
        """The authorities of *ids* that exist, by id, as the directory has them at this moment."""
        request = pb.BatchGetAuthoritiesRequest(ids=ids, languages=["en"])
        found = await self._peer.call(self._directory.BatchGetAuthorities, request)
        return {authority.id: authority for authority in found.authorities}


def _require(used: Mapping[str, str], known: Iterable[str], what: str, reason: str) -> None:
    there = set(known)
    for reference, where in used.items():
        if reference not in there:
            raise Invalid(f"{reference!r} is not {what}", field=where, reason=reason)
