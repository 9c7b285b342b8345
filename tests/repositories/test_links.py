"""Addresses in entries are looked at now and then, without going anywhere inside, and never in the way of whoever edits."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.aggregates import CommandKey, Kept
from chassis.egress import Egress, Rules
from chassis.lookups import Resolve
from chassis.outbox import Outbox
from chassis.process import working
from chassis.timers import Timer
from engines.documents import Documents, open_documents
from engines.events import Events, open_events
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import storage, wire
from services.repositories.definitions import Definitions
from services.repositories.domain.entries import Entry
from services.repositories.domain.lifecycle import Action, Status
from services.repositories.links import looking as module
from services.repositories.links.checks import AGAIN, AGAIN_IF_NOT, SPREAD, State, again_at, checked, state_of
from services.repositories.links.keeping import KIND, LinkChecks
from services.repositories.links.looking import HOPS, Looking, ascii_url
from tests.alerts.endpoints import Endpoint, an_endpoint
from tests.chassis.waiting import until
from tests.repositories.registers import REGISTERS, a_register, a_version, an_entry
from vocabulary.addresses import Outcome
from vocabulary.values import Value

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def resolving(address: str = "127.0.0.1") -> Resolve:
    async def resolve(host: str) -> list[str]:
        # What a name with "inside" in it stands for is not for the public.
        return ["10.0.0.1"] if "inside" in host else [address]

    return resolve


def looking_at(*ports: int, resolve: Resolve | None = None, loopback: bool = True) -> Looking:
    rules = Rules(ports=frozenset(ports), loopback=loopback, plain=True)
    return Looking(Egress(rules, resolve or resolving(), ssl.create_default_context()))


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with an_endpoint(None) as opened:
        yield opened


def at(endpoint: Endpoint, path: str = "/", host: str = "register.test") -> str:
    return f"http://{host}:{endpoint.port}{path}"


async def test_only_the_head_of_a_page_is_asked_for(endpoint: Endpoint) -> None:
    endpoint.statuses = [200]
    assert await looking_at(endpoint.port).look(at(endpoint, "/a?b=c#part")) == (State.REACHABLE, 200)
    assert [one.line for one in endpoint.came] == ["HEAD /a?b=c HTTP/1.1"]


async def test_a_server_that_answers_no_head_is_asked_as_a_browser_asks(endpoint: Endpoint) -> None:
    for status in (403, 404, 405, 501):
        endpoint.statuses = [status, 200]
        assert await looking_at(endpoint.port).look(at(endpoint)) == (State.REACHABLE, 200)
    assert [one.line.split()[0] for one in endpoint.came] == ["HEAD", "GET"] * 4


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (401, State.REFUSED),
        (404, State.REFUSED),
        (410, State.REFUSED),
        (429, State.UNREACHABLE),
        (503, State.UNREACHABLE),
    ],
)
async def test_a_status_says_whether_there_is_nothing_or_nothing_now(
    endpoint: Endpoint, status: int, state: State
) -> None:
    endpoint.statuses = [status]
    assert await looking_at(endpoint.port).look(at(endpoint)) == (state, status)


async def test_each_hop_is_checked_as_the_first_one(endpoint: Endpoint) -> None:
    looking = looking_at(endpoint.port)
    endpoint.statuses, endpoint.headers = [302, 200], {"Location": "/moved"}
    assert await looking.look(at(endpoint)) == (State.REACHABLE, 200)
    assert [one.line for one in endpoint.came] == ["HEAD / HTTP/1.1", "HEAD /moved HTTP/1.1"]
    for elsewhere in (
        f"http://inside.test:{endpoint.port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://register.test:22/",
        "file:///etc/passwd",
        "gopher://register.test/",
        f"http://user@register.test:{endpoint.port}/",
        "http://[register.test/",
    ):
        endpoint.came.clear()
        endpoint.statuses, endpoint.headers = [301], {"Location": elsewhere}
        assert await looking.look(at(endpoint)) == (State.NOT_ALLOWED, 0), elsewhere
        assert len(endpoint.came) == 1


async def test_a_circle_of_redirects_ends(endpoint: Endpoint) -> None:
    endpoint.statuses, endpoint.headers = [302], {"Location": "/again"}
    assert (await looking_at(endpoint.port).look(at(endpoint)))[0] is State.UNREACHABLE
    assert len(endpoint.came) == HOPS + 1


async def test_nothing_inside_is_looked_at(endpoint: Endpoint) -> None:
    looking = looking_at(endpoint.port, loopback=False)
    for link in (at(endpoint), at(endpoint, host="127.0.0.1"), at(endpoint, host="inside.test"), "http://[::1]/"):
        assert await looking.look(link) == (State.NOT_ALLOWED, 0)
    assert endpoint.connections == 0


async def test_what_does_not_answer_is_given_up(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WHOLE_S", 0.2)
    endpoint.may_answer.clear()
    assert await looking_at(endpoint.port).look(at(endpoint)) == (State.UNREACHABLE, 0)


async def test_a_host_is_looked_at_once_at_a_time(endpoint: Endpoint) -> None:
    endpoint.statuses = [200]
    endpoint.may_answer.clear()
    looking = looking_at(endpoint.port)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(looking.look(at(endpoint, f"/{number}"))) for number in range(4)]

        async def begun() -> bool:
            return len(endpoint.came) == 1

        await until(begun)
        assert endpoint.connections == 1
        endpoint.may_answer.set()
    assert {task.result() for task in tasks} == {(State.REACHABLE, 200)}


def test_an_address_is_asked_for_in_ascii() -> None:
    asked = {
        "https://пример.eu/Ärzte?q=ä b#c": "https://xn--e1afmkfd.eu/%C3%84rzte?q=%C3%A4%20b",
        "https://EXAMPLE.eu:8443/a%20b/": "https://example.eu:8443/a%20b/",
        "http://[2606:4700::1111]/": "http://[2606:4700::1111]/",
        "https://user@example.eu/": None,
        "https://[::1/": None,
        f"https://{'x' * 70}.eu/": None,
    }
    assert {link: ascii_url(link) for link in asked} == asked


@given(st.text(max_size=60))
def test_whatever_an_address_says_it_has_an_ascii_form_or_none(text: str) -> None:
    found = ascii_url(f"https://example.eu/{text}")
    assert found is None or found.isascii()


@given(st.sampled_from(Outcome), st.integers(0, 599), st.floats(0, 1))
def test_what_works_is_left_alone_longer_than_what_does_not(outcome: Outcome, status: int, spread: float) -> None:
    state = state_of(outcome, status)
    due = again_at(state, NOW, spread=spread)
    least = AGAIN if state is State.REACHABLE else AGAIN_IF_NOT
    assert least <= due - NOW <= least + SPREAD
    first = checked(None, "https://a.eu/", state, status, NOW)
    later = checked(first, "https://a.eu/", state, status, NOW + timedelta(days=9))
    assert (later.since, later.checked_at) == (NOW, NOW + timedelta(days=9))
    assert checked(first, "https://b.eu/", state, status, NOW + timedelta(days=9)).since == NOW + timedelta(days=9)


class Store:
    """Entries, and what is known of their addresses, in a folder of their own."""

    def __init__(self, documents: Documents, events: Events, looking: Looking | None) -> None:
        self.outbox = Outbox("repositories", documents, events, lambda: NOW)
        definitions = Definitions({REGISTERS.id: REGISTERS}, storage.published(documents, self.outbox))
        self.entries = storage.entries(documents, self.outbox, definitions)
        self.checks = LinkChecks(self.entries, documents, looking, lambda: NOW)
        self.events = events

    async def put(self, id_: str, entry: Entry) -> Kept[Entry]:
        """*entry* instead of what was there."""
        there = await self.entries.get(id_)
        before = there.state if there else None
        event = wire.changed(id_, (there.revision if there else 0) + 1, Action.PUBLISH, before, entry)
        key = CommandKey(f"k{entry.status}{there.revision if there else 0}", "f", None)
        if there is None:
            await self.entries.create(id_, key, entry, [event], lambda kept: pb.Entry(id=kept.id))
        else:

            async def decided(_: Kept[Entry]) -> tuple[Entry, list[object]]:
                return entry, [event]

            await self.entries.change(id_, key, decided, lambda kept: pb.Entry(id=kept.id), pb.Entry)  # type: ignore[arg-type]
        found = await self.entries.get(id_)
        assert found
        return found

    async def known(self, kept: Kept[Entry]) -> list[tuple[str, str, int]]:
        found = (await self.checks.of([kept]))[kept.id]
        return [
            (one.field_code, pb.LinkState.Name(one.state).removeprefix("LINK_STATE_"), one.http_status) for one in found
        ]


@asynccontextmanager
async def keeping(folder: Path, looking: Looking | None) -> AsyncIterator[Store]:
    async with (
        open_documents(f"sqlite:///{folder}/documents.db", storage.COLLECTIONS) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
    ):
        yield Store(documents, events, looking)


def linking(link: str, number: int = 1) -> Entry:
    values = a_register(url=Value(link=link))
    return an_entry(Status.PUBLISHED, published=a_version(number, values=values))


async def test_what_is_published_is_looked_at_and_shown_and_forgotten_once_it_is_withdrawn(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    endpoint.statuses = [200]
    async with keeping(tmp_path, looking_at(endpoint.port)) as store:
        loops = [store.outbox.relay, store.checks.follow(store.events, "repositories").run, store.checks.run]
        async with working(loops):
            first = await store.put("ent_1", linking(at(endpoint)))

            async def looked_at() -> bool:
                return await store.known(first) == [("url", "REACHABLE", 200)]

            await until(looked_at)
            revision = first.revision
            there = await store.entries.get("ent_1")
            assert there
            assert there.revision == revision
            endpoint.statuses = [404]
            # Another address has not been looked at, whatever is known of the one before.
            second = await store.put("ent_1", linking(at(endpoint, "/other"), 2))

            async def refused() -> bool:
                return await store.known(second) == [("url", "REFUSED", 404)]

            await until(refused)
            assert await store.known(first) == [("url", "NOT_CHECKED", 0)]
            withdrawn = await store.put("ent_1", an_entry(Status.WITHDRAWN))
            assert await store.checks.of([withdrawn]) == {}

            async def forgotten() -> bool:
                return await store.known(second) == [("url", "NOT_CHECKED", 0)]

            await until(forgotten)


async def test_nothing_is_kept_of_what_is_withdrawn_while_it_is_looked_at(tmp_path: Path, endpoint: Endpoint) -> None:
    stores: list[Store] = []

    async def resolve(host: str) -> list[str]:
        await stores[0].put("ent_1", an_entry(Status.WITHDRAWN))
        return ["127.0.0.1"]

    async with keeping(tmp_path, looking_at(endpoint.port, resolve=resolve)) as store:
        stores.append(store)
        kept = await store.put("ent_1", linking(at(endpoint)))
        endpoint.statuses = [200]
        await store.checks.fire(Timer(subject="ent_1", kind=KIND, due=NOW))
        assert await store.known(kept) == [("url", "NOT_CHECKED", 0)]
    async with open_documents(f"sqlite:///{tmp_path}/documents.db", storage.COLLECTIONS) as documents:
        assert await documents.find(storage.LINKS, limit=10) == []


async def test_a_timer_of_what_is_gone_does_nothing(tmp_path: Path, endpoint: Endpoint) -> None:
    async with keeping(tmp_path, looking_at(endpoint.port)) as store:
        await store.checks.fire(Timer(subject="ent_0", kind=KIND, due=NOW))
        await store.put("ent_1", an_entry(Status.WITHDRAWN))
        await store.checks.fire(Timer(subject="ent_1", kind=KIND, due=NOW))
        kept = await store.put("ent_2", an_entry(Status.PUBLISHED, published=a_version(values=a_register(url=None))))
        await store.checks.fire(Timer(subject="ent_2", kind=KIND, due=NOW))
        assert await store.known(kept) == []
    assert endpoint.connections == 0


async def test_without_link_checks_an_address_says_that_it_was_not_looked_at(tmp_path: Path) -> None:
    async with keeping(tmp_path, None) as store:
        kept = await store.put("ent_1", linking("https://albo.example/"))
        assert await store.known(kept) == [("url", "NOT_CHECKED", 0)]
