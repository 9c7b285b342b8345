"""Kept answers in a running system: asked of the services once, for everybody, until something has changed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from gateway.kept import answers
from gateway.kept.alike import ALIKE, FOR_NOBODY, FOR_PEOPLE, PUBLIC
from gateway.schema import graphql_schema
from tests.cells import cell
from tests.gateway.clients import Client, eventually, key
from tests.gateway.open_repositories import a_repository, an_entry
from tests.gateway.running import Between, Running, a_gateway, a_service, between, copy_of
from tests.gateway.test_publishing import PUBLISH, a_set

As = Callable[[str], Client]
At = Callable[[Running, str], Client]
PARTS = ("directory", "requests", "alerts", "repositories")
# Whoever asks for everything at once may.
UNLIMITED = {"cost_nobody": "1000000", "cost_people": "1000000"}
COUNTRIES = "{ countries(language: IT) { code name } }"
SETS = "{ questionSets { id } }"
# A question of each root field that needs to be told something.
ARGUMENTS = {
    "help": '(of: ["sendRequest", "createRequest.draft"], language: IT)',
    "repository": '(code: "{code}", language: IT)',
    "repositoryEntries": '(repository: "{code}", text: "registro", facets: ["kind"], language: IT)',
    "repositoryEntry": '(id: "{entry}", language: IT)',
    "entryVersions": '(id: "{entry}", language: IT)',
    "diff": '(entry: "{entry}", from: 1, to: 2, language: IT)',
}


@dataclass(slots=True)
class Two:
    """Two gateways over the same services: one that keeps answers, with what it asks of whom; and one that does not."""

    keeping: Running
    other: Running
    asked: dict[str, Between]
    # Method → what its answer waits for.
    held: dict[str, asyncio.Event]

    def calls(self, method: str) -> int:
        return sum(one.calls().get(method, 0) for one in self.asked.values())


@pytest.fixture(scope="module")
async def two(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    folder = copy_of(trained, tmp_path_factory.mktemp("kept") / "data")
    held: dict[str, asyncio.Event] = {}

    async def waits(method: str, _request: bytes) -> None:
        if method in held:
            await held[method].wait()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(answers, "SETTLES_S", 0.01)
        async with AsyncExitStack() as stack:
            direct: dict[str, str] = {}
            asked: dict[str, Between] = {}
            for name in PARTS:
                direct[f"{name}_address"] = await stack.enter_async_context(a_service(name, folder, **direct))
                asked[name] = await stack.enter_async_context(between(direct[f"{name}_address"], waits))
            through = {f"{name}_address": one.address for name, one in asked.items()}
            keeping = await stack.enter_async_context(a_gateway(folder, **through))
            other = await stack.enter_async_context(a_gateway(folder, **direct, kept_answers_mb="0", **UNLIMITED))
            found = Two(keeping, other, asked, held)
            yield found


@pytest.fixture
def as_keeping(two: Two, at: At) -> As:
    return lambda user: at(two.keeping, user)


@pytest.fixture
def as_other(two: Two, at: At) -> As:
    return lambda user: at(two.other, user)


async def is_kept(two: Two, ask: Callable[[], Awaitable[Any]], method: str) -> Any:
    """The answer of *ask*, once it is one that needs no *method* any more."""

    async def without() -> Any | None:
        before = two.calls(method)
        found = await ask()
        return found if two.calls(method) == before else None

    return await eventually(without)


async def test_people_share_an_answer_and_each_language_has_its_own(two: Two, as_keeping: As) -> None:
    italian = await is_kept(two, lambda: as_keeping("it-handler").ask(COUNTRIES), "ListCountries")
    before = two.calls("ListCountries")
    assert await as_keeping("it-coordinator").ask(COUNTRIES) == italian
    assert two.calls("ListCountries") == before
    assert {"code": "EL", "name": "Grecia"} in italian["countries"]
    named = "{ countries { code name } }"
    for user, greece in (("it-handler", "Grecia"), ("hu-handler", "Görögország"), ("it-handler", "Grecia")):
        answer = await as_keeping(user).ask(named)
        assert {"code": "EL", "name": greece} in answer["countries"]


async def test_who_may_not_ask_gets_no_kept_answer(two: Two, as_keeping: As, http: httpx.AsyncClient) -> None:
    await is_kept(two, lambda: as_keeping("it-handler").ask(COUNTRIES), "ListCountries")
    assert (await as_keeping("").refused(COUNTRIES)).code == "UNAUTHENTICATED"
    assert (await as_keeping("nobody-knows").refused(COUNTRIES)).reason == "UNKNOWN_USER"
    forged = Client(http, two.keeping.url, as_keeping("it-handler").token + "x")
    assert (await forged.post(COUNTRIES)).status_code == 401


async def test_a_get_is_told_that_nothing_has_changed(two: Two, as_keeping: As, http: httpx.AsyncClient) -> None:
    client = as_keeping("it-handler")
    hashed = hashlib.sha256(COUNTRIES.encode()).hexdigest()
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashed}}
    body = {"query": COUNTRIES, "extensions": persisted}
    posted = await http.post(f"{client.url}/graphql", json=body, headers=client.headers)
    assert posted.headers["cache-control"] == "no-store"
    at = f"{client.url}/graphql?documentId=sha256:{hashed}"
    first = await is_kept(two, lambda: http.get(at, headers=client.headers), "ListCountries")
    assert (first.content, first.headers["cache-control"]) == (posted.content, "private, no-cache")
    again = await http.get(at, headers={**client.headers, "if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    typed = await http.get(at, headers={**client.headers, "accept": "application/graphql-response+json"})
    assert typed.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert (typed.content, typed.headers["etag"]) == (first.content, first.headers["etag"])


async def test_a_question_set_that_is_published_elsewhere_is_seen(two: Two, as_keeping: As, as_other: As) -> None:
    await is_kept(two, lambda: as_keeping("it-handler").ask(SETS), "ListQuestionSets")
    await as_other("commission").ask(PUBLISH, input={"idempotencyKey": key(), "questionSet": a_set("elsewhere")})

    async def seen() -> bool | None:
        found = await as_keeping("it-handler").ask(SETS)
        return {"id": "elsewhere:1"} in found["questionSets"] or None

    await eventually(seen)
    # And what is seen then is kept again.
    await is_kept(two, lambda: as_keeping("it-handler").ask(SETS), "ListQuestionSets")


async def test_whoever_publishes_sees_it_at_once(two: Two, as_keeping: As) -> None:
    commission = as_keeping("commission")
    await is_kept(two, lambda: commission.ask(SETS), "ListQuestionSets")
    await commission.ask(PUBLISH, input={"idempotencyKey": key(), "questionSet": a_set("at-once")})
    assert {"id": "at-once:1"} in (await commission.ask(SETS))["questionSets"]


async def test_public_entries_and_repositories_are_seen_when_they_are_published(
    two: Two, as_keeping: As, as_other: As
) -> None:
    code = await a_repository(as_other)
    nobody = as_keeping("")
    asked = f'{{ repositoryEntries(repository: "{code}") {{ totalCount edges {{ node {{ id }} }} }} }}'
    listed = "{ repositories { code } }"

    async def seen(document: str, what: str) -> bool | None:
        return what in str(await nobody.ask(document)) or None

    await eventually(lambda: seen(listed, code))
    await is_kept(two, lambda: nobody.ask(listed), "ListRepositories")
    empty = await is_kept(two, lambda: nobody.ask(asked), "SearchEntries")
    assert empty["repositoryEntries"]["totalCount"] == 0
    id_ = await an_entry(as_other, code, "Registro")
    await eventually(lambda: seen(asked, id_))
    another = await a_repository(as_other)
    await eventually(lambda: seen(listed, another))


async def test_public_pages_are_kept_too_and_say_how_old_they_are(
    two: Two, as_keeping: As, as_other: As, http: httpx.AsyncClient
) -> None:
    code = await a_repository(as_other)
    at = f"{two.keeping.url}/public/repositories/{code}/entries"

    async def page(language: str = "it") -> httpx.Response:
        return await http.get(at, params={"language": language})

    async def there() -> bool | None:
        return (await page()).status_code == 200 or None

    await eventually(there)
    first = await is_kept(two, page, "SearchEntries")
    assert (first.json()["entries"], first.headers["content-language"]) == ([], "it")
    assert 0 <= int(first.headers["age"]) <= 60
    again = await http.get(at, params={"language": "it"}, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await page("hu")).headers["content-language"] == "hu"
    assert (await page("xx")).status_code == 400
    id_ = await an_entry(as_other, code, "Registro")

    async def seen() -> bool | None:
        return [one["id"] for one in (await page()).json()["entries"]] == [id_] or None

    await eventually(seen)


async def test_an_answer_that_a_change_has_overtaken_is_not_kept(two: Two, as_keeping: As, as_other: As) -> None:
    handler, document = as_keeping("it-handler"), "{ questionSets { id code } }"
    await is_kept(two, lambda: handler.ask(SETS), "ListQuestionSets")
    go_on = two.held["ListQuestionSets"] = asyncio.Event()
    before = two.calls("ListQuestionSets")
    early = asyncio.create_task(handler.ask(document))

    async def is_read() -> bool | None:
        return two.calls("ListQuestionSets") > before or None

    async def is_heard() -> bool | None:
        return "overtaking:1" in str(await handler.ask(SETS)) or None

    await eventually(is_read)
    del two.held["ListQuestionSets"]
    await as_other("commission").ask(PUBLISH, input={"idempotencyKey": key(), "questionSet": a_set("overtaking")})
    await eventually(is_heard)
    go_on.set()
    assert "overtaking:1" not in str(await early)
    assert "overtaking:1" in str(await handler.ask(document))


async def test_what_is_declared_alike_is_byte_for_byte_the_same_to_everybody(as_other: As) -> None:
    code = await a_repository(as_other)
    entry = await an_entry(as_other, code, "Registro", kind={"codes": ["BIG"]}, subject={"references": ["midwife"]})
    changed = [{"code": "name", "value": {"text": {"text": "Registro nuovo", "language": "IT"}}}]
    await as_other("it-handler").do("editEntry", "entry { id }", id=entry, values=changed)
    await as_other("it-handler").do("publishEntry", "entry { id }", id=entry)
    people = ("it-handler", "commission", "hu-alerts", "fr-coordinator", "de-nimic")
    reached: set[tuple[str, str]] = set()
    for tables, users, known in ((ALIKE, people, FOR_PEOPLE), (PUBLIC, ("", "nobody-knows"), FOR_NOBODY)):
        for field in " ".join(kinds["Query"] for kinds in tables.values()).split():
            with cell(field):
                asked = ARGUMENTS.get(field, "(language: IT)").replace("{code}", code).replace("{entry}", entry)
                text = f"{{ {field}{asked} {selection('Query', field, known, reached)} }}"
                found = set()
                for user in users:
                    response = await as_other(user).post(text)
                    assert b'"errors"' not in response.content, response.text
                    found.add(response.content)
                assert len(found) == 1
    assert reached == set(FOR_NOBODY)


def selection(kind: str, field: str, known: dict[tuple[str, str], Any], reached: set[tuple[str, str]]) -> str:
    """Everything that is declared below a field."""
    reached.add((kind, field))
    parent = graphql_schema.type_map[kind]
    assert isinstance(parent, GraphQLObjectType)
    below = get_named_type(parent.fields[field].type)
    if is_leaf_type(below):
        return ""
    fields = [name for owner, name in known if owner == below.name]
    inside = " ".join(f"{name} {selection(below.name, name, known, reached)}" for name in fields)
    return f"{{ {inside} }}"
