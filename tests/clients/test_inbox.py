"""The package for systems outside: nothing missed, nothing dealt with passed over, whatever breaks on either side."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from chassis import inbox_buckets
from chassis.inbox_buckets import INBOX
from chassis.process import clock
from chassis.removing import Removing
from engines.documents import open_documents
from imi_client import (
    Client,
    CursorExpired,
    FileCursor,
    InboxEntryKind,
    InboxFilter,
    Refused,
    SignInRefused,
    Start,
)
from imi_client import inbox as reader
from imi_client.protos.alerts.v1 import alerts_pb2 as pb
from imi_client.protos.alerts.v1.alerts_pb2_grpc import AlertsServiceServicer, add_AlertsServiceServicer_to_server
from tests.alerts.cast import HU_REGION
from tests.alerts.inboxes import settled
from tests.alerts.threads import a_full_alert, an_alert
from tests.chassis.waiting import until
from tests.clients.conftest import PATIENCE_S, Memory, Service, a_service, reading, taken


async def begun(service: Service, client: Client) -> Memory:
    """The cursor of a reader who has begun now, when all that was sent before has arrived."""
    await settled(service.asking)
    cursor = Memory()
    async with reading(client.inbox(cursor)) as entries:
        waiting = asyncio.ensure_future(anext(entries))
        await until(lambda: _saved(cursor, 2))
        waiting.cancel()
        await asyncio.wait({waiting})
    return Memory(cursor.saved[-1])


async def _saved(cursor: Memory, count: int) -> bool:
    return len(cursor.saved) >= count


async def test_entries_come_in_order_and_are_done_with_when_the_next_is_asked_for(service: Service) -> None:
    async with service.client() as client:
        cursor = await begun(service, client)
        made = [(await an_alert(service.asking)).id for _ in range(3)]
        async with reading(client.inbox(cursor)) as entries:
            found = await taken(entries, 3)
            assert [(one.alert_id, one.kind) for one in found] == [(id_, "BROADCAST") for id_ in made]
            # The third is being dealt with; the second is done.
            assert cursor.saved[-1] == found[1].cursor
        assert len({one.id for one in found}) == 3


async def test_what_was_not_dealt_with_comes_again_with_the_same_id(service: Service) -> None:
    async with service.client() as client:
        cursor = await begun(service, client)
        made = [(await an_alert(service.asking)).id for _ in range(3)]
        async with reading(client.inbox(cursor)) as entries:
            first, second = await taken(entries, 2)
        async with service.client() as another, reading(another.inbox(cursor)) as entries:
            again, third = await taken(entries, 2)
        assert again == second
        assert [first.alert_id, again.alert_id, third.alert_id] == made


async def test_an_exception_in_the_program_leaves_its_entry_for_the_next_time(service: Service) -> None:
    async with service.client() as client:
        cursor = await begun(service, client)
        alert = await an_alert(service.asking)
        tried: list[str] = []

        async def failing() -> None:
            async for entry in client.inbox(cursor):
                tried.append(entry.alert_id)
                raise ArithmeticError

        for _ in range(2):
            with pytest.raises(ArithmeticError):
                await asyncio.wait_for(failing(), PATIENCE_S)
        assert tried == [alert.id] * 2


class FailingOnce(Memory):
    """Keeps in one transaction what the program has done and the cursor; the first one fails."""

    def __init__(self, cursor: str, problem: type[Exception]) -> None:
        super().__init__(cursor)
        self._problem: type[Exception] | None = problem

    async def save(self, cursor: str) -> None:
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem
        await super().save(cursor)


async def test_an_entry_whose_cursor_could_not_be_kept_comes_again(service: Service) -> None:
    """To whoever goes on with the same inbox, too: what was done about it may have been lost with the cursor."""
    async with service.client() as client:
        begins = (await begun(service, client)).saved[-1]
        made = [(await an_alert(service.asking)).id for _ in range(2)]
        for problem in (ArithmeticError, TimeoutError):
            inbox = client.inbox(FailingOnce(begins, problem))
            with pytest.raises(problem):
                async with reading(inbox) as entries:
                    await taken(entries, 2)
            async with reading(inbox) as entries:
                assert [entry.alert_id for entry in await taken(entries, 2)] == made


async def test_a_reader_goes_on_when_the_service_was_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended and begun again while the reader reads; what was sent in between arrives, each once."""
    monkeypatch.setattr(reader, "LONGEST_PAUSE_S", 0.5)
    async with a_service(tmp_path) as service, service.client() as client:
        cursor = await begun(service, client)
        made: list[str] = []
        found: list[str] = []
        async with reading(client.inbox(cursor)) as entries:
            for _ in range(3):
                made += [(await an_alert(service.asking)).id for _ in range(2)]
                found += [entry.alert_id for entry in await taken(entries, 1)]
                await service.end()
                await service.begin()
                made.append((await an_alert(service.asking)).id)
                found += [entry.alert_id for entry in await taken(entries, 2)]
        assert found == made


