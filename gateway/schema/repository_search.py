"""Searching repositories: what clients ask for, and what is found, counted and why."""

from datetime import date
from typing import Any, cast

import strawberry

from gateway.batches import CONCEPTS
from gateway.enums import EntryOrder, Language
from gateway.readings import given, link, speak
from gateway.schema.common import GatewayInfo, PageInfo, page, page_info
from gateway.schema.directory import Concept
from gateway.schema.repositories import RepositoryEntry
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from vocabulary.refusals import Invalid


@strawberry.input(
    description="What a field has to say: one of these codes, ids or links; a text that begins so; a range."
)
class EntryFieldFilter:
    code: str
    any_of: list[str] | None = None
    prefix: str | None = None
    from_: str | None = strawberry.field(
        name="from", default=None, description="Included: a number with a decimal point, or a date (ISO 8601)."
    )
    to: str | None = strawberry.field(default=None, description="Included, too.")


@strawberry.input(description="Each list narrows; an empty one does not.")
class EntryFilter:
    countries: list[str] = strawberry.field(default_factory=list)
    areas: list[str] = strawberry.field(default_factory=list)
    concepts: list[str] = strawberry.field(default_factory=list)
    authorities: list[strawberry.ID] = strawberry.field(default_factory=list, description="The owners.")
    fields: list[EntryFieldFilter] = strawberry.field(default_factory=list, description="Each of them narrows.")
    valid_on: date | None = None


@strawberry.input
class EntrySort:
    by: EntryOrder
    field: str | None = strawberry.field(default=None, description="Of FIELD: its code.")
    descending: bool = False


@strawberry.type(description="How many of the matching entries say what.")
class Facet:
    code: str
    values: list["FacetValue"]


@strawberry.type
class FacetValue:
    value: str = strawberry.field(description="A code or an id.")
    count: int


@strawberry.type(description="Why an entry was found.")
class EntryMatch:
    field_codes: list[str] = strawberry.field(description="The fields that say what was searched for.")
    concept_ids: list[str] = strawberry.field(description="The concepts whose names do, in whatever language.")


@strawberry.type
class FoundEntry:
    node: RepositoryEntry
    cursor: str
    match: EntryMatch | None = strawberry.field(description="Null where nothing was searched for.")


@strawberry.type(description="A page of what was found.")
class FoundEntries:
    edges: list[FoundEntry]
    page_info: PageInfo
    total_count: int
    facets: list[Facet]


@strawberry.type(description="What somebody may be about to type who looks for entries.")
class EntrySuggestion:
    text: str = strawberry.field(description="What the text may become; a search for it finds something.")
    field_code: str = strawberry.field(description="The field that says what it ends with.")
    concept: Concept | None = link(CONCEPTS, "concept_id", "What it is the name of, if it is a concept's.")
    choice_code: str | None = given("choice_code", "What it is the name of, if it is a choice's.")


@strawberry.type
class RepositorySearchQueries:
    @strawberry.field(
        description="Published entries for a text in any language. Without a text, all that the filter leaves. "
        "`facets` are `country`, `owner`, `area`, `concept`, or codes of fields."
    )
    async def repository_entries(
        self,
        info: GatewayInfo,
        repository: strawberry.ID,
        text: str | None = None,
        filter: EntryFilter | None = None,
        sort: EntrySort | None = None,
        facets: list[str] | None = None,
        first: int | None = None,
        after: str | None = None,
        language: Language | None = None,
    ) -> FoundEntries:
        speak(info, language)
        repositories = info.context.backends.repositories
        request = pb.SearchEntriesRequest(
            repository=repository,
            text=text or "",
            filter=entry_filter(filter or EntryFilter()),
            sort=entry_sort(sort),
            facets=facets or (),
            page=page(first, after),
            languages=info.context.languages,
        )
        return cast("FoundEntries", _found(await repositories.call(repositories.stub.SearchEntries, request), after))

    @strawberry.field(
        description="Completes what is being typed, from the second letter of its last word on, with what the reader reads "
        "in published entries: words, and names of choices and concepts."
    )
    async def suggest_entries(
        self,
        info: GatewayInfo,
        repository: strawberry.ID,
        text: str,
        filter: EntryFilter | None = None,
        first: int | None = None,
        language: Language | None = None,
    ) -> list[EntrySuggestion]:
        repositories = info.context.backends.repositories
        request = pb.SuggestEntriesRequest(
            repository=repository,
            text=text,
            filter=entry_filter(filter or EntryFilter()),
            language=speak(info, language),
            first=first or 0,
        )
        response = await repositories.call(repositories.stub.SuggestEntries, request)
        return cast("list[EntrySuggestion]", response.suggestions)


def entry_filter(given: EntryFilter) -> pb.EntryFilter:
    return pb.EntryFilter(
        countries=given.countries,
        areas=given.areas,
        concepts=given.concepts,
        authority_ids=given.authorities,
        fields=[_field_filter(one, f"filter.fields[{index}]") for index, one in enumerate(given.fields)],
        valid_on=given.valid_on.isoformat() if given.valid_on else "",
    )


def entry_sort(given: EntrySort | None) -> pb.EntrySort | None:
    if given is None:
        return None
    return pb.EntrySort(order=given.by.value, field_code=given.field or "", descending=given.descending)


def _field_filter(given: EntryFieldFilter, at: str) -> pb.FieldFilter:
    """*given*, which stands at *at*; raises Invalid if it says what a field has to say in several ways."""
    has_range = given.from_ is not None or given.to is not None
    if (given.any_of is not None) + (given.prefix is not None) + has_range > 1:
        raise Invalid("give one of anyOf, prefix, and from with to", field=at, reason="ONE_OF")
    filter_ = pb.FieldFilter(field_code=given.code)
    if given.any_of is not None:
        filter_.any_of.CopyFrom(common_pb2.Codes(codes=given.any_of))
    elif given.prefix is not None:
        filter_.prefix = given.prefix
    elif has_range:
        filter_.range.CopyFrom(pb.Range(to=given.to or "", **{"from": given.from_ or ""}))
    return filter_


def _found(response: pb.SearchEntriesResponse, after: str | None) -> Any:
    matches = {one.entry_id: one for one in response.matches}
    return FoundEntries(
        edges=[
            FoundEntry(node=cast("Any", entry), cursor=cursor, match=cast("Any", matches.get(entry.id)))
            for entry, cursor in zip(response.entries, response.page_info.cursors, strict=True)
        ],
        page_info=page_info(response.page_info, after),
        total_count=response.total,
        facets=cast("Any", response.facets),
    )
