"""The directory through GraphQL."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import doctors
from tests.gateway.clients import Client, Data, Refused, eventually

As = Callable[[str], Client]
SEARCH = """
query ($text: String, $filter: AuthorityFilter, $first: Int, $after: String) {
  searchAuthorities(text: $text, language: IT, filter: $filter, first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id name country { code name } concepts { id label } languages } }
  }
}
"""


async def test_the_viewer_is_the_person_signed_in(as_: As) -> None:
    found = await as_("hu-handler").ask(
        "{ viewer { id name language authority { id country { code } status level } roles { module role } } }"
    )
    assert found["viewer"].pop("id").startswith("usr_")
    assert found["viewer"] == {
        "name": "Request handler, Hungary",
        "language": "HU",
        "authority": {"id": doctors("HU"), "country": {"code": "HU"}, "status": "ACTIVE", "level": "NATIONAL"},
        "roles": [
            {"module": "professional-qualifications/requests", "role": "REQUEST_HANDLER"},
            {"module": "professional-qualifications/repository", "role": "REPOSITORY_EDITOR"},
        ],
    }


async def test_an_authority_is_found_in_the_searchers_language(as_: As) -> None:
    found = await as_("it-handler").ask(SEARCH, text="medico Ungheria", filter=None, first=3, after=None)
    first = found["searchAuthorities"]["edges"][0]["node"]
    assert first["id"] == doctors("HU")
    assert first["country"] == {"code": "HU", "name": "Ungheria"}
    assert {"id": "doctor", "label": "medico"} in first["concepts"]
    assert "HU" in first["languages"]


async def test_a_search_is_paged_without_gap_or_repetition(as_: As) -> None:
    whole = await everything(as_("it-handler"), first=100)
    assert len(whole) > 14, "three pages of seven"
    assert len({edge["node"]["id"] for edge in whole}) == len(whole)
    assert [edge["node"]["id"] for edge in await everything(as_("it-handler"), first=7)] == [
        edge["node"]["id"] for edge in whole
    ]


async def everything(client: Client, *, first: int) -> list[Data]:
    """All edges, page by page."""
    edges: list[Data] = []
    after: str | None = None
    while True:
        filter_ = {"countries": ["IT"], "areas": ["professional-qualifications"]}
        page = (await client.ask(SEARCH, text=None, filter=filter_, first=first, after=after))["searchAuthorities"]
        info = page["pageInfo"]
        assert info["hasPreviousPage"] == bool(edges)
        assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
        edges += page["edges"]
        if not info["hasNextPage"]:
            assert page["totalCount"] == len(edges)
            return edges
        assert len(page["edges"]) == first
        after = info["endCursor"]


async def test_filters_narrow_together(as_: As) -> None:
    filter_ = {"countries": ["IT", "FR"], "concepts": ["doctor"], "languages": ["FR"], "levels": ["NATIONAL"]}
    found = await as_("it-handler").ask(SEARCH, text=None, filter=filter_, first=50, after=None)
    nodes = [edge["node"] for edge in found["searchAuthorities"]["edges"]]
    assert doctors("FR") in [node["id"] for node in nodes]
    for node in nodes:
        assert node["country"]["code"] in ("IT", "FR")
        assert "FR" in node["languages"]
        assert "doctor" in [concept["id"] for concept in node["concepts"]]


async def test_words_that_match_nothing_find_nothing(as_: As) -> None:
    found = await as_("it-handler").ask(SEARCH, text="zzxqwv", filter=None, first=5, after=None)
    assert (found["searchAuthorities"]["totalCount"], found["searchAuthorities"]["edges"]) == (0, [])


async def test_anything_is_read_by_its_id(as_: As) -> None:
    client = as_("it-handler")
    me = (await client.ask("{ viewer { id } }"))["viewer"]["id"]
    found = await client.ask(
        """query ($me: ID!, $doctors: ID!) {
          node(id: $doctors, language: DE) { __typename id ... on Authority { country { name } } }
          nodes(ids: [$me, "aut_0", $doctors]) { __typename id ... on User { name } }
          authority(id: $doctors) { id region { code } areas { code } access { module legislativeRole workflowRoles } }
          none: authority(id: "aut_0") { id }
          odd: node(id: "") { id }
        }""",
        me=me,
        doctors=doctors("IT"),
    )
    assert found["node"] == {"__typename": "Authority", "id": doctors("IT"), "country": {"name": "Italien"}}
    assert found["nodes"] == [
        {"__typename": "User", "id": me, "name": "Request handler, Italy"},
        None,
        {"__typename": "Authority", "id": doctors("IT")},
    ]
    assert found["authority"]["region"] is None
    assert "professional-qualifications" in [area["code"] for area in found["authority"]["areas"]]
    assert {
        "module": "professional-qualifications/requests",
        "legislativeRole": "COMPETENT_AUTHORITY",
        "workflowRoles": ["REQUEST_PARTNER"],
    } in found["authority"]["access"]
    assert (found["none"], found["odd"]) == (None, None)


async def test_reference_data_is_there_for_everybody_who_is_signed_in(as_: As) -> None:
    found = await as_("fr-alerts").ask(
        """{ areas { code act modules concepts { id label areaCodes } }
             countries { code name languages }
             helpdesks { authority { country { code } } contact { email } } }"""
    )
    assert [area["code"] for area in found["areas"]] == [
        "professional-qualifications",
        "services",
        "posting-of-workers",
        "patients-rights",
        "public-documents",
        "cultural-objects",
        "e-commerce",
        "consumer-protection",
        "firearms",
        "road-transport",
    ]
    assert "médecin" in [concept["label"] for concept in found["areas"][0]["concepts"]]
    countries = {country["code"]: country for country in found["countries"]}
    assert len(countries) == 30
    assert countries["EL"] == {"code": "EL", "name": "Grèce", "languages": ["EL"]}
    assert [one["authority"]["country"]["code"] for one in found["helpdesks"]] == list(countries)
    assert all(one["contact"]["email"] for one in found["helpdesks"])


def an_authority(**changed: Any) -> Data:
    return {
        "country": "DE",
        "level": "NATIONAL",
        "officialName": [{"language": "DE", "text": "Bundesstelle für Prüfungen"}],
        "informalName": [{"language": "DE", "text": "Prüfstelle Quittenbaum"}],
        "languages": ["DE", "EN"],
        "contact": {"email": "pruefstelle@example.de", "town": "Bonn"},
        "concepts": ["doctor"],
        "access": [
            {
                "module": "professional-qualifications/requests",
                "legislativeRole": "COMPETENT_AUTHORITY",
                "workflowRoles": ["REQUEST_PARTNER"],
            }
        ],
        **changed,
    }


async def test_a_coordinator_registers_an_authority_which_is_then_found(as_: As) -> None:
    made = await as_("de-nimic").do(
        "registerAuthority",
        "authority { id name officialName status languages contact { email phone town } revision }",
        authority=an_authority(),
    )
    id_ = made.pop("id")
    assert made == {
        "name": "Prüfstelle Quittenbaum",
        "officialName": "Bundesstelle für Prüfungen",
        "status": "ACTIVE",
        "languages": ["DE", "EN"],
        "contact": {"email": "pruefstelle@example.de", "phone": None, "town": "Bonn"},
        "revision": 1,
    }

    bare = await as_("de-nimic").do(
        "registerAuthority", "authority { name }", authority={**an_authority(), "informalName": []}
    )
    assert bare == {"name": made["officialName"]}

    async def found() -> bool | None:
        page = await as_("it-handler").ask(SEARCH, text="Quittenbaum", filter=None, first=1, after=None)
        return [edge["node"]["id"] for edge in page["searchAuthorities"]["edges"]] == [id_] or None

    assert await eventually(found)


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"country": "XX"}, Refused("INVALID", "UNKNOWN_COUNTRY", "authority.country")),
        ({"country": "FR"}, Refused("FORBIDDEN", "FORBIDDEN", "authority.country")),
        ({"region": "XX"}, Refused("INVALID", "REGION", "authority.region")),
        ({"concepts": ["doctor", "x"]}, Refused("INVALID", "UNKNOWN_CONCEPT", "authority.concepts[1]")),
        ({"officialName": []}, Refused("INVALID", "EMPTY", "authority.officialName")),
        ({"languages": []}, Refused("INVALID", "EMPTY", "authority.languages")),
        ({"contact": {"email": "x"}}, Refused("INVALID", "NOT_AN_EMAIL", "authority.contact.email")),
    ],
)
async def test_an_authority_that_is_not_right_is_refused_by_field(as_: As, changed: Data, refused: Refused) -> None:
    assert await as_("de-nimic").cannot("registerAuthority", authority=an_authority(**changed)) == refused


async def test_only_a_coordinator_registers(as_: As) -> None:
    found = await as_("it-handler").cannot("registerAuthority", authority=an_authority(country="IT"))
    assert found == Refused("FORBIDDEN", "FORBIDDEN")


async def test_its_administrator_changes_parts_of_an_authority(as_: As) -> None:
    selection = "authority { contact { town phone } languages name concepts { id } }"
    first = await as_("it-admin").do("editAuthority", selection, id=doctors("IT"), contact={"town": "Torino"})
    assert first["contact"] == {"town": "Torino", "phone": None}
    second = await as_("it-admin").do(
        "editAuthority", selection, id=doctors("IT"), informalName=[{"language": "IT", "text": "Ordine dei medici"}]
    )
    assert second == {**first, "name": "Ordine dei medici"}


async def test_an_empty_list_is_taken_as_one_or_refused_and_never_for_a_list_that_is_absent(as_: As) -> None:
    nimic = as_("de-nimic")
    draft = an_authority(informalName=[{"language": "DE", "text": "Listenamt"}])
    made = await nimic.do("registerAuthority", "authority { id }", authority=draft)
    assert await nimic.cannot("editAuthority", id=made["id"], languages=[]) == Refused("INVALID", "EMPTY", "languages")
    changed = await nimic.do("editAuthority", "authority { concepts { id } languages }", id=made["id"], concepts=[])
    assert changed == {"concepts": [], "languages": ["DE", "EN"]}
    for roles, found in (([], []), (None, []), (["REQUEST_PARTNER"], ["REQUEST_PARTNER"])):
        given = {"id": made["id"], "module": draft["access"][0]["module"], "workflowRoles": roles}
        changed = await nimic.do("changeAccess", "authority { access { workflowRoles } }", **given)
        assert changed["access"] == [{"workflowRoles": found}]


async def test_nobody_else_does(as_: As) -> None:
    found = await as_("hu-handler").cannot("editAuthority", id=doctors("IT"), contact={"town": "Budapest"})
    assert (found.code, found.field) == ("FORBIDDEN", "")
