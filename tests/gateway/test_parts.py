"""A system of some parts: its schema shows what runs and nothing else, and what runs is whole."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import httpx
import pytest
from graphql import GraphQLNamedType, GraphQLSchema, is_enum_type, is_input_object_type, is_object_type

from deploy.embedded import system
from gateway.schema import joined, schema
from gateway.schema.parts import part_of
from tests.cells import cell
from tests.gateway.clients import Client
from tests.gateway.running import Running
from vocabulary import parts
from vocabulary.refusals import Invalid

# Each part alone, and each pair, always with the directory.
SUBSETS = sorted(
    {tuple(sorted({"directory", *some})) for size in (1, 2) for some in combinations(parts.SERVICES, size)}
)
# What shows that a part is there: a field of Query or Mutation, or a type.
SIGNS = {
    "directory": ("searchAuthorities", "registerAuthority", "Authority"),
    "requests": ("requests", "sendRequest", "Request"),
    "alerts": ("alerts", "broadcastAlert", "Alert"),
    "translation": ("translate", "Translation"),
    "repositories": ("repositoryEntries", "publishEntry", "RepositoryEntry"),
}
STREAMS = {"requests": "requestChanges", "alerts": "alertStream"}


def built(*running: str) -> GraphQLSchema:
    return joined(frozenset(running))._schema


def names(of: GraphQLSchema) -> set[str]:
    """The types and root fields of a schema."""
    roots = (of.query_type, of.mutation_type, of.subscription_type)
    return {*of.type_map, *(field for root in roots if root for field in root.fields)}


def fields(of: GraphQLSchema) -> set[tuple[str, str]]:
    return {(kind.name, field) for kind in of.type_map.values() for field in getattr(kind, "fields", ())}


def declared_in(kind: GraphQLNamedType) -> str:
    """The part whose module declares *kind*; empty for what is shared."""
    definition = (kind.extensions or {}).get("strawberry-definition")
    return part_of(getattr(definition, "origin", None) or getattr(definition, "wrapped_cls", None))


@pytest.mark.parametrize("running", SUBSETS, ids="+".join)
def test_the_schema_shows_what_runs_and_nothing_else(running: tuple[str, ...]) -> None:
    found, whole = built(*running), built(*parts.ALL)
    for part, signs in SIGNS.items():
        with cell(part):
            assert set(signs) & names(found) == (set(signs) if part in running else set())
    for part, stream in STREAMS.items():
        with cell(stream):
            assert (stream in names(found)) == (part in running)
    for kind in found.type_map.values():
        if is_object_type(kind) or is_enum_type(kind) or is_input_object_type(kind):
            with cell(kind.name):
                assert declared_in(kind) in {"", *running}
    assert fields(found) <= fields(whole)


def test_every_field_is_shown_by_the_parts_it_needs() -> None:
    """No field is lost but to a part that does not run: two parts show together what each shows, and all show everything."""
    assert set().union(*(fields(built(*running)) for running in SUBSETS)) == fields(schema._schema)


def test_a_free_text_is_read_as_it_was_written_where_nobody_translates() -> None:
    assert ("FreeText", "original") in fields(built("directory", "alerts"))
    assert ("FreeText", "text") not in fields(built("directory", "alerts"))
    assert ("FreeText", "text") in fields(built("directory", "alerts", "translation"))


def test_parts_are_chosen_by_name_and_the_directory_comes_with_them() -> None:
    assert parts.chosen([""]) == parts.ALL
    assert parts.chosen(["alerts"]) == parts.chosen(["directory", " alerts "]) == {"directory", "alerts"}
    with pytest.raises(Invalid, match="there is no part 'alarms'"):
        parts.chosen(["alerts", "alarms"])


async def test_alerts_run_with_the_directory_alone(
    data: Path, http: httpx.AsyncClient, at: Callable[[Running, str], Client]
) -> None:
    async with system(data, port=0, running=parts.chosen(["alerts"])) as url:
        here = at(Running(url, data), "it-alerts")
        found = await here.ask(
            "{ alerts(first: 1) { totalCount } searchAuthorities(first: 1) { edges { node { id } } } }"
        )
        assert found["searchAuthorities"]["edges"]
        ready = await http.get(f"{url}/health/ready")
        assert (ready.status_code, ready.json()) == (200, {"services": {"directory": True, "alerts": True}})
        refused = await http.post(f"{url}/graphql", json={"query": "{ requests { totalCount } }"}, headers=here.headers)
        assert "Cannot query field 'requests'" in refused.text
        assert (await here.ask('{ node(id: "req_1") { id } nodes(ids: ["ent_1"]) { id } }')) == {
            "node": None,
            "nodes": [None],
        }
        for path in ("/files", "/requests/import"):
            with cell(path):
                assert (await http.post(f"{url}{path}", headers=here.headers)).status_code == 404


async def test_the_directory_runs_alone(
    data: Path, http: httpx.AsyncClient, at: Callable[[Running, str], Client]
) -> None:
    async with system(data, port=0, running=parts.chosen(["directory"])) as url:
        found = await at(Running(url, data), "de-nimic").ask("{ viewer { name } helpdesks { contact { email } } }")
        assert found["viewer"]["name"]
        assert len(found["helpdesks"]) == 30
        assert (await http.get(f"{url}/health/ready")).json() == {"services": {"directory": True}}
