"""Information repositories through GraphQL."""

from collections.abc import Callable

import pytest

from tests.builders import doctors
from tests.gateway.clients import SSE, WEBSOCKET, Client, Data, Refused, eventually, key, within
from tests.gateway.exchanges import entry_values

As = Callable[[str], Client]
VALUES = """values { field { code label } value {
  type choices { code } concepts { id } areas { code } authorities { id } languages link money { amount currency }
  text { original language dataClass } } }"""


async def an_entry(client: Client, title: str = "Albo dei medici") -> str:
    made = await client.do("createEntry", "entry { id }", repository="registers", values=entry_values(title))
    return str(made["id"])


async def test_repositories_say_what_their_entries_hold(as_: As) -> None:
    found = await as_("it-handler").ask(
        "{ repositories { code schemaVersion title description visibility fields { code label type choices { label } } } }"
    )
    by_code = {one["code"]: one for one in found["repositories"]}
    # Others may have been published since.
    shipped = ["derogations", "professional-cards", "registers", "requirements"]
    assert [code for code in by_code if code in shipped] == shipped
    registers = by_code["registers"]
    assert registers["title"] == "Repertorio dei registri"
    assert {"code": "url", "type": "LINK"}.items() <= registers["fields"][1].items()


@pytest.mark.parametrize("said", ['anyOf: ["x"], prefix: "x"', 'prefix: "x", to: "y"', 'anyOf: [], from: "x"'])
async def test_a_filter_that_says_two_things_of_a_field_is_refused_and_not_half_applied(as_: As, said: str) -> None:
    filter_ = f'{{fields: [{{code: "url", anyOf: []}}, {{code: "name", {said}}}]}}'
    for asked in (
        f'{{ repositoryEntries(repository: "registers", filter: {filter_}) {{ totalCount }} }}',
        f'{{ suggestEntries(repository: "registers", text: "al", filter: {filter_}) {{ text }} }}',
    ):
        assert await as_("it-handler").refused(asked) == Refused("INVALID", "ONE_OF", "filter.fields[1]")


