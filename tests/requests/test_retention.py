"""What becomes of a request that is over: blocked six months after its end, and erased three years after it; its files with it."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from chassis.timers import NEVER
from chassis.uploads import keeping
from engines.documents import open_documents, pages
from engines.events import open_events
from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage
from services.requests.domain import silence
from services.requests.domain.lifecycle import ENDED, OPEN, Action, Side, Status
from services.requests.domain.requests import Draft, Handling, HistoryEntry, Request
from services.requests.domain.retention import HIDING, disclosed, due, without_content
from services.requests.wiring import rebuild_timers
from tests.builders import a_coordinator, a_handler
from tests.cells import cell
from tests.chassis.waiting import until
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    LIMIC,
    NOW,
    Asking,
    a_request,
    an_upload,
    command,
    downloaded,
    fields_of,
    text,
)
from tests.requests.test_reports import words
from tests.requests.test_timing import Replicas, replicas
from tests.requests.test_views import a_request as a_marked_request
from tests.requests.test_views import marks
from vocabulary.days import BRUSSELS, months_after
from vocabulary.refusals import Conflict, Invalid, NotFound, Refusal

__all__ = ["replicas"]
INSTANT = timedelta(microseconds=1)
BLOCKED_AFTER, ERASED_AFTER = timedelta(days=190), timedelta(days=1_100)
SECRET = "SEGRETO"


def ended(status: Status, at: datetime = NOW) -> Request:
    """A request with something written in every place, which came to *status* then."""
    last = HistoryEntry(
        at=at, authority_id="aut_it", user_id="usr_1", action=Action.CLOSE, before=Status.ANSWERED, after=status
    )
    request = a_marked_request(status)
    handling = Handling(allocation=True, user_ids=("usr_2",), own_steps=3)
    return replace(request, history=(*request.history, last), requester_handling=handling, responder_handling=handling)


@pytest.mark.parametrize("status", [Status.CLOSED, Status.WITHDRAWN])
def test_what_has_ended_is_blocked_after_six_months_and_erased_three_years_after_its_end(status: Status) -> None:
    """At that moment and not before; late blocking does not put erasure off."""
    blocked_at, erased_at = months_after(NOW, 6), months_after(NOW, 36)
    for late in (timedelta(), timedelta(days=300)):
        with cell(late):
            request = ended(status)
            assert silence.due(request) == {Action.BLOCK: blocked_at}
            for step, at in ((silence.block, blocked_at - INSTANT), (silence.erase, erased_at)):
                with pytest.raises(Conflict) as early:
                    step(request, at)
                assert early.value.reason == "NOT_DUE"
            blocked = silence.block(request, blocked_at + late)
            assert (blocked.status, silence.due(blocked)) == (Status.BLOCKED, {Action.ERASE: erased_at})
            assert marks(blocked), "it is kept as proof"
            with pytest.raises(Conflict):
                silence.erase(blocked, erased_at - INSTANT)
            erased = silence.erase(blocked, erased_at)
            assert (erased.status, silence.due(erased), marks(erased)) == (Status.DELETED, {}, set())
            assert [entry.action for entry in erased.history[-2:]] == [Action.BLOCK, Action.ERASE]
            assert "usr_" in repr(blocked)
            assert "usr_" not in repr(erased), "which official took a step is not kept"
            assert [one.authority_id for one in erased.history[:-1]] == [one.authority_id for one in blocked.history]


def test_what_is_open_or_a_draft_is_never_blocked() -> None:
    for status in {*OPEN, Status.DRAFT}:
        assert not HIDING & set(due(a_marked_request(status))), status
        with pytest.raises(Conflict):
            silence.block(a_marked_request(status), NOW + timedelta(days=10_000))


def test_without_its_content_a_request_says_that_there_was_one_and_no_more() -> None:
    for status in ENDED:
        request = ended(status)
        bare = without_content(request)
        assert marks(bare) == set()
        assert "CHILDS_REMARK" not in repr(bare)
        assert (bare.number, bare.side("aut_hu"), bare.files) == (request.number, Side.RESPONDER, ())
        assert [(one.at, one.action) for one in bare.history] == [(one.at, one.action) for one in request.history]
        assert (bare.draft == Draft()) is False
        assert (disclosed(request) == bare) is (status is Status.BLOCKED)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 40),
)
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(at: datetime, months: int) -> None:
    before, after = at.astimezone(BRUSSELS), months_after(at, months).astimezone(BRUSSELS)
    assert (after.year - before.year) * 12 + after.month - before.month == months
    assert after.day == before.day or (after.day < before.day and (after + timedelta(days=1)).month != after.month)


async def until_waiting(replicas: Replicas, id_: str, *wanted: Action) -> None:
    """Return once the running service has set these timers, and no other."""

    async def are() -> bool:
        return {action for action, wakes in (await replicas.timers(id_)).items() if wakes != NEVER} == set(wanted)

    await until(are)


@pytest.fixture(scope="module")
async def closed(replicas: Replicas) -> tuple[pb.Request, str, dict[str, Any]]:
    """A request with a file that was answered and closed; the file's id; and the command that its requester gave first."""
    asking = replicas.asking
    file = await an_upload(asking, ITALY)
    first = {"command": command("the first"), "id": ""}
    request = await a_request(asking, Status.ANSWERED, justification=text(f"{SECRET} motivo"), file_ids=[file.id])
    first = {**fields_of("CloseRequest", request.id), "command": command("the last")}
    await asking.do(ITALY, "CloseRequest", **first)
    await until_waiting(replicas, request.id, Action.BLOCK)
    return request, file.id, first


