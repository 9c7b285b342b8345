"""Answers that everybody gets alike: what is kept, for whom, and how long. On a clock of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import parse
from grpc import aio

from chassis.outbox import topic
from engines.events import Event, open_events
from gateway.kept.alike import ALIKE, CHANGES, COMMANDS, PUBLIC, Alike, Source, changed_by
from gateway.kept.answers import LARGEST_PART, OVERHEAD_BYTES, Asking, Kept
from gateway.kept.hearing import hear, watch
from gateway.schema import Mutation, graphql_schema
from gateway.schema.parts import needed
from tests.chassis.waiting import until

ROOM = 100_000
COUNTRIES = "{ countries { code name } }"
SETS = "{ questionSets { id area { name } } }"
ENTRIES = '{ repositoryEntries(repository: "open") { edges { node { id } } } }'


@dataclass(slots=True)
class Asked:
    """Answers kept in some room, with who asks for them."""

    kept: Kept
    now: list[float] = field(default_factory=lambda: [100.0])

    def asking(
        self, text: str, *, language: str = "en", signed_in: bool = True, name: str | None = None, **variables: Any
    ) -> Asking | None:
        found = self.kept.asking(text, name, variables, language, signed_in=signed_in)
        if found is not None:
            found.document = parse(text)
        return found

    def begun(self, text: str, **told: Any) -> Asking:
        found = self.asking(text, **told)
        assert found is not None
        return found

    def answered(self, text: str, content: bytes = b"{}", **told: Any) -> None:
        """Somebody asks, and is answered at once."""
        self.kept.keep(self.begun(text, **told), graphql_schema, content)

    def found(self, text: str, budget: int = 1_000, **told: Any) -> bytes | None:
        asking = self.asking(text, **told)
        answer = asking and self.kept.find(asking, budget)
        return answer.content if answer else None


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Hearing for long enough that all is settled."""
    now = [100.0]
    kept = Kept(ROOM, max_age_s=60, settles_s=5, clock=lambda: now[0])
    with kept.hearing():
        now[0] += 6
        yield Asked(kept, now)
    assert kept.size == 0


def test_an_answer_is_found_by_everything_it_depends_on(asked: Asked) -> None:
    text = "query A($of: [String!]!) { help(of: $of) { text } } query B { labels { name } }"
    asked.answered(text, b"one", name="A", of=["sendRequest"])
    assert asked.found(text, name="A", of=["sendRequest"]) == b"one"
    assert asked.found(text, name="A", of=["createRequest"]) is None
    assert asked.found(text, name="B", of=["sendRequest"]) is None
    assert asked.found(text, name="A", of=["sendRequest"], language="it") is None
    assert asked.found(text, name="A", of=["sendRequest"], signed_in=False) is None
    assert asked.found(text + " ", name="A", of=["sendRequest"]) is None


def test_a_page_and_a_document_of_the_same_letters_are_not_taken_for_each_other(asked: Asked) -> None:
    page = asked.kept.asking("/public/repositories?", None, None, "en", signed_in=False, is_page=True)
    assert page is not None
    asked.kept.put(page, b"a page", frozenset({Source.DEFINITIONS}))
    assert asked.kept.find(page, 1) is not None
    document = asked.kept.asking("/public/repositories?", None, None, "en", signed_in=False)
    assert document is not None
    assert asked.kept.find(document, 1_000) is None


def test_what_depends_on_its_reader_is_not_kept(asked: Asked) -> None:
    for text in (
        "{ viewer { name } }",
        "{ countries { code } viewer { name } }",
        "{ areas { ...on Area { code } } requestCounts { count } }",
        '{ node(id: "aut_1") { id } }',
        "mutation { sendRequest(input: {}) { request { id } } }",
        "{ __schema { types { name } } }",
        '{ repository(code: "open") { audience { authorities { name } } } }',
        '{ repositoryEntry(id: "ent_1") { links { state } } }',
        ENTRIES,
    ):
        asked.answered(text)
        assert asked.found(text) is None, text
    assert asked.kept.size == 0


