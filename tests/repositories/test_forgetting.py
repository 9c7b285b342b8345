"""What is erased is erased elsewhere too, by what is said today of how long it is kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from services.repositories import storage
from services.repositories.catalogue import definitions
from services.repositories.domain.definitions import Retention
from services.repositories.domain.lifecycle import Status
from services.repositories.wiring import rebuild_timers
from tests.alerts.test_forgetting import Texts, answering
from tests.builders import doctors
from tests.chassis.waiting import until
from tests.ports import a_dead_address
from tests.repositories.conftest import Asking, an_editor
from tests.repositories.registers import REGISTERS, an_entry
from tests.repositories.test_publishing import publish
from tests.repositories.test_reactions import running

KNOWN = {one.code: one for one in definitions().values()}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Beside:
    asking: Asking
    settings: ServiceSettings


@asynccontextmanager
async def beside(folder: Path, texts: Texts) -> AsyncIterator[Beside]:
    """Repositories with entries that were withdrawn long ago, beside a translation service that remembers."""
    settings = ServiceSettings(
        data_dir=folder,
        listen_address="127.0.0.1:0",
        directory_address=a_dead_address(),
        translation_address=a_dead_address(),
    )
    async with (
        open_documents(settings.documents("repositories"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        entries = storage.entries(documents, Outbox("repositories", documents, events, clock), KNOWN)
        ended = an_entry(Status.WITHDRAWN, owner_id=doctors("IT"), ended_at=LONG_AGO)
        await entries.load([("ent_ended", ended, []), ("ent_over", replace(ended, repository="derogations"), [])])
    async with answering(texts, settings.translation_address, settings), running(settings) as asking:
        yield Beside(asking, settings)


async def test_what_came_of_the_texts_of_an_entry_goes_with_it(tmp_path: Path) -> None:
    texts = Texts()  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    async with beside(tmp_path, texts) as system:
        asking = system.asking
        made = await asking.do(an_editor("IT"), "CreateEntry", repository="registers")
        assert await asking.read(an_editor("IT"), "ent_ended")
        await asking.do(an_editor("IT"), "DeleteEntryDraft", id=made.id)

        async def forgotten() -> bool:
            return texts.times(made.id) == 1

        await until(forgotten)
        # Nothing said so far that registers are erased one day.
        assert await asking.read(an_editor("IT"), "ent_ended")
        await publish(asking, replace(REGISTERS, version=2, retention=Retention(erased_after_months=12)))

        async def erased() -> bool:
            return texts.times("ent_ended") == 1 and await asking.read(an_editor("IT"), "ent_ended") is None

        await until(erased)
        # Of what has had no timer, because it ended under a program that erased nothing.
        assert texts.times("ent_over") == 0
        await rebuild_timers(system.settings)

        async def over() -> bool:
            return texts.times("ent_over") == 1

        await until(over)
        assert {service for service, _, _ in texts.forgotten} == {"repositories"}
