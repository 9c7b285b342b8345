"""Finding authorities as clients see it: what was found, why, and what else there is."""

from typing import Any, cast

import strawberry

from gateway.batches import AREAS, AUTHORITIES, CONCEPTS, COUNTRIES, REGIONS
from gateway.enums import AuthorityLevel, Language, PlaceRelation
from gateway.readings import asks_for, attr, given, link, links, localized, part, speak
from gateway.schema.common import GatewayInfo, PageInfo, page, page_info
from gateway.schema.directory import Area, Authority, Concept, Country, Region
from protos.directory.v1 import search_pb2 as pb


@strawberry.input(description="Each list narrows; an empty one does not. Values in a list are alternatives.")
class AuthorityFilter:
    countries: list[str] = strawberry.field(default_factory=list)
    regions: list[str] = strawberry.field(default_factory=list)
    areas: list[str] = strawberry.field(default_factory=list)
    concepts: list[str] = strawberry.field(default_factory=list)
    languages: list[Language] = strawberry.field(default_factory=list)
    levels: list[AuthorityLevel] = strawberry.field(default_factory=list)
    module: str | None = None
    exact_region: bool = strawberry.field(
        default=False, description="With regions: leave out authorities that serve a larger territory."
    )
    addressable: bool = strawberry.field(
        default=False,
        description="With a module: whom the viewer's authority may address there. Not itself, and nobody of its own country"
        " unless the module is for national use, too.",
    )


def _filter(given: AuthorityFilter | None) -> pb.AuthorityFilter | None:
    if given is None:
        return None
    return pb.AuthorityFilter(
        countries=given.countries,
        regions=given.regions,
        areas=given.areas,
        concepts=given.concepts,
        languages=[language.value for language in given.languages],
        levels=[level.value for level in given.levels],
        module=given.module or "",
        exact_region=given.exact_region,
        addressable=given.addressable,
    )


@strawberry.type(description="A larger city.")
class City:
    id: strawberry.ID = strawberry.field(description="Its GeoNames number.")
    name: str = localized("name")
    country: Country | None = link(COUNTRIES, "country_code")
    region: Region | None = link(REGIONS, "region_code")


@strawberry.type(description="A place that a question names: a country, a region or a city.")
class PlaceName:
    country: Country | None = link(COUNTRIES, "country_code")
    region: Region | None = link(REGIONS, "region_code")
    city: City | None = part("city")


@strawberry.type(description="What a question was taken to mean.")
class Understanding:
    language: Language = strawberry.field(description="The language that it is in.")
    concepts: list[Concept] = links(CONCEPTS, "concept_ids")
    places: list[PlaceName]
    words: list[str] = strawberry.field(description="What was looked for in names and descriptions, folded.")


@strawberry.type(description="A piece of a text, and whether it is why the text was found.")
class Fragment:
    text: str
    is_hit: bool


@strawberry.type(description="Why an authority was found.")
class AuthorityMatch:
    concepts: list[Concept] = links(
        CONCEPTS, "concept_ids", "What it is competent for that the question names, or that is narrower."
    )
    name: list[Fragment] = strawberry.field(description="Its name in the reader's language; the pieces are the whole.")
    place: PlaceRelation | None = given("place", "How it stands to the place that the question names.")


@strawberry.type(description="How many authorities there are in a country.")
class CountryCount:
    country: Country | None = link(COUNTRIES, "value")
    count: int


@strawberry.type(description="How many authorities there are in an area.")
class AreaCount:
    area: Area | None = link(AREAS, "value")
    count: int


@strawberry.type(description="How many authorities are competent for a concept.")
class ConceptCount:
    concept: Concept | None = link(CONCEPTS, "value")
    count: int


@strawberry.type(description="How many authorities there are of a level.")
class LevelCount:
    level: AuthorityLevel
    count: int


@strawberry.type(description="How many authorities understand a language.")
class LanguageCount:
    language: Language = attr("value")
    count: int


@strawberry.type(
    description="What there is among all that was found, the most frequent first; each list is counted without the filter on it."
)
class AuthorityFacets:
    countries: list[CountryCount]
    areas: list[AreaCount]
    levels: list[LevelCount]
    languages: list[LanguageCount]
    concepts: list[ConceptCount]


@strawberry.type
class AuthoritySearchEdge:
    node: Authority
    cursor: str
    match: AuthorityMatch


@strawberry.type(description="A page of what was found, the best first.")
class AuthoritySearchConnection:
    edges: list[AuthoritySearchEdge]
    page_info: PageInfo
    total_count: int
    understanding: Understanding
    did_you_mean: str | None = strawberry.field(
        description="The question with its typing errors mended, if it has any."
    )
    facets: AuthorityFacets


@strawberry.type(description="A text that what is being typed may become, and what it leads to.")
class Suggestion:
    text: str
    concept: Concept | None = link(CONCEPTS, "concept_id")
    place: PlaceName | None = part("place")
    authority: Authority | None = link(AUTHORITIES, "authority_id")


class _Edge:
    """An edge of an answer, of which the cursor and the match are read only where they are asked for."""

    __slots__ = ("_answer", "_at", "node")

    def __init__(self, answer: pb.SearchAuthoritiesResponse, at: int, node: Any) -> None:
        self._answer = answer
        self._at = at
        self.node = node

    @property
    def cursor(self) -> str:
        return self._answer.page_info.cursors[self._at]

    @property
    def match(self) -> Any:
        return self._answer.matches[self._at]


def _edges(answer: pb.SearchAuthoritiesResponse) -> list[_Edge]:
    nodes = answer.authorities
    if not len(nodes) == len(answer.page_info.cursors) == len(answer.matches):
        raise ValueError("each authority that was found has a cursor and a match")
    return [_Edge(answer, at, node) for at, node in enumerate(nodes)]


@strawberry.type
class SearchQueries:
    @strawberry.field(
        description="Authorities for a text in any language: keywords, names, places. Without a text, all that the filter leaves."
    )
    async def search_authorities(
        self,
        info: GatewayInfo,
        text: str | None = None,
        language: Language | None = None,
        filter: AuthorityFilter | None = None,  # a name of the contract
        first: int | None = None,
        after: str | None = None,
    ) -> AuthoritySearchConnection:
        search = info.context.backends.search
        request = pb.SearchAuthoritiesRequest(
            text=text or "",
            language=speak(info, language),
            filter=_filter(filter),
            page=page(first, after),
            languages=info.context.languages,
            with_facets=asks_for(info, "facets"),
        )
        response = await search.call(search.stub.SearchAuthorities, request)
        return AuthoritySearchConnection(
            edges=cast("list[AuthoritySearchEdge]", _edges(response)),
            page_info=page_info(response.page_info, after),
            total_count=response.total,
            understanding=cast("Understanding", response.understanding),
            did_you_mean=response.did_you_mean or None,
            facets=cast("AuthorityFacets", response.facets),
        )

    @strawberry.field(description="What somebody may be about to type: keywords, places, names of authorities.")
    async def suggest(
        self, info: GatewayInfo, text: str, language: Language | None = None, first: int | None = None
    ) -> list[Suggestion]:
        search = info.context.backends.search
        request = pb.SuggestSearchRequest(text=text, language=speak(info, language), first=first or 0)
        response = await search.call(search.stub.SuggestSearch, request)
        return cast("list[Suggestion]", response.suggestions)
