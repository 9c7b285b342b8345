"""What every search engine promises, held against each engine."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.search import (
    All,
    Beginning,
    Best,
    Between,
    Boosted,
    But,
    Everything,
    Grams,
    Hit,
    Index,
    NotBuilt,
    Position,
    Query,
    Scored,
    Search,
    SearchDocument,
    Sort,
    Starts,
    Stems,
    Terms,
    Words,
    open_search,
    order_of,
    prepare_search,
)

PLACES = Index("places", words=("name",), grams=("pieces",), terms=("country",))
KIND = "search"

NAMES = {
    "muenchen": ("Ärztekammer München", "DE"),
    "athens": ("Ιατρικός Σύλλογος Αθηνών", "EL"),
    "sofia": ("Български лекарски съюз", "BG"),
    "lodz": ("Okręgowa Izba Lekarska w Łodzi", "PL"),
    "roma": ("Ordine dei medici di Roma", "IT"),
}


@dataclass(frozen=True)
class Engine:
    url: str

    @asynccontextmanager
    async def opened(self, *indexes: Index) -> AsyncIterator[Search]:
        await prepare_search(self.url, indexes)
        async with open_search(self.url, indexes) as search:
            yield search


@pytest.fixture
def engine(url: str) -> Engine:
    """An engine with nothing in it."""
    return Engine(url)


@pytest.fixture
async def search(engine: Engine) -> AsyncIterator[Search]:
    async with engine.opened(PLACES) as opened:
        documents = [
            SearchDocument(id_, {"name": [name], "pieces": [name], "country": [country]})
            for id_, (name, country) in NAMES.items()
        ]
        async with opened.rebuild(PLACES) as put:
            await put(documents)
        yield opened


async def ids(search: Search, query: Query, *filters: Terms) -> list[str]:
    return [hit.id for hit in (await search.find(PLACES, query, filters=filters, limit=10)).hits]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("arztekammer", "muenchen"),
        ("ÄRZTEKAMMER MÜNCHEN", "muenchen"),
        ("ΙΑΤΡΙΚΟΣ", "athens"),
        ("ιατρικος συλλογος", "athens"),
        ("лекарски", "sofia"),
        ("lodzi", "lodz"),
    ],
)
async def test_case_and_accents_do_not_matter(search: Search, text: str, found: str) -> None:
    assert await ids(search, Words("name", text)) == [found]


async def test_all_words_must_match_unless_any_may(search: Search) -> None:
    assert await ids(search, Words("name", "medici München")) == []
    assert set(await ids(search, Words("name", "medici München", any=True))) == {"roma", "muenchen"}


async def test_fuzzy_words_forgive_typing_errors_in_long_words_only(search: Search) -> None:
    assert await ids(search, Words("name", "ordime", fuzzy=True)) == ["roma"]
    assert await ids(search, Words("name", "aerztekamer", fuzzy=True)) == ["muenchen"]
    assert await ids(search, Words("name", "dii", fuzzy=True)) == []
    assert await ids(search, Words("name", "ordime")) == []


async def test_pieces_match_other_endings(search: Search) -> None:
    assert await ids(search, Grams("pieces", "лекарска", 0.6)) == ["sofia"]
    assert await ids(search, Grams("pieces", "zzzzz", 0.6)) == []


async def test_a_filter_decides_who_is_found_and_not_how_they_rank(search: Search) -> None:
    everyone = await search.find(PLACES, Everything(), limit=10)
    two = await search.find(PLACES, Everything(), filters=[Terms("country", ["IT", "EL"])], limit=10)
    assert everyone.total == 5
    assert two.total == 2
    assert {hit.id for hit in two.hits} == {"roma", "athens"}
    assert {hit.score for hit in two.hits} == {hit.score for hit in everyone.hits}
    assert await ids(search, Everything(), Terms("country", ["IT"]), Terms("country", ["EL"])) == []


async def test_the_best_score_counts_and_comes_first(search: Search) -> None:
    query = Best([Scored(Terms("country", ["IT"]), 2.0), Boosted(Scored(Words("name", "lodzi"), 1.0), 3.0)])
    found = await search.find(PLACES, query, limit=10)
    assert [(hit.id, hit.score) for hit in found.hits] == [("lodz", 3.0), ("roma", 2.0)]


async def test_all_parts_must_match(search: Search) -> None:
    assert await ids(search, All([Words("name", "ordine"), Terms("country", ["IT"])])) == ["roma"]
    assert await ids(search, All([Words("name", "ordine"), Terms("country", ["EL"])])) == []


async def test_what_is_left_out_is_not_found_and_changes_no_score(search: Search) -> None:
    found = await search.find(PLACES, But(Scored(Everything(), 3.0), Terms("country", ["IT", "DE"])), limit=10)
    assert {hit.id for hit in found.hits} == {"athens", "sofia", "lodz"}
    assert {hit.score for hit in found.hits} == {3.0}
    assert await ids(search, But(Words("name", "medici"), Words("name", "roma"))) == []


async def test_a_document_is_replaced_and_deleted_by_its_id(search: Search) -> None:
    await search.apply(PLACES, [SearchDocument("roma", {"name": ["Milano"]}), SearchDocument("sofia", None)])
    assert await ids(search, Words("name", "milano")) == ["roma"]
    assert await ids(search, Words("name", "ordine")) == []
    assert (await search.find(PLACES, Everything(), limit=10)).total == 4


@pytest.mark.parametrize(
    "text", ['"', "name:roma", "ro* OR [a TO z]", "(((", "\\", "+-&&||!", "roma'; DROP", "{}", "*:*"]
)
async def test_the_engines_own_syntax_is_taken_literally(search: Search, text: str) -> None:
    assert "muenchen" not in await ids(search, Words("name", text))


async def test_words_that_are_not_there_find_nothing(search: Search) -> None:
    assert await ids(search, Words("name", "xyzzy", fuzzy=True)) == []
    assert await ids(search, Words("name", "")) == []
    assert await ids(search, Terms("country", [])) == []


async def test_an_index_survives_reopening_and_is_another_when_its_fields_change(engine: Engine) -> None:
    async with engine.opened(PLACES) as search:
        assert not await search.is_built(PLACES)
        async with search.rebuild(PLACES) as put:
            await put([SearchDocument("a", {"name": ["x"]})])
    async with engine.opened(PLACES) as search:
        assert await search.is_built(PLACES)
        assert (await search.find(PLACES, Everything(), limit=10)).total == 1
    changed = Index("places", words=("name", "town"))
    async with engine.opened(changed) as search:
        assert not await search.is_built(changed)


async def test_an_index_that_was_never_built_says_so(engine: Engine) -> None:
    async with engine.opened(PLACES) as search:
        with pytest.raises(NotBuilt):
            await search.find(PLACES, Everything(), limit=10)
        with pytest.raises(NotBuilt):
            await search.apply(PLACES, [SearchDocument("a", {"name": ["x"]})])


async def test_an_index_is_ours_once_it_was_filled_here_and_while_nobody_fills_it_anew(engine: Engine) -> None:
    async with engine.opened(PLACES) as search:
        assert not await search.is_ours(PLACES)
        async with search.rebuild(PLACES) as put:
            await put([])
        assert await search.is_ours(PLACES)
        async with search.rebuild(PLACES) as put:
            assert not await search.is_ours(PLACES)
            await put([])
        assert await search.is_ours(PLACES)


async def test_while_an_index_is_built_anew_the_old_one_is_searched_and_nothing_applied_is_lost(search: Search) -> None:
    async with search.rebuild(PLACES) as put:
        await put([SearchDocument("old", {"name": ["vecchio"]}, 1), SearchDocument("gone", {"name": ["via"]}, 1)])
        await search.apply(PLACES, [SearchDocument("old", {"name": ["nuovo"]}, 2), SearchDocument("gone", None, 2)])
        # Read from the store before those changes, and arriving after them.
        await put([SearchDocument("late", {"name": ["tardi"]}, 1), SearchDocument("new", {"name": ["poi"]}, 1)])
        assert "roma" in await ids(search, Everything())
    assert set(await ids(search, Everything())) == {"old", "late", "new"}
    assert await ids(search, Words("name", "nuovo")) == ["old"]


async def test_whoever_searches_all_the_time_never_finds_less_while_it_is_built_anew(search: Search) -> None:
    documents = [SearchDocument(f"d{n:03}", {"name": ["ufficio"], "country": ["IT"]}, 1) for n in range(200)]
    everything = Words("name", "ufficio")
    async with search.rebuild(PLACES) as put:
        await put(documents)
    seen: list[int] = []
    ended = asyncio.Event()

    async def searching() -> None:
        while not ended.is_set():
            seen.append((await search.find(PLACES, everything, limit=10)).total)

    async with asyncio.TaskGroup() as group:
        group.create_task(searching())
        for round_ in range(3):
            async with search.rebuild(PLACES) as put:
                for start in range(0, len(documents), 50):
                    await put(documents[start : start + 50])
                    added = SearchDocument(f"e{round_}{start:03}", {"name": ["ufficio"], "country": ["IT"]}, 1)
                    await search.apply(PLACES, [added])
                    documents.append(added)
        ended.set()
    assert (await search.find(PLACES, everything, limit=1)).total == len(documents)
    assert seen == sorted(seen)
    assert seen[0] >= 200
    assert len(set(seen)) > 3


async def test_building_anew_that_fails_leaves_the_old_index(search: Search) -> None:
    async def fail() -> None:
        async with search.rebuild(PLACES) as put:
            await put([SearchDocument("new", {"name": ["nuovo"]})])
            raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError, match="the store went away"):
        await fail()
    assert len(await ids(search, Everything())) == len(NAMES)
    assert await ids(search, Words("name", "nuovo")) == []


async def test_what_is_read_stale_from_the_store_does_not_undo_a_newer_change(search: Search) -> None:
    async with search.rebuild(PLACES) as put:
        await search.apply(PLACES, [SearchDocument("a", {"name": ["nuovo"]}, 5)])
        await put([SearchDocument("a", {"name": ["vecchio"]}, 4)])
    assert await ids(search, Words("name", "nuovo")) == ["a"]
    assert await ids(search, Words("name", "vecchio")) == []


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("it", "Ordine degli architetti", "architetto"),
        ("de", "Kammer der Zahnärzte", "Kammern"),
        ("fr", "Médecins généralistes", "médecin"),
        ("sv", "Legitimerade läkare", "legitimerad"),
        ("el", "Ιατρικοί σύλλογοι", "ιατρικός"),
        ("mt", "Kamra tal-periti", "periti"),
    ],
)
async def test_a_word_is_found_by_another_of_its_forms(engine: Engine, language: str, text: str, asked: str) -> None:
    index = Index("forms", stems={"label": language})
    async with engine.opened(index) as search:
        async with search.rebuild(index) as put:
            await put([SearchDocument("a", {"label": [text]}), SearchDocument("b", {"label": ["zzz"]})])
        found = await search.find(index, Stems("label", asked), limit=10)
    assert [hit.id for hit in found.hits] == ["a"]


async def test_pages_meet_while_the_index_changes(engine: Engine) -> None:
    """Nothing that stays is skipped or comes twice, although documents come, go and change on both sides of the cursor."""
    index = Index("many", words=("name",), terms=("kind",))
    staying = [f"d{n:04}" for n in range(500)]
    query = Best([Scored(Words("name", "first"), 2.0), Scored(Words("name", "second"), 1.0)])

    def body(id_: str, revision: int = 1) -> SearchDocument:
        name = ["first"] if order_of(id_) % 3 else ["second"]
        return SearchDocument(id_, {"name": [*name, f"padding {revision}"], "kind": ["a"]}, revision)

    async with engine.opened(index) as search:
        async with search.rebuild(index) as put:
            await put([body(id_) for id_ in reversed(staying)])
            await put([body(f"gone{n}") for n in range(50)])
        seen: list[Hit] = []
        after: Position | None = None
        more = True
        while more:
            page = await search.find(index, query, filters=[Terms("kind", ["a"])], after=after, limit=50)
            seen += page.hits
            after, more = page.hits[-1].position, page.more
            number = len(seen) // 50
            await search.apply(index, [body(id_, number + 1) for id_ in staying[number * 7 :: 9]])
            await search.apply(index, [SearchDocument(f"gone{n}", None, 2) for n in range(number * 5)])
            await search.apply(index, [body(f"new{number}_{n}") for n in range(5)])
    ids = [hit.id for hit in seen]
    assert len(ids) == len(set(ids))
    assert set(staying) <= set(ids)
    assert seen == sorted(seen, key=lambda hit: (-hit.score, hit.position.order))
    assert {hit.score for hit in seen} == {1.0, 2.0}


async def test_many_equals_are_listed_by_their_numbers_to_the_end(engine: Engine) -> None:
    """However many there are of each score, wherever a page ends, and whatever is counted besides."""
    index = Index("equals", words=("name",), terms=("said",))
    words_of = {f"d{n:04}": "one" if n % 50 == 0 else "two" if n % 7 else "three" for n in range(1_800)}
    scores = {"one": 3.0, "two": 2.0, "three": 0.5}
    query = Best([Scored(Words("name", word), score) for word, score in scores.items()])
    expected = sorted(words_of, key=lambda id_: (-scores[words_of[id_]], order_of(id_)))
    async with engine.opened(index) as search:
        async with search.rebuild(index) as put:
            await put([SearchDocument(id_, {"name": [word], "said": [word]}) for id_, word in words_of.items()])
        for size, facets in ((1_000, []), (97, []), (97, ["said"])):
            seen: list[str] = []
            after: Position | None = None
            more = True
            while more:
                page = await search.find(index, query, after=after, limit=size, facets=facets)
                assert page.total == len(expected)
                assert not facets or dict(page.facets["said"]) == Counter(words_of.values())
                seen += [hit.id for hit in page.hits]
                after, more = page.hits[-1].position, page.more
            assert seen == expected


async def test_what_is_only_counted_is_not_listed(search: Search) -> None:
    for query, total in ((Everything(), 5), (Words("name", "medici"), 1), (Words("name", "nowhere"), 0)):
        for facets in ([], ["country"]):
            found = await search.find(PLACES, query, limit=0, facets=facets)
            assert (list(found.hits), found.total, found.more) == ([], total, False)
            assert sum(count for _, count in found.facets.get("country", ())) == (total if facets else 0)


async def test_the_last_page_says_that_it_is_the_last(search: Search) -> None:
    first = await search.find(PLACES, Everything(), limit=4)
    assert (len(first.hits), first.more, first.total) == (4, True, 5)
    second = await search.find(PLACES, Everything(), after=first.hits[-1].position, limit=1)
    assert (len(second.hits), second.more, second.total) == (1, False, 5)
    beyond = await search.find(PLACES, Everything(), after=second.hits[-1].position, limit=1)
    assert (list(beyond.hits), beyond.more, beyond.total) == ([], False, 5)


async def test_a_score_depends_on_nothing_but_the_query_and_the_document(search: Search) -> None:
    before = (await search.find(PLACES, Words("name", "medici"), limit=1)).hits
    await search.apply(PLACES, [SearchDocument(f"other{n}", {"name": ["medici " * n]}, 1) for n in range(1, 9)])
    after = (await search.find(PLACES, Words("name", "medici"), filters=[Terms("country", ["IT"])], limit=1)).hits
    assert before == after
    assert before[0].score == 1.0
    near = await search.find(PLACES, Words("name", "ordime", fuzzy=True), limit=1)
    assert near.hits[0].score == 0.5


@pytest.mark.parametrize(
    ("start", "found"), [("ordin", ["roma"]), ("ΙΑΤΡ", ["athens"]), ("Lek", ["lodz"]), ("medicus", []), ("rdine", [])]
)
async def test_words_are_found_by_their_beginning(search: Search, start: str, found: list[str]) -> None:
    assert await ids(search, Starts("name", start)) == found


async def test_facets_count_what_would_be_found_without_their_own_filter(engine: Engine) -> None:
    index = Index("faceted", words=("name",), terms=("country", "level"))
    rows = {
        "a": ("IT", "NATIONAL"),
        "b": ("IT", "LOCAL"),
        "c": ("HU", "LOCAL"),
        "d": ("HU", "LOCAL"),
        "e": ("FR", "NATIONAL"),
    }
    async with engine.opened(index) as search:
        async with search.rebuild(index) as put:
            await put(
                [
                    SearchDocument(id_, {"name": ["office"], "country": [country], "level": [level]})
                    for id_, (country, level) in rows.items()
                ]
            )
        both = ["country", "level"]
        found = await search.find(index, Words("name", "office"), limit=1, facets=both)
        assert found.facets == {
            "country": [("HU", 2), ("IT", 2), ("FR", 1)],
            "level": [("LOCAL", 3), ("NATIONAL", 2)],
        }
        found = await search.find(
            index, Everything(), filters=[Terms("country", ["IT"]), Terms("level", ["LOCAL"])], limit=9, facets=both
        )
        assert [hit.id for hit in found.hits] == ["b"]
        assert found.total == 1
        assert found.facets == {"country": [("HU", 2), ("IT", 1)], "level": [("LOCAL", 1), ("NATIONAL", 1)]}
        found = await search.find(index, Words("name", "nothing"), limit=9, facets=both)
        assert found.facets == {"country": [], "level": []}


VALUES = Index("values", words=("name",), terms=("value", "kind"), keys=("title",))


@asynccontextmanager
async def holding(engine: Engine, rows: dict[str, tuple[list[str], str | None]]) -> AsyncIterator[Search]:
    """The engine with documents that have these values, and a title or none."""
    async with engine.opened(VALUES) as search:
        async with search.rebuild(VALUES) as put:
            await put(
                [
                    SearchDocument(id_, {"value": values, "kind": ["k"], **({"title": [title]} if title else {})})
                    for id_, (values, title) in rows.items()
                ]
            )
        yield search


LETTERS = st.text(st.sampled_from("ab=.*[|\n\\é\U0001f600"), max_size=5)


async def test_values_between_two_are_found_and_counted_whatever_is_in_them(engine: Engine) -> None:
    """Held against Python's own order of texts, one index for all examples."""
    drawn: set[str] = {"", "a", "a=", "a=b", "b", "a\n", "é", "\U0001f600"}

    @settings(max_examples=60, database=None)
    @given(LETTERS)
    def draw(text: str) -> None:
        drawn.add(text)

    draw()
    texts = sorted(drawn - {""})
    bounds = [(low, high) for low in texts[::7] for high in texts[::9]]
    async with holding(engine, {f"d{n}": ([text], None) for n, text in enumerate(texts)}) as search:
        for low, high in bounds:
            found = await search.find(VALUES, Between("value", low, high), limit=1)
            assert found.total == len([text for text in texts if low <= text <= high]), (low, high)
        for start in texts[::5]:
            wanted = Beginning("value", start)
            found = await search.find(VALUES, wanted, limit=1, facets=[wanted])
            expected = sorted(text for text in texts if text.startswith(start))
            assert found.total == len(expected), start
            assert [value for value, _ in found.facets[wanted]] == expected, start


