"""A services alert from the first word to the last, seen from outside: who may do what, who learns of it, and how it ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.directory.training.authorities import national_id
from tests.gateway.clients import Refused
from tests.gateway.exchanges import a_submitted_alert, alert_values, text
from tests.gateway.running import copy_of
from tests.journeys.acting import STATUS, Scene, a_scene, actions

FRENCH_ELECTRICIANS = national_id("FR", "services", "electrician")
EVERYBODY = ("it-alerts", "it-coordinator", "hu-alerts", "fr-coordinator")
LISTED = """query ($id: ID!) { alerts(first: 100) { edges { node { id } } pageInfo { hasNextPage } } node(id: $id) { id }
  nodes(ids: [$id]) { id } alert(id: $id) { id } }"""


@pytest.fixture(scope="module")
async def whole(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Scene]:
    async with a_scene(copy_of(trained, tmp_path_factory.mktemp("alerts") / "data")) as scene:
        yield scene


@pytest.fixture
def scene(whole: Scene) -> Scene:
    """The system, at the time it really is."""
    whole.clock.ahead = timedelta()
    return whole


async def an_alert(scene: Scene, *countries: str, **values: Any) -> str:
    """Written in Italy, and broadcast to Hungary and France unless told otherwise."""
    author = scene.as_("it-alerts")
    made = await author.do("createAlert", "alert { id }", typeId="services:1", values=alert_values(**values))
    await author.do("submitAlert", STATUS, id=made["id"])
    await scene.as_("it-coordinator").do("broadcastAlert", STATUS, id=made["id"], countries=countries or ["HU", "FR"])
    return str(made["id"])


async def is_hidden(scene: Scene, user: str, id_: str) -> None:
    """To *user* there is no such alert: by no read, no list, no count and no command."""
    found = await scene.as_(user).ask(LISTED, id=id_)
    assert id_ not in {edge["node"]["id"] for edge in found["alerts"]["edges"]}
    assert (found["node"], found["nodes"], found["alert"]) == (None, [None], None)
    assert await scene.told(user, id_) == []
    for mutation, fields in (
        ("acknowledgeAlert", {}),
        ("withdrawAlert", {"reason": text("no")}),
        ("objectToAlertClosure", {"reason": text("no")}),
        ("addAlertInformation", {"text": text("visto")}),
    ):
        refused = await scene.as_(user).cannot(mutation, id=id_, **fields)
        assert refused == await scene.as_(user).cannot(mutation, id="alt_nobody", **fields)
        assert refused == Refused("NOT_FOUND", "NOT_FOUND", "id")


async def test_only_a_coordinator_sends_an_alert_across_a_border(scene: Scene) -> None:
    """Neither its author nor anybody else of its country; what is not sent is nobody else's to know of (row 32)."""
    id_ = await a_submitted_alert(scene.as_("it-alerts"))
    assert await scene.cannot("it-alerts", "broadcastAlert", id=id_, countries=["HU"]) == "FORBIDDEN"
    for stranger in ("hu-alerts", "fr-coordinator", "de-nimic", "it-handler", "commission"):
        await_hidden = await scene.as_(stranger).ask("query ($id: ID!) { alert(id: $id) { id } }", id=id_)
        assert await_hidden == {"alert": None}
    coordinator = await scene.seen("it-coordinator", id_)
    assert actions(coordinator) == {"RETURN", "BROADCAST"}
    assert actions(await scene.seen("it-alerts", id_)) == set()
    sent = await scene.as_("it-coordinator").do("broadcastAlert", STATUS, id=id_, countries=["HU"])
    assert sent == {"status": "BROADCAST"}
    assert (await scene.seen("hu-alerts", id_))["severity"] == "HIGH"
    await is_hidden(scene, "fr-coordinator", id_)

    # What a coordinator wrote itself, another one approves.
    own = await a_submitted_alert(scene.as_("it-coordinator"))
    assert await scene.cannot("it-coordinator", "broadcastAlert", id=own, countries=["HU"]) == "FOUR_EYES"


