"""An authority's own system is told by a webhook; and its people read and hear what their filters leave of the inbox."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chassis.caller import DEVELOPMENT_ISSUER
from deploy.servers import Servers
from services.directory.training.authorities import coordinator_id
from tests.alerts.endpoints import Endpoint, a_certificate, an_endpoint
from tests.chassis.waiting import until
from tests.gateway.clients import WEBSOCKET, Client, Data, Refused, eventually, within
from tests.gateway.exchanges import an_alert
from tests.journeys.staging import Stage, a_stage, prepared_engines

HOOK = """webhook { id status pauseReason url secret secretNumber oldSecretUntil verifiedAt cursor savedFilterId
  filter { kinds } attempts { outcome httpStatus number entryId kind alert { number } } }"""
LISTED = "{ webhooks { id status pauseReason cursor secret attempts { outcome kind alert { number } } } }"
FILTER = "filter { id revision name delivery removed filter { types areas severities kinds } createdBy { name } }"
INBOX = """query ($filter: InboxFilterInput, $savedFilter: ID, $after: String) {
  inbox(filter: $filter, savedFilter: $savedFilter, after: $after, first: 100) {
    edges { node { kind alert { id } } } pageInfo { hasNextPage endCursor } } }"""
STREAM = """subscription ($after: String, $savedFilter: ID) {
  alertStream(after: $after, savedFilter: $savedFilter) { cursor entry { kind alert { id } } } }"""


@pytest.fixture(autouse=True)
async def engines(servers: Servers | None, tmp_path: Path) -> AsyncIterator[None]:
    """Engines for each journey: each registers the same people."""
    async with prepared_engines(servers, tmp_path / "prepared"):
        yield


@pytest.fixture
async def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoint]:
    """The system of the German coordinator, with a certificate that the alerts service trusts."""
    shown, _ = a_certificate(tmp_path / "hooks", "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "hooks/authority.pem"))
    async with an_endpoint(shown) as opened:
        monkeypatch.setenv("WEBHOOK_PORTS", str(opened.port))
        monkeypatch.setenv("WEBHOOK_LOOPBACK", "allowed")
        monkeypatch.setenv("PUBLIC_URL", "https://imi.example")
        yield opened


@pytest.fixture
async def stage(data: Path, endpoint: Endpoint) -> AsyncIterator[Stage]:
    async with a_stage(data) as opened:
        yield opened


async def an_administrator(stage: Stage) -> Client:
    """A coordinator of services alerts in Germany, who administers their authority too."""
    roles = [{"module": "services/alerts", "role": role} for role in ("COORDINATOR", "ALERT_DISSEMINATOR")]
    await stage.as_("de-nimic").do(
        "addUser",
        "user { id }",
        authorityId=coordinator_id("DE", "services"),
        name="Systembetreuung",
        language="DE",
        signin={"issuer": DEVELOPMENT_ISSUER, "subject": "de-system"},
        roles=roles,
        administrator=True,
    )
    return stage.as_("de-system")


def told(endpoint: Endpoint) -> list[tuple[str, str]]:
    return [(one.data["alertId"], one.data["kind"]) for one in endpoint.entries]


async def listed(germany: Client) -> Data:
    (hook,) = (await germany.ask(LISTED))["webhooks"]
    assert isinstance(hook, dict)
    return hook


async def test_a_system_that_can_do_nothing_else_is_told_by_a_webhook(stage: Stage, endpoint: Endpoint) -> None:
    germany = await an_administrator(stage)
    italy, coordinator = stage.as_("it-alerts"), stage.as_("it-coordinator")
    made = await germany.do("registerWebhook", HOOK, name="Fachverfahren", url=endpoint.url)
    assert (made["status"], made["secretNumber"]) == ("UNVERIFIED", 1)
    first = await an_alert(italy, coordinator, "DE", "FR")
    endpoint.body = b"who are you"
    assert await germany.cannot("verifyWebhook", id=made["id"]) == Refused("CONFLICT", "CHALLENGE_FAILED")
    endpoint.secret = made["secret"]

    async def verified() -> bool | None:
        """Not sooner than some seconds after the last try."""
        answer = await germany.answer(
            f"mutation ($input: VerifyWebhookInput!) {{ verifyWebhook(input: $input) {{ {HOOK} }} }}",
            input={"idempotencyKey": f"verify-{len(endpoint.came)}", "id": made["id"]},
        )
        return "errors" not in answer or None

    assert await eventually(verified)
    second = await an_alert(italy, coordinator, "DE")
    await until(_came(endpoint, 2))
    assert told(endpoint) == [(first, "BROADCAST"), (second, "BROADCAST")]
    assert all(one.signed_by(made["secret"]) for one in endpoint.came)
    assert endpoint.entries[0].data["link"] == f"https://imi.example/alerts/{first}"
    alert = (await germany.ask("query ($id: ID!) { alert(id: $id) { number } }", id=first))["alert"]
    assert alert["number"] == endpoint.entries[0].data["number"]
    shown = await listed(germany)
    assert (shown["status"], shown["secret"]) == ("ACTIVE", None)
    assert alert["number"] in [one["alert"] and one["alert"]["number"] for one in shown["attempts"]]
    # Its endpoint is mended while it is paused, and begins again from the first entry.
    await germany.do("pauseWebhook", HOOK, id=made["id"])
    changed = await germany.do("changeWebhookSecret", HOOK, id=made["id"], dropOld=True)
    third = await an_alert(italy, coordinator, "DE")
    resumed = await germany.do("resumeWebhook", HOOK, id=made["id"], after=endpoint.entries[0].data["cursor"])
    assert (resumed["status"], resumed["secret"]) == ("ACTIVE", None)
    await until(_came(endpoint, 4))
    assert [id_ for id_, _ in told(endpoint)[2:]] == [second, third]
    assert all(one.signed_by(changed["secret"]) and not one.signed_by(made["secret"]) for one in endpoint.entries[2:])
    assert (await germany.do("removeWebhook", HOOK, id=made["id"]))["status"] == "REMOVED"
    assert (await germany.ask(LISTED))["webhooks"] == []
    for who in ("it-alerts", "hu-alerts", "commission"):
        assert await stage.as_(who).refused(LISTED) == Refused("FORBIDDEN", "FORBIDDEN")
    inside = {"name": "x", "url": f"https://10.0.0.1:{endpoint.port}/"}
    assert await germany.cannot("registerWebhook", **inside) == Refused("INVALID", "ADDRESS_REFUSED", "url")


def _came(endpoint: Endpoint, count: int) -> Any:
    async def came() -> bool:
        return len(endpoint.entries) >= count

    return came


async def test_a_saved_filter_is_read_and_heard_by_all_who_read_the_inbox(stage: Stage, endpoint: Endpoint) -> None:
    germany = await an_administrator(stage)
    italy, coordinator = stage.as_("it-alerts"), stage.as_("it-coordinator")
    saved = await germany.do("createSavedFilter", FILTER, name="Neue", filter={"kinds": ["BROADCAST"]})
    assert saved == {
        "id": saved["id"],
        "revision": 1,
        "name": "Neue",
        "delivery": "NONE",
        "removed": False,
        "filter": {"types": [], "areas": [], "severities": [], "kinds": ["BROADCAST"]},
        "createdBy": {"name": "Systembetreuung"},
    }
    id_ = await an_alert(italy, coordinator, "DE")

    async def read(**asked: Any) -> tuple[list[tuple[str, str]], str]:
        found = (await germany.ask(INBOX, **asked))["inbox"]
        assert not found["pageInfo"]["hasNextPage"]
        nodes = [(edge["node"]["kind"], edge["node"]["alert"]["id"]) for edge in found["edges"]]
        return nodes, found["pageInfo"]["endCursor"]

    async def there() -> str | None:
        found, end = await read(savedFilter=saved["id"])
        return end if found == [("BROADCAST", id_)] else None

    end = await eventually(there)
    assert await read(filter={"severities": ["LOW"]}) == ([], end)
    assert await read(filter={"areas": ["services"], "types": ["services"]}) == ([("BROADCAST", id_)], end)
    unknown = Refused("INVALID", "UNKNOWN_AREA", "filter.areas[0]")
    assert await germany.refused(INBOX, filter={"areas": ["nowhere"]}) == unknown
    both = {"filter": {"kinds": ["BROADCAST"]}, "savedFilter": saved["id"]}
    assert await germany.refused(INBOX, **both) == Refused("INVALID", "TWO_FILTERS", "savedFilter")
    stranger = Refused("NOT_FOUND", "NOT_FOUND", "savedFilter")
    assert await coordinator.refused(INBOX, savedFilter=saved["id"]) == stranger
    async with germany.listening(WEBSOCKET, STREAM, after=end, savedFilter=saved["id"]) as items:
        assert (await within(items))["data"]["alertStream"]["entry"] is None
        text = {"text": "Anche a Milano", "language": "IT"}
        own = await italy.do("addAlertInformation", "alert { information { id } }", id=id_, text=text)
        await coordinator.do(
            "approveAlertInformation", "alert { id }", id=id_, informationId=own["information"][0]["id"]
        )
        left_out = (await within(items))["data"]["alertStream"]
        assert left_out["entry"] is None
        assert left_out["cursor"] != end
        second = await an_alert(italy, coordinator, "DE")
        item = (await within(items))["data"]["alertStream"]
        assert item["entry"] == {"kind": "BROADCAST", "alert": {"id": second}}
    async with germany.listening(WEBSOCKET, STREAM, after=left_out["cursor"], savedFilter=saved["id"]) as items:
        resumed = [(await within(items))["data"]["alertStream"] for _ in range(2)]
        assert item in resumed
    assert (await germany.do("removeSavedFilter", FILTER, id=saved["id"]))["removed"]
    assert (await germany.ask("{ savedFilters { id } }"))["savedFilters"] == []