async def test_requests_that_had_ended_before_there_was_blocking_get_their_timers_by_a_command(tmp_path: Path) -> None:
    """As a version stored them that had no timers for them; doing it again changes nothing."""
    settings = ServiceSettings(data_dir=tmp_path)
    stored = {f"req_{status}": ended(status) for status in (Status.CLOSED, Status.WITHDRAWN)}
    found = []
    async with (
        open_documents(settings.documents("requests"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        kept = storage.requests(documents, Outbox("requests", documents, events, clock))
        await kept.load([(id_, request, []) for id_, request in stored.items()])
    for _ in range(2):
        await rebuild_timers(settings)
        async with open_documents(settings.documents("requests"), storage.COLLECTIONS) as documents:
            found.append({one.id: one for one in await documents.find(storage.TIMERS, limit=10)})
    assert set(found[0]) == {f"{id_}:BLOCK" for id_ in stored}
    assert found[0] == found[1]


async def says_nothing(asking: Asking, reader: Caller, id_: str) -> bool:
    found = await asking.read(reader, id_)
    assert found is not None, reader.user_id
    quiet = not (found.answers or found.files or found.warnings or found.HasField("subject"))
    return quiet and not any(word in str(found) for word in (SECRET, "Eszter", "kamara"))


async def test_a_request_is_blocked_by_one_of_the_workers_and_erased_by_one(
    replicas: Replicas, closed: tuple[pb.Request, str, dict[str, Any]]
) -> None:
    """Then nothing of it is left, nor of its files, and whoever uploaded them does not read them either."""
    asking = replicas.asking
    request, file, last = closed
    await replicas.fire(after=timedelta(days=180))
    assert not await says_nothing(asking, HUNGARY, request.id)
    for _ in range(2):
        await replicas.fire(after=BLOCKED_AFTER)
    await until_waiting(replicas, request.id, Action.ERASE)
    parties = [ITALY, HUNGARY, *(a_coordinator(country, LIMIC) for country in ("IT", "HU"))]
    for reader in parties:
        assert await says_nothing(asking, reader, request.id)
        seen = await asking.read(reader, request.id)
        assert seen is not None
        assert (seen.status, seen.number) == (pb.REQUEST_STATUS_BLOCKED, request.number)
        assert [entry.action for entry in seen.history].count(pb.REQUEST_ACTION_BLOCK) == 1
        report = await words(asking, reader, request.id)
        assert SECRET not in report
        assert "Eszter" not in report
        with pytest.raises(NotFound):
            await downloaded(asking, reader, file)
    # Nor does it come to light again in another request.
    with pytest.raises(Invalid):
        await a_request(asking, Status.DRAFT, file_ids=[file])
    with pytest.raises(Conflict):
        await asking.do(ITALY, "CloseRequest", **last)
    assert not {Action.BLOCK, Action.ERASE} & {one.kind for one in await replicas.told(ITALY.authority_id, request.id)}
    stored = await asking.documents.get(storage.REQUESTS, request.id)
    assert SECRET in str(stored)

    await replicas.fire(after=timedelta(days=1_090))
    assert await asking.read(ITALY, request.id) is not None
    for _ in range(2):
        await replicas.fire(after=ERASED_AFTER)
    for reader in (*parties, a_handler("IT")):
        assert await asking.read(reader, request.id) is None
        listed = await asking(reader, "ListRequests", list=pb.REQUEST_LIST_SENT)
        assert request.id not in {one.id for one in listed.requests}
        with pytest.raises(NotFound):
            await downloaded(asking, reader, file)
        with suppress(Refusal):
            assert SECRET not in await words(asking, reader, request.id)
    upload = await asking.documents.get(keeping.FILES, file)
    assert upload is not None
    assert "file.pdf" not in str(upload.body)
    for collection in storage.COLLECTIONS:
        async for page in pages(asking.documents, collection, size=100):
            assert not [one.id for one in page if SECRET in str(one.body)], collection.name
    await until_waiting(replicas, request.id)
