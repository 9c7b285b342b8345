"""Engines that answer later: what fits is taken once, and nothing else; what never comes is asked for once more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.removing import Removing
from deploy.servers import free_ports
from engines.documents import open_documents
from protos.translation.v1 import translation_pb2 as pb
from services.translation import storage
from services.translation.dispatches import DEADLINES, DISPATCHES, TAKEN_LATE
from services.translation.domain.jobs import Job, Made
from services.translation.domain.routes import Route
from services.translation.jobs import JOBS, Decide, Jobs
from services.translation.providers.port import Accepted, Batch, Outcome
from services.translation.rendering import Renderer
from tests.cells import cell
from tests.chassis.waiting import until
from tests.translation.asking import (
    PENDING,
    PUBLIC,
    TRANSLATED,
    UNAVAILABLE,
    ask,
    fresh,
    get,
    person_of,
    segment,
    watched,
)
from tests.translation.conftest import System
from tests.translation.doubles import Script, backwards, with_engines


def later(more: str = "") -> Script:
    """An engine that takes every batch, and calls it by its number."""

    def does(_: Batch) -> Accepted:
        return Accepted(f"r{len(script.given)}")

    script = Script("later", does=does, asynchronous=True, more=f'data_class = "PERSONAL"\n{more}')
    return script


@dataclass
class Engine:
    """The engine's side: it calls back."""

    script: Script
    address: str

    async def calls_back(
        self,
        number: int = 1,
        *,
        token: str = "",
        reference: str = "",
        target: str = "hu",
        texts: list[str] | None = None,
        is_error: bool = False,
    ) -> int:
        """Call back about batch *number*; the status that it is told."""
        batch = self.script.given[number - 1]
        content = "\x1f".join(map(backwards, batch.texts) if texts is None else texts)
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{self.address}/{token or batch.token}{'/error' if is_error else ''}",
                params={"reference": reference or f"r{number}", "target": target},
                content=content,
            )
        return answer.status_code


@asynccontextmanager
async def waiting(
    data: Path, script: Script, *others: Script, ahead: timedelta = timedelta(0)
) -> AsyncIterator[tuple[System, Engine]]:
    """The service, its clock *ahead*, with an engine that answers later."""
    port = next(free_ports(data))
    async with with_engines(
        data, script, *others, wait_s=0.0, callbacks=f"127.0.0.1:{port}", now=lambda: datetime.now(UTC) + ahead
    ) as system:
        yield system, Engine(script, f"http://127.0.0.1:{port}")


async def given(script: Script, batches: int) -> None:
    """Once the engine has been given so many batches."""

    async def are_there() -> bool:
        return len(script.given) >= batches

    await until(are_there)


async def noted(system: System, job_id: str, after: str = "") -> str:
    """Once it is stored that the engine has the text: with which dispatch, another one than *after*."""
    async with open_documents(system.settings.documents("translation"), storage.COLLECTIONS) as documents:

        async def dispatch() -> str:
            document = await documents.get(JOBS, job_id)
            assert document is not None
            state: Any = document.body["state"]
            return state["waiting"]["dispatch"] if state["waiting"] else ""

        async def is_noted() -> bool:
            return await dispatch() not in ("", after)

        await until(is_noted)
        return await dispatch()


async def test_a_callback_ends_the_jobs_of_its_batch(tmp_path: Path) -> None:
    script = later()
    texts = [fresh(), fresh(), fresh("<b>Un testo</b> con {nome}")]
    async with waiting(tmp_path, script) as (system, engine):
        answers = await ask(system, *map(segment, texts))
        assert [one.status for one in answers] == [PENDING] * 3
        await given(script, 1)
        assert len(script.given) == 1
        assert len(script.given[0].token) >= 22
        assert await engine.calls_back() == 200
        told = {one.job_id: one.text for one in await watched(system, *(one.job_id for one in answers))}
        assert [told[one.job_id] for one in answers] == [backwards(text).replace("emon", "nome") for text in texts]


async def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    script = later()
    async with waiting(tmp_path, script) as (system, engine):
        (pending,) = await ask(system, segment(fresh()))
        await given(script, 1)
        for name, status, forged in (
            ("token", 404, {"token": "A" * 22}),
            ("no token", 404, {"token": "x"}),
            ("reference", 400, {"reference": "r2"}),
            ("target", 400, {"target": "de"}),
            ("more texts", 400, {"texts": ["a", "b"]}),
        ):
            with cell(name):
                assert await engine.calls_back(**forged) == status
                assert [one.status for one in await get(system, pending.job_id)] == [PENDING]
        assert await engine.calls_back() == 200
        assert [one.status for one in await get(system, pending.job_id)] == [TRANSLATED]


