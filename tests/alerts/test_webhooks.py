"""Webhooks from end to end: registered by an administrator, verified by a challenge, delivered to, changed, paused, removed."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.caller import Caller
from engines.documents import open_documents
from protos.alerts.v1 import alerts_pb2, filters_pb2
from protos.alerts.v1 import webhooks_pb2 as pb
from services.alerts import storage
from services.alerts.domain import webhooks as rules
from services.alerts.domain.webhooks import WEBHOOKS_LIMIT
from tests.alerts.cast import HU_COORDINATOR, HUNGARY
from tests.alerts.conftest import FREE_PORT, Asking, command
from tests.alerts.endpoints import Endpoint, a_certificate, an_endpoint
from tests.alerts.inboxes import now, settled
from tests.alerts.outgoing import HU_ADMINISTRATOR, HU_VIEWER, Outgoing, administrator, serving_outward
from tests.alerts.threads import an_alert, fields_of
from tests.chassis.waiting import until
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal

IT_ADMINISTRATOR = administrator("aut_it_coordinator")
FR_ADMINISTRATOR = administrator("aut_fr_coordinator")
PUBLIC = "https://imi.example"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """What the endpoint shows."""
    return a_certificate(tmp_path_factory.mktemp("webhooks") / "hooks", "localhost")[0]


@pytest.fixture(scope="module")
async def door(trust: ssl.SSLContext) -> AsyncIterator[Endpoint]:
    """The endpoint of this module: its port is the one that webhooks may go to."""
    async with an_endpoint(trust) as opened:
        yield opened


@pytest.fixture
def endpoint(door: Endpoint) -> Endpoint:
    """As if it had just been opened."""
    door.came.clear()
    door.statuses, door.headers, door.body, door.secret, door.raw = [204], {}, b"", None, None
    return door


@pytest.fixture(scope="module")
async def alone(asking: Asking, door: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outgoing]:
    """A service with the webhooks of these tests only, which trusts the endpoint's certificate."""
    settings = asking.settings.model_copy(
        update={
            "data_dir": tmp_path_factory.mktemp("webhooks"),
            "keys_dir": asking.settings.keys,
            "listen_address": FREE_PORT,
            "public_url": PUBLIC,
            "webhook_ports": str(door.port),
            "webhook_loopback": "allowed",
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(next(tmp_path_factory.getbasetemp().glob("webhooks*/hooks/authority.pem"))))
        async with serving_outward(settings) as service:
            yield service


@pytest.fixture(autouse=True)
def _may_be_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "TRIED_EVERY", timedelta())


async def registered(alone: Outgoing, endpoint: Endpoint, by: Caller = HU_ADMINISTRATOR, **fields: Any) -> pb.Webhook:
    name = f"hook {command().idempotency_key}"
    made: pb.Webhook = (await alone(by, "RegisterWebhook", **{"name": name, "url": endpoint.url, **fields})).webhook
    return made


async def verified(alone: Outgoing, endpoint: Endpoint, by: Caller = HU_ADMINISTRATOR, **fields: Any) -> pb.Webhook:
    made = await registered(alone, endpoint, by, **fields)
    endpoint.secret = made.secret
    await alone(by, "VerifyWebhook", id=made.id)
    return made


async def listed(alone: Outgoing, id_: str, by: Caller = HU_ADMINISTRATOR) -> pb.Webhook:
    (found,) = [one for one in (await alone(by, "ListWebhooks")).webhooks if one.id == id_]
    assert isinstance(found, pb.Webhook)
    return found


async def removed(alone: Outgoing, *hooks: pb.Webhook, by: Caller = HU_ADMINISTRATOR) -> None:
    for one in hooks:
        await alone(by, "RemoveWebhook", id=one.id)


async def refused(kind: type[Refusal], alone: Outgoing, by: Caller, method: str, **fields: Any) -> tuple[str, str]:
    with pytest.raises(kind) as found:
        await alone(by, method, **fields)
    return found.value.reason, found.value.field


async def came(endpoint: Endpoint, count: int) -> bool:
    return len(endpoint.entries) >= count


