"""Whom an alert concerns hears of it, once and in turn, wherever the service dies and however often an event comes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chassis.caller import Signer
from chassis.calls import open_channel
from chassis.inbox import INBOX, Inbox
from chassis.keys import KeyRing
from chassis.outbox import topic
from chassis.process import clock
from chassis.settings import ServiceSettings
from deploy.servers import free_ports
from engines.documents import Document, Documents, open_documents, pages
from engines.events import Received, open_events
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.alerts_pb2_grpc import AlertsServiceStub
from protos.common.v1 import common_pb2
from services.alerts import storage
from services.alerts.reactions import STREAM
from services.alerts.wiring import alerts
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from tests.alerts.conftest import FREE_PORT
from tests.alerts.dangers import TYPE_ID, on_wire
from tests.chassis.waiting import until
from tests.faults.audience import AUTHOR, SENDER, Audience, coordinator, load
from tests.faults.desk import Desk
from tests.faults.doomed import ANSWERED, UNANSWERED, Step
from tests.faults.lives import a_nursery, alive
from tests.faults.nursery import Life
from tests.faults.processes import until_dead
from tests.faults.readers import Reader, listening, place

# In each of 29 countries.
EACH = 2
READERS = 6
LATEST_S = 60.0


@asynccontextmanager
async def a_directory(data: Path, audience: Audience) -> AsyncIterator[str]:
    """The directory that knows *audience*; gives where it answers."""
    settings = DirectorySettings.model_validate(
        {"data_dir": data, "listen_address": FREE_PORT, "requests_address": "none", "alerts_address": "none"}
    )
    await load(settings, audience)
    async with directory(settings) as server:
        yield f"127.0.0.1:{server.port}"


def a_desk(data: Path, stub: AlertsServiceStub) -> Desk:
    return Desk("alerts", stub, pb, Signer(KeyRing(data / "keys"), "gateway"))


def store(data: Path) -> Any:
    """What the service keeps."""
    return open_documents(f"sqlite:///{data}/alerts/documents.db", storage.COLLECTIONS)


async def submitted(desk: Desk) -> str:
    """An alert that waits to be broadcast."""
    made = await desk.do(AUTHOR, "CreateAlert", type_id=TYPE_ID, values=on_wire())
    await desk.do(AUTHOR, "SubmitAlert", id=made.alert.id)
    return str(made.alert.id)


async def told(documents: Documents, recipient: str) -> dict[str, str]:
    """What *recipient* is told, by entry, page by page: without a gap, without a place twice."""
    inbox = Inbox(documents, STREAM, clock)
    found: dict[str, str] = {}
    after, count = "", 0
    while True:
        page = await inbox.read(recipient, after, 3)
        for entry, cursor in zip(page.items, page.cursors, strict=True):
            count += 1
            assert place(cursor) == count, recipient
            assert entry.id not in found, recipient
            found[entry.id] = entry.subject
        if not page.has_next:
            return found
        after = page.cursors[-1]


async def test_wherever_the_service_dies_each_inbox_gets_each_alert_once(tmp_path: Path) -> None:
    """It dies at each step of a broadcast to everybody in turn, with streams open that come back by their cursors."""
    audience, orders = Audience(EACH), tmp_path / "orders"
    answered = orders.with_suffix(ANSWERED)
    address = f"127.0.0.1:{next(free_ports(tmp_path))}"
    sent: dict[str, str] = {}
    async with (
        a_directory(tmp_path, audience) as found,
        a_nursery(tmp_path, "alerts") as nursery,
        open_channel(address) as channel,
    ):
        desk = a_desk(tmp_path, AlertsServiceStub(channel))
        readers = [
            Reader(desk, coordinator(ids[-1], country)) for country, ids in [*audience.by_country.items()][:READERS]
        ]

        def life(name: str) -> Life:
            environment = {"DATA_DIR": str(tmp_path), "LISTEN_ADDRESS": address, "DIRECTORY_ADDRESS": found}
            return Life("services.alerts", str(tmp_path / f"{name}.log"), environment, str(orders))

        async with listening(readers), asyncio.TaskGroup() as giving:
            for step in Step:
                async with alive(nursery, life(step.name)) as (pid, _):
                    id_ = await submitted(desk)
                    sent[id_] = step
                    message = desk.message("BroadcastAlert", id=id_, countries=[*audience.by_country])
                    answered.unlink(missing_ok=True)
                    orders.write_text(step)
                    given = giving.create_task(desk.give(SENDER, "BroadcastAlert", message))
                    if step not in UNANSWERED:
                        await given
                        answered.touch()
                    await until_dead(pid)
                    assert not orders.exists(), f"it died of something else than {step}"
            async with alive(nursery, life("last")), store(tmp_path) as documents:

                async def all_have_all() -> bool:
                    inboxes = [await told(documents, one) for one in audience.abroad]
                    return all(set(sent) <= set(inbox.values()) for inbox in inboxes)

                async def all_have_heard() -> bool:
                    return all(set(sent) <= set(one.alerts.values()) for one in readers)

                await until(all_have_all, LATEST_S)
                await until(all_have_heard, LATEST_S)
                for recipient in audience.abroad:
                    counted = Counter(sent[alert] for alert in (await told(documents, recipient)).values())
                    assert counted == Counter(Step), recipient
                for reader in readers:
                    assert reader.wrong == []
                    assert reader.alerts == await told(documents, reader.caller.authority_id)
                    assert reader.lives >= len(Step)


async def state_of(documents: Documents, *besides: str) -> Mapping[str, Any]:
    """Every alert and every inbox as it is stored, without what is said of the alerts *besides*."""
    found: dict[str, Any] = {}
    async for page in pages(documents, storage.ALERTS, size=100):
        found.update((one.id, (one.revision, one.body)) for one in page if one.id not in besides)
    async for page in pages(documents, INBOX, size=100):
        found.update((one.id, _entries(one, besides)) for one in page)
    return found


def _entries(bucket: Document, besides: tuple[str, ...]) -> list[Any]:
    entries: Any = bucket.body["entries"]
    return [entry for entry in entries if entry["subject"] not in besides]


async def a_busy_alert(desk: Desk, audience: Audience) -> None:
    """One that is broadcast, acknowledged, passed on and added to."""
    id_ = await submitted(desk)
    await desk.do(SENDER, "BroadcastAlert", id=id_, countries=[*audience.by_country])
    for country in ("HU", "FR"):
        first, *others = audience.by_country[country]
        await desk.do(coordinator(first, country), "AcknowledgeAlert", id=id_)
        await desk.do(coordinator(first, country), "DisseminateAlert", id=id_, authority_ids=others)
    text = common_pb2.FreeText(text="Visto anche a Roma", language="it")
    added = await desk.do(AUTHOR, "AddAlertInformation", id=id_, text=text)
    information = added.alert.information[0].id
    await desk.do(SENDER, "ApproveAlertInformation", id=id_, information_id=information)


async def test_events_that_come_again_and_again_change_nothing(tmp_path: Path) -> None:
    """Each comes twice, and one in twenty ten times (F3)."""
    audience = Audience(EACH)
    async with a_directory(tmp_path, audience) as found:
        settings = ServiceSettings(data_dir=tmp_path, listen_address=FREE_PORT, directory_address=found)
        async with (
            alerts(settings) as server,
            open_channel(f"127.0.0.1:{server.port}") as channel,
            store(tmp_path) as documents,
            open_events(settings.events) as events,
            events.join("copy", [topic("alerts")]) as member,
        ):
            desk = a_desk(tmp_path, AlertsServiceStub(channel))

            async def settled() -> str:
                """The alert of which the own coordinator heard when it had heard of everything before."""
                fence = await submitted(desk)

                async def is_told() -> bool:
                    return fence in (await told(documents, SENDER.authority_id)).values()

                await until(is_told, LATEST_S)
                return fence

            for _ in range(4):
                await a_busy_alert(desk, audience)
            fences = [await settled()]
            before = await state_of(documents)
            copied: list[Received] = []
            while some := await member.poll(limit=500, wait_s=0.5):
                copied += some
            assert len(copied) == 4 * 9 + 2
            for number, received in enumerate(copied):
                await events.publish(topic("alerts"), [received.event] * (9 if number % 20 == 0 else 1))
            fences.append(await settled())
            assert await state_of(documents, fences[1]) == before
