"""What is over in the translation service goes, when its time has come; what is still of use stays."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from chassis import removing
from chassis.process import clock
from chassis.removing import Removing
from engines.documents import Collection, Document, Documents, open_documents
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation import storage
from services.translation.budgets import BUDGETS
from services.translation.jobs import FORGOTTEN_KEPT, JOBS
from tests.translation.asking import TRANSLATED, ask, fresh, get, segment
from tests.translation.conftest import System
from tests.translation.doubles import Script, with_engines
from tests.translation.test_reviewing import importing, key, queue, reporting, tmx
from vocabulary.refusals import NotFound

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "PAUSE_S", 0.0)


@asynccontextmanager
async def opened(system: System) -> AsyncIterator[Documents]:
    """The store of the service, which goes on."""
    async with open_documents(system.settings.documents("translation"), storage.COLLECTIONS) as documents:
        yield documents


async def remove(system: System, documents: Documents, ahead: timedelta) -> None:
    """Remove what is over so much later."""
    await Removing(documents, storage.removals(system.settings), lambda: clock() + ahead).remove_all()


async def left(documents: Documents, collection: Collection) -> Sequence[str]:
    return [one.id for one in await documents.find(collection, limit=1_000)]


async def reported(system: System) -> str:
    answer = await system.handler.call(system.stub.ReportTranslation, reporting(fresh(), source_id=""))
    return str(answer.report_id)


async def test_reports_go_after_they_were_dealt_with_and_by_and_by_if_nobody_does(system: System) -> None:
    resolved, waiting = await reported(system), await reported(system)
    request = pb.ResolveReportRequest(command=key(), id=resolved)
    await system.commission.call(system.stub.ResolveReport, request)
    async with opened(system) as documents:
        await remove(system, documents, 29 * DAY)
        assert (await system.commission.call(system.stub.ResolveReport, request)).report_id == resolved
        await remove(system, documents, 31 * DAY)
        with pytest.raises(NotFound):
            await system.commission.call(system.stub.ResolveReport, request)
        assert waiting in {one.id for one in await queue(system, system.commission)}
        await remove(system, documents, 179 * DAY)
        assert waiting in await left(documents, storage.REPORTS)
        await remove(system, documents, 181 * DAY)
        assert await left(documents, storage.REPORTS) == []
    assert await queue(system, system.commission) == []


async def test_what_is_left_of_deleted_translations_and_of_imports_goes_and_the_memory_stays(system: System) -> None:
    stays, goes = fresh(), fresh()
    request = importing(tmx((stays, "marad"), (goes, "megy")))
    assert (await system.commission.call(system.stub.ImportMemory, request)).new == 2
    asked = pb.ListMemoryRequest(page=common_pb2.Page(first=100))
    listed = (await system.commission.call(system.stub.ListMemory, asked)).entries
    (id_,) = [one.id for one in listed if one.source.text == goes]
    deleting = pb.DeleteMemoryRequest(command=key(), id=id_)
    await system.commission.call(system.stub.DeleteMemory, deleting)
    async with opened(system) as documents:
        await remove(system, documents, 29 * DAY)
        assert (await system.commission.call(system.stub.DeleteMemory, deleting)).memory_id == id_
        assert (await system.commission.call(system.stub.ImportMemory, request)).new == 2
        await remove(system, documents, 10_000 * DAY)
        assert id_ not in await left(documents, storage.TRANSLATIONS)
        assert await left(documents, storage.IMPORTS) == []
    (answer,) = await ask(system, segment(stays))
    assert (answer.status, answer.text) == (TRANSLATED, "marad")


async def test_what_is_left_of_forgotten_jobs_goes_a_day_later_and_the_text_may_be_asked_for_again(
    tmp_path: Path,
) -> None:
    async with (
        with_engines(tmp_path, Script("engine", more='data_class = "PERSONAL"')) as system,
        opened(system) as documents,
    ):
        case, text = "req_1", fresh()
        (before,) = await ask(system, segment(text, source_id=case))
        (other,) = await ask(system, segment(fresh(), source_id="req_2"))
        request = pb.ForgetTextsRequest(command=key(), source_ids=[case])
        assert (await system.as_service("requests").call(system.stub.ForgetTexts, request)).forgotten == 1
        await remove(system, documents, FORGOTTEN_KEPT - timedelta(hours=1))
        assert sorted(await left(documents, JOBS)) == sorted([before.job_id, other.job_id])
        await remove(system, documents, FORGOTTEN_KEPT + timedelta(hours=1))
        assert await left(documents, JOBS) == [other.job_id]
        assert await get(system, before.job_id) == []
        (again,) = await ask(system, segment(text, source_id=case))
        assert (again.status, again.job_id) == (TRANSLATED, before.job_id)


async def test_what_an_engine_was_sent_in_a_month_is_known_for_a_year(tmp_path: Path) -> None:
    async with (
        with_engines(tmp_path, Script("engine", more='data_class = "PERSONAL"')) as system,
        opened(system) as documents,
    ):
        await ask(system, segment(fresh()))
        (this,) = await left(documents, BUDGETS)
        for month in ("2020-12", "2021-01"):
            await documents.insert(BUDGETS, Document(f"engine:{month}", {"characters": 1, "month": month}))
        await remove(system, documents, timedelta())
        assert await left(documents, BUDGETS) == [this]
        await remove(system, documents, 365 * DAY)
        assert await left(documents, BUDGETS) == [this]
        await remove(system, documents, 500 * DAY)
        assert await left(documents, BUDGETS) == []
