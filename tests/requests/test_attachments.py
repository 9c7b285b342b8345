"""Attachments: scanned for malware, each content kept once, what was never attached removed after a day."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.removing import Removing
from chassis.settings import ServiceSettings
from chassis.timers import Timer, Timers
from chassis.uploads import keeping
from chassis.uploads.contents import CLAIM, CONTENTS, UNUSED_KEPT, Contents
from chassis.uploads.keeping import GRACE, UNATTACHED, UNATTACHED_KEPT, chosen
from engines.documents import Document, Documents, open_documents
from engines.events import open_events
from engines.files import open_files
from engines.scanning import State, open_scanner
from services.requests import storage
from services.requests.attachments import Attachments
from services.requests.domain.exchange import Child
from services.requests.domain.lifecycle import Status
from services.requests.domain.questions import Asked
from services.requests.domain.requests import Request
from tests.chassis.ticking import START, Clock
from tests.engines.clamd import EICAR, Daemon, a_daemon
from tests.requests.exchanges import HUNGARY, ITALY, PDF, a_stored_draft, a_stored_request
from vocabulary.files import File
from vocabulary.refusals import Forbidden, Invalid, NotFound, Unavailable

VIRUS = b"%PDF-1.7\n" + EICAR
A_DAY = UNATTACHED_KEPT + GRACE
NOT_SCANNED = (State.NOT_SCANNED, None)


@dataclass
class Desk:
    """Attachments with everything below them, at a time that tests set."""

    folder: Path
    documents: Documents
    attachments: Attachments
    contents: Contents
    timers: Timers
    clock: Clock

    async def upload(self, content: bytes = PDF, caller: Caller = ITALY, **more: Any) -> File:
        async def chunks() -> AsyncIterator[bytes]:
            yield content

        return (await self.attachments.upload("laurea.pdf", "", chunks(), caller, **more))[0]

    async def read(self, file: File, caller: Caller = ITALY) -> bytes:
        return b"".join([chunk async for chunk in (await self.attachments.download(file.id, caller))[1]])

    async def scan(self, file: File, caller: Caller = ITALY) -> Any:
        return (await self.attachments.scans([file.id], caller)).get(file.id)

    async def work(self) -> None:
        """Do what is due now."""
        await self.timers.fire_due(self.attachments.fire)

    async def attach(self, *files: File) -> None:
        """A draft of Italy's with these files, in the store."""
        await self.keep(f"req_{files[0].id}", a_stored_request(Status.DRAFT, draft=a_stored_draft(files=files)))

    async def keep(self, id_: str, request: Request) -> None:
        """*request* in the store."""
        body = {**storage._indexed(request), "state": msgspec.to_builtins(request), "answered": []}
        await self.documents.insert(storage.REQUESTS, Document(id_, body))

    @property
    def kept(self) -> list[bytes]:
        """The contents in the store."""
        return [path.read_bytes() for path in self.folder.rglob("*") if path.is_file()]


@asynccontextmanager
async def a_desk(folder: Path, scanner: str = "", clock: Clock | None = None, **more: Any) -> AsyncIterator[Desk]:
    clock = clock or Clock()
    async with (
        open_documents(f"sqlite:///{folder}/documents.db", storage.COLLECTIONS) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
        open_files(f"folder:///{folder}/files") as files,
    ):
        outbox = Outbox("requests", documents, events, clock)
        timers = Timers(documents, storage.FILE_TIMERS, clock)
        contents = Contents(documents, files, open_scanner(scanner), timers, clock)
        uploads, requests = keeping.uploads(documents, outbox), storage.requests(documents, outbox)
        attachments = Attachments(uploads, requests, files, contents, timers, clock, **more)
        yield Desk(folder / "files", documents, attachments, contents, timers, clock)


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    async with a_daemon() as running:
        yield running


@pytest.fixture
async def desk(tmp_path: Path, daemon: Daemon) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, daemon.url) as opened:
        yield opened