def test_what_is_public_is_kept_for_those_who_have_not_signed_in(asked: Asked) -> None:
    asked.answered(ENTRIES, signed_in=False)
    assert asked.found(ENTRIES, signed_in=False) == b"{}"
    assert asked.found(ENTRIES) is None


def test_an_answer_that_costs_more_than_somebody_may_ask_is_refused_to_them_like_any_other(asked: Asked) -> None:
    asked.answered(COUNTRIES)
    assert asked.found(COUNTRIES, budget=29) is None
    assert asked.found(COUNTRIES, budget=30) == b"{}"


def test_a_change_takes_away_what_is_made_of_it_and_nothing_else(asked: Asked) -> None:
    for text in (COUNTRIES, SETS):
        asked.answered(text)
    asked.kept.changed([Source.QUESTION_SETS])
    assert asked.found(SETS) is None
    assert asked.found(COUNTRIES) == b"{}"
    asked.kept.changed([Source.DIRECTORY])
    assert asked.found(COUNTRIES) is None


def test_what_was_begun_before_a_change_is_not_kept_after_it(asked: Asked) -> None:
    early = asked.begun(SETS)
    asked.now[0] += 1
    asked.kept.changed([Source.QUESTION_SETS])
    asked.kept.keep(early, graphql_schema, b"old")
    assert asked.found(SETS) is None
    # Not every replica of a service has heard of it in the same moment.
    asked.now[0] += 5
    asked.answered(SETS, b"perhaps old")
    assert asked.found(SETS) is None
    asked.now[0] += 0.1
    asked.answered(SETS, b"new")
    assert asked.found(SETS) == b"new"


def test_an_answer_becomes_too_old(asked: Asked) -> None:
    asked.answered(COUNTRIES)
    asked.now[0] += 59
    assert asked.found(COUNTRIES) == b"{}"
    asked.now[0] += 1
    assert asked.found(COUNTRIES) is None
    assert asked.kept.size == 0


