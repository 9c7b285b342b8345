"""SearchService: finding authorities."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Protocol

from chassis import hits
from chassis.aggregates import Aggregates, Kept
from chassis.caller import Caller, current_caller
from chassis.server import Call
from chassis.wire import few, page_info, page_size, wanted_languages
from protos.directory.v1 import search_pb2 as pb
from protos.directory.v1.directory_pb2 import Authority as Shown
from protos.directory.v1.search_pb2_grpc import SearchServiceServicer
from services.directory import wire
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from services.directory.rpc.showing import Showing
from services.directory.search.explanation import Explanations
from services.directory.search.index import FACETS, AuthorityIndex, Filter
from services.directory.search.places import Place
from services.directory.search.question import Questions
from services.directory.search.suggestions import Suggestions
from vocabulary import countries, languages
from vocabulary.pages import Page
from vocabulary.participants import Status
from vocabulary.refusals import Forbidden, Invalid

SEARCH_TEXT_LIMIT = 200
FILTER_VALUES_LIMIT = 100
SUGGESTIONS = 8
SUGGESTIONS_LIMIT = 20
# How many of them are names of authorities, and from how many letters on.
NAMES_SUGGESTED = 3
SHORTEST_NAME_SUGGESTED = 3
KIND = "authorities"


class SearchRpc(SearchServiceServicer):
    def __init__(
        self,
        reference: Reference,
        authorities: Aggregates[Authority],
        index: AuthorityIndex,
        questions: Questions,
        suggestions: Suggestions,
        explanations: Explanations,
    ) -> None:
        self._reference = reference
        self._authorities = authorities
        self._index = index
        self._questions = questions
        self._suggestions = suggestions
        self._explanations = explanations
        self._showing = Showing(reference)

    async def SearchAuthorities(
        self, request: pb.SearchAuthoritiesRequest, context: Call
    ) -> pb.SearchAuthoritiesResponse:
        text, language = _text(request.text), _language(request.language)
        wanted = wanted_languages(request.languages)
        size, after = page_size(request.page), hits.position(request.page.after, KIND)
        narrowed = self._filter(request.filter, current_caller())
        asked = self._questions.understand(text, language)
        listed = await self._index.find(
            asked, text, language, narrowed, after=after, limit=size, facets=FACETS if request.with_facets else ()
        )
        positions = {hit.id: hit.position for hit in listed.hits}
        found = await self._active(list(positions))
        page = Page(found, [hits.cursor(KIND, positions[kept.id]) for kept in found], listed.more)
        return pb.SearchAuthoritiesResponse(
            authorities=await self._shown(found, wanted),
            matches=[wire.match(kept.id, self._explanations.match(kept.state, asked, language)) for kept in found],
            page_info=page_info(page),
            total=listed.total,
            understanding=wire.understanding(asked, self._reference, wanted),
            # What was found by its name needs no correction of what nobody recognised in it.
            did_you_mean=asked.corrected if asked.concepts or asked.places or not listed.total else "",
            facets=wire.facets(listed.facets) if request.with_facets else None,
        )

    async def SuggestSearch(self, request: pb.SuggestSearchRequest, context: Call) -> pb.SuggestSearchResponse:
        text, language = _text(request.text), _language(request.language)
        limit = request.first or SUGGESTIONS
        if not 1 <= limit <= SUGGESTIONS_LIMIT:
            raise Invalid(f"ask for 1 to {SUGGESTIONS_LIMIT} suggestions", field="first", reason="PAGE_SIZE")
        named = await self._named(text, language)
        known = self._suggestions.find(text, language, limit)
        room = max(limit - len(named), limit - NAMES_SUGGESTED)
        return pb.SuggestSearchResponse(
            suggestions=[
                *(self._suggestion(one.text, one.leads_to, language) for one in known[:room]),
                *(pb.Suggestion(text=name, authority_id=id_) for id_, name in named[: limit - len(known[:room])]),
            ]
        )

    def _suggestion(self, text: str, leads_to: str | Place, language: str) -> pb.Suggestion:
        if isinstance(leads_to, str):
            return pb.Suggestion(text=text, concept_id=leads_to)
        return pb.Suggestion(text=text, place=wire.place(leads_to, self._reference, (language,)))

    async def _named(self, text: str, language: str) -> list[tuple[str, str]]:
        """Authorities whose name has what is there so far: ids and names."""
        if len(text.strip()) < SHORTEST_NAME_SUGGESTED:
            return []
        found = await self._active([hit.id for hit in (await self._index.begun(text, NAMES_SUGGESTED)).hits])
        names = [
            languages.best_text({**kept.state.official_name, **kept.state.informal_name}, language) for kept in found
        ]
        return [(kept.id, name[0]) for kept, name in zip(found, names, strict=True) if name]

    async def _shown(self, found: Sequence[Kept[Authority]], wanted: Sequence[str]) -> list[Shown]:
        """What is active is for everybody; those inside see more of it, as they do by its id."""
        caller = current_caller()
        if caller.service:
            return [wire.authority(kept, wanted) for kept in found]
        by = await person(caller, self._authorities)
        shown = (self._showing.shown(by, kept, wanted) for kept in found)
        return [one for one in shown if one is not None]

    async def _active(self, ids: Sequence[str]) -> list[Kept[Authority]]:
        """The index follows the store: who was suspended a moment ago may still be in it."""
        found = await self._authorities.get_many(ids)
        return [kept for kept in found if kept.state.status is Status.ACTIVE]

    def _filter(self, given: pb.AuthorityFilter, caller: Caller) -> Filter:
        reference = self._reference
        narrowed = Filter(
            countries=_each(given.countries, "filter.countries", _require_party),
            regions=_each(given.regions, "filter.regions", reference.require_region),
            areas=_each(given.areas, "filter.areas", reference.require_area),
            concepts=_each(given.concepts, "filter.concepts", reference.require_concept),
            languages=_each(given.languages, "filter.languages", languages.require),
            levels=[
                wire.LEVEL.from_wire(level, field=f"filter.levels[{index}]")
                for index, level in enumerate(few(given.levels, at="filter.levels"))
            ],
            module=reference.require_module(given.module, field="filter.module") if given.module else "",
            exact_region=given.exact_region,
        )
        return self._addressable(narrowed, caller) if given.addressable else narrowed

    def _addressable(self, narrowed: Filter, caller: Caller) -> Filter:
        if not narrowed.module:
            raise Invalid("say in which module", field="filter.module", reason="EMPTY")
        if not caller.authority_id:
            raise Forbidden("only an authority addresses others", field="filter.addressable")
        besides = () if self._reference.is_for_national_use(narrowed.module) else (caller.country,)
        return replace(narrowed, besides=besides, not_ids=(caller.authority_id,))


def _text(text: str) -> str:
    if len(text) > SEARCH_TEXT_LIMIT:
        raise Invalid(f"search for at most {SEARCH_TEXT_LIMIT} characters", field="text", reason="TOO_LONG")
    return text


def _language(code: str) -> str:
    return languages.require(code or languages.FALLBACK, field="language")


def _require_party(code: str, *, field: str) -> str:
    return code if code == countries.UNION else countries.require(code, field=field)


def _each(values: Collection[str], field: str, require: "_Require") -> list[str]:
    if len(values) > FILTER_VALUES_LIMIT:
        raise Invalid(f"at most {FILTER_VALUES_LIMIT} values", field=field, reason="TOO_MANY")
    return [require(value, field=f"{field}[{index}]") for index, value in enumerate(values)]


class _Require(Protocol):
    def __call__(self, value: str, /, *, field: str) -> str: ...
