"""Who receives an alert: commands go by what the directory says now, deliveries by the service's own copy of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chassis import reactions
from chassis.aggregates import CommandKey, Kept
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.rebuilding import rebuild_participants
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.alerts.domain.lifecycle import Status as AlertStatus
from services.directory import storage
from services.directory.domain.authorities import Authority
from tests.alerts.cast import HU_COORDINATOR, IT_COORDINATOR, ITALY, a_part, an_authority, someone
from tests.alerts.conftest import FREE_PORT, Asking, a_directory, running
from tests.alerts.inboxes import inbox, until_told
from tests.alerts.test_reactions import thread, until_all_told
from tests.alerts.threads import an_alert, store
from tests.directory.bodies import stored
from tests.ports import a_dead_address
from vocabulary.participants import Status
from vocabulary.refusals import Conflict, Invalid, Unavailable
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

APPOINTED = an_authority("LU", a_part(LegislativeRole.LIMIC, WorkflowRole.ALERT_COORDINATOR))
NATIONAL = an_authority("LU", a_part(LegislativeRole.NIMIC))
# It coordinates every area, whichever its part is in.
ELSEWHERE = an_authority("LU", a_part(LegislativeRole.NIMIC, module="firearms/alerts"))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    """Those of a service whose directory is not there yet."""
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.05)
    return ServiceSettings(data_dir=tmp_path, listen_address=FREE_PORT, directory_address=a_dead_address())


@asynccontextmanager
async def with_directory(settings: ServiceSettings) -> AsyncIterator[Asking]:
    """The service, its copy filled, with a directory whose later changes it is not told of."""
    async with a_directory(settings.data_dir, settings.directory_address):
        await rebuild_participants(settings, "alerts")
        async with running(settings) as asking:
            yield asking


async def appear(settings: ServiceSettings, **bodies: Authority) -> None:
    """Authorities of which no event has come yet."""
    await stored(settings, bodies)  # type: ignore[arg-type]


async def become(settings: ServiceSettings, id_: str, status: Status) -> None:
    """A change of which no event has come yet."""

    async def changed(before: Kept[Authority]) -> tuple[Authority, Sequence[AuthorityChanged]]:
        return replace(before.state, status=status), []

    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        authorities = storage.authorities(documents, Outbox("directory", documents, events, clock))
        key = CommandKey(f"{id_} {status}", "", None)
        await authorities.change(id_, key, changed, lambda _: AuthorityChanged(), AuthorityChanged)


async def test_what_is_due_is_delivered_while_the_directory_is_away(settings: ServiceSettings) -> None:
    async with a_directory(settings.data_dir, settings.directory_address):
        await rebuild_participants(settings, "alerts")
    await store(settings, {"alt_1": thread()})
    async with running(settings) as asking:
        await until_all_told(asking)


@pytest.mark.parametrize("body", [APPOINTED, NATIONAL, ELSEWHERE])
async def test_who_was_appointed_a_moment_ago_receives_what_is_broadcast_now(
    settings: ServiceSettings, body: Authority
) -> None:
    """No event has told the copy of it; the command learned it from the directory."""
    async with with_directory(settings) as asking:
        await appear(settings, aut_lu_new=body)
        alert = await an_alert(asking, AlertStatus.SUBMITTED)
        await asking.do(IT_COORDINATOR, "BroadcastAlert", id=alert.id, countries=["LU", "HU"])
        await until_told(asking, HU_COORDINATOR, alert.id)
        reader = replace(
            someone("aut_lu_labour", UserRole.COORDINATOR, module="*"),
            authority_id="aut_lu_new",
            legislative_roles={access.area: access.legislative_role for access in body.access},
            workflow_roles={access.module: frozenset(access.workflow_roles) for access in body.access},
        )
        assert [entry.alert_id for entry in await inbox(asking, reader)] == [alert.id]


async def test_who_was_suspended_a_moment_ago_counts_no_more(settings: ServiceSettings) -> None:
    await appear(settings, aut_lu_new=APPOINTED)
    async with with_directory(settings) as asking:
        alert = await an_alert(asking, AlertStatus.SUBMITTED)
        await become(settings, "aut_lu_new", Status.SUSPENDED)
        with pytest.raises(Invalid) as refused:
            await asking.do(IT_COORDINATOR, "BroadcastAlert", id=alert.id, countries=["HU", "LU"])
        assert (refused.value.field, refused.value.reason) == ("countries[1]", "NO_COORDINATOR")
        author = someone("aut_lu_labour", UserRole.ALERT_HANDLER)
        draft = await an_alert(asking, AlertStatus.DRAFT, author=author)
        with pytest.raises(Conflict) as unapproved:
            await asking.do(author, "SubmitAlert", id=draft.id)
        assert unapproved.value.reason == "NO_COORDINATOR"
        sent = await an_alert(asking)
        await become(settings, "aut_hu_trade", Status.SUSPENDED)
        await asking.do(HU_COORDINATOR, "AcknowledgeAlert", id=sent.id)
        with pytest.raises(Invalid) as untold:
            await asking.do(HU_COORDINATOR, "DisseminateAlert", id=sent.id, authority_ids=["aut_hu_trade"])
        assert (untold.value.field, untold.value.reason) == ("authorityIds[0]", "UNKNOWN_AUTHORITY")
        await asking.do(HU_COORDINATOR, "DisseminateAlert", id=sent.id, authority_ids=["aut_hu_labour"])


async def test_nothing_is_decided_by_an_old_copy_while_the_directory_is_away(settings: ServiceSettings) -> None:
    async with with_directory(settings) as asking:
        draft = await an_alert(asking, AlertStatus.DRAFT)
        submitted = await an_alert(asking, AlertStatus.SUBMITTED)
        sent = await an_alert(asking)
        await asking.do(HU_COORDINATOR, "AcknowledgeAlert", id=sent.id)
    async with running(settings) as asking:
        for caller, method, fields in (
            (ITALY, "SubmitAlert", {"id": draft.id}),
            (IT_COORDINATOR, "BroadcastAlert", {"id": submitted.id, "countries": ["HU"]}),
            (HU_COORDINATOR, "DisseminateAlert", {"id": sent.id, "authority_ids": ["aut_hu_labour"]}),
        ):
            before = await asking.read(caller, str(fields["id"]))
            with pytest.raises(Unavailable):
                await asking.do(caller, method, **fields)
            assert await asking.read(caller, str(fields["id"])) == before
