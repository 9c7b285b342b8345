"""Each change is told; the index follows, is made again when lost, and waits for the directory when that is away."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis import reactions
from chassis.caller import Signer
from chassis.calls import open_channel
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import Received, open_events
from protos.repositories.v1 import repositories_pb2 as pb
from protos.repositories.v1.events_pb2 import EntryChanged
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.repositories import storage
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.lifecycle import Status
from services.repositories.wiring import rebuild_search, repositories
from tests.builders import doctors
from tests.chassis.waiting import until
from tests.ports import a_dead_address
from tests.repositories.conftest import Asking, an_editor
from tests.repositories.registers import REGISTERS, a_register, a_version, an_entry, refers
from vocabulary.refusals import Unavailable


@asynccontextmanager
async def running(settings: ServiceSettings) -> AsyncIterator[Asking]:
    async with repositories(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        signer = Signer(KeyRing(settings.keys), "gateway")
        yield Asking(channel, signer)


@asynccontextmanager
async def a_directory(settings: ServiceSettings) -> AsyncIterator[None]:
    """The directory where *settings* look for it; nobody is in it, but it knows the concepts."""
    async with directory(DirectorySettings(data_dir=settings.data_dir, listen_address=settings.directory_address)):
        yield


@pytest.fixture
async def settings(tmp_path: Path) -> ServiceSettings:
    """A store with one published entry and one draft, both about nurses, and no index yet."""
    made = ServiceSettings(data_dir=tmp_path, listen_address="127.0.0.1:0", directory_address=a_dead_address())
    about_nurses = a_version(values=a_register(subjects=refers("nurse")))
    owned = {"owner_id": doctors("IT")}
    async with (
        open_documents(made.documents("repositories"), storage.COLLECTIONS) as documents,
        open_events(made.events) as events,
    ):
        entries = storage.entries(documents, Outbox("repositories", documents, events, clock), {"registers": REGISTERS})
        published = an_entry(Status.PUBLISHED, published=about_nurses, **owned)
        draft = an_entry(Status.DRAFT, draft=about_nurses, **owned)
        await entries.load([("ent_published", published, []), ("ent_draft", draft, [])])
    return made


async def found(asking: Asking) -> set[str] | None:
    """What is found; None while the index is being built."""
    try:
        answer = await asking(an_editor("HU"), "SearchEntries", repository="registers", text="ápoló")
    except Unavailable as refusal:
        if refusal.reason != "INDEX_REBUILDING":
            raise
        return None
    assert answer.total == len(answer.entries)
    return {entry.id for entry in answer.entries}


async def until_found(asking: Asking, *expected: str) -> None:
    async with asyncio.timeout(30):
        while True:
            if await found(asking) == set(expected):
                return
            await asyncio.sleep(0.01)


async def until_tried(times: int) -> None:
    """Wait until the index has said so many times that it waits."""
    with capture_logs() as lines:
        async with asyncio.timeout(30):
            while True:
                if [line["event"] for line in lines].count("waiting") >= times:
                    return
                await asyncio.sleep(0.01)


async def test_each_change_is_told_by_ids_and_codes(settings: ServiceSettings) -> None:
    italy = an_editor("IT")
    async with (
        open_events(settings.events) as events,
        events.join("test", ["imi.repositories.v1"]) as member,
        running(settings) as asking,
    ):
        await asking.do(italy, "PublishEntry", id="ent_draft")
        await asking.do(italy, "EditEntry", id="ent_draft")
        await asking.do(italy, "WithdrawEntry", id="ent_draft", reason="soppresso")
        made = await asking.do(italy, "CreateEntry", repository="registers")
        told: list[Received] = []
        while len(told) < 4:
            told += await member.poll()
    messages = [EntryChanged.FromString(received.event.data) for received in told]
    assert {received.event.subject for received in told} == {"ent_draft", made.id}
    assert all(message.repository_code == "registers" for message in messages)
    assert {(message.entry_id, message.revision, message.action, message.to) for message in messages} == {
        ("ent_draft", 2, pb.ENTRY_ACTION_PUBLISH, pb.ENTRY_STATUS_PUBLISHED),
        ("ent_draft", 3, pb.ENTRY_ACTION_EDIT, pb.ENTRY_STATUS_PUBLISHED),
        ("ent_draft", 4, pb.ENTRY_ACTION_WITHDRAW, pb.ENTRY_STATUS_WITHDRAWN),
        (made.id, 1, pb.ENTRY_ACTION_CREATE, pb.ENTRY_STATUS_DRAFT),
    }


async def test_a_lost_index_is_made_again_from_the_store(settings: ServiceSettings) -> None:
    async with a_directory(settings):
        for _ in range(2):
            async with running(settings) as asking:
                await until_found(asking, "ent_published")
            shutil.rmtree(settings.data_dir / "repositories" / "index")


async def test_what_is_published_while_the_directory_is_away_is_found_when_it_is_back(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it was tried in the meantime: its absence is no fault of the event."""
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.05)
    monkeypatch.setattr(reactions, "ATTEMPTS", 1)
    async with running(settings) as asking:
        await until_tried(3)
        assert await found(asking) is None
        async with a_directory(settings):
            await until_found(asking, "ent_published")
        await asking.do(an_editor("IT"), "PublishEntry", id="ent_draft")
        await until_tried(3)
        assert await asking.read(an_editor("HU"), "ent_draft") is not None
        assert await found(asking) == {"ent_published"}
        async with a_directory(settings):
            await until_found(asking, "ent_published", "ent_draft")


async def test_an_index_is_made_anew_by_definitions_that_its_process_has_not_heard_of(
    settings: ServiceSettings,
) -> None:
    """Another process has published one, and orders the index; nothing of what was narrowed may be found in it."""
    outsider = an_editor("HU", modules=("services/repository",))
    async with a_directory(settings), running(settings) as asking:

        async def there() -> bool:
            return await found(asking) == {"ent_published"}

        await until(there)
        answer = await asking(outsider, "SearchEntries", repository="registers")
        assert answer.total == 1
        narrowed = replace(REGISTERS, version=2, audience=Audience(visibility=Visibility.MODULE))
        async with (
            open_documents(settings.documents("repositories"), storage.COLLECTIONS) as documents,
            open_events(settings.events) as events,
        ):
            published = storage.published(documents, Outbox("repositories", documents, events, clock))
            kept = storage.Published(definition=narrowed, user_id="usr_1", at=clock())
            await published.load([(narrowed.id, kept, [])])
        await rebuild_search(settings)
        answer = await asking(outsider, "SearchEntries", repository="registers", facets=["country"])
        assert (answer.total, [list(one.values) for one in answer.facets]) == (0, [[]])