def test_room_is_made_by_what_was_not_used_for_the_longest(asked: Asked) -> None:
    large = b"x" * (ROOM // LARGEST_PART - OVERHEAD_BYTES - 200)
    for number in range(7):
        asked.answered(COUNTRIES, large, number=number)
    assert asked.found(COUNTRIES, number=0) == large
    for number in range(7, 9):
        asked.answered(COUNTRIES, large, number=number)
        assert asked.kept.size <= ROOM
    assert [asked.found(COUNTRIES, number=number) is not None for number in range(9)] == [True, False, *[True] * 7]
    asked.answered(SETS, large + b"x" * 200)
    assert asked.found(SETS) is None


def test_the_same_answer_again_takes_the_place_of_the_one_before(asked: Asked) -> None:
    asked.answered(COUNTRIES, b"one")
    size = asked.kept.size
    asked.answered(COUNTRIES, b"two")
    assert (asked.found(COUNTRIES), asked.kept.size) == (b"two", size)


def test_without_room_or_without_hearing_nothing_is_kept() -> None:
    for kept in (Kept(0), Kept(ROOM)):
        assert Asked(kept).asking(COUNTRIES) is None
    kept = Kept(0)
    with kept.hearing():
        assert Asked(kept).asking(COUNTRIES) is None


def test_what_is_declared_is_in_the_schema_and_what_changes_it_is_known() -> None:
    for tables in (ALIKE, PUBLIC):
        for source, kinds in tables.items():
            for kind, fields in kinds.items():
                known: Any = graphql_schema.type_map[kind]
                assert set(fields.split()) <= set(known.fields), (source, kind)
    assert set().union(*CHANGES.values()) == {Source.QUESTION_SETS, Source.DEFINITIONS, Source.ENTRIES}
    mutations: Any = Mutation
    named = {one.python_name: one for one in mutations.__strawberry_definition__.fields}
    writes = {graphql_name(name) for name, one in named.items() if needed(one) == {"repositories"}}
    assert set(COMMANDS) == {*writes, "publishQuestionSet"}


def graphql_name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(one.capitalize() for one in others)


def test_what_a_command_changes_is_let_go_of_at_once(asked: Asked) -> None:
    asked.answered(SETS)
    for text in ("mutation { closeRequest(input: {}) { request { id } } }", COUNTRIES):
        asked.kept.commanded(parse(text))
    assert asked.found(SETS) == b"{}"
    asked.kept.commanded(
        parse("mutation { ...A } fragment A on Mutation { publishQuestionSet(input: {}) { __typename } }")
    )
    assert asked.found(SETS) is None


def test_documents_are_read_once_for_each_schema_name_and_kind_of_reader() -> None:
    alike, document = Alike(), parse("query A { countries { code } } query B { viewer { id } }")
    made = frozenset({Source.DIRECTORY})
    for _ in range(2):
        assert alike.made_of(graphql_schema, document, "A", signed_in=True) == made
        assert alike.made_of(graphql_schema, document, "B", signed_in=True) is None
    assert changed_by(document) == frozenset()


def event(kind: str, number: int) -> Event:
    return Event(id=f"e{number}", type=kind, source="/test", subject="s", time=datetime.now(UTC), data=b"")


async def test_each_kind_of_event_takes_away_what_it_speaks_of(tmp_path: Path) -> None:
    kept = Kept(ROOM, settles_s=-1)
    asked = Asked(kept)
    running = frozenset({"directory", "requests", "repositories"})
    cases = {Source.QUESTION_SETS: SETS, Source.DEFINITIONS: "{ repositories { code } }", Source.ENTRIES: ENTRIES}
    async with open_events(f"sqlite:///{tmp_path}/events.db") as events:
        async with beside(hear(kept, events, running)):
            await comes_true(lambda: asked.asking(SETS) is not None)
            for number, (kind, gone) in enumerate(CHANGES.items()):

                def all_gone(gone: frozenset[Source] = gone) -> bool:
                    return all(asked.found(cases[one], signed_in=False) is None for one in gone)

                for text in (COUNTRIES, *cases.values()):
                    asked.answered(text, signed_in=False)
                where = topic(kind.split(".")[1])
                await events.publish(where, [event("imi.requests.v1.RequestChanged", -number), event(kind, number)])
                await comes_true(all_gone)
                for source, text in cases.items():
                    assert (asked.found(text, signed_in=False) is None) is (source in gone), (kind, source)
                assert asked.found(COUNTRIES, signed_in=False) == b"{}"
        # It hears no more.
        assert kept.size == 0
        assert asked.asking(COUNTRIES) is None


async def test_where_no_service_tells_of_changes_there_is_nothing_to_hear(tmp_path: Path) -> None:
    kept = Kept(ROOM, settles_s=-1)
    async with (
        open_events(f"sqlite:///{tmp_path}/events.db") as events,
        beside(hear(kept, events, frozenset({"directory"}))),
    ):
        await comes_true(lambda: Asked(kept).asking(COUNTRIES) is not None)
    assert Asked(kept).asking(COUNTRIES) is None


async def test_what_a_service_has_said_goes_when_its_connection_does() -> None:
    kept = Kept(ROOM, settles_s=-1)
    asked = Asked(kept)
    server = aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await channel.channel_ready()
        with kept.hearing():
            async with beside(watch(kept, "requests", channel)):
                asked.answered(SETS)
                asked.answered(COUNTRIES)
                await server.stop(None)
                await comes_true(lambda: asked.found(SETS) is None)
                assert asked.found(COUNTRIES) == b"{}"


async def comes_true(condition: Callable[[], bool]) -> None:
    async def looked() -> bool:
        return condition()

    await until(looked)


@asynccontextmanager
async def beside(work: Any) -> AsyncIterator[None]:
    """*work* beside the body, ended with it."""
    task = asyncio.ensure_future(work)
    # It has begun before anything happens.
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
