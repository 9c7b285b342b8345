"""Areas of legislation and keyword concepts: the directory knows which there are, and what they are called."""

from collections.abc import Collection, Iterable, Sequence

from chassis.calls import Peer
from chassis.wire import BATCH_LIMIT
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from vocabulary.refusals import Invalid
from vocabulary.values import LocalizedText


class Subjects:
    """Asks the directory. Raises Unavailable while it is away."""

    def __init__(self, peer: Peer, directory: DirectoryServiceStub) -> None:
        self._peer = peer
        self._directory = directory

    async def require_area(self, code: str, *, field: str) -> None:
        """Raises Invalid naming *field* if *code* is not an area."""
        request = pb.BatchGetAreasRequest(ids=[code], languages=["en"])
        answer = await self._peer.call(self._directory.BatchGetAreas, request)
        if not answer.areas:
            raise Invalid(f"{code!r} is not an area of legislation", field=field, reason="UNKNOWN_AREA")

    async def require_areas(self, codes: Sequence[str], *, field: str) -> Sequence[str]:
        """*codes* themselves; raises Invalid naming the item of *field* that is not an area."""
        if codes:
            request = pb.BatchGetAreasRequest(ids=codes, languages=["en"])
            answer = await self._peer.call(self._directory.BatchGetAreas, request)
            _require(codes, {area.code for area in answer.areas}, "an area of legislation", "UNKNOWN_AREA", field)
        return codes

    async def require_concepts(self, ids: Sequence[str], *, field: str) -> Sequence[str]:
        """*ids* themselves; raises Invalid naming the item of *field* that is not a concept."""
        if ids:
            request = pb.BatchGetConceptsRequest(ids=ids, languages=["en"])
            answer = await self._peer.call(self._directory.BatchGetConcepts, request)
            known = {concept.id for concept in answer.concepts}
            _require(ids, known, "a concept of the keyword lists", "UNKNOWN_CONCEPT", field)
        return ids

    async def labels(self, concepts: Iterable[str]) -> dict[str, list[str]]:
        """What each of *concepts* is called in any language, by its id; one that is no longer kept is left out."""
        return {id_: list(dict.fromkeys(texts.values())) for id_, texts in (await self.names(concepts)).items()}

    async def names(self, concepts: Iterable[str]) -> dict[str, LocalizedText]:
        """As `labels`, language by language."""
        wanted = list(dict.fromkeys(concepts))
        found: dict[str, LocalizedText] = {}
        for start in range(0, len(wanted), BATCH_LIMIT):
            request = pb.BatchGetConceptsRequest(ids=wanted[start : start + BATCH_LIMIT])
            answer = await self._peer.call(self._directory.BatchGetConcepts, request)
            found |= {concept.id: dict(concept.label.texts) for concept in answer.concepts}
        return found


def _require(given: Sequence[str], known: Collection[str], what: str, reason: str, field: str) -> None:
    for index, one in enumerate(given):
        if one not in known:
            raise Invalid(f"{one!r} is not {what}", field=f"{field}[{index}]", reason=reason)