async def test_a_reader_can_begin_at_the_beginning(tmp_path: Path) -> None:
    """With what there is already, and where there is nothing, with the first that comes."""
    async with a_service(tmp_path) as service, service.client() as client:
        nothing_yet = client.inbox(Memory(), start=Start.BEGINNING)
        async with reading(nothing_yet) as entries:
            waiting = asyncio.ensure_future(taken(entries, 1))
            await until(lambda: _heard(nothing_yet))
            first = (await an_alert(service.asking)).id
            assert [entry.alert_id for entry in await waiting] == [first]
        made = [first, *[(await an_alert(service.asking)).id for _ in range(2)]]
        async with reading(client.inbox(Memory(), start=Start.BEGINNING)) as entries:
            assert [entry.alert_id for entry in await taken(entries, 3)] == made


async def test_a_filter_narrows_what_comes_and_the_cursor_moves_on(tmp_path: Path) -> None:
    """From the beginning as from now; what it leaves out is not heard of again without it."""
    only = InboxFilter(kinds=[InboxEntryKind.Value("INBOX_ENTRY_KIND_INFORMATION_PROPOSED")])
    async with a_service(tmp_path) as service, service.client() as client:
        before = await a_full_alert(service.asking)
        await settled(service.asking)
        cursor = Memory()
        async with reading(client.inbox(cursor, start=Start.BEGINNING, only=only)) as entries:
            (found,) = await taken(entries, 1)
            assert (found.alert_id, found.kind) == (before.id, "INFORMATION_PROPOSED")
            after = await a_full_alert(service.asking)
            (found,) = await taken(entries, 1)
            assert (found.alert_id, found.kind) == (after.id, "INFORMATION_PROPOSED")
        nothing = InboxFilter(kinds=[InboxEntryKind.Value("INBOX_ENTRY_KIND_EXPIRED")])
        passed_over = Memory()
        async with reading(client.inbox(passed_over, start=Start.BEGINNING, only=nothing)) as entries:
            waiting = asyncio.ensure_future(anext(entries))
            await until(lambda: _saved(passed_over, 2))
            waiting.cancel()
            await asyncio.wait({waiting})
        last = await an_alert(service.asking)
        async with reading(client.inbox(passed_over)) as entries:
            assert [entry.alert_id for entry in await taken(entries, 1)] == [last.id]


async def _heard(alerts: reader.Inbox) -> bool:
    return alerts.age_s < float("inf")


async def test_silence_is_not_death(service: Service) -> None:
    async with service.client() as client:
        alerts = client.inbox(Memory())
        assert alerts.age_s == float("inf")
        async with reading(alerts) as entries:
            waiting = asyncio.ensure_future(anext(entries))
            await until(lambda: _heard(alerts))
            assert 0 <= alerts.age_s < PATIENCE_S
            waiting.cancel()
            await asyncio.wait({waiting})


