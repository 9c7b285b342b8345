"""Alerts through GraphQL."""

from collections.abc import Callable

import pytest

from services.directory.training.authorities import national_id
from tests.gateway.clients import Client, Data, Refused, eventually
from tests.gateway.exchanges import a_submitted_alert, alert_values, an_alert, text

As = Callable[[str], Client]
STATUS = "alert { status }"
FRENCH_ELECTRICIANS = national_id("FR", "services", "electrician")


async def test_an_alert_is_written_in_one_language_and_read_in_another(as_: As) -> None:
    kinds = await as_("it-alerts").ask(
        "{ alertTypes { id code version act title area { code } fields { code label type mandatory personal many } } }"
    )
    kind = next(one for one in kinds["alertTypes"] if one["id"] == "services:1")
    assert (kind["title"], kind["area"]["code"]) == ("Allerta relativa ai servizi", "services")
    values = alert_values(
        since={"date": "2026-11-02"}, establishment={"references": ["RO"]}, danger={"codes": ["SAFETY", "HEALTH"]}
    )
    made = await as_("it-alerts").do("createAlert", "alert { id }", typeId=kind["id"], values=values)
    await as_("it-alerts").do("submitAlert", STATUS, id=made["id"])
    await as_("it-coordinator").do("broadcastAlert", STATUS, id=made["id"], countries=["HU"])
    found = await as_("hu-alerts").ask(
        """query ($id: ID!) { alert(id: $id) { number status view type { title } country { name } author { id }
          coordinator { country { code } } countries { country { code } acknowledgedAt } broadcastAt
          history { action from to authority { country { code } } }
          values { field { code label } value {
            type date choices { code label } concepts { id label } countries { name } text { original language } } } } }""",
        id=made["id"],
    )
    alert = found["alert"]
    assert alert["number"].startswith("AL-")
    assert (alert["status"], alert["view"], alert["country"]["name"]) == ("BROADCAST", "FULL", "Olaszország")
    assert alert["type"]["title"] != kind["title"]
    assert alert["author"]["id"] == national_id("IT", "services", "electrician")
    assert (alert["coordinator"]["country"]["code"], bool(alert["broadcastAt"])) == ("IT", True)
    assert alert["countries"] == [{"country": {"code": "HU"}, "acknowledgedAt": None}]
    shown = {one["field"]["code"]: one["value"] for one in alert["values"]}
    assert list(shown) == ["subject", "activity", "establishment", "danger", "risk", "facts", "since"]
    assert shown["subject"]["text"] == {"original": "Ponteggio senza parapetti", "language": "IT"}
    assert [choice["code"] for choice in shown["danger"]["choices"]] == ["HEALTH", "SAFETY"]
    assert shown["activity"]["concepts"][0]["id"] == "construction"
    assert shown["establishment"]["countries"] == [{"name": "Románia"}]
    assert (shown["since"]["date"], shown["since"]["text"], shown["since"]["choices"]) == ("2026-11-02", None, None)
    own = await as_("it-alerts").ask(
        "query ($id: ID!) { alert(id: $id) { history { action from to } } }", id=made["id"]
    )
    whole = [(one["action"], one["from"], one["to"]) for one in own["alert"]["history"]]
    assert whole == [
        ("CREATE", None, "DRAFT"),
        ("SUBMIT", "DRAFT", "SUBMITTED"),
        ("BROADCAST", "SUBMITTED", "BROADCAST"),
    ]
    assert [(one["action"], one["from"], one["to"]) for one in alert["history"]] == whole[2:]


