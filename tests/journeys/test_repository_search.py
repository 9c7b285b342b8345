"""What repositories hold is found in any language by whoever may read it, and what is public, by everybody."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.clients import Client, Data, Refused, eventually
from tests.gateway.open_repositories import FIELDS, a_repository, an_entry, field, text
from tests.gateway.running import copy_of
from tests.journeys.staging import Stage, a_stage

SEARCH = """query ($r: ID!, $text: String, $filter: EntryFilter, $sort: EntrySort, $facets: [String!]) {
  repositoryEntries(repository: $r, text: $text, filter: $filter, sort: $sort, facets: $facets, first: 20) {
    totalCount facets { code values { value count } }
    edges { match { fieldCodes conceptIds } node { id published { values { field { code } } } } } } }"""

SUGGEST = "query ($r: ID!, $text: String!) { suggestEntries(repository: $r, text: $text) { text concept { id } } }"


@pytest.fixture(scope="module")
async def stage(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Stage]:
    async with a_stage(copy_of(trained, tmp_path_factory.mktemp("repositories") / "data")) as stage:
        yield stage


async def search(client: Client, repository: str, **asked: Any) -> Data:
    found: Data = (await client.ask(SEARCH, r=repository, **asked))["repositoryEntries"]
    return found


def ids(found: Data) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


async def test_what_an_entry_is_about_is_found_in_every_language_and_nothing_hidden_is_counted(stage: Stage) -> None:
    """A Hungarian reader looks for midwives in Hungarian and finds what an Italian wrote; a field that only some
    people in the module read is neither searched, counted nor suggested to others, and the Italian authority finds by it. (row 44)
    """
    hidden = {"visibility": "ROLE", "roles": ["REPOSITORY_EDITOR"]}
    fields = (
        *FIELDS[:3],
        field("remark", "TEXT", searchable=True, audience=hidden),
        field("grade", "SINGLE", choiceList="risk-level", searchable=True, audience=hidden),
    )
    repository = await a_repository(stage.as_, fields=fields, visibility="ALL_IMI")
    one = await an_entry(
        stage.as_,
        repository,
        "Registro delle ostetriche",
        subject={"references": ["midwife"]},
        kind={"codes": ["BIG"]},
        remark=text("Riservato"),
        grade={"codes": ["HIGH"]},
    )
    other = await an_entry(stage.as_, repository, "Registro dei notai", subject={"references": ["notary"]})
    for user, words in (("hu-handler", "szülésznő"), ("fr-alerts", "sage-femme"), ("commission", "Hebamme")):
        found = await search(stage.as_(user), repository, text=words)
        assert (ids(found), found["totalCount"]) == ([one], 1), words
        assert found["edges"][0]["match"] == {"fieldCodes": ["subject"], "conceptIds": ["midwife"]}
    for user, typed, concepts in (
        ("hu-handler", "szules", ["midwife"]),
        ("commission", "riserv", []),
        ("it-handler", "riserv", [None]),
    ):
        suggested = (await stage.as_(user).ask(SUGGEST, r=repository, text=typed))["suggestEntries"]
        assert [one["concept"] and one["concept"]["id"] for one in suggested] == concepts, (user, typed)
    facets = ["country", "concept", "kind"]
    counted = await search(stage.as_("hu-handler"), repository, facets=facets, sort={"by": "FIELD", "field": "name"})
    assert ids(counted) == [other, one]
    assert {one["code"]: one["values"] for one in counted["facets"]} == {
        "country": [{"value": "IT", "count": 2}],
        "concept": [{"value": "midwife", "count": 1}, {"value": "notary", "count": 1}],
        "kind": [{"value": "BIG", "count": 1}],
    }
    commission, italy = stage.as_("commission"), stage.as_("it-handler")
    assert (await search(commission, repository, text="Riservato"))["totalCount"] == 0
    shown = await search(commission, repository, text="ostetriche")
    codes = [value["field"]["code"] for value in shown["edges"][0]["node"]["published"]["values"]]
    assert codes == ["name", "subject", "kind"]
    for refused, at in (
        ({"facets": ["grade"]}, "facets[0]"),
        ({"filter": {"fields": [{"code": "grade", "anyOf": ["HIGH"]}]}}, "filter.fields[0].fieldCode"),
    ):
        assert await commission.refused(SEARCH, r=repository, **refused) == Refused("INVALID", "UNKNOWN_FIELD", at)
    own = await search(italy, repository, text="riservato", facets=["grade"])
    assert (ids(own), own["facets"][0]["values"]) == ([one], [{"value": "HIGH", "count": 1}])
    narrowed = await search(italy, repository, filter={"fields": [{"code": "grade", "anyOf": ["HIGH"]}]})
    assert ids(narrowed) == [one]


async def test_everybody_reads_what_is_public_and_an_editor_brings_it_in_as_a_file(stage: Stage) -> None:
    """An Italian editor tries a file of entries out, brings it in and publishes it; anybody reads it without signing in, from a cache
    where nothing has changed, and takes along what they find; what is not public is not there. (row 45)
    """
    repository, italy = await a_repository(stage.as_), stage.as_("it-handler")
    at, public = f"{italy.url}/repositories/{repository}", f"{italy.url}/public/repositories/{repository}/entries"
    rows = "entry.id;name;subject;kind;note\nP-1;Registro pubblico;midwife;BIG;Interno\nP-2;Registro piccolo;;SMALL;\n"
    async with httpx.AsyncClient(timeout=30.0) as http:
        for asked, outcomes in (({"dryRun": "true"}, ["CREATED"] * 2), ({"publish": "true"}, ["CREATED"] * 2)):
            answer = await http.post(
                f"{at}/import",
                params={"format": "csv", "language": "it", **asked},
                content=rows.encode(),
                headers={**italy.headers, "idempotency-key": "the-first-file"},
            )
            lines = [httpx.Response(200, text=line).json() for line in answer.text.splitlines()]
            assert [line["outcome"] for line in lines[:2]] == outcomes

        async def readable() -> bool | None:
            return (await http.get(public)).json().get("total") == 2 or None

        await eventually(readable)
        answer = await http.get(public, params={"text": "szülésznő", "language": "hu"})
        (found,) = answer.json()["entries"]
        assert set(found["values"]) == {"name", "subject", "kind"}
        assert (found["values"]["kind"][0]["label"], found["country"]) == ("BIG (hu)", "IT")
        again = await http.get(
            public,
            params={"text": "szülésznő", "language": "hu"},
            headers={"if-none-match": answer.headers["etag"]},
        )
        assert (again.status_code, again.content) == (304, b"")
        assert (await http.get(public, params={"text": "Interno"})).json()["total"] == 0
        hidden = await http.get(f"{italy.url}/public/repositories/registers/entries")
        assert hidden.status_code == 404
        taken = await http.get(f"{at}/export", params={"format": "csv"}, headers=stage.as_("hu-handler").headers)
        written = list(csv.DictReader(io.StringIO(taken.content.decode("utf-8-sig")), delimiter=";"))
        assert {row["name"]: row["note"] for row in written} == {
            "Registro pubblico": "Interno",
            "Registro piccolo": "",
        }
    nobody = Client(italy.http, italy.url)
    assert (await search(nobody, repository, text="ostetrica"))["totalCount"] == 1
    assert (await nobody.refused(SEARCH, r="registers")).reason == "UNKNOWN_REPOSITORY"