async def test_each_country_acknowledges_for_itself_and_silence_is_told_to_its_national_coordinator(
    scene: Scene,
) -> None:
    """With the time of it; the others see who has (row 33)."""
    id_ = await an_alert(scene, "HU", "DE")
    await scene.as_("hu-alerts").do("acknowledgeAlert", STATUS, id=id_)
    assert await scene.cannot("hu-alerts", "acknowledgeAlert", id=id_) == "ALREADY_ACKNOWLEDGED"
    for reader in ("it-alerts", "hu-alerts", "de-nimic", "commission"):
        hungary, germany = (await scene.seen(reader, id_))["countries"]
        assert (hungary["acknowledgedBy"], bool(hungary["acknowledgedAt"])) == ({"country": {"code": "HU"}}, True)
        assert (germany["acknowledgedBy"], germany["acknowledgedAt"], germany["escalatedAt"]) == (None, None, None)
    scene.clock.ahead = timedelta(days=5)
    await scene.until_told("de-nimic", id_, "ESCALATED")
    hungary, germany = (await scene.seen("it-coordinator", id_))["countries"]
    assert (hungary["escalatedAt"], bool(germany["escalatedAt"])) == (None, True)
    assert "ESCALATED" not in await scene.told("hu-alerts", id_)
    await scene.as_("de-nimic").do("acknowledgeAlert", STATUS, id=id_)
    assert (await scene.told("de-nimic", id_)).count("ESCALATED") == 1


async def test_an_authority_sees_an_alert_once_its_own_coordinator_has_passed_it_on(scene: Scene) -> None:
    """And no other authority of the country does (row 34)."""
    id_ = await an_alert(scene)
    await is_hidden(scene, "fr-alerts", id_)
    told = {"id": id_, "authorityIds": [FRENCH_ELECTRICIANS]}
    assert await scene.cannot("fr-coordinator", "disseminateAlert", **told) == "NOT_ACKNOWLEDGED"
    await scene.as_("fr-coordinator").do("acknowledgeAlert", STATUS, id=id_)
    await scene.as_("fr-coordinator").do("disseminateAlert", STATUS, **told)
    assert (await scene.seen("fr-alerts", id_))["status"] == "BROADCAST"
    await scene.until_told("fr-alerts", id_, "DISSEMINATED")
    assert [one["disseminatedTo"] for one in (await scene.seen("fr-coordinator", id_))["countries"]] == [
        [],
        [{"id": FRENCH_ELECTRICIANS}],
    ]
    # Whom a country told is its own.
    assert [one["disseminatedTo"] for one in (await scene.seen("it-coordinator", id_))["countries"]] == [[], []]

    # Later recipients: another country, from now on.
    await is_hidden(scene, "de-nimic", id_)
    await scene.as_("it-coordinator").do("addAlertCountries", STATUS, id=id_, countries=["DE"])
    assert (await scene.seen("de-nimic", id_))["countries"][-1]["country"] == {"code": "DE"}


async def test_what_a_recipient_adds_is_approved_by_its_own_country_before_others_read_it(scene: Scene) -> None:
    """(row 35)"""
    id_ = await an_alert(scene)
    await scene.as_("fr-coordinator").do("acknowledgeAlert", STATUS, id=id_)
    await scene.as_("fr-coordinator").do("disseminateAlert", STATUS, id=id_, authorityIds=[FRENCH_ELECTRICIANS])
    await scene.as_("fr-alerts").do("addAlertInformation", STATUS, id=id_, text=text("Vu à Lyon", "FR"))
    for reader in ("it-alerts", "it-coordinator", "hu-alerts", "commission"):
        assert (await scene.seen(reader, id_))["information"] == []
    (waiting,) = (await scene.seen("fr-coordinator", id_))["information"]
    assert (waiting["status"], waiting["text"]["original"]) == ("PROPOSED", "Vu à Lyon")
    refused = await scene.cannot("hu-alerts", "approveAlertInformation", id=id_, informationId=waiting["id"])
    assert refused == "NOT_FOUND"
    await scene.as_("fr-coordinator").do("approveAlertInformation", STATUS, id=id_, informationId=waiting["id"])
    for reader in ("it-alerts", "it-coordinator", "hu-alerts"):
        assert (await scene.seen(reader, id_))["information"] == [{**waiting, "status": "SHARED"}]
        await scene.until_told(reader, id_, "INFORMATION")