async def test_a_second_callback_changes_nothing(tmp_path: Path) -> None:
    script = later()
    async with waiting(tmp_path, script) as (system, engine):
        (pending,) = await ask(system, segment(fresh()))
        await given(script, 1)
        assert await engine.calls_back() == 200
        before = await get(system, pending.job_id)
        assert await engine.calls_back(texts=["valami egészen más szöveg ugyanarról a dologról 1"]) == 200
        assert await get(system, pending.job_id) == before


async def test_an_error_by_callback_sends_the_text_to_the_next_engine(tmp_path: Path) -> None:
    script, text = later(), fresh()
    async with waiting(tmp_path, script, Script("second")) as (system, engine):
        (pending,) = await ask(system, segment(text))
        await given(script, 1)
        assert await engine.calls_back(is_error=True) == 200
        (told,) = await watched(system, pending.job_id)
        assert (told.status, told.engine, told.text) == (TRANSLATED, "second", backwards(text))


async def test_an_error_that_is_called_back_twice_at_a_time_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is slower is told when the next engine has the text already: that has it once."""
    script, second = later(), later()
    second.name = "second"
    change, calls = Jobs.change, count(1)
    both, late = asyncio.Event(), asyncio.Event()

    async def held(self: Jobs, id_: str, decide: Decide) -> Job | None:
        match next(calls):
            case 1:
                await both.wait()
            case 2:
                both.set()
                await late.wait()
        return await change(self, id_, decide)

    async with waiting(tmp_path, script, second) as (system, engine):
        (pending,) = await ask(system, segment(fresh()))
        first = await noted(system, pending.job_id)
        monkeypatch.setattr(Jobs, "change", held)
        async with asyncio.TaskGroup() as group:
            told = [group.create_task(engine.calls_back(is_error=True)) for _ in range(2)]
            there = await noted(system, pending.job_id, after=first)
            late.set()
        assert [one.result() for one in told] == [200, 200]
        assert await noted(system, pending.job_id) == there
        assert await Engine(second, engine.address).calls_back() == 200
        assert [one.status for one in await watched(system, pending.job_id)] == [TRANSLATED]
        assert len(second.given) == 1


async def test_a_text_that_meets_a_fault_of_ours_spoils_no_other_of_its_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, texts = later(), [fresh(), fresh()]
    received = Renderer.received

    async def faulty(self: Renderer, route: Route, job: Job, outcomes: Sequence[Outcome]) -> Made:
        if job.text == texts[0]:
            raise KeyError(job.text)
        return await received(self, route, job, outcomes)

    monkeypatch.setattr(Renderer, "received", faulty)
    async with waiting(tmp_path, script) as (system, engine):
        pending = await ask(system, *map(segment, texts))
        await given(script, 1)
        assert await engine.calls_back() == 200
        told = {one.job_id: one for one in await watched(system, *(one.job_id for one in pending))}
        assert [told[one.job_id].status for one in pending] == [UNAVAILABLE, TRANSLATED]


async def test_a_translation_that_fails_its_checks_is_not_shown_wherever_it_comes_from(tmp_path: Path) -> None:
    script = later()
    async with waiting(tmp_path, script) as (system, engine):
        (pending,) = await ask(system, segment(fresh()))
        await given(script, 1)
        assert await engine.calls_back(texts=["rövid"]) == 200
        (told,) = await watched(system, pending.job_id)
        assert (told.status, told.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_VALIDATION_FAILED)


async def test_an_engine_may_call_back_before_it_has_said_that_it_will(tmp_path: Path) -> None:
    script = later()
    async with waiting(tmp_path, script) as (system, engine):
        for number, (texts, status) in enumerate(((None, TRANSLATED), (["rövid"], UNAVAILABLE)), start=1):
            with cell(status):
                script.free.clear()
                (pending,) = await ask(system, segment(fresh()))
                await given(script, number)
                assert await engine.calls_back(number, texts=texts) == 200
                script.free.set()
                assert [one.status for one in await watched(system, pending.job_id)] == [status]


async def test_what_is_never_called_back_about_is_sent_once_more_and_then_given_up(tmp_path: Path) -> None:
    script, text = later("deadline_s = 60"), fresh()
    async with waiting(tmp_path, script) as (system, _):
        (pending,) = await ask(system, segment(text))
        first = await noted(system, pending.job_id)
    minutes = timedelta(minutes=2)
    async with waiting(tmp_path, script, ahead=minutes) as (system, _):
        await noted(system, pending.job_id, after=first)
        assert script.given[0].texts == script.given[1].texts
        assert script.given[0].token != script.given[1].token
        assert [one.status for one in await get(system, pending.job_id)] == [PENDING]
    async with waiting(tmp_path, script, ahead=2 * minutes) as (system, engine):
        (told,) = await watched(system, pending.job_id)
        assert (told.status, told.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_TIMEOUT)
        assert len(script.given) == 2
        # Too late: it is given up, and the engine is thanked all the same.
        assert await engine.calls_back(2) == 200
        assert [one.status for one in await get(system, pending.job_id)] == [UNAVAILABLE]


async def test_texts_of_two_authorities_never_go_together_and_what_fails_for_one_fails_for_no_other(
    tmp_path: Path,
) -> None:
    """Not even those that are not personal: a text that spoils its batch spoils those of whoever has sent it alone."""
    script = later()
    async with waiting(tmp_path, script) as (system, engine):
        others = system.as_person(person_of("aut_2"))
        (spoilt,), (sound, another) = await asyncio.gather(
            ask(system, segment(fresh(), PUBLIC)),
            ask(system, *(segment(fresh(), PUBLIC) for _ in range(2)), peer=others),
        )
        await given(script, 2)
        assert sorted(len(batch.texts) for batch in script.given) == [1, 2]
        bad, good = sorted((1, 2), key=lambda number: len(script.given[number - 1].texts))
        assert await engine.calls_back(bad, is_error=True) == 200
        assert [one.status for one in await watched(system, spoilt.job_id)] == [UNAVAILABLE]
        assert await engine.calls_back(good) == 200
        assert {one.status for one in await watched(system, sound.job_id, another.job_id)} == {TRANSLATED}


async def test_a_callback_that_comes_a_day_after_all_others_is_nobodys(tmp_path: Path) -> None:
    """Its dispatch is removed when no callback counts any more, and never before."""
    script = later("deadline_s = 60")
    last = DEADLINES * timedelta(seconds=60) + TAKEN_LATE
    async with waiting(tmp_path, script) as (system, _):
        (pending,) = await ask(system, segment(fresh()))
        first = await noted(system, pending.job_id)
        async with open_documents(system.settings.documents("translation"), storage.COLLECTIONS) as documents:
            early = datetime.now(UTC) + last - timedelta(minutes=1)
            await Removing(documents, storage.removals(system.settings), lambda: early).remove_all()
            assert await documents.get(DISPATCHES, first) is not None
    async with waiting(tmp_path, script, ahead=last + timedelta(minutes=1)) as (system, engine):
        async with open_documents(system.settings.documents("translation"), storage.COLLECTIONS) as documents:

            async def is_removed() -> bool:
                return await documents.get(DISPATCHES, first) is None

            await until(is_removed)
        # The text has been sent once more.
        await noted(system, pending.job_id, after=first)
        assert await engine.calls_back(1) == 404
        assert [one.status for one in await get(system, pending.job_id)] == [PENDING]
        assert await engine.calls_back(2) == 200
        assert [one.status for one in await get(system, pending.job_id)] == [TRANSLATED]


async def test_a_late_callback_counts_as_long_as_the_job_is_open_and_after_a_restart(tmp_path: Path) -> None:
    script, text = later("deadline_s = 60"), fresh()
    async with waiting(tmp_path, script) as (system, _):
        (pending,) = await ask(system, segment(text))
        await noted(system, pending.job_id)
    async with waiting(tmp_path, script, ahead=timedelta(minutes=2)) as (system, engine):
        await given(script, 2)
        # What was sent first is answered only now, though it was sent again since.
        assert await engine.calls_back(1) == 200
        (told,) = await watched(system, pending.job_id)
        assert (told.status, told.text) == (TRANSLATED, backwards(text))
        assert await engine.calls_back(2) == 200
        assert await get(system, pending.job_id) == [told]


async def test_a_callback_that_comes_before_the_engine_has_said_what_it_can_do_is_not_lost(tmp_path: Path) -> None:
    script, text = later(), fresh()
    async with waiting(tmp_path, script) as (system, _):
        (pending,) = await ask(system, segment(text))
        await noted(system, pending.job_id)
    script.awake.clear()
    async with waiting(tmp_path, script) as (system, engine):
        # It has to come again: nothing that it brought is stored.
        assert await engine.calls_back() == 503
        assert [one.status for one in await get(system, pending.job_id)] == [PENDING]
        script.awake.set()
        await until(lambda: _is_told(system, script))
        assert await engine.calls_back() == 200
        (told,) = await watched(system, pending.job_id)
        assert (told.status, told.text) == (TRANSLATED, backwards(text))


async def _is_told(system: System, script: Script) -> bool:
    """Whether the service knows what the engine can do."""
    found = await system.handler.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest())
    return any(one.engine == script.name for one in found.pairs)


async def test_a_failure_told_after_the_text_was_sent_again_does_not_count(tmp_path: Path) -> None:
    script, text = later("deadline_s = 60"), fresh()
    async with waiting(tmp_path, script) as (system, _):
        (pending,) = await ask(system, segment(text))
        first = await noted(system, pending.job_id)
    async with waiting(tmp_path, script, ahead=timedelta(minutes=2)) as (system, engine):
        await noted(system, pending.job_id, after=first)
        assert await engine.calls_back(1, is_error=True) == 200
        assert [one.status for one in await get(system, pending.job_id)] == [PENDING]
        assert await engine.calls_back(2) == 200
        (told,) = await watched(system, pending.job_id)
        assert (told.status, told.text) == (TRANSLATED, backwards(text))