async def test_a_facet_of_some_values_counts_them_alone_and_without_their_own_filter(engine: Engine) -> None:
    rows: dict[str, tuple[list[str], str | None]] = {
        "1": (["a=x", "b=x"], None),
        "2": (["a=y", "b=x"], None),
        "3": (["a=y", "b=y"], None),
    }
    a, b = Beginning("value", "a="), Beginning("value", "b=")
    async with holding(engine, rows) as search:
        filters = [Terms("value", ["a=y"]), Terms("value", ["b=x"])]
        found = await search.find(VALUES, Everything(), filters=filters, limit=9, facets=[a, b, "kind"])
        assert [hit.id for hit in found.hits] == ["2"]
        assert found.facets == {a: [("a=x", 1), ("a=y", 1)], b: [("b=x", 1), ("b=y", 1)], "kind": [("k", 1)]}


async def test_a_list_by_a_key_goes_both_ways_in_pages_and_ends_with_those_that_have_none(engine: Engine) -> None:
    titles = ["alpha", "Beta", "alpha", None, "γάμμα", "alpha", None, "zeta"]
    rows: dict[str, tuple[list[str], str | None]] = {f"d{n}": (["v"], title) for n, title in enumerate(titles * 3)}
    async with holding(engine, rows) as search:
        for descending in (False, True):
            named = sorted({title for title in titles if title}, reverse=descending)
            expected = [
                id_
                for wanted in [*named, None]
                for id_ in sorted((id_ for id_, (_, title) in rows.items() if title == wanted), key=order_of)
            ]
            seen: list[str] = []
            after: Position | None = None
            more = True
            while more:
                page = await search.find(
                    VALUES, Terms("value", ["v"]), after=after, limit=5, by=Sort("title", descending)
                )
                assert page.total == len(rows)
                seen += [hit.id for hit in page.hits]
                after, more = page.hits[-1].position, page.more
            assert seen == expected


def test_an_index_without_keys_is_the_index_that_it_was_before_there_were_any() -> None:
    assert (
        PLACES.fingerprint
        != Index("places", words=("name",), grams=("pieces",), terms=("country",), keys=("k",)).fingerprint
    )
    assert Index("x", words=("a",), terms=("b",)).fingerprint == "be7f02bd"