async def test_a_correction_keeps_what_was_said_and_a_withdrawal_is_no_closure(scene: Scene) -> None:
    """Everybody who had the alert is told of either (row 36)."""
    id_ = await an_alert(scene)
    right = alert_values(facts={"text": text("Verificato: il ponteggio è di un altro")}, risk={"codes": ["LOW"]})
    assert await scene.cannot("it-alerts", "correctAlert", id=id_, values=right) == "FORBIDDEN"
    await scene.as_("it-coordinator").do("correctAlert", STATUS, id=id_, values=right, reason=text("errore"))
    for reader in EVERYBODY[:1] + EVERYBODY[2:]:
        seen = await scene.seen(reader, id_)
        (old,) = seen["versions"]
        said = {one["field"]["code"]: one["value"]["text"] for one in (*old["values"], *seen["values"])}
        before = {one["field"]["code"]: one["value"]["text"] for one in old["values"]}
        assert (seen["version"], seen["severity"], old["number"]) == (2, "LOW", 1)
        assert before["facts"] == {"original": "Verificato in un'ispezione"}
        assert said["facts"] == {"original": "Verificato: il ponteggio è di un altro"}
        assert old["reason"] == {"original": "errore"}
        await scene.until_told(reader, id_, "CORRECTED")
    assert await scene.cannot("it-coordinator", "withdrawAlert", id=id_, reason=text(" ")) == "EMPTY"
    await scene.as_("it-coordinator").do("withdrawAlert", STATUS, id=id_, reason=text("infondata"))
    for reader in EVERYBODY:
        seen = await scene.seen(reader, id_)
        assert (seen["status"], seen["endReason"]) == ("WITHDRAWN", {"original": "infondata"})
        assert actions(seen) == set()
    await scene.until_told("fr-coordinator", id_, "WITHDRAWN")
    assert "CLOSED" not in await scene.told("fr-coordinator", id_)


async def test_the_country_of_establishment_proposes_to_close_and_an_objection_blocks_that(scene: Scene) -> None:
    """Once it is withdrawn, or nobody objects, the alert is closed by itself, and everybody is told (row 37)."""
    id_ = await an_alert(scene, establishment={"references": ["HU"]})
    for other in ("it-coordinator", "fr-coordinator"):
        assert await scene.cannot(other, "proposeAlertClosure", id=id_) == "FORBIDDEN"
    await scene.as_("hu-alerts").do("proposeAlertClosure", STATUS, id=id_)
    assert await scene.cannot("hu-alerts", "objectToAlertClosure", id=id_, reason=text("no")) == "OWN_PROPOSAL"
    await scene.as_("fr-coordinator").do("objectToAlertClosure", STATUS, id=id_, reason=text("Pas encore", "FR"))
    closure = (await scene.seen("it-alerts", id_))["closure"]
    assert closure["country"] == {"code": "HU"}
    (objection,) = closure["objections"]
    assert (objection["country"]["code"], objection["reason"]["original"]) == ("FR", "Pas encore")
    scene.clock.ahead = timedelta(days=22)
    await scene.until("hu-alerts", id_, "BROADCAST")
    await scene.until_told("hu-alerts", id_, "CLOSURE_REJECTED")

    await scene.as_("hu-alerts").do("proposeAlertClosure", STATUS, id=id_)
    await scene.as_("fr-coordinator").do("objectToAlertClosure", STATUS, id=id_, reason=text("Encore non", "FR"))
    await scene.as_("fr-coordinator").do("withdrawAlertObjection", STATUS, id=id_)
    again = await scene.seen("it-alerts", id_)
    assert again["status"] == "CLOSURE_PROPOSED"
    assert again["earlierClosures"] == [{"objections": [{"reason": {"original": "Pas encore"}}]}]
    scene.clock.ahead = timedelta(days=44)
    closed = await scene.until("it-alerts", id_, "CLOSED")
    assert closed["endReason"] is None
    assert closed["history"][-1]["authority"] is None, "nobody closed it but time"
    for reader in EVERYBODY:
        await scene.until_told(reader, id_, "CLOSED")


