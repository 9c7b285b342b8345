"""The index follows the store, and is made again when it is lost."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chassis.aggregates import CommandKey, Kept
from chassis.outbox import Outbox
from chassis.process import clock, working
from chassis.projection import Projection
from engines.documents import open_documents
from engines.events import open_events
from engines.search import open_search
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.directory import storage
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.search.index import AUTHORITIES, INDEXES, AuthorityIndex, Filter, shown
from services.directory.search.places import Gazetteer
from services.directory.search.question import Questions
from services.directory.search.vocabulary import vocabularies
from services.directory.settings import DirectorySettings
from services.directory.wiring import CHANGED
from tests.directory.bodies import (
    a_coordinator,
    a_draft,
    a_registrar,
    an_authority,
    in_languages,
    stored,
)
from tests.directory.conftest import FREE_PORT, Asking, running
from vocabulary.participants import Status
from vocabulary.roles import LegislativeRole


@pytest.fixture
async def settings(tmp_path: Path) -> DirectorySettings:
    """A store with an active and a suspended authority, and no index yet."""
    made = DirectorySettings(data_dir=tmp_path, listen_address=FREE_PORT)
    active = an_authority("Ufficio lanterna")
    bodies = {
        "aut_active": active,
        "aut_suspended": replace(active, status=Status.SUSPENDED),
        "aut_limic": replace(a_coordinator(LegislativeRole.LIMIC), concepts=()),
        "aut_nimic": replace(a_coordinator(LegislativeRole.NIMIC), concepts=()),
    }
    await stored(made, bodies)
    return made


async def found(asking: Asking, text: str) -> set[str]:
    answer = await asking("gateway", "SearchAuthorities", text=text)
    assert answer.total == len(answer.authorities)
    return {one.id for one in answer.authorities}


async def until_found(asking: Asking, text: str, *expected: str) -> None:
    """Wait for the index, which follows the store."""
    async with asyncio.timeout(10):
        while True:
            if await found(asking, text) == set(expected):
                return
            await asyncio.sleep(0.01)


async def test_the_index_follows_what_is_registered_and_edited(settings: DirectorySettings) -> None:
    registrar = a_registrar(LegislativeRole.LIMIC)
    async with running(settings) as asking:
        made = await asking.do(
            registrar, "RegisterAuthority", authority=a_draft(informal_name=in_languages(en="Zweeloo"))
        )
        await until_found(asking, "Zweeloo", made.id)
        national = a_registrar(LegislativeRole.NIMIC)
        await asking.do(national, "EditAuthority", id=made.id, informal_name=in_languages(en="Kvarkijiet"))
        await until_found(asking, "Kvarkijiet", made.id)
        assert await found(asking, "Zweeloo") == set()
        assert await found(asking, "electrician") == {made.id}
        await asking.do(national, "EditAuthority", id=made.id, concept_ids=["plumber"])
        await until_found(asking, "plumber", made.id)
        assert await found(asking, "electrician") == set()
        assert await found(asking, "lanterna") == {"aut_active"}


async def test_a_lost_index_is_made_again_at_the_start(settings: DirectorySettings) -> None:
    async with running(settings) as asking:
        assert await found(asking, "lanterna") == {"aut_active"}
        made = await asking.do(a_registrar(LegislativeRole.LIMIC), "RegisterAuthority", authority=a_draft())
        await until_found(asking, "elettricista", made.id)
    for lost in ("index", "index/authorities"):
        shutil.rmtree(settings.data_dir / "directory" / lost)
        async with running(settings) as asking:
            assert await found(asking, "lanterna") == {"aut_active"}
            assert await found(asking, "elettricista") == {made.id}


async def test_an_index_that_is_there_stays(settings: DirectorySettings) -> None:
    folder = settings.data_dir / "directory" / "index" / "authorities"
    async with running(settings):
        before = {path.relative_to(folder) for path in folder.rglob("*.store")}
    async with running(settings):
        assert {path.relative_to(folder) for path in folder.rglob("*.store")} == before
    assert before


async def test_only_who_is_active_is_found(settings: DirectorySettings) -> None:
    await stored(settings, {f"aut_{status}": an_authority(f"Torre {status}", status=status) for status in Status})
    async with running(settings) as asking:
        assert await found(asking, "torre") == {"aut_ACTIVE"}


async def test_who_is_suspended_is_found_no_more_and_again_when_that_is_over(
    settings: DirectorySettings, reference: Reference
) -> None:
    """Whatever an event says: what counts is the store as it is when the event is read."""
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
        open_search(settings.search("directory"), INDEXES) as search,
    ):
        outbox = Outbox("directory", documents, events, clock)
        authorities, index = storage.authorities(documents, outbox), AuthorityIndex(search, reference)
        gazetteer = Gazetteer(reference)
        questions = Questions(vocabularies(reference), gazetteer)
        projection = Projection(search, AUTHORITIES, authorities, shown(reference, gazetteer))
        await projection.ensure()

        async def become(status: Status, id_: str = "aut_active") -> None:
            async def decide(before: Kept[Authority]) -> tuple[Authority, Sequence[AuthorityChanged]]:
                event = AuthorityChanged(authority_id=id_, revision=before.revision + 1)
                return replace(before.state, status=status), [event]

            command = CommandKey(f"{id_} {status}", "", None)
            await authorities.change(
                id_, command, decide, lambda kept: AuthorityChanged(authority_id=kept.id), AuthorityChanged
            )

        async def until_shown(*expected: str) -> None:
            async with asyncio.timeout(10):
                while True:
                    asked = questions.understand("lanterna", "it")
                    hits = await index.find(asked, "lanterna", "it", Filter(), limit=10)
                    if {hit.id for hit in hits.hits} == set(expected):
                        return
                    await asyncio.sleep(0.01)

        await until_shown("aut_active")
        async with working([outbox.relay, projection.follow(events, "directory", CHANGED).run]):
            await become(Status.SUSPENDED)
            await until_shown()
            await become(Status.ACTIVE)
            await become(Status.ACTIVE, "aut_suspended")
            await until_shown("aut_active", "aut_suspended")
            for status in Status:
                if status is not Status.ACTIVE:
                    await become(status, "aut_suspended")
            await until_shown("aut_active")
            # An event about something that is not there hinders nobody.
            await events.publish(outbox.topic, [outbox.event(AuthorityChanged(authority_id="aut_gone"), "aut_gone")])
            await become(Status.DEREGISTERED)
            await until_shown()
