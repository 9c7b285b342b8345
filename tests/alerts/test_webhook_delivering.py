"""Delivery to webhooks: in order, at least once, from a cursor that only a 2xx moves; by one replica at a time, each by itself."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.inbox import Entry
from chassis.participant_entries import body
from chassis.participants import PARTICIPANTS
from chassis.process import working
from chassis.removing import Removing
from chassis.settings import ServiceSettings
from engines.documents import Document
from services.alerts import storage
from services.alerts.domain import webhooks as rules
from services.alerts.domain.alerts import News
from services.alerts.domain.deliveries import PAUSED_AFTER, PauseReason
from services.alerts.domain.filters import Delivery, Filter, SavedFilter, Severity
from services.alerts.domain.webhooks import Status
from services.alerts.webhooks.book import BOOK, LEASE, LOOK_AGAIN
from tests.alerts.cast import MODULE
from tests.alerts.conftest import Asking
from tests.alerts.endpoints import Endpoint, a_certificate, an_endpoint
from tests.alerts.hooks import CHIEF, HUNGARY, MAILBOX, PUBLIC, SECRETS, Post, a_directory_with_mailboxes, a_post
from tests.alerts.threads import ruled
from tests.chassis.post import a_post_office
from tests.chassis.ticking import START
from tests.chassis.waiting import until
from vocabulary.addresses import Outcome
from vocabulary.participants import Part
from vocabulary.participants import Status as ParticipantStatus
from vocabulary.roles import LegislativeRole, WorkflowRole

Trust = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return a_certificate(tmp_path_factory.mktemp("delivering") / "hooks")


@pytest.fixture
async def endpoint(tls: Trust) -> AsyncIterator[Endpoint]:
    async with an_endpoint(tls[0]) as opened:
        yield opened


@pytest.fixture
async def post(asking: Asking, tmp_path: Path, tls: Trust) -> AsyncIterator[Post]:
    async with a_post(asking.settings, tmp_path, tls[1]) as opened:
        yield opened


def told(endpoint: Endpoint) -> list[str]:
    """The entries that came, in their order."""
    return [one.data["entryId"] for one in endpoint.entries]


async def test_each_entry_is_delivered_signed_with_ids_and_a_link_and_nothing_else(
    post: Post, endpoint: Endpoint
) -> None:
    await post.tell("BROADCAST")
    await post.hook("whk_1", endpoint.url)
    (entry,) = await post.tell("CORRECTED")
    await post.deliver()
    (came,) = endpoint.came
    assert came.signed_by(SECRETS.shown("whk_1", 1))
    assert came.content == {
        "type": "inbox.entry",
        "timestamp": START.isoformat(),
        "data": {
            "cursor": (await post.progress("whk_1")).cursor,
            "entryId": entry.id,
            "kind": "CORRECTED",
            "alertId": "alt_2",
            "number": "AL-2",
            "link": f"{PUBLIC}/alerts/alt_2",
        },
    }
    assert came.headers["content-type"] == "application/json"
    assert b"SECRET" not in came.body
    (attempt,) = (await post.progress("whk_1")).recent
    assert (attempt.outcome, attempt.http_status, attempt.entry_id) == (Outcome.DELIVERED, 204, entry.id)
    assert attempt.message_id == came.headers["webhook-id"]


async def test_many_entries_come_in_their_order_and_each_once(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    entries = await post.tell(*["BROADCAST"] * 100)
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries]
    assert len({one.headers["webhook-id"] for one in endpoint.came}) == 100
    assert await post.deliver() == 0


async def test_the_cursor_stands_until_a_2xx_and_the_same_message_comes_again_under_the_same_id(
    post: Post, endpoint: Endpoint
) -> None:
    await post.hook("whk_1", endpoint.url)
    before = (await post.progress("whk_1")).cursor
    first, second = await post.tell("BROADCAST", "BROADCAST")
    endpoint.statuses = [500, 302, 404, 200]
    for attempts in (1, 2, 3):
        await post.deliver()
        progress = await post.progress("whk_1")
        assert (progress.cursor, progress.attempts) == (before, attempts)
        assert await post.deliver() == 0
        assert progress.next_at is not None
        post.clock.at = progress.next_at
    await post.deliver()
    assert told(endpoint) == [first.id] * 4 + [second.id]
    assert len({one.headers["webhook-id"] for one in endpoint.came}) == 2
    assert len({one.headers["webhook-timestamp"] for one in endpoint.came}) == 4
    progress = await post.progress("whk_1")
    assert (progress.attempts, progress.failing_since, progress.next_at) == (0, None, None)
    assert [one.number for one in reversed(progress.recent)] == [1, 2, 3, 4, 1]


async def test_what_is_told_while_a_failure_waits_does_not_shorten_the_pause(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    endpoint.statuses = [503]
    await post.tell("BROADCAST")
    await post.deliver()
    await post.tell("BROADCAST")
    assert await post.deliver() == 0
    assert len(endpoint.came) == 1


async def test_after_days_it_stands_still_and_the_authority_is_told_and_nothing_is_lost(
    tmp_path: Path, endpoint: Endpoint, tls: Trust
) -> None:
    async with (
        a_post_office() as office,
        a_directory_with_mailboxes(tmp_path / "directory") as settings,
        a_post(settings, tmp_path / "alerts", tls[1], office.port) as post,
    ):
        await post.hook("whk_1", endpoint.url)
        endpoint.statuses = [500]
        entries = await post.tell("BROADCAST", "BROADCAST")
        while (progress := await post.progress("whk_1")).paused is None:
            post.clock.at = progress.next_at or post.clock.at
            await post.deliver()
        assert progress.paused is PauseReason.FAILING
        assert post.clock() - START >= PAUSED_AFTER
        await post.mails.fire_due(post.mailing.send)
        post.clock.forward(days=30)
        assert await post.deliver() == 0
        await post.mails.fire_due(post.mailing.send)
        (mail,) = office.came
        assert (mail["To"], mail["Content-Language"]) == (MAILBOX, "hu")
        assert "whk_1" in mail["Subject"]
        assert f"{PUBLIC}/webhooks/whk_1" in mail.get_content()
        endpoint.statuses = [200]
        endpoint.came.clear()
        await post.change("whk_1", lambda one: rules.resume(one, CHIEF, after_cursor="", stands_still=True))
        await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries]


async def test_an_endpoint_that_is_gone_is_left_alone_at_once(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    endpoint.statuses = [410]
    await post.tell("BROADCAST")
    await post.deliver()
    assert (await post.progress("whk_1")).paused is PauseReason.GONE
    post.clock.forward(days=365)
    await post.tell("BROADCAST")
    assert await post.deliver() == 0
    assert len(endpoint.came) == 1


async def test_it_is_resumed_from_a_cursor_that_is_given(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    entries = await post.tell(*["BROADCAST"] * 3)
    await post.deliver()
    first = endpoint.came[0]
    await post.change(
        "whk_1", lambda one: rules.resume(one, CHIEF, after_cursor=first.data["cursor"], stands_still=False)
    )
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in (*entries, *entries[1:])]
    assert endpoint.came[1].headers["webhook-id"] == endpoint.came[3].headers["webhook-id"]


async def test_what_is_paused_or_removed_gets_nothing_and_what_is_resumed_gets_all_of_it(
    post: Post, endpoint: Endpoint
) -> None:
    await post.hook("whk_1", endpoint.url)
    await post.change("whk_1", lambda one: rules.pause(one, CHIEF))
    entries = await post.tell("BROADCAST", "BROADCAST")
    post.clock.forward(days=1)
    assert await post.deliver() == 0
    await post.change("whk_1", lambda one: rules.resume(one, CHIEF, after_cursor="", stands_still=False))
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries]
    await post.change("whk_1", lambda one: rules.remove(one, CHIEF))
    await post.tell("BROADCAST")
    post.clock.forward(days=1)
    assert await post.deliver() == 0
    assert len(endpoint.came) == 2


async def test_of_a_webhook_that_was_removed_nothing_is_kept_in_the_end(post: Post, endpoint: Endpoint) -> None:
    """Its delivery goes first, the webhook itself when the command cannot be sent again; one that is paused stays."""
    for id_ in ("whk_1", "whk_2"):
        await post.hook(id_, endpoint.url)
    await post.tell("BROADCAST")
    await post.deliver()
    await post.change("whk_1", lambda one: rules.remove(one, CHIEF))
    await post.change("whk_2", lambda one: rules.pause(one, CHIEF))

    async def left(days: int) -> tuple[list[str], list[str]]:
        removals = storage.removals(ServiceSettings())
        await Removing(post.documents, removals, lambda: CHIEF.now + timedelta(days=days)).remove_all()
        kept = [one.id for one in await post.webhooks.get_many(["whk_1", "whk_2"])]
        return kept, sorted(await post.book.get_many(kept))

    assert await left(29) == (["whk_1", "whk_2"], ["whk_2"])
    # Told of once more, or by a replica that has heard of it late.
    await post.replica().changed(["whk_1", "whk_2"])
    assert await left(31) == (["whk_2"], ["whk_2"])
    assert await post.documents.get(BOOK, "whk_1") is None
    await post.replica().changed(["whk_1", "whk_2"])
    assert await left(31) == (["whk_2"], ["whk_2"])


async def test_runs_that_who_delivers_has_missed_lose_no_cursor(post: Post, endpoint: Endpoint) -> None:
    """It was paused and resumed, or told to begin elsewhere, before anybody heard of it."""
    webhook = await post.hook("whk_1", endpoint.url)
    entries = await post.tell(*["BROADCAST"] * 3)
    await post.deliver()
    first = endpoint.came[0].data["cursor"]
    endpoint.came.clear()
    again = rules.resume(webhook, CHIEF, after_cursor=first, stands_still=False)
    later = rules.resume(rules.pause(again, CHIEF), CHIEF, after_cursor="", stands_still=False)
    await post.change("whk_1", lambda _: later)
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries[1:]]
    endpoint.came.clear()
    never = rules.resume(rules.pause(replace(webhook, name="x"), CHIEF), CHIEF, after_cursor="", stands_still=False)
    await post.tell("BROADCAST", to="aut_hu_region")
    await post.webhooks.load([("whk_2", never, [])])
    await post.book.end("whk_2", never)
    await post.replica().changed(["whk_2"])
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries]


async def test_whoever_has_seen_it_paused_ends_nothing_that_was_begun_again_since(
    post: Post, endpoint: Endpoint
) -> None:
    """It was paused and resumed at once, and who delivers has gone on before the one who hears of it has ended the first run."""
    webhook = await post.hook("whk_1", endpoint.url)
    paused = rules.pause(webhook, CHIEF)
    resumed = rules.resume(paused, CHIEF, after_cursor="", stands_still=False)
    entries = await post.tell("BROADCAST")
    await post.change("whk_1", lambda _: resumed, tell=False)
    await post.deliver()
    await post.book.end("whk_1", paused)
    await post.replica().changed(["whk_1"])
    entries += await post.tell("BROADCAST")
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries]


async def test_a_webhook_that_was_paused_before_its_event_came_sends_nothing_more(
    post: Post, endpoint: Endpoint
) -> None:
    """The command is stored, and who delivers has not heard of it yet."""
    webhook = await post.hook("whk_1", endpoint.url)
    await post.tell("BROADCAST")
    for status in (Status.PAUSED, Status.UNVERIFIED, Status.REMOVED):
        await post.webhooks.load([(f"whk_{status}", replace(webhook, status=status, name=status), [])])
        await post.book.begin(f"whk_{status}", webhook)
    await post.deliver()
    assert len(endpoint.came) == 1


async def test_a_filter_leaves_out_and_moves_on(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url, Filter(kinds=(News.CORRECTED,), severities=(Severity.HIGH,)))
    high = replace(ruled(), severity="HIGH")
    await post.tell("BROADCAST", "CORRECTED", alert=replace(high, severity="LOW"))
    (entry,) = await post.tell("CORRECTED", alert=high)
    await post.tell("BROADCAST", alert=high)
    await post.deliver()
    assert told(endpoint) == [entry.id]
    assert (await post.progress("whk_1")).cursor == await post.inbox.cursor(HUNGARY, "")


async def test_what_the_authority_may_not_see_is_not_delivered(post: Post, endpoint: Endpoint) -> None:
    """The entry is there; the alert is not addressed to the country any more, or the authority takes part in nothing."""
    await post.hook("whk_1", endpoint.url)
    await post.tell("BROADCAST", alert=replace(ruled(), addressed=()))
    await post.hook("whk_2", endpoint.url, to="aut_hu_suspended")
    await post.hook("whk_3", endpoint.url, to="aut_nobody")
    for authority in ("aut_hu_suspended", "aut_nobody"):
        await post.tell("BROADCAST", to=authority)
    await post.deliver()
    assert endpoint.came == []
    assert (await post.progress("whk_1")).cursor == await post.inbox.cursor(HUNGARY, "")


async def waiting(post: Post, endpoint: Endpoint, authority: str) -> list[Entry]:
    """What *authority* is told and not sent, its webhook standing where it stood."""
    await post.hook("whk_1", endpoint.url, to=authority)
    before = (await post.progress("whk_1")).cursor
    sent = ruled()
    to = replace(next(one for one in sent.addressed if one.country == "HU"), told=(authority,))
    entries = await post.tell("BROADCAST", "BROADCAST", alert=replace(sent, addressed=(to,)), to=authority)
    await post.deliver()
    assert (endpoint.came, (await post.progress("whk_1")).cursor) == ([], before)
    return entries


async def test_what_waits_when_an_authority_is_suspended_comes_when_it_is_active_again(
    post: Post, endpoint: Endpoint
) -> None:
    authority = "aut_hu_suspended"
    entries = await waiting(post, endpoint, authority)
    suspended = await post.participants.get(authority)
    stored = await post.documents.get(PARTICIPANTS, authority)
    assert suspended is not None
    assert stored is not None
    active = replace(suspended, status=ParticipantStatus.ACTIVE, revision=suspended.revision + 1)
    await post.documents.compare_and_set(PARTICIPANTS, Document(authority, body(active), stored.revision))
    post.clock.at += LOOK_AGAIN
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries]


async def test_what_waits_when_an_authority_takes_part_no_more_comes_when_it_does_again(
    post: Post, endpoint: Endpoint
) -> None:
    """Whoever reads its inbox is refused meanwhile, and goes on after the same cursor."""
    authority = "aut_hu_requests"
    entries = await waiting(post, endpoint, authority)
    without = await post.participants.get(authority)
    stored = await post.documents.get(PARTICIPANTS, authority)
    assert without is not None
    assert stored is not None
    part = Part(
        module=MODULE,
        legislative_role=LegislativeRole.COMPETENT_AUTHORITY,
        workflow_roles=(WorkflowRole.ALERT_AUTHORITY,),
    )
    again = replace(without, parts=(*without.parts, part), revision=without.revision + 1)
    await post.documents.compare_and_set(PARTICIPANTS, Document(authority, body(again), stored.revision))
    post.clock.at += LOOK_AGAIN
    await post.deliver()
    assert told(endpoint) == [entry.id for entry in entries]


def a_saved_filter(delivery: Delivery = Delivery.WEBHOOK) -> SavedFilter:
    return SavedFilter(
        authority_id=HUNGARY,
        name="Corrected",
        filter=Filter(kinds=(News.CORRECTED,)),
        delivery=delivery,
        created_by="usr_1",
        created_at=START,
        changed_at=START,
    )


async def test_a_webhook_goes_by_a_saved_filter_and_stands_still_when_that_is_gone(
    post: Post, endpoint: Endpoint
) -> None:
    await post.saved.load([("flt_1", a_saved_filter(), [])])
    await post.hook("whk_1", endpoint.url, saved="flt_1")
    await post.hook("whk_2", endpoint.url, saved="flt_none")
    _, entry = await post.tell("BROADCAST", "CORRECTED")
    await post.deliver()
    assert told(endpoint) == [entry.id]
    gone = await post.progress("whk_2")
    assert gone.paused is PauseReason.FILTER_REMOVED


async def test_a_cursor_that_is_no_longer_kept_stands_still_and_skips_nothing(post: Post, endpoint: Endpoint) -> None:
    webhook = await post.hook("whk_1", endpoint.url)
    other = await post.inbox.cursor("aut_fr_coordinator", "")
    lost = replace(webhook, name="x", start=other)
    await post.webhooks.load([("whk_2", lost, [])])
    await post.book.begin("whk_2", lost)
    await post.tell("BROADCAST")
    await post.deliver()
    assert (await post.progress("whk_2")).paused is PauseReason.CURSOR_EXPIRED
    assert len(endpoint.came) == 1


async def test_one_replica_delivers_and_another_takes_over_when_it_dies(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    first, second = await post.tell("BROADCAST", "BROADCAST")
    (document,) = await post.book.due(10)
    endpoint.may_answer.clear()
    dying = asyncio.create_task(post.replica().deliver(document))
    await until(lambda: _came(endpoint, 1))
    assert await post.book.due(10) == []
    await post.replica().deliver(document)  # another saw it at the same moment, and lost
    assert len(endpoint.came) == 1
    post.clock.at += LEASE
    endpoint.statuses = [204]
    other = asyncio.create_task(post.deliver())
    await until(lambda: _came(endpoint, 2))
    endpoint.may_answer.set()
    assert await other == 1
    await dying
    assert list(dict.fromkeys(told(endpoint))) == [first.id, second.id]
    assert told(endpoint).count(second.id) == 1
    assert (await post.progress("whk_1")).cursor == await post.inbox.cursor(HUNGARY, "")


async def _came(endpoint: Endpoint, count: int) -> bool:
    return len(endpoint.came) >= count


async def test_a_replica_that_stops_lets_go_at_once(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    (entry,) = await post.tell("BROADCAST")
    (document,) = await post.book.due(10)
    endpoint.may_answer.clear()
    stopping = asyncio.create_task(post.replica().deliver(document))
    await until(lambda: _came(endpoint, 1))
    stopping.cancel()
    await asyncio.wait([stopping])
    endpoint.may_answer.set()
    assert await post.deliver() == 1
    assert told(endpoint) == [entry.id, entry.id]


async def test_a_call_that_comes_while_somebody_delivers_is_not_lost(post: Post, endpoint: Endpoint) -> None:
    """It has read to the end, and notes that there is nothing more, when there is."""
    await post.hook("whk_1", endpoint.url)
    (document,) = await post.book.due(10)
    held = await post.book.claim(document, "somebody")
    assert held is not None
    await post.tell("BROADCAST")
    assert await post.book.rest(held, held.progress)
    assert not await post.book.rest(held, held.progress)
    assert await post.book.due(10) == []


async def test_a_call_that_was_lost_costs_minutes(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    await post.deliver()
    (entry,) = await post.tell("BROADCAST")
    await post.deliver()
    post.clock.at += LOOK_AGAIN
    assert await post.deliver() == 1
    assert told(endpoint) == [entry.id]


async def test_a_slow_endpoint_delays_no_other(post: Post, endpoint: Endpoint, tls: Trust) -> None:
    async with an_endpoint(tls[0]) as slow:
        slow.may_answer.clear()
        for n in range(10):
            await post.hook(f"whk_slow_{n}", slow.url)
        await post.hook("whk_1", endpoint.url)
        async with working([post.replica().run]):
            entries = await post.tell(*["BROADCAST"] * 20)
            await until(lambda: _came(endpoint, 20))
            assert len(slow.came) == 10
            assert (await post.progress("whk_slow_0")).recent == ()
            slow.may_answer.set()
            await until(lambda: _came(slow, 200))
    assert told(endpoint) == [entry.id for entry in entries]


async def test_two_replicas_deliver_everything_and_no_entry_before_another(post: Post, endpoint: Endpoint) -> None:
    for n in range(4):
        await post.hook(f"whk_{n}", f"{endpoint.url}/{n}")
    one, other = post.replica(), post.replica()
    entries = []
    async with working([one.run, other.run]):
        for _ in range(10):
            entries += await post.tell("BROADCAST", "CORRECTED")
        await until(lambda: _came(endpoint, 80))
    for n in range(4):
        came = [one.data["entryId"] for one in endpoint.entries if one.line.split(" ")[1].endswith(f"/{n}")]
        assert came == [entry.id for entry in entries]


async def test_while_a_secret_is_being_changed_both_sign(post: Post, endpoint: Endpoint) -> None:
    await post.hook("whk_1", endpoint.url)
    await post.change("whk_1", lambda one: rules.change_secret(one, CHIEF, drop_old=False))
    await post.tell("BROADCAST")
    await post.deliver()
    post.clock.forward(days=1)
    await post.tell("BROADCAST")
    await post.deliver()
    during, after = endpoint.came
    signed = [[came.signed_by(SECRETS.shown("whk_1", number)) for number in (1, 2)] for came in (during, after)]
    assert signed == [[True, True], [False, True]]