async def test_a_cursor_whose_continuation_is_gone_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_buckets, "BUCKET", 2)
    async with a_service(tmp_path) as service, service.client() as client:
        cursor = await begun(service, client)
        for _ in range(3):
            await an_alert(service.asking)
        async with reading(client.inbox(Memory(cursor.saved[-1]))) as entries:
            await taken(entries, 3)
        async with open_documents(f"sqlite:///{tmp_path}/alerts/documents.db", [INBOX]) as documents:
            later = clock() + timedelta(days=1)
            await Removing(documents, [inbox_buckets.removal(timedelta())], lambda: later).remove_all()
        with pytest.raises(CursorExpired) as refused:
            async with reading(client.inbox(cursor)) as entries:
                await taken(entries, 1)
        assert (refused.value.reason, refused.value.field) == ("CURSOR_EXPIRED", "after")


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhbGVydHMiLCJhdXRfeCIsMV0"])
async def test_a_foreign_cursor_is_refused_by_name(service: Service, cursor: str) -> None:
    async with service.client() as client:
        with pytest.raises(Refused) as refused:
            async with reading(client.inbox(Memory(cursor))) as entries:
                await taken(entries, 1)
    assert (refused.value.status, refused.value.reason, refused.value.field) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "CURSOR",
        "after",
    )


async def test_acknowledging_twice_is_acknowledging_once(service: Service) -> None:
    alert = await an_alert(service.asking)
    async with service.client() as client:
        before = await client.alert(alert.id)
        assert before is not None
        assert not any(one.acknowledged_at.seconds for one in before.countries)
        await client.acknowledge(alert.id)
        once = await client.alert(alert.id)
        await client.acknowledge(alert.id)
        assert await client.alert(alert.id) == once
    async with service.client("france") as france:
        await france.acknowledge(alert.id)
        await france.acknowledge(alert.id)
    assert once is not None
    assert {one.country_code: bool(one.acknowledged_at.seconds) for one in once.countries} == {"HU": True, "FR": False}


async def test_an_acknowledgement_by_somebody_else_of_the_country_is_good_enough(service: Service) -> None:
    alert = await an_alert(service.asking)
    await service.asking.do(HU_REGION, "AcknowledgeAlert", id=alert.id)
    async with service.client() as client:
        await client.acknowledge(alert.id)


async def test_what_may_not_be_done_is_refused_with_its_reason(service: Service) -> None:
    alert = await an_alert(service.asking)
    async with service.client("viewer") as client:
        assert await client.alert(alert.id) is not None
        with pytest.raises(Refused) as refused:
            await client.acknowledge(alert.id)
        assert refused.value.status is grpc.StatusCode.PERMISSION_DENIED
    async with service.client("nothing") as client:
        assert await client.alert(alert.id) is None
        with pytest.raises(Refused) as refused:
            await client.acknowledge(alert.id)
        assert (refused.value.status, refused.value.field) == (grpc.StatusCode.NOT_FOUND, "id")
        with pytest.raises(Refused) as refused:
            async with reading(client.inbox(Memory())) as entries:
                await taken(entries, 1)
        assert refused.value.status is grpc.StatusCode.PERMISSION_DENIED


async def test_a_token_that_is_refused_twice_ends_the_reading(service: Service) -> None:
    """Once it may have run out on the way."""
    asked: list[str] = []

    async def forged() -> str:
        asked.append("token")
        return "not.a.token"

    async with Client(service.address, forged) as client:
        with pytest.raises(SignInRefused) as refused:
            async with reading(client.inbox(Memory())) as entries:
                await taken(entries, 1)
        assert refused.value.reason == "TOKEN_INVALID"
        assert len(asked) == 2