async def test_every_command_from_draft_to_shared_information(as_: As) -> None:
    author, coordinator, france = as_("it-alerts"), as_("it-coordinator"), as_("fr-coordinator")
    made = await author.do("createAlert", "alert { id status }", typeId="services:1")
    assert made["status"] == "DRAFT"
    id_ = made["id"]
    assert await author.do("editAlert", STATUS, id=id_, values=alert_values()) == {"status": "DRAFT"}
    assert await author.do("submitAlert", STATUS, id=id_) == {"status": "SUBMITTED"}
    reason = text("Precisare il luogo")
    assert await coordinator.do("returnAlert", STATUS, id=id_, reason=reason) == {"status": "DRAFT"}
    why = await author.ask("query ($id: ID!) { alert(id: $id) { returnReason { original } } }", id=id_)
    assert why == {"alert": {"returnReason": {"original": "Precisare il luogo"}}}
    await author.do("submitAlert", STATUS, id=id_)
    assert await coordinator.do("broadcastAlert", STATUS, id=id_, countries=["FR"]) == {"status": "BROADCAST"}
    countries = "alert { countries { country { code } acknowledgedAt acknowledgedBy { id } disseminatedTo { id } } }"
    (acknowledged,) = (await france.do("acknowledgeAlert", countries, id=id_))["countries"]
    assert acknowledged["acknowledgedAt"]
    assert acknowledged["acknowledgedBy"]["id"]
    passed = await france.do("disseminateAlert", countries, id=id_, authorityIds=[FRENCH_ELECTRICIANS])
    assert passed["countries"][0]["disseminatedTo"] == [{"id": FRENCH_ELECTRICIANS}]
    information = "alert { information { id status text { original } authority { id } } }"
    added = await as_("fr-alerts").do("addAlertInformation", information, id=id_, text=text("Vu à Lyon", "FR"))
    (one,) = added["information"]
    assert (one["status"], one["text"]["original"], one["authority"]["id"]) == (
        "PROPOSED",
        "Vu à Lyon",
        FRENCH_ELECTRICIANS,
    )
    read = "query ($id: ID!) { alert(id: $id) { information { status text { original } } } }"
    assert (await author.ask(read, id=id_))["alert"]["information"] == []
    await france.do("approveAlertInformation", information, id=id_, informationId=one["id"])
    assert (await author.ask(read, id=id_))["alert"]["information"] == [
        {"status": "SHARED", "text": {"original": "Vu à Lyon"}}
    ]


async def test_what_can_be_done_is_said_beforehand_and_lists_narrow_by_what_alerts_say(as_: As) -> None:
    author, coordinator = as_("it-alerts"), as_("it-coordinator")
    id_ = await an_alert(author, coordinator, "HU")
    read = "query ($id: ID!) { alert(id: $id) { severity version actions { action possible code reason message } } }"
    alert = (await as_("hu-alerts").ask(read, id=id_))["alert"]
    said = {one["action"]: one for one in alert["actions"]}
    assert (alert["severity"], alert["version"]) == ("HIGH", 1)
    assert said["ACKNOWLEDGE"] == {
        **said["ACKNOWLEDGE"],
        "possible": True,
        "code": None,
        "reason": None,
        "message": None,
    }
    assert (said["CORRECT"]["possible"], said["CORRECT"]["code"]) == (False, "FORBIDDEN")
    refused = await as_("hu-alerts").cannot("disseminateAlert", id=id_, authorityIds=[FRENCH_ELECTRICIANS])
    assert (refused.code, refused.reason) == (said["DISSEMINATE"]["code"], said["DISSEMINATE"]["reason"])
    listed = """query ($filter: AlertFilter) { alerts(filter: $filter, first: 1) { edges { node { id } } } }"""
    for narrowed, found in (
        ({"areas": ["services"], "severities": ["HIGH"], "countries": ["IT"]}, [{"node": {"id": id_}}]),
        ({"severities": ["VERY_HIGH"]}, []),
        ({"countries": ["FR"]}, []),
        ({"areas": ["firearms"]}, []),
    ):
        assert (await as_("hu-alerts").ask(listed, filter=narrowed))["alerts"]["edges"] == found
    wrong = await as_("hu-alerts").refused(listed, filter={"countries": ["IT", "XX"]})
    assert wrong == Refused("INVALID", "UNKNOWN_COUNTRY", "filter.countries[1]")


