"""The authorities of a country, page by page, as rows."""

from collections.abc import AsyncIterator, Mapping, Sequence

from chassis.aggregates import Aggregates, Kept
from chassis.tables.rows import Cell
from chassis.wire import few
from engines.documents import AnyOf
from protos.directory.v1.bulk_pb2 import ExportAuthoritiesRequest
from services.directory import storage, wire
from services.directory.bulk import drafts
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person, is_to_be_nimic
from services.directory.domain.views import View
from services.directory.reference import Reference
from services.directory.rpc.showing import Showing
from vocabulary.participants import Status

READ_BATCH = 100


class Exporting:
    """An export of what its request asks for; raises Invalid naming what of it is wrong.

    The coordinator that exports and imports is not in it: a file does not change that one. Nor is what is not active, in areas that
    *by* does not act in: they may not know of it.
    """

    def __init__(
        self,
        reference: Reference,
        authorities: Aggregates[Authority],
        by: Person,
        country: str,
        request: ExportAuthoritiesRequest,
    ) -> None:
        self._authorities = authorities
        self._by = by
        self._showing = Showing(reference)
        statuses = [
            wire.STATUS.from_wire(status, field=f"statuses[{index}]")
            for index, status in enumerate(few(request.statuses, at="statuses"))
        ] or [Status.ACTIVE]
        areas = [
            reference.require_area(area, field=f"areaCodes[{index}]")
            for index, area in enumerate(few(request.area_codes, at="areaCodes"))
        ]
        self._lists = [
            name
            for status in statuses
            for name in (
                [storage.in_area(country, area, status) for area in areas]
                if areas
                else [storage.in_country(country, status)]
            )
        ]

    async def pages(self) -> AsyncIterator[Sequence[Mapping[str, Cell]]]:
        """By id: an authority that is renamed meanwhile is neither left out nor written twice."""
        async for page in self._authorities.pages({"lists": AnyOf(self._lists)}, size=READ_BATCH):
            yield [drafts.cells(kept.id, kept.state) for kept in page if self._is_theirs(kept)]

    def _is_theirs(self, kept: Kept[Authority]) -> bool:
        if is_to_be_nimic(kept.state):
            return False
        return kept.state.status is Status.ACTIVE or self._showing.view(self._by, kept) is View.INSIDE