async def test_what_is_told_after_a_webhook_was_registered_comes_to_it_once_it_has_answered_the_challenge(
    alone: Outgoing, endpoint: Endpoint
) -> None:
    made = await registered(alone, endpoint)
    assert made.status == pb.WEBHOOK_STATUS_UNVERIFIED
    before = await an_alert(alone)
    await settled(alone)
    assert endpoint.came == []
    endpoint.secret = made.secret
    active = (await alone(HU_ADMINISTRATOR, "VerifyWebhook", id=made.id)).webhook
    assert (active.status, active.secret) == (pb.WEBHOOK_STATUS_ACTIVE, "")
    after = await an_alert(alone)
    await until(lambda: came(endpoint, 2))
    assert [one.data["alertId"] for one in endpoint.entries] == [before.id, after.id]
    challenge, first, _ = endpoint.came
    assert challenge.content["type"] == "webhook.challenge"
    assert all(one.signed_by(made.secret) for one in endpoint.came)
    assert first.data["number"] == before.number
    assert first.data["link"] == f"{PUBLIC}/alerts/{before.id}"

    async def noted() -> bool:
        return len((await listed(alone, made.id)).attempts) == 3

    await until(noted)
    shown = await listed(alone, made.id)
    assert shown.cursor == await now(alone, HU_COORDINATOR)
    assert [one.alert_id for one in shown.attempts] == [after.id, before.id, ""]
    assert {one.outcome for one in shown.attempts} == {pb.ATTEMPT_OUTCOME_DELIVERED}
    await removed(alone, made)


async def test_a_secret_is_shown_once_and_stored_nowhere(alone: Outgoing, endpoint: Endpoint) -> None:
    key = command()
    made, again = [await registered(alone, endpoint, command=key, name="secret") for _ in range(2)]
    assert made == again
    assert made.secret.startswith("whsec_")
    assert (await listed(alone, made.id)).secret == ""
    changed = (await alone(HU_ADMINISTRATOR, "ChangeWebhookSecret", id=made.id)).webhook
    assert changed.secret not in ("", made.secret)
    assert changed.HasField("old_secret_until")
    assert (await refused(Conflict, alone, HU_ADMINISTRATOR, "ChangeWebhookSecret", id=made.id))[0] == "SECRET_CHANGING"
    dropped = (await alone(HU_ADMINISTRATOR, "ChangeWebhookSecret", id=made.id, drop_old=True)).webhook
    assert dropped.secret not in (made.secret, changed.secret)
    assert not dropped.HasField("old_secret_until")
    async with open_documents(alone.settings.documents("alerts"), storage.COLLECTIONS) as documents:
        for collection in storage.COLLECTIONS:
            stored = str(await documents.find(collection, limit=1_000))
            for secret in (made.secret, changed.secret, dropped.secret):
                assert secret.removeprefix("whsec_") not in stored, collection.name
    await removed(alone, made)


async def test_who_cannot_answer_the_challenge_is_sent_nothing(alone: Outgoing, endpoint: Endpoint) -> None:
    """A stranger's server answers as it likes: with anything, with what it was sent, or with a redirect."""
    made = await registered(alone, endpoint)
    for status, secret, body, reason in (
        (200, None, b"thank you", "CHALLENGE_FAILED"),
        (200, "", b"", "CHALLENGE_FAILED"),
        (200, "whsec_" + "A" * 43 + "=", b"", "CHALLENGE_FAILED"),
        (204, None, b"", "CHALLENGE_FAILED"),
        (404, None, b"", "STATUS_REFUSED"),
        (302, None, b"", "REDIRECTED"),
    ):
        endpoint.statuses, endpoint.secret, endpoint.body = [status], secret, body
        assert (await refused(Conflict, alone, HU_ADMINISTRATOR, "VerifyWebhook", id=made.id))[0] == reason
    await an_alert(alone)
    await settled(alone)
    shown = await listed(alone, made.id)
    assert shown.status == pb.WEBHOOK_STATUS_UNVERIFIED
    assert len(shown.attempts) == 6
    assert endpoint.entries == []
    assert (await refused(Conflict, alone, HU_ADMINISTRATOR, "PingWebhook", id=made.id))[0] == "TRANSITION"
    await removed(alone, made)


async def test_nobody_makes_the_system_knock_all_day(
    alone: Outgoing, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "TRIED_EVERY", timedelta(hours=1))
    made = await registered(alone, endpoint)
    key = command()
    endpoint.statuses = [500]
    await refused(Conflict, alone, HU_ADMINISTRATOR, "VerifyWebhook", id=made.id, command=key)
    for again in (key, command()):
        found = await refused(Conflict, alone, HU_ADMINISTRATOR, "VerifyWebhook", id=made.id, command=again)
        assert found[0] == "TOO_SOON"
    assert len(endpoint.came) == 1
    await removed(alone, made)