async def test_where_it_is_not_known_who_is_established_the_sender_proposes_to_close(scene: Scene) -> None:
    id_ = await an_alert(scene)
    assert await scene.cannot("hu-alerts", "proposeAlertClosure", id=id_) == "FORBIDDEN"
    await scene.as_("it-coordinator").do("proposeAlertClosure", STATUS, id=id_)
    assert (await scene.seen("hu-alerts", id_))["closure"]["country"] == {"code": "IT"}


async def test_the_commissions_copy_has_no_personal_data(scene: Scene) -> None:
    """Of no version, and of no words beside the form (row 40)."""
    id_ = await an_alert(scene, provider={"text": text("Mario SECRET")})
    await scene.as_("it-alerts").do("addAlertInformation", STATUS, id=id_, text=text("SECRET visto"))
    (waiting,) = (await scene.seen("it-coordinator", id_))["information"]
    await scene.as_("it-coordinator").do("approveAlertInformation", STATUS, id=id_, informationId=waiting["id"])
    values = alert_values(provider={"text": text("Maria SECRET")})
    await scene.as_("it-coordinator").do("correctAlert", STATUS, id=id_, values=values, reason=text("SECRET"))
    await scene.as_("it-coordinator").do("proposeAlertClosure", STATUS, id=id_)
    await scene.as_("hu-alerts").do("objectToAlertClosure", STATUS, id=id_, reason=text("SECRET"))
    copy = await scene.seen("commission", id_)
    assert "SECRET" in str(await scene.seen("hu-alerts", id_))
    assert "SECRET" not in str(copy)
    assert (copy["view"], copy["version"], len(copy["versions"])) == ("WITHOUT_PERSONAL_DATA", 2, 1)
    assert {one["field"]["code"] for one in copy["values"]} == {"subject", "activity", "danger", "risk"}
    assert actions(copy) == set()


async def test_a_notification_is_commented_changed_and_closed_and_can_be_changed_after_that(scene: Scene) -> None:
    """It goes to every other country."""
    author, sender = scene.as_("it-alerts"), scene.as_("it-coordinator")
    values = [
        {"code": "subject", "value": {"text": text("Nuovo requisito")}},
        {"code": "activity", "value": {"references": ["electrician"]}},
        {"code": "applies-to", "value": {"codes": ["CROSS_BORDER"]}},
        {"code": "requirement", "value": {"codes": ["OTHER"]}},
        {"code": "content", "value": {"text": text("Iscrizione a un registro")}},
        {"code": "interest", "value": {"codes": ["PUBLIC_SECURITY"]}},
        {"code": "reasons", "value": {"text": text("Sicurezza")}},
    ]
    made = await author.do("createAlert", "alert { id }", typeId="requirements:1", values=values)
    id_ = made["id"]
    await author.do("submitAlert", STATUS, id=id_)
    await sender.do("broadcastAlert", STATUS, id=id_)
    assert len((await scene.seen("hu-alerts", id_))["countries"]) == 29
    await scene.as_("hu-alerts").do("commentAlert", STATUS, id=id_, text=text("Miért?", "HU"))
    assert (await scene.seen("fr-coordinator", id_))["comments"] == [
        {"country": {"code": "HU"}, "text": {"original": "Miért?"}}
    ]
    changed = [*values[:-1], {"code": "reasons", "value": {"text": text("Sicurezza degli impianti")}}]
    assert await sender.do("modifyAlert", STATUS, id=id_, values=changed) == {"status": "MODIFIED"}
    await scene.as_("fr-coordinator").do("commentAlert", STATUS, id=id_, text=text("D'accord", "FR"))
    assert (await scene.seen("it-alerts", id_))["status"] == "COMMENTING"
    scene.clock.ahead = timedelta(days=92)
    await scene.until("hu-alerts", id_, "CLOSED")
    assert await scene.cannot("hu-alerts", "commentAlert", id=id_, text=text("Még", "HU")) == "TRANSITION"
    again = await sender.do("modifyAlert", STATUS, id=id_, values=values, reason=text("dopo i commenti"))
    assert again == {"status": "MODIFIED"}
    assert await sender.do("closeAlert", STATUS, id=id_, reason=text("adottato")) == {"status": "CLOSED"}
    seen = await scene.seen("fr-coordinator", id_)
    assert (seen["version"], seen["endReason"]["original"], len(seen["comments"])) == (3, "adottato", 2)
