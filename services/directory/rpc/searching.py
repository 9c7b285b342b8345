"""SearchService: finding authorities."""

from collections.abc import Iterable
from typing import Protocol

from chassis.aggregates import Aggregates
from chassis.server import Call
from chassis.wire import page_info, page_size, wanted_languages
from protos.directory.v1 import search_pb2 as pb
from protos.directory.v1.search_pb2_grpc import SearchServiceServicer
from services.directory import wire
from services.directory.domain import authorities
from services.directory.domain.authorities import Authority
from services.directory.index import AuthorityIndex, Filter
from services.directory.reference import Reference
from vocabulary import countries, languages, pages
from vocabulary.pages import Page
from vocabulary.refusals import Invalid

SEARCH_TEXT_LIMIT = 200


class SearchRpc(SearchServiceServicer):
    def __init__(self, reference: Reference, authorities: Aggregates[Authority], index: AuthorityIndex) -> None:
        self._reference = reference
        self._authorities = authorities
        self._index = index

    async def SearchAuthorities(
        self, request: pb.SearchAuthoritiesRequest, context: Call
    ) -> pb.SearchAuthoritiesResponse:
        if len(request.text) > SEARCH_TEXT_LIMIT:
            raise Invalid(f"search for at most {SEARCH_TEXT_LIMIT} characters", field="text", reason="TOO_LONG")
        language = languages.require(request.language or languages.FALLBACK, field="language")
        wanted = wanted_languages(request.languages)
        size = page_size(request.page)
        offset = pages.offset(request.page.after, "authorities")
        hits = await self._index.find(request.text, language, self._filter(request.filter), offset=offset, limit=size)
        # The index follows the store: who was suspended a moment ago may still be in it.
        found = [
            kept
            for kept in await self._authorities.get_many([id_ for id_, _ in hits.hits])
            if kept.state.status is authorities.Status.ACTIVE
        ]
        positions = {id_: offset + place + 1 for place, (id_, _) in enumerate(hits.hits)}
        page = Page(
            found,
            [pages.cursor("authorities", positions[kept.id]) for kept in found],
            offset + len(hits.hits) < hits.total,
        )
        return pb.SearchAuthoritiesResponse(
            authorities=[wire.authority(kept, wanted) for kept in found], page_info=page_info(page), total=hits.total
        )

    def _filter(self, given: pb.AuthorityFilter) -> Filter:
        reference = self._reference
        return Filter(
            countries=_each(given.countries, "filter.countries", _require_party),
            regions=_each(given.regions, "filter.regions", reference.require_region),
            areas=_each(given.areas, "filter.areas", reference.require_area),
            concepts=_each(given.concepts, "filter.concepts", reference.require_concept),
            languages=_each(given.languages, "filter.languages", languages.require),
            levels=[
                wire.LEVEL.from_wire(level, field=f"filter.levels[{index}]") for index, level in enumerate(given.levels)
            ],
            module=reference.require_module(given.module, field="filter.module") if given.module else "",
            exact_region=given.exact_region,
        )


def _require_party(code: str, *, field: str) -> str:
    return code if code == countries.UNION else countries.require(code, field=field)


def _each(values: Iterable[str], field: str, require: "_Require") -> list[str]:
    return [require(value, field=f"{field}[{index}]") for index, value in enumerate(values)]


class _Require(Protocol):
    def __call__(self, value: str, /, *, field: str) -> str: ...