async def test_a_ping_says_what_came_of_it(alone: Outgoing, endpoint: Endpoint) -> None:
    made = await verified(alone, endpoint)
    key = command()
    endpoint.came.clear()
    done, again = [(await alone(HU_ADMINISTRATOR, "PingWebhook", id=made.id, command=key)).attempt for _ in range(2)]
    assert done == again
    assert (done.outcome, done.http_status) == (pb.ATTEMPT_OUTCOME_DELIVERED, 204)
    (ping,) = endpoint.came
    assert ping.content["type"] == "webhook.ping"
    assert ping.data == {}
    endpoint.statuses = [503]
    failed = (await alone(HU_ADMINISTRATOR, "PingWebhook", id=made.id)).attempt
    assert (failed.outcome, failed.http_status) == (pb.ATTEMPT_OUTCOME_STATUS_REFUSED, 503)
    assert (await listed(alone, made.id)).status == pb.WEBHOOK_STATUS_ACTIVE
    await removed(alone, made)


async def test_only_an_administrator_of_the_authority_knows_of_it(alone: Outgoing, endpoint: Endpoint) -> None:
    made = await verified(alone, endpoint)
    commands: dict[str, dict[str, Any]] = {
        "EditWebhook": {"name": "x"},
        "VerifyWebhook": {},
        "PingWebhook": {},
        "ChangeWebhookSecret": {},
        "PauseWebhook": {},
        "ResumeWebhook": {},
        "RemoveWebhook": {},
    }
    before = await listed(alone, made.id)
    for method, fields in commands.items():
        for stranger in (IT_ADMINISTRATOR, administrator("aut_hu_labour")):
            found = await refused(NotFound, alone, stranger, method, id=made.id, **fields)
            assert found == ("NOT_FOUND", "id"), method
        for colleague in (HU_COORDINATOR, HU_VIEWER):
            assert (await refused(Forbidden, alone, colleague, method, id=made.id, **fields))[0] == "FORBIDDEN", method
    for nobody in (HU_COORDINATOR, administrator("aut_hu_requests")):
        assert (await refused(Forbidden, alone, nobody, "ListWebhooks"))[0] == "FORBIDDEN"
        found = await refused(Forbidden, alone, nobody, "RegisterWebhook", name="x", url=endpoint.url)
        assert found[0] == "FORBIDDEN"
    assert made.id not in [one.id for one in (await alone(IT_ADMINISTRATOR, "ListWebhooks")).webhooks]
    assert await listed(alone, made.id) == before
    await removed(alone, made)


async def test_what_is_wrong_with_a_registration_is_said_by_its_field_and_nothing_is_left(
    alone: Outgoing, endpoint: Endpoint
) -> None:
    there = len((await alone(HU_ADMINISTRATOR, "ListWebhooks")).webhooks)
    french = await now(alone, HU_COORDINATOR)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"url": ""}, "URL", "url"),
        ({"url": "http://example.eu/"}, "NOT_HTTPS", "url"),
        ({"url": f"https://user@localhost:{endpoint.port}/"}, "USERINFO", "url"),
        ({"url": "https://localhost:444/"}, "PORT", "url"),
        ({"url": f"https://10.0.0.1:{endpoint.port}/"}, "ADDRESS_REFUSED", "url"),
        ({"url": f"https://169.254.169.254:{endpoint.port}/"}, "ADDRESS_REFUSED", "url"),
        ({"url": f"https://nothing.invalid:{endpoint.port}/"}, "UNKNOWN_HOST", "url"),
        ({"name": ""}, "EMPTY", "name"),
        ({"filter": alerts_pb2.InboxFilter(areas=["nowhere"])}, "UNKNOWN_AREA", "filter.areas[0]"),
        ({"saved_filter_id": "flt_none"}, "UNKNOWN_FILTER", "savedFilterId"),
        ({"saved_filter_id": "flt_1", "filter": alerts_pb2.InboxFilter()}, "TWO_FILTERS", "savedFilterId"),
        ({"after_cursor": "nonsense"}, "CURSOR", "after"),
    ]
    for fields, reason, field in wrong:
        found = await refused(
            Invalid, alone, HU_ADMINISTRATOR, "RegisterWebhook", **{"name": "wrong", "url": endpoint.url, **fields}
        )
        assert found == (reason, field), fields
    assert (
        await refused(
            Invalid, alone, IT_ADMINISTRATOR, "RegisterWebhook", name="x", url=endpoint.url, after_cursor=french
        )
    ) == ("CURSOR", "after")
    assert len((await alone(HU_ADMINISTRATOR, "ListWebhooks")).webhooks) == there
    assert endpoint.came == []


