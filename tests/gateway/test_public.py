"""What is public is read by everybody, without signing in and through caches; and nothing else is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.clients import Client, Refused
from tests.gateway.open_repositories import a_repository, an_entry, text
from tests.gateway.running import Running, a_system_of

As = Callable[[str], Client]


class Opened:
    """A public repository with two entries, and who reads it over HTTP."""

    def __init__(self, http: httpx.AsyncClient, url: str, code: str, ids: list[str]) -> None:
        self._http = http
        self.url = f"{url}/public/repositories"
        self.code = code
        self.ids = ids

    async def get(self, path: str = "", *, headers: dict[str, str] | None = None, **asked: Any) -> httpx.Response:
        return await self._http.get(f"{self.url}/{self.code}{path}", params=asked, headers=headers)

    async def found(self, **asked: Any) -> list[str]:
        response = await self.get("/entries", **asked)
        assert response.status_code == 200, response.text
        return [one["id"] for one in response.json()["entries"]]

    async def refusal(self, **asked: Any) -> tuple[int, Refused]:
        response = await self.get("/entries", **asked)
        return response.status_code, Refused.of(response.json()["errors"][0])


@pytest.fixture(scope="module")
async def opened(http: httpx.AsyncClient, running: Running, as_: As) -> Opened:
    code = await a_repository(as_)
    one = await an_entry(
        as_,
        code,
        "Elenco pubblico",
        subject={"references": ["midwife"]},
        kind={"codes": ["BIG"]},
        opened={"date": "2026-01-15"},
        fee={"number": "12.5"},
        site={"link": "https://elenco.example/"},
        note=text("Nascosto"),
        inspector={"codes": ["HIGH"]},
    )
    other = await an_entry(as_, code, "Altro registro", kind={"codes": ["SMALL"]}, opened={"date": "2026-03-01"})
    return Opened(http, running.url, code, [one, other])


async def test_an_entry_says_what_is_public_in_the_language_asked_for(opened: Opened) -> None:
    response = await opened.get(f"/entries/{opened.ids[0]}", language="it")
    found = response.json()
    assert {name: found[name] for name in ("id", "repository", "version", "country")} == {
        "id": opened.ids[0],
        "repository": opened.code,
        "version": 1,
        "country": "IT",
    }
    assert found["values"] == {
        "name": {"text": "Elenco pubblico", "language": "it"},
        "subject": [{"code": "midwife", "label": "ostetrica"}],
        "kind": [{"code": "BIG", "label": "BIG (it)"}],
        "opened": "2026-01-15",
        "fee": "12.5",
        "site": "https://elenco.example/",
    }
    assert found["links"] == {"site": {"state": "NOT_CHECKED", "checkedAt": None}}
    definition = (await opened.get(headers={"accept-language": "hu"})).json()
    assert definition["title"] == "Open register (hu)"
    assert [field["code"] for field in definition["fields"]] == ["name", "subject", "kind", "opened", "fee", "site"]


async def test_a_search_finds_by_what_is_public_alone(opened: Opened) -> None:
    one, other = opened.ids
    assert await opened.found() == [other, one]
    assert await opened.found(text="szülésznő") == [one]
    assert await opened.found(text="Nascosto") == []
    assert await opened.found(country="HU") == []
    assert await opened.found(concept="midwife") == [one]
    assert await opened.found(**{"field.kind": "SMALL"}) == [other]
    assert await opened.found(**{"field.name": "elenco*"}) == [one]
    assert await opened.found(**{"field.opened": "2026-02-01.."}) == [other]
    assert await opened.found(**{"field.fee": "..13"}) == [one]
    assert await opened.found(sort="opened") == [one, other]
    assert await opened.found(sort="-opened") == [other, one]
    answer = (await opened.get("/entries", facet=["kind", "country"])).json()
    assert answer["facets"] == [
        {"code": "kind", "values": [{"value": "BIG", "count": 1}, {"value": "SMALL", "count": 1}]},
        {"code": "country", "values": [{"value": "IT", "count": 2}]},
    ]
    assert answer["total"] == 2


async def test_pages_lead_from_one_to_the_next(opened: Opened) -> None:
    first = (await opened.get("/entries", first=1)).json()
    second = (await opened.get("/entries", first=1, after=first["next"])).json()
    assert [one["id"] for one in (*first["entries"], *second["entries"])] == opened.ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("asked", "reason", "field"),
    [
        ({"first": "0"}, "PAGE_SIZE", "first"),
        ({"first": "101"}, "PAGE_SIZE", "first"),
        ({"after": "x"}, "CURSOR", "after"),
        ({"language": "xx"}, "UNKNOWN_LANGUAGE", "language"),
        ({"country": "XX"}, "UNKNOWN_COUNTRY", "filter.countries[0]"),
        ({"validOn": "today"}, "NOT_A_DATE", "filter.validOn"),
        # What is not public is refused in the words for what there is not.
        ({"field.note": "x*"}, "UNKNOWN_FIELD", "filter.fields[0].fieldCode"),
        ({"field.nothing": "x"}, "UNKNOWN_FIELD", "filter.fields[0].fieldCode"),
        ({"facet": "inspector"}, "UNKNOWN_FIELD", "facets[0]"),
        ({"sort": "note"}, "UNKNOWN_FIELD", "sort.fieldCode"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(
    opened: Opened, asked: dict[str, str], reason: str, field: str
) -> None:
    assert await opened.refusal(**asked) == (400, Refused("INVALID", reason, field))


async def test_a_cache_asks_whether_anything_has_changed(opened: Opened, as_: As) -> None:
    path = f"/entries/{opened.ids[1]}"
    first = await opened.get(path, language="it")
    assert first.headers["cache-control"] == "public, max-age=60"
    assert (first.headers["vary"], first.headers["content-language"]) == ("Accept-Language", "it")
    assert first.headers["access-control-allow-origin"] == "*"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await opened.get(path, language="it", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await opened.get(path, language="hu")).headers["etag"] != tag
    changed = [{"code": "name", "value": text("Altro registro, nuovo")}]
    await as_("it-handler").do("editEntry", "entry { id }", id=opened.ids[1], values=changed)
    draft = await opened.get(path, language="it", headers={"if-none-match": tag})
    assert draft.status_code == 304
    await as_("it-handler").do("publishEntry", "entry { id }", id=opened.ids[1])
    now = await opened.get(path, language="it", headers={"if-none-match": tag})
    assert (now.status_code, now.json()["version"]) == (200, 2)


async def test_what_is_not_public_is_not_there(http: httpx.AsyncClient, running: Running, as_: As) -> None:
    closed = await a_repository(as_, visibility="ALL_IMI")
    hidden = await an_entry(as_, closed, "Registro interno")
    at = f"{running.url}/public/repositories"
    for path in ("/nothing", f"/{closed}", f"/{closed}/entries", f"/{closed}/entries/{hidden}", f"/{closed}:1"):
        response = await http.get(at + path)
        assert (response.status_code, Refused.of(response.json()["errors"][0]).code) == (404, "NOT_FOUND"), path
    listed = {one["code"] for one in (await http.get(at)).json()["repositories"]}
    assert closed not in listed
    assert "requirements" in listed
    assert (await http.post(at)).status_code == 405


async def test_through_graphql_nobody_in_particular_reads_the_same(opened: Opened, as_: As) -> None:
    nobody = as_("")
    found = await nobody.ask("{ repositories { code visibility } }")
    assert {one["visibility"] for one in found["repositories"]} == {"PUBLIC"}
    asked = """query ($r: ID!, $text: String) { repositoryEntries(repository: $r, text: $text, first: 2, language: IT) {
      totalCount edges { node { id country { name } published { values { field { code } value { text { original }
      concepts { label } } } } } } } }"""
    answer = (await nobody.ask(asked, r=opened.code, text="ostetrica"))["repositoryEntries"]
    (edge,) = answer["edges"]
    values = {one["field"]["code"]: one["value"] for one in edge["node"]["published"]["values"]}
    assert list(values) == ["name", "subject", "kind", "opened", "fee", "site"]
    assert (edge["node"]["country"]["name"], values["subject"]["concepts"][0]["label"]) == ("Italia", "ostetrica")
    assert (await nobody.ask(asked, r=opened.code, text="Nascosto"))["repositoryEntries"]["totalCount"] == 0
    typed = "query ($r: ID!, $text: String!) { suggestEntries(repository: $r, text: $text, language: HU) { text concept { id } } }"
    suggested = (await nobody.ask(typed, r=opened.code, text="szules"))["suggestEntries"]
    assert [one["concept"] for one in suggested] == [{"id": "midwife"}]
    assert (await nobody.ask(typed, r=opened.code, text="nasc"))["suggestEntries"] == []
    person = await as_("hu-handler").ask(asked, r=opened.code, text="Nascosto")
    assert person["repositoryEntries"]["totalCount"] == 1
    read = "query ($id: ID!) { node(id: $id) { id } }"
    assert await nobody.ask(read, id=opened.ids[0]) == {"node": {"id": opened.ids[0]}}


async def test_without_a_person_everything_else_stays_closed(opened: Opened, as_: As) -> None:
    nobody, missing = as_(""), Refused("UNAUTHENTICATED", "UNAUTHENTICATED")
    assert await nobody.refused('{ repositoryEntries(repository: "registers") { totalCount } }') == Refused(
        "INVALID", "UNKNOWN_REPOSITORY", "repository"
    )
    for document in (
        f'{{ ownEntries(repository: "{opened.code}") {{ totalCount }} }}',
        f'{{ repositoryEntry(id: "{opened.ids[0]}") {{ owner {{ id }} }} }}',
        f'{{ repositoryEntry(id: "{opened.ids[0]}") {{ actions {{ action }} }} }}',
        "{ countries { code } }",
        '{ node(id: "aut_0") { id } }',
    ):
        assert await nobody.refused(document) == missing, document
    assert await nobody.cannot("withdrawEntry", id=opened.ids[0], reason="x") == missing
    assert await nobody.cannot("createEntry", repository=opened.code, values=[]) == missing


async def test_entries_go_in_and_out_as_files(
    opened: Opened, http: httpx.AsyncClient, running: Running, as_: As
) -> None:
    at, client = f"{running.url}/repositories/{opened.code}", as_("it-handler")
    content = "entry.id;name;kind\nF-1;Uno;BIG\nF-2;Due;MEDIUM\n"
    for asked, counts in (({"dryRun": "true"}, {"created": 1, "dryRun": True}), ({}, {"created": 1, "dryRun": False})):
        response = await http.post(
            f"{at}/import", params={"format": "csv", **asked}, content=content, headers=client.headers
        )
        lines = [line for line in response.text.splitlines() if line]
        assert response.headers["content-type"] == "application/x-ndjson"
        rows = [json_of(line) for line in lines]
        assert [one.get("outcome") for one in rows[:2]] == ["CREATED", "REFUSED"]
        (error,) = rows[1]["errors"]
        assert Refused.of(error) == Refused("INVALID", "UNKNOWN_CHOICE", "kind")
        assert rows[2]["summary"] == {"rows": 2, "changed": 0, "unchanged": 0, "refused": 1, **counts}
    taken = await http.get(f"{at}/export", params={"format": "jsonl", "text": "Elenco"}, headers=client.headers)
    assert taken.headers["content-disposition"] == f'attachment; filename="{opened.code}.jsonl"'
    (row,) = [json_of(line) for line in taken.text.splitlines()]
    assert (row["entry"]["id"], row["name"], row["note"]) == (opened.ids[0], "Elenco pubblico", "Nascosto")
    for method, path in (("POST", "import"), ("GET", "export")):
        assert (await http.request(method, f"{at}/{path}", params={"format": "csv"})).status_code == 401
    refused = await http.get(f"{at}/export", params={"format": "pdf"}, headers=client.headers)
    assert (refused.status_code, Refused.of(refused.json()["errors"][0]).field) == (400, "format")


def json_of(line: str) -> Any:
    return httpx.Response(200, text=line).json()


async def test_an_address_that_asks_too_often_is_told_to_wait(http: httpx.AsyncClient, data: Path) -> None:
    async with a_system_of(data, "directory", "repositories", rate_addresses="2/hour") as running:
        at = f"{running.url}/public/repositories"
        answers = [await http.get(at) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert int(answers[2].headers["retry-after"]) > 0
        assert Refused.of(answers[2].json()["errors"][0]).code == "RATE_LIMITED"
