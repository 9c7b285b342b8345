"""People: a colleague is added, signs in and works; leaves, and is refused; one administrator stays; in which languages to write."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.caller import DEVELOPMENT_ISSUER
from chassis.keys import KeyRing
from deploy.embedded import system
from deploy.servers import Servers
from gateway.tokens import DevelopmentTokens
from tests.builders import REQUESTS, doctors
from tests.gateway.clients import TIMEOUT_S, Client, Data, Refused, eventually, key
from tests.gateway.exchanges import a_draft
from tests.journeys.staging import prepared_engines

As = Callable[[str], Client]
OFFICE = doctors("IT")
HANDLER = {"module": REQUESTS, "role": "REQUEST_HANDLER"}
USER = "user { id name language languages active revision roles { module role } }"
VIEWER = "{ viewer { id name languages roles { module role } authority { id } } }"
UNKNOWN = Refused("UNAUTHENTICATED", "UNKNOWN_USER")
PEOPLE = """query ($id: ID!, $former: Boolean!) {
  authority(id: $id) { users(former: $former, first: 50) { edges { node { id name active roles { role } } } } }
}"""


@pytest.fixture(autouse=True)
async def engines(servers: Servers | None, tmp_path: Path) -> AsyncIterator[None]:
    """Engines for each journey: they count what they find."""
    async with prepared_engines(servers, tmp_path / "prepared"):
        yield


@pytest.fixture
async def at(data: Path) -> AsyncIterator[As]:
    """Signs anybody in to a system of the test's own."""
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        yield lambda user: Client(http, url, tokens.issue(user))


def a_colleague(subject: str, **changed: Any) -> Data:
    return {
        "authorityId": OFFICE,
        "name": "Maria Rossi",
        "language": "IT",
        "languages": ["IT", "FR"],
        "signin": {"issuer": DEVELOPMENT_ISSUER, "subject": subject},
        "roles": [HANDLER],
        **changed,
    }


def a_subject() -> str:
    return f"colleague-{uuid.uuid4().hex[:8]}"


async def until_refused(client: Client, refused: Refused, mutation: str, **fields: Any) -> bool:
    """Wait until a command is refused like that: what changes takes a moment to reach the gateway."""

    async def look() -> bool | None:
        document = f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        answer = await client.answer(document, input={"idempotencyKey": key(), **fields})
        return (bool(answer.get("errors")) and Refused.of(answer["errors"][0]) == refused) or None

    return await eventually(look)


async def people_of(client: Client, *, former: bool = False) -> list[Data]:
    found = await client.ask(PEOPLE, id=OFFICE, former=former)
    return [edge["node"] for edge in found["authority"]["users"]["edges"]]


async def test_a_colleague_who_is_added_signs_in_and_works(at: As) -> None:
    subject = a_subject()
    colleague, admin = at(subject), at("it-admin")
    assert await colleague.refused(VIEWER) == UNKNOWN
    made = await admin.do("addUser", USER, **a_colleague(subject))
    id_ = made.pop("id")
    assert made == {
        "name": "Maria Rossi",
        "language": "IT",
        "languages": ["IT", "FR"],
        "active": True,
        "revision": 1,
        "roles": [HANDLER],
    }
    assert (await colleague.ask(VIEWER))["viewer"] == {
        "id": id_,
        "name": "Maria Rossi",
        "languages": ["IT", "FR"],
        "roles": [HANDLER],
        "authority": {"id": OFFICE},
    }
    assert (await colleague.do("createRequest", "request { id }", draft=a_draft()))["id"]
    assert id_ in [one["id"] for one in await people_of(admin)]
    # What the colleague may do is changed, and they may do that much at once.
    await admin.do("editUser", USER, id=id_, roles=[{"module": REQUESTS, "role": "VIEWER"}])
    assert await until_refused(colleague, Refused("FORBIDDEN", "FORBIDDEN"), "createRequest", draft=a_draft())