async def test_an_authority_has_so_many(alone: Outgoing, endpoint: Endpoint) -> None:
    racing = await asyncio.gather(
        *(registered(alone, endpoint, FR_ADMINISTRATOR) for _ in range(WEBHOOKS_LIMIT + 3)), return_exceptions=True
    )
    made = [one for one in racing if isinstance(one, pb.Webhook)]
    refusals = [one.reason for one in racing if isinstance(one, Conflict)]
    assert (len(made), refusals) == (WEBHOOKS_LIMIT, ["TOO_MANY_WEBHOOKS"] * 3)
    found = await refused(Conflict, alone, FR_ADMINISTRATOR, "RegisterWebhook", name="one more", url=endpoint.url)
    assert found[0] == "TOO_MANY_WEBHOOKS"
    await removed(alone, *made, by=FR_ADMINISTRATOR)
    again = await registered(alone, endpoint, FR_ADMINISTRATOR, name=made[0].name)
    taken = await refused(Conflict, alone, FR_ADMINISTRATOR, "RegisterWebhook", name=again.name, url=endpoint.url)
    assert taken == ("ALREADY_EXISTS", "name")
    other = await registered(alone, endpoint, FR_ADMINISTRATOR)
    taken = await refused(Conflict, alone, FR_ADMINISTRATOR, "EditWebhook", id=other.id, name=again.name)
    assert taken == ("ALREADY_EXISTS", "name")
    await removed(alone, again, other, by=FR_ADMINISTRATOR)


async def test_it_goes_by_a_saved_filter_which_then_stays(alone: Outgoing, endpoint: Endpoint) -> None:
    told = alerts_pb2.InboxFilter(kinds=[alerts_pb2.INBOX_ENTRY_KIND_INFORMATION_PROPOSED])
    saved = (await alone(HU_COORDINATOR, "CreateSavedFilter", name="for hooks", filter=told)).filter
    found = await refused(
        Invalid, alone, HU_ADMINISTRATOR, "RegisterWebhook", name="x", url=endpoint.url, saved_filter_id=saved.id
    )
    assert found == ("DELIVERY", "savedFilterId")
    await alone(HU_COORDINATOR, "EditSavedFilter", id=saved.id, delivery=filters_pb2.FILTER_DELIVERY_WEBHOOK)
    made = await verified(alone, endpoint, saved_filter_id=saved.id)
    assert (made.saved_filter_id, made.HasField("filter")) == (saved.id, False)
    for method, fields in (
        ("RemoveSavedFilter", {}),
        ("EditSavedFilter", {"delivery": filters_pb2.FILTER_DELIVERY_NONE}),
    ):
        assert (await refused(Conflict, alone, HU_COORDINATOR, method, id=saved.id, **fields))[0] == "IN_USE"
    alert = await an_alert(alone)
    await settled(alone)
    await alone.do(HU_COORDINATOR, "AcknowledgeAlert", id=alert.id)
    await alone.do(HU_COORDINATOR, "DisseminateAlert", **fields_of("DisseminateAlert", alert.id))
    await alone.do(HUNGARY, "AddAlertInformation", **fields_of("AddAlertInformation", alert.id))
    await until(lambda: came(endpoint, 1))
    assert [(one.data["alertId"], one.data["kind"]) for one in endpoint.entries] == [(alert.id, "INFORMATION_PROPOSED")]
    edited = (await alone(HU_ADMINISTRATOR, "EditWebhook", id=made.id, filter=alerts_pb2.InboxFilter())).webhook
    assert (edited.saved_filter_id, edited.HasField("filter")) == ("", True)
    await alone(HU_COORDINATOR, "RemoveSavedFilter", id=saved.id)
    await removed(alone, made)


async def test_a_command_that_is_sent_again_is_answered_whatever_has_changed_since(
    alone: Outgoing, endpoint: Endpoint
) -> None:
    for_hooks = {"delivery": filters_pb2.FILTER_DELIVERY_WEBHOOK}
    saved = (await alone(HU_COORDINATOR, "CreateSavedFilter", name="for a while", **for_hooks)).filter
    made = await registered(alone, endpoint, name="again")
    edit: dict[str, Any] = {"command": command(), "id": made.id, "saved_filter_id": saved.id}
    first = await alone(HU_ADMINISTRATOR, "EditWebhook", **edit)
    await alone(HU_ADMINISTRATOR, "EditWebhook", id=made.id, filter=alerts_pb2.InboxFilter())
    await alone(HU_COORDINATOR, "RemoveSavedFilter", id=saved.id)
    assert await alone(HU_ADMINISTRATOR, "EditWebhook", **edit) == first
    assert (await refused(Forbidden, alone, HU_COORDINATOR, "EditWebhook", **edit))[0] == "FORBIDDEN"
    assert (await listed(alone, made.id)).saved_filter_id == ""
    await removed(alone, made)


