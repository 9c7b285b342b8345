"""The terms of the areas of legislation, as the directory has them, and the link of the chain that knows them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from chassis.calls import Peer
from protos.directory.v1 import directory_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.translation.domain.terms import Term, Terms
from services.translation.domain.translations import (
    TERMINOLOGY,
    Reason,
    Segment,
    Status,
    Tier,
    Translation,
)
from vocabulary.refusals import Refusal

# The areas change with releases; the directory may be started after this service.
READ_EVERY_S = 600.0
AWAY_PAUSE_S = 5.0
# A batch read takes so many ids.
IDS_AT_ONCE = 1_000

log = structlog.get_logger(__name__)


class Terminology:
    """The terms, as last read. Without the directory there are none, and everything else works."""

    def __init__(self, directory: Peer, stub: DirectoryServiceStub, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._stub = stub
        self._now = now
        self.terms = Terms(())

    async def keep(self) -> None:
        """Read them, and again every ten minutes, for ever."""
        while True:
            try:
                self.terms = Terms(await self._read())
            except Refusal as away:
                log.debug("terminology_waits", reason=away.reason)
                await asyncio.sleep(AWAY_PAUSE_S)
            else:
                await asyncio.sleep(READ_EVERY_S)

    async def link(self, segments: Sequence[Segment]) -> list[Translation | Reason]:
        """A link of the chain: texts that are nothing but a term."""
        return [self._called(segment) for segment in segments]

    def _called(self, segment: Segment) -> Translation | Reason:
        called = self.terms.exact(segment.text, segment.pair, segment.area)
        if called is None:
            return Reason.NO_ENGINE
        return Translation(
            segment=segment,
            status=Status.TRANSLATED,
            at=self._now(),
            text=called,
            tier=Tier.HUMAN_REVIEWED,
            engine=TERMINOLOGY,
        )

    async def _read(self) -> list[Term]:
        areas = (await self._directory.call(self._stub.ListAreas, directory_pb2.ListAreasRequest())).areas
        terms = [Term(id=area.code, areas=(area.code,), label=dict(area.name.texts)) for area in areas]
        ids = list(dict.fromkeys(id_ for area in areas for id_ in area.concept_ids))
        for start in range(0, len(ids), IDS_AT_ONCE):
            request = directory_pb2.BatchGetConceptsRequest(ids=ids[start : start + IDS_AT_ONCE])
            concepts = (await self._directory.call(self._stub.BatchGetConcepts, request)).concepts
            terms += [Term(id=one.id, areas=tuple(one.area_codes), label=dict(one.label.texts)) for one in concepts]
        return terms