async def test_people_are_added_by_those_whose_business_it_is_with_roles_that_fit(at: As) -> None:
    admin, subject = at("it-admin"), a_subject()
    for stranger in ("it-handler", "it-supervisor", "hu-handler", "it-coordinator", "de-nimic", "commission"):
        found = await at(stranger).cannot("addUser", **a_colleague(subject))
        assert found == Refused("FORBIDDEN", "FORBIDDEN"), stranger
    for changed, refused in (
        (
            {"roles": [HANDLER, {"module": "services/alerts", "role": "ALERT_HANDLER"}]},
            Refused("INVALID", "ROLE_DOES_NOT_FIT", "roles[1]"),
        ),
        (
            {"roles": [{"module": "", "role": "LOCAL_DATA_ADMINISTRATOR"}]},
            Refused("INVALID", "ADMINISTRATOR", "roles[0].role"),
        ),
        ({"name": " "}, Refused("INVALID", "NAME", "name")),
        ({"signin": {"issuer": DEVELOPMENT_ISSUER, "subject": ""}}, Refused("INVALID", "SIGNIN", "signin.subject")),
        (
            {"signin": {"issuer": DEVELOPMENT_ISSUER, "subject": "hu-handler"}},
            Refused("CONFLICT", "SIGNIN_TAKEN", "signin"),
        ),
        ({"authorityId": "aut_none"}, Refused("NOT_FOUND", "NOT_FOUND", "authorityId")),
    ):
        assert await admin.cannot("addUser", **a_colleague(subject, **changed)) == refused
    assert await at(subject).refused(VIEWER) == UNKNOWN
    assert len(await people_of(admin)) == 4


async def test_whoever_has_left_is_refused_at_once_and_may_work_elsewhere(at: As) -> None:
    admin, subject = at("it-admin"), a_subject()
    colleague = at(subject)
    made = await admin.do("addUser", USER, **a_colleague(subject))
    request = (await colleague.do("createRequest", "request { id }", draft=a_draft()))["id"]
    gone = await admin.do("deactivateUser", USER, id=made["id"], reason="Ha cambiato lavoro")
    assert (gone["active"], gone["name"]) == (False, "Maria Rossi")

    async def refused() -> bool | None:
        answer = await colleague.answer(VIEWER)
        return (bool(answer.get("errors")) and Refused.of(answer["errors"][0]) == UNKNOWN) or None

    assert await eventually(refused)
    answer = await colleague.answer("query ($id: ID!) { request(id: $id) { id } }", id=request)
    assert Refused.of(answer["errors"][0]) == UNKNOWN
    assert [one["id"] for one in await people_of(admin, former=True)] == [made["id"]]
    assert made["id"] not in [one["id"] for one in await people_of(admin)]
    assert await admin.cannot("editUser", id=made["id"], administrator=True) == Refused("CONFLICT", "USER_NOT_ACTIVE")
    again = await at("de-nimic").do(
        "addUser", USER, **a_colleague(subject, authorityId=doctors("DE"), language="DE", name="Maria Rossi")
    )
    assert again["id"] != made["id"]
    assert (await colleague.ask(VIEWER))["viewer"]["authority"] == {"id": doctors("DE")}


async def test_the_last_administrator_cannot_be_removed(at: As) -> None:
    """However it is tried, one active local data administrator stays (row 11)."""
    subject = a_subject()
    admin, second = at("it-admin"), at(subject)
    me = (await admin.ask(VIEWER))["viewer"]["id"]
    last = Refused("CONFLICT", "LAST_ADMINISTRATOR")
    for mutation, fields in (
        ("editUser", {"administrator": False}),
        ("editUser", {"name": "Altra", "roles": [], "administrator": False}),
        ("deactivateUser", {"reason": "In pensione"}),
    ):
        assert await admin.cannot(mutation, id=me, **fields) == last
    other = await admin.do("addUser", USER, **a_colleague(subject, administrator=True))
    assert other["roles"][-1] == {"module": "", "role": "LOCAL_DATA_ADMINISTRATOR"}
    # Two who remove each other at the same moment leave one.
    first, then = await asyncio.gather(
        admin.answer(DEACTIVATE, input={"idempotencyKey": key(), "id": other["id"]}),
        second.answer(DEACTIVATE, input={"idempotencyKey": key(), "id": me}),
    )
    assert ("errors" in first) != ("errors" in then)
    left, name = (second, "Maria Rossi") if "errors" in first else (admin, "Local data administrator, Italy")
    assert (await left.ask("{ viewer { name } }"))["viewer"]["name"] == name
    mine = (await left.ask(VIEWER))["viewer"]["id"]
    assert await left.cannot("deactivateUser", id=mine) == last
    administrators = [one for one in await people_of(left) if {"role": "LOCAL_DATA_ADMINISTRATOR"} in one["roles"]]
    assert [one["id"] for one in administrators] == [mine]


DEACTIVATE = "mutation ($input: DeactivateUserInput!) { deactivateUser(input: $input) { user { id } } }"
TARGET = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Authority { id languages suggestedLanguages } } }"