async def test_an_entry_is_drafted_published_found_changed_and_withdrawn(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    title = f"Albo {key()}"
    id_ = await an_entry(italy, title)
    read = f"""query ($id: ID!) {{ node(id: $id) {{ ... on RepositoryEntry {{
      id status owner {{ id }} country {{ code }} repository {{ code }}
      published {{ number {VALUES} }} draft {{ number reason }} earlier {{ number }} }} }} }}"""
    assert await hungary.ask(read, id=id_) == {"node": None}
    published = await italy.do("publishEntry", "entry { status published { number } draft { number } }", id=id_)
    assert published == {"status": "PUBLISHED", "published": {"number": 1}, "draft": None}
    seen = (await hungary.ask(read, id=id_))["node"]
    assert (seen["owner"]["id"], seen["country"]["code"], seen["repository"]["code"]) == (
        doctors("IT"),
        "IT",
        "registers",
    )
    values = {one["field"]["code"]: one["value"] for one in seen["published"]["values"]}
    assert values["name"]["text"] == {"original": title, "language": "IT", "dataClass": "PUBLIC"}
    assert values["url"]["link"] == "https://albo.example/medici"
    assert values["area"]["areas"] == [{"code": "professional-qualifications"}]
    assert values["holder"]["authorities"] == [{"id": doctors("IT")}]
    assert values["subjects"]["concepts"] == [{"id": "doctor"}]
    assert values["languages"]["languages"] == ["IT"]
    assert values["content"]["choices"] == [{"code": "PERSONS"}, {"code": "SANCTIONS"}]
    assert values["fee"]["money"] == {"amount": "12.50", "currency": "EUR"}
    assert values["public"]["link"] is None

    async def found() -> bool | None:
        page = await hungary.ask(
            """query ($text: String!) { repositoryEntries(repository: "registers", text: $text, filter: {countries: ["IT"]}) {
              totalCount edges { node { id } } } }""",
            text="orvos",
        )
        return id_ in [edge["node"]["id"] for edge in page["repositoryEntries"]["edges"]] or None

    assert await eventually(found)
    edited = await italy.do(
        "editEntry",
        "entry { published { number } draft { number reason } }",
        id=id_,
        values=entry_values(title, url=None),
        reason="Sito chiuso",
    )
    assert edited == {"published": {"number": 1}, "draft": {"number": 2, "reason": "Sito chiuso"}}
    assert (await hungary.ask(read, id=id_))["node"]["draft"] is None
    again = await italy.do("publishEntry", "entry { published { number } earlier { number } }", id=id_)
    assert again == {"published": {"number": 2}, "earlier": [{"number": 1}]}
    withdrawn = await italy.do("withdrawEntry", "entry { status published { number } }", id=id_, reason="Soppresso")
    assert withdrawn == {"status": "WITHDRAWN", "published": None}
    assert await hungary.ask(read, id=id_) == {"node": None}


REFUSALS: list[tuple[str, str, Data, Refused]] = [
    ("createEntry", "it-handler", {"repository": "none"}, Refused("INVALID", "UNKNOWN_REPOSITORY", "repository")),
    (
        "createEntry",
        "it-handler",
        {
            "repository": "registers",
            "values": [{"code": "fee", "value": {"money": {"amount": "1", "currency": "euro"}}}],
        },
        Refused("INVALID", "UNKNOWN_CURRENCY", "values[0].value.money.currency"),
    ),
    (
        "createEntry",
        "it-handler",
        {"repository": "registers", "values": [{"code": "colour", "value": {"link": "https://a.example"}}]},
        Refused("INVALID", "UNKNOWN_FIELD", "values[0].code"),
    ),
    ("publishEntry", "it-handler", {"id": "ent_0"}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("withdrawEntry", "it-handler", {"id": "ent_0", "reason": "x"}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("editEntry", "it-handler", {"id": "ent_0", "values": []}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
]


@pytest.mark.parametrize(("mutation", "user", "fields", "refused"), REFUSALS)
async def test_a_command_is_refused_by_field(as_: As, mutation: str, user: str, fields: Data, refused: Refused) -> None:
    assert await as_(user).cannot(mutation, **fields) == refused


async def test_an_incomplete_entry_is_not_published(as_: As) -> None:
    italy = as_("it-handler")
    made = await italy.do("createEntry", "entry { id }", repository="registers", values=entry_values(holder=None))
    assert await italy.cannot("publishEntry", id=made["id"]) == Refused("INVALID", "MISSING_FIELD", "values")


async def test_only_an_editor_writes(as_: As) -> None:
    found = await as_("it-alerts").cannot("createEntry", repository="registers", values=entry_values())
    assert found.code == "FORBIDDEN"


async def test_nobody_changes_the_entry_of_another_authority(as_: As) -> None:
    id_ = await an_entry(as_("it-handler"))
    assert (await as_("hu-handler").cannot("publishEntry", id=id_)).code == "NOT_FOUND"
    await as_("it-handler").do("publishEntry", "entry { id }", id=id_)
    assert (await as_("hu-handler").cannot("withdrawEntry", id=id_, reason="x")).code == "FORBIDDEN"


async def test_own_entries_are_listed_page_by_page_drafts_included(as_: As) -> None:
    made = {await an_entry(as_("it-handler")) for _ in range(3)}
    found: list[str] = []
    after: str | None = None
    while True:
        page = (
            await as_("it-handler").ask(
                """query ($after: String) { ownEntries(repository: "registers", first: 2, after: $after) {
                  pageInfo { hasNextPage endCursor } edges { node { id } } } }""",
                after=after,
            )
        )["ownEntries"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(found) == len(set(found))
    assert made <= set(found)
    others = await as_("hu-handler").ask(
        '{ ownEntries(repository: "registers", first: 100) { edges { node { id } } } }'
    )
    assert not made & {edge["node"]["id"] for edge in others["ownEntries"]["edges"]}


async def test_a_repository_says_who_reads_it_and_each_of_its_fields(as_: As) -> None:
    document = """query ($code: ID!, $version: Int) { repository(code: $code, version: $version) {
      code schemaVersion legalBasis visibility approval editorRoles area { code } audience { authorityFields }
      retention { archivedAfterMonths erasedAfterMonths }
      fieldRules { fieldCode translatable audience { visibility } } } }"""
    found = (await as_("hu-handler").ask(document, code="derogations", version=1))["repository"]
    assert (found["schemaVersion"], found["visibility"], found["approval"]) == (1, "ALL_IMI", True)
    assert found["legalBasis"] == "2006/123/EK irányelv, 18. és 35. cikk"
    assert (found["area"], found["editorRoles"]) == ({"code": "services"}, ["REPOSITORY_EDITOR"])
    assert found["retention"] == {"archivedAfterMonths": 6, "erasedAfterMonths": 36}
    rules = {one["fieldCode"]: one for one in found["fieldRules"]}
    assert rules["provider"]["audience"] == {"visibility": "MODULE"}
    assert (rules["measure"]["audience"], rules["measure"]["translatable"]) == (None, True)
    cards = (await as_("hu-handler").ask(document, code="professional-cards"))["repository"]
    assert (cards["visibility"], cards["audience"]) == ("EXPLICIT", {"authorityFields": ["host"]})
    for code, version in (("derogations", 9), ("nothing", None)):
        assert await as_("hu-handler").ask(document, code=code, version=version) == {"repository": None}


async def test_who_comes_back_to_a_repository_with_a_cursor_misses_nothing(as_: As) -> None:
    document = """subscription ($after: String) { repositoryChanges(repository: "registers", after: $after) {
      cursor change { kind version entryId entry { published { number } } } } }"""
    italy, hungary = as_("it-handler"), as_("hu-handler")
    async with hungary.listening(WEBSOCKET, document) as items:
        start = (await within(items))["data"]["repositoryChanges"]
        assert start["change"] is None
    ids = [await an_entry(italy, f"Albo {number}") for number in range(2)]
    for id_ in ids:
        await italy.do("publishEntry", "entry { id }", id=id_)
    for transport in (WEBSOCKET, SSE):
        told: list[str] = []
        async with hungary.listening(transport, document, after=start["cursor"]) as items:
            while len(told) < len(ids):
                change = (await within(items))["data"]["repositoryChanges"]["change"]
                # Of entries of other tests, which may be gone by now, there is no more than the id.
                if change and change["entryId"] in ids:
                    assert (change["kind"], change["version"]) == ("ADDED", 1)
                    assert change["entry"]["published"]["number"] == 1
                    told.append(change["entryId"])
        assert told == ids
    async with hungary.listening(WEBSOCKET, document, after="nonsense") as items:
        (error,) = (await within(items))["errors"]
    assert Refused.of(error) == Refused("INVALID", "CURSOR", "after")