REFUSALS: list[tuple[str, str, Data, Refused]] = [
    ("createAlert", "it-alerts", {"typeId": "none:1"}, Refused("INVALID", "UNKNOWN_ALERT_TYPE", "typeId")),
    (
        "createAlert",
        "it-alerts",
        {"typeId": "services:1", "values": alert_values(risk={"codes": ["NONE"]})},
        Refused("INVALID", "UNKNOWN_CHOICE", "values[3].value.codes[0]"),
    ),
    ("createAlert", "hu-handler", {"typeId": "services:1"}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("submitAlert", "it-alerts", {"id": "alr_0"}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("correctAlert", "it-coordinator", {"id": "alr_0", "values": []}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("withdrawAlert", "it-coordinator", {"id": "alr_0", "reason": text("x")}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("proposeAlertClosure", "it-coordinator", {"id": "alr_0"}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("acknowledgeAlert", "hu-alerts", {"id": "alr_0"}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
]


@pytest.mark.parametrize(("mutation", "user", "fields", "refused"), REFUSALS)
async def test_a_command_is_refused_by_field(as_: As, mutation: str, user: str, fields: Data, refused: Refused) -> None:
    assert await as_(user).cannot(mutation, **fields) == refused


@pytest.mark.parametrize(
    ("mutation", "user", "fields", "code"),
    [
        ("editAlert", "it-alerts", {"values": []}, "CONFLICT"),
        ("submitAlert", "it-alerts", {}, "CONFLICT"),
        ("returnAlert", "it-alerts", {"reason": text("no")}, "FORBIDDEN"),
        ("broadcastAlert", "it-alerts", {"countries": ["HU"]}, "FORBIDDEN"),
        ("broadcastAlert", "it-coordinator", {"countries": ["HU", "XX"]}, "INVALID"),
        ("broadcastAlert", "it-coordinator", {"countries": []}, "INVALID"),
        ("broadcastAlert", "hu-alerts", {"countries": ["FR"]}, "NOT_FOUND"),
        ("acknowledgeAlert", "hu-alerts", {}, "NOT_FOUND"),
        ("disseminateAlert", "fr-coordinator", {"authorityIds": [FRENCH_ELECTRICIANS]}, "NOT_FOUND"),
        ("addAlertInformation", "fr-alerts", {"text": text("x")}, "NOT_FOUND"),
    ],
)
async def test_a_submitted_alert_waits_for_its_own_coordinator_alone(
    as_: As, mutation: str, user: str, fields: Data, code: str
) -> None:
    id_ = await a_submitted_alert(as_("it-alerts"))
    assert (await as_(user).cannot(mutation, id=id_, **fields)).code == code
    seen = await as_("it-alerts").ask("query ($id: ID!) { alert(id: $id) { status } }", id=id_)
    assert seen == {"alert": {"status": "SUBMITTED"}}


async def test_an_alert_is_unknown_to_those_it_is_not_for(as_: As) -> None:
    id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"), "HU")
    read = "query ($id: ID!) { alert(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
    assert (await as_("hu-alerts").ask(read, id=id_))["alert"] == {"id": id_}
    for user in ("fr-coordinator", "fr-alerts", "hu-handler"):
        assert await as_(user).ask(read, id=id_) == {"alert": None, "node": None, "nodes": [None]}


async def test_alerts_are_listed_page_by_page_the_last_changed_first(as_: As) -> None:
    author, coordinator = as_("it-alerts"), as_("it-coordinator")
    made = [await an_alert(author, coordinator, "HU") for _ in range(5)]
    found: list[str] = []
    after: str | None = None
    while len(found) < len(made):
        page = (
            await as_("hu-alerts").ask(
                """query ($after: String) { alerts(filter: {statuses: [BROADCAST], types: ["services"]}, first: 2, after: $after) {
                  pageInfo { hasNextPage endCursor } edges { node { id status } } } }""",
                after=after,
            )
        )["alerts"]
        assert {edge["node"]["status"] for edge in page["edges"]} == {"BROADCAST"}
        found += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert found[: len(made)] == made[::-1]
    drafts = await as_("hu-alerts").ask("{ alerts(filter: {statuses: [DRAFT]}) { edges { node { id } } } }")
    assert drafts["alerts"]["edges"] == []


async def test_an_inbox_is_read_in_order_and_only_by_its_authority(as_: As) -> None:
    made = [await an_alert(as_("it-alerts"), as_("it-coordinator"), "FR") for _ in range(3)]

    async def told() -> list[str] | None:
        found: list[str] = []
        after: str | None = None
        while True:
            page = (
                await as_("fr-coordinator").ask(
                    """query ($after: String) { inbox(first: 2, after: $after) { pageInfo { hasNextPage endCursor }
                      edges { cursor node { id kind at alert { id } } } } }""",
                    after=after,
                )
            )["inbox"]
            found += [edge["node"]["alert"]["id"] for edge in page["edges"] if edge["node"]["kind"] == "BROADCAST"]
            if not page["pageInfo"]["hasNextPage"]:
                return found if set(made) <= set(found) else None
            after = page["pageInfo"]["endCursor"]

    found = await eventually(told)
    assert [id_ for id_ in found if id_ in made] == made
    others = await as_("fr-alerts").ask("{ inbox(first: 100) { edges { node { alert { id } } } } }")
    assert not {edge["node"]["alert"]["id"] for edge in others["inbox"]["edges"]} & set(made)
    assert (await as_("it-viewer").refused("{ inbox { pageInfo { endCursor } } }")).code == "FORBIDDEN"