async def test_another_authoritys_webhook_is_refused_in_the_words_for_one_that_there_is_not(
    alone: Outgoing, endpoint: Endpoint
) -> None:
    made = await registered(alone, endpoint, name="unknown")
    for method in ("EditWebhook", "VerifyWebhook", "PingWebhook", "ChangeWebhookSecret", "ResumeWebhook"):
        said = []
        for id_ in (made.id, "whk_none"):
            with pytest.raises(NotFound) as found:
                await alone(IT_ADMINISTRATOR, method, id=id_)
            said.append(found.value.message.replace(id_, "…"))
        assert said[0] == said[1], method
    await removed(alone, made)


async def test_paused_by_hand_it_gets_nothing_and_then_everything(alone: Outgoing, endpoint: Endpoint) -> None:
    made = await verified(alone, endpoint)
    paused = (await alone(HU_ADMINISTRATOR, "PauseWebhook", id=made.id)).webhook
    assert (paused.status, paused.pause_reason) == (pb.WEBHOOK_STATUS_PAUSED, pb.PAUSE_REASON_BY_HAND)
    alerts = [await an_alert(alone) for _ in range(3)]
    await settled(alone)
    assert endpoint.entries == []
    await alone(HU_ADMINISTRATOR, "ResumeWebhook", id=made.id)
    await until(lambda: came(endpoint, 3))
    assert [one.data["alertId"] for one in endpoint.entries] == [alert.id for alert in alerts]
    assert (await refused(Conflict, alone, HU_ADMINISTRATOR, "ResumeWebhook", id=made.id))[0] == "NOT_PAUSED"
    first = endpoint.entries[0].data["cursor"]
    await alone(HU_ADMINISTRATOR, "ResumeWebhook", id=made.id, after_cursor=first)
    await until(lambda: came(endpoint, 5))
    assert [one.data["alertId"] for one in endpoint.entries[3:]] == [alert.id for alert in alerts[1:]]
    await removed(alone, made)


async def test_another_address_is_verified_before_anything_is_sent_to_it(
    alone: Outgoing, endpoint: Endpoint, trust: ssl.SSLContext
) -> None:
    made = await verified(alone, endpoint)
    moved = (await alone(HU_ADMINISTRATOR, "EditWebhook", id=made.id, url=f"{endpoint.url}/other")).webhook
    assert moved.status == pb.WEBHOOK_STATUS_UNVERIFIED
    alert = await an_alert(alone)
    await settled(alone)
    assert endpoint.entries == []
    await alone(HU_ADMINISTRATOR, "VerifyWebhook", id=made.id)
    await until(lambda: came(endpoint, 1))
    (entry,) = endpoint.entries
    assert entry.line.split(" ")[1] == "/hook/other"
    assert entry.data["alertId"] == alert.id
    await removed(alone, made)


async def test_a_service_that_starts_again_goes_on_after_the_last_cursor(
    asking: Asking, endpoint: Endpoint, alone: Outgoing, tmp_path: Path
) -> None:
    settings = alone.settings.model_copy(update={"data_dir": tmp_path})
    async with serving_outward(settings) as first:
        made = await verified(first, endpoint)
        one = await an_alert(first)
        await until(lambda: came(endpoint, 1))
        endpoint.may_answer.clear()
        two = await an_alert(first)
        await until(lambda: came(endpoint, 2))
    endpoint.may_answer.set()
    async with serving_outward(settings) as second:
        three = await an_alert(second)
        await until(lambda: came(endpoint, 4))
    ids = [entry.data["alertId"] for entry in endpoint.entries]
    assert list(dict.fromkeys(ids)) == [one.id, two.id, three.id]
    assert ids.count(one.id) == ids.count(three.id) == 1
    again = [entry.headers["webhook-id"] for entry in endpoint.entries if entry.data["alertId"] == two.id]
    assert len(set(again)) == 1
    assert all(entry.signed_by(made.secret) for entry in endpoint.entries)