class Mute(AlertsServiceServicer):
    """A service that says one thing to each reader, and then nothing more."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def WatchInbox(self, request: pb.WatchInboxRequest, context: object) -> object:  # type: ignore[override]  # noqa: N802
        self.asked.append(request.after_cursor)
        number = len(self.asked)
        entry = pb.InboxEntry(id=str(min(number, 2)), alert_id=f"alt_{number}", kind=99, cursor=str(number))  # type: ignore[arg-type]
        yield pb.WatchInboxResponse(cursor=str(number), entry=entry)
        await asyncio.Event().wait()


def a_mute_service() -> Mute:
    return Mute()  # type: ignore[abstract]  # nothing else is asked of it


async def test_a_connection_that_has_died_silently_is_opened_again_and_repetitions_are_dropped() -> None:
    server, mute = aio.server(), a_mute_service()
    add_AlertsServiceServicer_to_server(mute, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:

        async def token() -> str:
            return "any"

        cursor = Memory("0")
        async with Client(address, token) as client, reading(client.inbox(cursor, dead_after_s=0.2)) as entries:
            found = await taken(entries, 2)
            waiting = asyncio.ensure_future(anext(entries))
            await until(lambda: _asked(mute, 4))
            waiting.cancel()
            await asyncio.wait({waiting})
        # The third and the fourth had the id of the second.
        assert [(one.id, one.alert_id, one.kind) for one in found] == [("1", "alt_1", "99"), ("2", "alt_2", "99")]
        assert mute.asked[:4] == ["0", "1", "2", "3"]
    finally:
        await server.stop(None)


async def _asked(mute: Mute, count: int) -> bool:
    return len(mute.asked) >= count


class Refusing(AlertsServiceServicer):
    """A service that ends each stream with the next of some codes."""

    def __init__(self, *codes: grpc.StatusCode) -> None:
        self.codes = list(codes)

    async def WatchInbox(self, request: pb.WatchInboxRequest, context: Any) -> AsyncIterator[pb.WatchInboxResponse]:  # noqa: N802
        await context.abort(self.codes.pop(0), "refused")
        yield pb.WatchInboxResponse()


LAST = grpc.StatusCode.PERMISSION_DENIED
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAUTHENTICATED)


async def test_whatever_passes_is_tried_again_and_what_does_not_is_raised() -> None:
    """Also behind a refused token, which is tried once more by itself."""
    refusing = Refusing(*PASSING, *PASSING, LAST, LAST)  # type: ignore[abstract]
    server = aio.server()
    add_AlertsServiceServicer_to_server(refusing, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:

        async def token() -> str:
            return "any"

        async with Client(address, token) as client:
            with pytest.raises(Refused) as refused:
                async with reading(client.inbox(Memory("0"))) as entries:
                    await taken(entries, 1)
        assert refused.value.status is LAST
        assert refusing.codes == [LAST]
    finally:
        await server.stop(None)


async def test_a_token_is_not_sent_to_another_machine_in_plain_text() -> None:
    async def token() -> str:
        return "any"

    for address in ("alerts.imi.example:50053", "10.0.0.7:50053", "127.0.0.1.example:50053"):
        with pytest.raises(ValueError, match="TLS"):
            Client(address, token)


async def test_a_cursor_in_a_file_is_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "alerts.cursor"
    assert await FileCursor(path).load() == ""
    for cursor in ("a" * 4000, "b"):
        await FileCursor(path).save(cursor)
        assert await FileCursor(path).load() == cursor
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


async def test_a_cursor_that_cannot_be_saved_leaves_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    with pytest.raises(FileNotFoundError):
        await FileCursor(folder / "alerts.cursor").save("a")
    folder.mkdir()
    (folder / "alerts.cursor").mkdir()
    with pytest.raises(OSError):  # noqa: PT011
        await FileCursor(folder / "alerts.cursor").save("a")
    assert [one.name for one in folder.iterdir()] == ["alerts.cursor"]