async def test_one_sees_the_languages_of_whom_one_writes_to_and_the_best_of_them(at: As) -> None:
    """A target shows the languages it understands, and which of them suit whoever writes (row 9)."""
    handler = at("it-handler")

    async def targets() -> list[Data]:
        found: list[Data] = (await handler.ask(TARGET, ids=[doctors("HU"), doctors("FR")]))["nodes"]
        return found

    hungary, france = await targets()
    assert hungary["languages"][0] == "HU"
    assert france["languages"][0] == "FR"
    assert "EN" in hungary["suggestedLanguages"], "which both authorities understand"
    assert "HU" not in hungary["suggestedLanguages"]
    said = await handler.do("setLanguages", "user { language languages }", language="IT", languages=["FR", "HU"])
    assert said == {"language": "IT", "languages": ["FR", "HU"]}
    hungary, france = await targets()
    for target in (hungary, france):
        shared = [code for code in target["languages"] if code in ("FR", "HU")]
        assert target["suggestedLanguages"] == shared
    assert hungary["suggestedLanguages"][0] == "HU"
    assert france["suggestedLanguages"][0] == "FR"


HISTORY = """query ($id: ID!, $first: Int, $after: String) { authority(id: $id) { history(first: $first, after: $after) {
  pageInfo { hasNextPage endCursor }
  edges { node { at command userName subjectName fields reason authority { id } } }
} } }"""


async def test_the_record_says_what_was_done_for_those_it_concerns(at: As) -> None:
    nimic, office = at("de-nimic"), doctors("DE")
    made = await nimic.do("addUser", USER, **a_colleague(a_subject(), authorityId=office, name="Erika Muster"))
    await nimic.do("editUser", USER, id=made["id"], name="Erika Mustermann", administrator=True)
    found: list[Data] = []
    after = None
    while after is None or found[-1]["pageInfo"]["hasNextPage"]:
        found.append((await nimic.ask(HISTORY, id=office, first=1, after=after))["authority"]["history"])
        after = found[-1]["pageInfo"]["endCursor"]
    nodes = [page["edges"][0]["node"] for page in found]
    assert [(node["command"], node["subjectName"], node["fields"]) for node in nodes] == [
        ("EDIT_USER", "Erika Mustermann", ["administrators"]),
        ("EDIT_USER", "Erika Mustermann", ["name"]),
        ("ADD_USER", "Erika Mustermann", ["name", "language", "signin", "roles", "languages", "active"]),
    ]
    assert {node["userName"] for node in nodes} == {"National coordinator, Germany"}
    for stranger in ("it-handler", "hu-alerts", "it-admin"):
        answer = await at(stranger).answer(HISTORY, id=office)
        assert answer["data"] == {"authority": {"history": None}}
        assert Refused.of(answer["errors"][0]) == Refused("FORBIDDEN", "FORBIDDEN", "authorityId")


COUNTS = """query ($country: String, $area: String) { directoryStatistics(country: $country, area: $area) {
  authorities users accessRequests invitationsPending statuses { status count } levels { level count }
  areas { area { code } count } countries { country { code } count } roles { role count }
} }"""


async def test_statistics_count_what_concerns_the_person_who_asks(at: As) -> None:
    async def counted(user: str, **fields: str) -> Data:
        found: Data = (await at(user).ask(COUNTS, **fields))["directoryStatistics"]
        return found

    everything, germany = await counted("commission"), await counted("de-nimic")
    assert len(everything["countries"]) == 31
    assert sum(one["count"] for one in everything["statuses"]) == everything["authorities"] > germany["authorities"]
    assert [one["country"]["code"] for one in germany["countries"]] == ["DE"]
    assert (await counted("commission", country="DE"))["authorities"] == germany["authorities"]
    services = await counted("it-coordinator")
    assert [one["area"]["code"] for one in services["areas"]] == ["services"]
    own = await counted("it-admin")
    assert (own["authorities"], own["users"]) == (1, 4)
    await at("it-admin").do("addUser", USER, **a_colleague(a_subject()))

    async def one_more() -> bool | None:
        return (await counted("it-admin"))["users"] == 5 or None

    assert await eventually(one_more)
    assert await at("it-handler").refused(COUNTS) == Refused("FORBIDDEN", "FORBIDDEN")
    assert await at("de-nimic").refused(COUNTS, country="FR") == Refused("FORBIDDEN", "FORBIDDEN", "country")
    assert await at("commission").refused(COUNTS, area="x") == Refused("INVALID", "UNKNOWN_AREA", "area")