@pytest.fixture
async def unscanned(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as opened:
        yield opened


async def test_a_clean_upload_says_when_it_was_scanned(desk: Desk, daemon: Daemon) -> None:
    file = await desk.upload()
    assert await desk.scan(file) == (State.CLEAN, desk.clock.at)
    assert daemon.scanned == [PDF]
    assert await desk.read(file) == PDF


async def test_an_infected_upload_is_refused_and_nothing_of_it_is_kept(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.upload(VIRUS)
    assert (refused.value.field, refused.value.reason) == ("file", "INFECTED")
    assert desk.kept == []
    for collection in (keeping.FILES, CONTENTS, storage.FILE_TIMERS):
        assert await desk.documents.find(collection, limit=10) == []


async def test_what_is_refused_anyway_is_not_scanned(desk: Desk, daemon: Daemon) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.upload(b"MZ\x90\x00" + EICAR)
    assert refused.value.reason == "FILE_TYPE"
    assert daemon.scanned == []


async def test_with_the_scanner_away_an_upload_is_kept_not_scanned_and_scanned_later(tmp_path: Path) -> None:
    async with a_daemon() as gone:
        port = gone.port
    async with a_desk(tmp_path, f"clamd://127.0.0.1:{port}") as desk:
        clean, virus = await desk.upload(), await desk.upload(VIRUS)
        assert [await desk.scan(file) for file in (clean, virus)] == [NOT_SCANNED, NOT_SCANNED]
        assert await desk.read(virus) == VIRUS
        await desk.work()
        assert await desk.scan(clean) == NOT_SCANNED
        async with a_daemon(port):
            await desk.work()
            assert await desk.scan(clean) == NOT_SCANNED  # it tries again after a while, not at once
            desk.clock.forward(hours=1)
            await desk.work()
        assert await desk.scan(clean) == (State.CLEAN, desk.clock.at)
        assert await desk.scan(virus) == (State.INFECTED, desk.clock.at)


async def test_what_is_found_to_be_infected_later_is_neither_read_nor_attached_nor_uploaded_again(
    tmp_path: Path,
) -> None:
    async with a_desk(tmp_path) as desk:
        virus = await desk.upload(VIRUS)
    async with a_daemon() as daemon, a_desk(tmp_path, daemon.url) as desk:
        await desk.contents.scan_all_later()
        await desk.work()
        with pytest.raises(Forbidden) as unread:
            await desk.read(virus)
        assert (unread.value.field, unread.value.reason) == ("id", "INFECTED")
        pick = chosen(await desk.attachments.found([virus.id], ITALY))
        with pytest.raises(Invalid) as unattached:
            pick([virus.id], "draft.fileIds")
        assert (unattached.value.field, unattached.value.reason) == ("draft.fileIds[0]", "INFECTED")
    async with a_desk(tmp_path) as desk:
        with pytest.raises(Invalid) as again:
            await desk.upload(VIRUS, HUNGARY)
        assert again.value.reason == "INFECTED"


async def test_an_infected_upload_says_it_of_the_same_content_uploaded_before(tmp_path: Path) -> None:
    async with a_desk(tmp_path) as desk:
        before = await desk.upload(VIRUS)
    async with a_daemon() as daemon, a_desk(tmp_path, daemon.url) as desk:
        with pytest.raises(Invalid):
            await desk.upload(VIRUS, HUNGARY)
        assert await desk.scan(before) == (State.INFECTED, desk.clock.at)


async def test_a_new_scanner_scans_what_was_uploaded_before_it_once(tmp_path: Path) -> None:
    async with a_desk(tmp_path) as desk:
        files = [await desk.upload(b"text %d" % n) for n in range(3)]
        await desk.work()
        assert await desk.scan(files[0]) == NOT_SCANNED
    async with a_daemon() as daemon, a_desk(tmp_path, daemon.url) as desk:
        for _ in range(3):
            await desk.contents.scan_all_later()
            await desk.work()
        assert sorted(daemon.scanned) == [b"text 0", b"text 1", b"text 2"]
        assert {(await desk.scan(file))[0] for file in files} == {State.CLEAN}


async def test_what_the_scanner_said_still_holds_while_it_is_away(tmp_path: Path) -> None:
    async with a_daemon() as daemon, a_desk(tmp_path, daemon.url) as desk:
        first = await desk.upload()
        said = await desk.scan(first)
    async with a_desk(tmp_path, f"clamd://127.0.0.1:{daemon.port}") as desk:
        second = await desk.upload(caller=HUNGARY)
        assert await desk.scan(second, HUNGARY) == said


async def test_what_the_scanner_never_takes_is_not_tried_for_ever(desk: Desk, daemon: Daemon) -> None:
    daemon.answer = b"INSTREAM size limit exceeded. ERROR\0"
    file = await desk.upload()
    await desk.work()
    daemon.scanned.clear()
    desk.clock.forward(hours=5)
    await desk.work()
    assert (daemon.scanned, await desk.scan(file)) == ([], NOT_SCANNED)


async def test_where_only_what_was_scanned_is_read_the_rest_waits(tmp_path: Path) -> None:
    async with a_desk(tmp_path, unscanned_downloads=False) as desk:
        file = await desk.upload()
        with pytest.raises(Forbidden) as unread:
            await desk.read(file)
        assert (unread.value.field, unread.value.reason) == ("id", "NOT_SCANNED")
        with pytest.raises(NotFound):  # whoever may not know of the file is not told that it waits
            await desk.read(file, HUNGARY)
    async with a_daemon() as daemon, a_desk(tmp_path, daemon.url, unscanned_downloads=False) as desk:
        await desk.contents.scan_all_later()
        await desk.work()
        assert await desk.read(file) == PDF


async def test_what_the_scanner_said_is_for_those_who_may_read_the_file(unscanned: Desk) -> None:
    file = await unscanned.upload()
    assert await unscanned.scan(file) == NOT_SCANNED
    assert await unscanned.scan(file, HUNGARY) is None


async def test_a_language_can_be_declared(unscanned: Desk) -> None:
    assert (await unscanned.upload()).language == ""
    assert (await unscanned.upload(language="pt-PT")).language == "pt"
    with pytest.raises(Invalid) as refused:
        await unscanned.upload(language="tlh")
    assert (refused.value.field, refused.value.reason) == ("language", "UNKNOWN_LANGUAGE")


async def test_an_upload_that_is_never_attached_is_removed_after_a_day(unscanned: Desk) -> None:
    file = await unscanned.upload()
    unscanned.clock.at += A_DAY - timedelta(seconds=1)
    await unscanned.work()
    assert await unscanned.read(file) == PDF
    unscanned.clock.forward(seconds=1)
    await unscanned.work()
    assert unscanned.kept == []
    with pytest.raises(NotFound):
        await unscanned.read(file)
    record = await unscanned.documents.get(keeping.FILES, file.id)
    assert record is not None
    assert "laurea" not in str(record.body)


async def test_nothing_is_kept_of_a_file_that_is_gone_nor_of_its_content(unscanned: Desk) -> None:
    """What is attached stays, as does what may yet be."""
    gone, attached = await unscanned.upload(), await unscanned.upload(b"attached")
    await unscanned.attach(attached)
    unscanned.clock.at += A_DAY
    await unscanned.work()
    young = await unscanned.upload(b"young")
    await Removing(unscanned.documents, storage.removals(ServiceSettings()), unscanned.clock).remove_all()
    records = await unscanned.documents.find(keeping.FILES, limit=10)
    assert {one.id for one in records} == {attached.id, young.id}
    contents = await unscanned.documents.find(CONTENTS, limit=10)
    assert {one.id for one in contents} == {attached.sha256, young.sha256}
    with pytest.raises(NotFound):
        await unscanned.read(gone)
    assert await unscanned.read(attached) == b"attached"
    # What a worker that had died begins again finds nothing to do.
    await unscanned.attachments.fire(
        Timer(subject=gone.id, kind=UNATTACHED, due=START, payload={"sha256": gone.sha256})
    )
    unscanned.clock.forward(days=100)
    await unscanned.work()
    await Removing(unscanned.documents, storage.removals(ServiceSettings()), unscanned.clock).remove_all()
    assert {one.id for one in await unscanned.documents.find(keeping.FILES, limit=10)} == {attached.id}
    assert await unscanned.documents.find(storage.FILE_TIMERS, limit=10) != []
    unscanned.clock.forward(days=31)
    await Removing(unscanned.documents, storage.removals(ServiceSettings()), unscanned.clock).remove_all()
    assert await unscanned.documents.find(storage.FILE_TIMERS, limit=10) == []
    assert await unscanned.read(attached) == b"attached"


async def test_what_was_found_in_a_content_is_known_after_it_is_gone(tmp_path: Path, daemon: Daemon) -> None:
    """Whoever uploads it while the scanner is away is refused it all the same."""
    async with a_desk(tmp_path) as desk:
        file = await desk.upload(VIRUS)
        clock = desk.clock
    async with a_desk(tmp_path, daemon.url, clock) as desk:
        await desk.contents.scan(file.sha256)
        clock.at += A_DAY
        await desk.work()
        assert desk.kept == []
    async with a_desk(tmp_path, clock=clock) as desk:
        with pytest.raises(Invalid) as refused:
            await desk.upload(VIRUS)
    assert refused.value.reason == "INFECTED"


async def test_an_upload_can_be_attached_for_a_day_and_an_attached_one_stays(unscanned: Desk) -> None:
    attached, forgotten = await unscanned.upload(), await unscanned.upload(b"forgotten")
    await unscanned.attach(attached)

    async def can_be_attached() -> set[str]:
        return set((await unscanned.attachments.found([attached.id, forgotten.id], ITALY)).files)

    unscanned.clock.at += UNATTACHED_KEPT - timedelta(seconds=1)
    assert await can_be_attached() == {attached.id, forgotten.id}
    unscanned.clock.forward(seconds=1)
    assert await can_be_attached() == {attached.id}
    unscanned.clock.forward(days=30)
    await unscanned.work()
    assert await can_be_attached() == {attached.id}
    assert unscanned.kept == [PDF]
    assert await unscanned.read(attached) == PDF


async def test_the_same_content_is_kept_once_and_goes_with_its_last_file(unscanned: Desk) -> None:
    first = await unscanned.upload()
    unscanned.clock.forward(hours=12)
    second = await unscanned.upload(caller=HUNGARY)
    assert first.sha256 == second.sha256 == hashlib.sha256(PDF).hexdigest()
    assert unscanned.kept == [PDF]
    unscanned.clock.at += A_DAY - timedelta(hours=12)
    await unscanned.work()
    assert await unscanned.read(second, HUNGARY) == PDF
    with pytest.raises(NotFound):
        await unscanned.read(first)
    unscanned.clock.forward(hours=13)
    await unscanned.work()
    assert unscanned.kept == []


async def test_a_removed_content_can_be_uploaded_again(unscanned: Desk) -> None:
    await unscanned.upload()
    unscanned.clock.at += A_DAY
    await unscanned.work()
    again = await unscanned.upload()
    assert await unscanned.read(again) == PDF


async def test_a_content_that_was_claimed_a_moment_ago_is_not_removed(unscanned: Desk) -> None:
    """Its file may not be written yet."""
    file = await unscanned.upload()

    async def unused() -> bool:
        return False

    with pytest.raises(Unavailable):
        await unscanned.contents.remove(file.sha256, unused)
    assert unscanned.kept == [PDF]
    unscanned.clock.at += CLAIM
    await unscanned.contents.remove(file.sha256, unused)
    assert unscanned.kept == []


async def test_a_removal_that_was_cut_off_is_finished_before_the_content_comes_back(
    unscanned: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await unscanned.upload()
    unscanned.clock.at += A_DAY

    async def cut(_: str) -> None:
        raise Unavailable("the store is away")

    with monkeypatch.context() as broken:
        broken.setattr(unscanned.contents._files, "remove", cut)
        await unscanned.work()
    assert unscanned.kept == [PDF]
    with pytest.raises(Unavailable):
        await unscanned.upload()
    unscanned.clock.forward(hours=1)
    await unscanned.work()
    assert unscanned.kept == []
    again = await unscanned.upload()
    assert (again.sha256, await unscanned.read(again)) == (file.sha256, PDF)


async def test_of_an_upload_that_was_cut_off_nothing_stays(unscanned: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after its content was in its place, before anybody knew for which file."""

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(unscanned.attachments._uploads, "load", killed)
        with pytest.raises(KeyboardInterrupt):
            await unscanned.upload()
    assert unscanned.kept == [PDF]
    unscanned.clock.at += UNUSED_KEPT
    await unscanned.work()
    assert unscanned.kept == []


async def test_whoever_uploads_while_the_same_content_is_removed_has_it_or_is_told_to_try_again(
    unscanned: Desk,
) -> None:
    for _ in range(10):
        await unscanned.upload()
        unscanned.clock.at += A_DAY
        kept: list[File] = []

        async def upload(into: list[File] = kept) -> None:
            with suppress(Unavailable):
                into.append(await unscanned.upload())

        await asyncio.gather(upload(), unscanned.work(), upload(), upload())
        assert [await unscanned.read(file) for file in kept] == [PDF] * len(kept)
        unscanned.clock.at += A_DAY
        for _ in range(3):
            await unscanned.work()
            unscanned.clock.forward(hours=2)
        assert unscanned.kept == []


async def test_several_files_can_be_chosen_and_each_unknown_one_is_named(unscanned: Desk) -> None:
    mine = [await unscanned.upload(b"text %d" % n) for n in range(3)]
    theirs = await unscanned.upload(b"theirs", HUNGARY)
    ids = [file.id for file in mine]
    pick = chosen(await unscanned.attachments.found([*ids, theirs.id], ITALY))
    assert pick([*ids, ids[0]], "fileIds") == tuple(mine)
    with pytest.raises(Invalid) as refused:
        pick([ids[0], theirs.id], "fileIds")
    assert (refused.value.field, refused.value.reason) == ("fileIds[1]", "UNKNOWN_FILE")


async def test_what_a_request_lets_go_can_be_attached_for_a_day_and_is_removed_then(unscanned: Desk) -> None:
    dropped, shared = await unscanned.upload(), await unscanned.upload(b"shared")
    await unscanned.attach(shared)
    unscanned.clock.forward(days=30)
    await unscanned.work()
    again = await unscanned.upload()
    await unscanned.attachments.let_go([again, shared])
    unscanned.clock.forward(hours=23)
    assert set((await unscanned.attachments.found([dropped.id, again.id, shared.id], ITALY)).files) == {
        again.id,
        shared.id,
    }
    unscanned.clock.forward(days=2)
    await unscanned.work()
    assert unscanned.kept == [b"shared"]
    assert set((await unscanned.attachments.found([again.id, shared.id], ITALY)).files) == {shared.id}


async def test_a_file_that_goes_with_what_was_split_off_is_kept_until_that_is_there_and_goes_with_it(
    unscanned: Desk,
) -> None:
    """However long the parent's event takes: nobody else has the file meanwhile."""
    file = await unscanned.upload()
    moved = Child(
        id="req_child", number="RQ-2", responder_id="aut_4", responder_country="HU", allocation=False,
        questions=(Asked(code="PQ1", files=(file,)),), passed=(), at=unscanned.clock.at,
    )  # fmt: skip
    shared = await unscanned.upload(b"shared")
    moved = replace(moved, questions=(Asked(code="PQ1", files=(file, shared)),))
    parent = a_stored_request(Status.ACCEPTED, draft=a_stored_draft(files=(shared,)), children=(moved,))
    await unscanned.keep("req_parent", parent)
    unscanned.clock.forward(days=3)
    await unscanned.work()
    assert sorted(unscanned.kept) == [PDF, b"shared"]
    await unscanned.keep("req_child", a_stored_request(Status.WITHDRAWN, draft=a_stored_draft(files=())))
    await unscanned.attachments.let_go([file, shared])
    unscanned.clock.forward(days=3)
    await unscanned.work()
    assert unscanned.kept == [b"shared"]


async def test_a_file_that_many_requests_share_is_read_by_whoever_has_any_of_them(unscanned: Desk) -> None:
    """As one is that an authority attaches to all that it asks."""
    file = await unscanned.upload()
    for number in range(130):
        draft = a_stored_draft(files=(file,), responder_id="aut_other")
        await unscanned.keep(
            f"req_{number:03}", a_stored_request(Status.BLOCKED if number else Status.SENT, draft=draft)
        )
    draft = a_stored_draft(files=(file,))
    await unscanned.keep("req_last", a_stored_request(Status.ACCEPTED, draft=draft))
    assert await unscanned.read(file, HUNGARY) == PDF
    assert await unscanned.attachments.withheld([file.id]) == set()
    assert set((await unscanned.attachments.found([file.id], ITALY)).files) == {file.id}


async def test_what_is_disowned_is_read_and_attached_by_nobody_again_and_what_still_has_it_keeps_it(
    unscanned: Desk,
) -> None:
    gone, shared = await unscanned.upload(), await unscanned.upload(b"shared")
    await unscanned.attach(shared)
    unscanned.clock.forward(hours=1)
    await unscanned.attachments.let_go([gone, shared], disowned=True)
    assert (await unscanned.attachments.found([gone.id, shared.id], ITALY)).files == {}
    with pytest.raises(NotFound):
        await unscanned.attachments.download(gone.id, ITALY)
    await unscanned.attachments.discard([gone, shared])
    assert unscanned.kept == [b"shared"]


async def test_a_file_goes_at_once_with_the_last_that_had_it(unscanned: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = await unscanned.upload()
    await unscanned.attach(shared)
    unscanned.clock.forward(hours=1)
    await unscanned.attachments.let_go([shared], disowned=True)
    await unscanned.attachments.discard([shared])
    assert unscanned.kept == [PDF]

    async def nothing(_: object) -> set[str]:
        return set()

    monkeypatch.setattr(unscanned.attachments, "attached", nothing)
    unscanned.clock.forward(hours=1)
    await unscanned.attachments.let_go([shared], disowned=True)
    await unscanned.attachments.discard([shared])
    assert unscanned.kept == []
