"""What the directory says of areas, concepts and regions. It changes with the program, not with its use, so it is kept for minutes."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from chassis.calls import Peer
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub

KEPT_S = 600.0
# What the directory is asked for at once.
ASKED_AT_ONCE = 500
# No tree is deeper; a ring, which none should have, ends here.
DEPTH_LIMIT = 8
# The names are not wanted: one language is the least that can be asked for.
_LANGUAGES = ["en"]

# Ids → what each that exists belongs to; an empty text for the topmost.
_Parents = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]


class RoutingReference:
    """Asks the directory for what it has not been told yet. Raises Unavailable while that is away and something is missing."""

    def __init__(
        self, peer: Peer, directory: DirectoryServiceStub, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._peer = peer
        self._directory = directory
        self._clock = clock
        self._since = clock()
        self._concepts: dict[str, str] = {}
        self._regions: dict[str, str] = {}
        self._areas: dict[str, pb.Area] = {}

    async def area(self, code: str) -> pb.Area | None:
        """The area with this code."""
        self._forget()
        if code not in self._areas:
            request = pb.BatchGetAreasRequest(ids=[code], languages=_LANGUAGES)
            found = (await self._peer.call(self._directory.BatchGetAreas, request)).areas
            self._areas.update({one.code: one for one in found})
        return self._areas.get(code)

    async def broader(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The concepts that each of *ids* belongs to, the nearest first; of those that exist."""
        return await self._chains(ids, self._concepts, self._parents_of_concepts)

    async def territories(self, codes: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The territories that hold each of the regions *codes*, the nearest first and the country last; of those that exist."""
        return await self._chains(codes, self._regions, self._parents_of_regions)

    async def _chains(self, ids: Iterable[str], kept: dict[str, str], parents: _Parents) -> dict[str, tuple[str, ...]]:
        self._forget()
        wanted = list(dict.fromkeys(ids))
        missing = [id_ for id_ in wanted if id_ not in kept]
        for _ in range(DEPTH_LIMIT):
            if not missing:
                break
            found: dict[str, str] = {}
            for start in range(0, len(missing), ASKED_AT_ONCE):
                found.update(await parents(missing[start : start + ASKED_AT_ONCE]))
            kept.update(found)
            missing = [above for above in dict.fromkeys(found.values()) if above and above not in kept]
        return {id_: _above(id_, kept) for id_ in wanted if id_ in kept}

    async def _parents_of_concepts(self, ids: Sequence[str]) -> dict[str, str]:
        request = pb.BatchGetConceptsRequest(ids=ids, languages=_LANGUAGES)
        found = (await self._peer.call(self._directory.BatchGetConcepts, request)).concepts
        return {one.id: one.broader_id for one in found}

    async def _parents_of_regions(self, codes: Sequence[str]) -> dict[str, str]:
        request = pb.BatchGetRegionsRequest(ids=codes, languages=_LANGUAGES)
        found = (await self._peer.call(self._directory.BatchGetRegions, request)).regions
        # A country belongs to nothing; it is no region, so the directory is not asked about it.
        above = {one.code: one.parent_code or one.country_code for one in found}
        self._regions.update({one.country_code: "" for one in found})
        return above

    def _forget(self) -> None:
        if self._clock() - self._since > KEPT_S:
            for kept in (self._concepts, self._regions, self._areas):
                kept.clear()
            self._since = self._clock()


def _above(id_: str, kept: Mapping[str, str]) -> tuple[str, ...]:
    found: list[str] = []
    while (id_ := kept.get(id_, "")) and id_ not in found:
        found.append(id_)
    return tuple(found)
