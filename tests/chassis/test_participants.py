"""A copy of the directory: filled once, kept by events in any order, built anew while it is read, never older than it was."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis import participants, reactions
from chassis.participant_entries import FILLED, body, from_wire
from chassis.participants import PARTICIPANTS
from chassis.process import working
from chassis.reactions import once_available
from engines.documents import Document, Json
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import participants_pb2 as pb
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.directory.domain.authorities import ModuleAccess
from tests.chassis.copies import Asked, Copy, Directory, a_copy, a_directory
from tests.chassis.waiting import until
from tests.directory.bodies import ALERTS, an_access
from vocabulary import participants as words
from vocabulary.participants import Participant, Status
from vocabulary.refusals import Unavailable
from vocabulary.roles import LegislativeRole, WorkflowRole

COORDINATES = an_access(ALERTS, LegislativeRole.LIMIC, WorkflowRole.ALERT_COORDINATOR)
NATIONAL = an_access(ALERTS, LegislativeRole.NIMIC, WorkflowRole.ALERT_AUTHORITY)
LOOKED_AFTER = ModuleAccess(
    module="services/requests",
    legislative_role=LegislativeRole.COMPETENT_AUTHORITY,
    workflow_roles=(WorkflowRole.REQUEST_PARTNER,),
    access_coordinator="aut_access",
    approval_coordinator="aut_approval",
    referral_coordinator="aut_referral",
    approve_outgoing=True,
    allocation=True,
)


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Directory]:
    async with a_directory(tmp_path) as found:
        yield found


@pytest.fixture
async def copy(tmp_path: Path, directory: Directory) -> AsyncIterator[Copy]:
    async with a_copy(tmp_path, directory) as made:
        yield made


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel finds a directory that is back after a moment."""
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.02)


async def taking_part(copy: Copy, *args: Any, **fields: Any) -> list[str]:
    return [one.id for one in await copy.taking_part(*args, **fields)]


async def test_what_is_copied_is_what_the_directory_says(directory: Directory, copy: Copy) -> None:
    await directory.register(
        "aut_a", access=(LOOKED_AFTER, an_access()), concepts=("plumber",), validating_coordinator="aut_nimic"
    )
    async with directory.answering():
        found = await copy.get("aut_a")
    assert found is not None
    assert (found.country, found.level, found.is_active, found.revision) == ("IT", words.Level.NATIONAL, True, 1)
    assert (found.official_name, found.languages, found.concepts) == ({"it": "aut_a 1"}, ("it", "en"), ("plumber",))
    assert found.validating_coordinator == "aut_nimic"
    part = found.part("services/requests")
    assert part is not None
    assert (part.access_coordinator, part.approval_coordinator, part.referral_coordinator) == (
        "aut_access",
        "aut_approval",
        "aut_referral",
    )
    assert (part.approve_outgoing, part.approve_reply, part.allocation) == (True, False, True)
    assert found.part("firearms/requests") is None


def test_the_words_are_those_of_the_wire() -> None:
    for kind, wire in ((words.Status, directory_pb2.AuthorityStatus), (words.Level, directory_pb2.AuthorityLevel)):
        unspecified, *names = wire.keys()
        assert [unspecified.removesuffix("UNSPECIFIED") + one for one in kind] == names


async def test_nobody_asks_for_what_the_copy_has(directory: Directory, copy: Copy) -> None:
    await directory.register(*(f"aut_{n:03}" for n in range(450)))
    async with directory.answering():
        await copy.ensure()
        assert copy.asked.calls == {"ListParticipants": 3}
    # It is away now.
    wanted = ["aut_449", "aut_000", "aut_449"]
    assert [*await copy.get_many(wanted)] == ["aut_449", "aut_000"]
    assert len(await taking_part(copy, WorkflowRole.ALERT_AUTHORITY, module=ALERTS)) == 450
    await copy.ensure()
    assert copy.asked.calls == {"ListParticipants": 3}


async def test_what_the_copy_does_not_know_yet_is_asked_once_and_kept(directory: Directory, copy: Copy) -> None:
    async with directory.answering():
        await copy.ensure()
        await directory.register("aut_a", "aut_b")
        assert (await copy.get_many(["aut_a", "aut_nobody", "aut_b", ""])).keys() == {"aut_a", "aut_b"}
        assert copy.asked.calls["BatchGetParticipants"] == 1
    assert (await copy.get_many(["aut_b", "aut_a"])).keys() == {"aut_a", "aut_b"}
    assert copy.asked.calls["BatchGetParticipants"] == 1


async def test_while_the_directory_is_away_nobody_is_called_unknown(directory: Directory, copy: Copy) -> None:
    await directory.register("aut_a")
    for asked in (
        copy.get("aut_a"),
        copy.get_many(["aut_a"]),
        copy.taking_part(WorkflowRole.ALERT_AUTHORITY),
        copy.taking_part_now(WorkflowRole.ALERT_AUTHORITY, module=ALERTS),
        copy.now(["aut_a"]),
        copy.rebuild(),
    ):
        with pytest.raises(Unavailable):
            await asked
    async with directory.answering():
        await once_available(copy.ensure)
    assert await copy.get("aut_a")
    for unsure in (copy.get_many(["aut_a", "aut_b"]), copy.now(["aut_a"])):
        with pytest.raises(Unavailable):
            await unsure


async def test_who_takes_part_is_found_by_module_role_and_country(directory: Directory, copy: Copy) -> None:
    await directory.register("aut_limic", access=(COORDINATES,))
    await directory.register("aut_nimic", access=(NATIONAL, LOOKED_AFTER))
    await directory.register("aut_hu", access=(COORDINATES,), country="HU")
    await directory.register("aut_suspended", access=(COORDINATES,), status=Status.SUSPENDED)
    coordinator, national = WorkflowRole.ALERT_COORDINATOR, LegislativeRole.NIMIC
    async with directory.answering():
        assert await taking_part(copy, coordinator, module=ALERTS) == ["aut_hu", "aut_limic"]
    assert await taking_part(copy, coordinator) == ["aut_hu", "aut_limic"]
    assert await taking_part(copy, coordinator, module=ALERTS, countries=["IT", "FR"]) == ["aut_limic"]
    assert await taking_part(copy, coordinator, module="services/requests") == []
    assert await taking_part(copy, coordinator, countries=["FR"]) == []
    assert await taking_part(copy, national, countries=["IT"]) == ["aut_nimic"]
    assert await taking_part(copy, national, module=ALERTS) == ["aut_nimic"]
    assert await taking_part(copy, national, module="services/requests") == []
    assert await taking_part(copy, WorkflowRole.REQUEST_PARTNER, module="services/requests") == ["aut_nimic"]


async def test_what_must_be_true_now_is_asked_and_kept(directory: Directory, copy: Copy) -> None:
    role = WorkflowRole.ALERT_COORDINATOR
    async with directory.answering():
        await copy.ensure()
        await directory.register("aut_limic", access=(COORDINATES,))
        assert await taking_part(copy, role, module=ALERTS) == []
        assert [one.id for one in await copy.taking_part_now(role, module=ALERTS, countries=["IT"])] == ["aut_limic"]
        assert await taking_part(copy, role, module=ALERTS) == ["aut_limic"]
        await directory.change("aut_limic", status=Status.SUSPENDED)
        assert await taking_part(copy, role, module=ALERTS) == ["aut_limic"]
        assert not (await copy.now(["aut_limic"]))["aut_limic"].is_active
        assert await taking_part(copy, role, module=ALERTS) == []
        assert await copy.taking_part_now(role, module=ALERTS) == []


async def test_the_copy_follows_the_log(directory: Directory, copy: Copy) -> None:
    await directory.register("aut_a", "aut_b")
    async with (
        directory.answering(),
        working([directory.outbox.relay, copy.keep, copy.follow(directory.events, "alerts").run]),
    ):
        for _ in range(3):
            await directory.change("aut_a", status=Status.SUSPENDED)
        await directory.change("aut_b", access=(COORDINATES,))

        async def is_level() -> bool:
            return await copy.kept() == {"aut_a": 4, "aut_b": 2}

        await until(is_level)
        assert await taking_part(copy, WorkflowRole.ALERT_COORDINATOR) == ["aut_b"]
        assert await taking_part(copy, WorkflowRole.ALERT_AUTHORITY) == []


async def test_events_that_come_late_or_again_change_and_ask_nothing(directory: Directory, copy: Copy) -> None:
    told = await directory.register("aut_a")
    async with directory.answering():
        told += [await directory.change("aut_a") for _ in range(3)]
        await copy.hear(told[3])
        assert await copy.kept() == {"aut_a": 4}
        asked = copy.asked.calls.total()
        await copy.hear(*told[::-1])
        await copy.hear(told[1], told[0])
        assert copy.asked.calls.total() == asked
        # An event about somebody who is not there hinders nobody.
        await copy.hear(directory.outbox.event(AuthorityChanged(authority_id="aut_gone", revision=9), "aut_gone"))
    assert await copy.kept() == {"aut_a": 4}


async def test_while_it_is_built_anew_it_is_read_as_it_was(directory: Directory, copy: Copy) -> None:
    await directory.register(*(f"aut_{n}" for n in range(5)))
    async with directory.answering():
        await copy.ensure()
        copy.asked.holds = True
        rebuilding = asyncio.create_task(copy.rebuild())
        while not rebuilding.done():
            assert len(await copy.get_many([f"aut_{n}" for n in range(5)])) == 5
            assert len(await taking_part(copy, WorkflowRole.ALERT_AUTHORITY, module=ALERTS)) == 5
            while copy.asked.held:
                copy.asked.held.pop().set_result(None)
            await asyncio.sleep(0.001)
        await rebuilding


async def test_building_anew_mends_what_is_damaged_and_marks_who_is_gone(directory: Directory, copy: Copy) -> None:
    await directory.register("aut_a", "aut_b")
    ghost = Participant(id="aut_ghost", revision=3, country="IT", official_name={"it": "Nobody"})
    ghost = replace(
        ghost, status=words.Status.ACTIVE, parts=(words.Part(module=ALERTS, legislative_role=LegislativeRole.NIMIC),)
    )
    async with directory.answering():
        await copy.ensure()
        damaged = await copy.documents.get(PARTICIPANTS, "aut_a")
        assert damaged is not None
        wrong = body(replace((await copy.get_many(["aut_a"]))["aut_a"], country="FR", gone=True))
        await copy.documents.compare_and_set(PARTICIPANTS, Document("aut_a", wrong, damaged.revision))
        await copy.documents.insert(PARTICIPANTS, Document(ghost.id, body(ghost)))
        assert await taking_part(copy, LegislativeRole.NIMIC) == ["aut_ghost"]
        await copy.rebuild()
    found = await copy.get_many(["aut_a", "aut_b", "aut_ghost"])
    assert (found["aut_a"].country, found["aut_a"].gone) == ("IT", False)
    assert found["aut_ghost"] == replace(ghost, gone=True)
    assert not found["aut_ghost"].is_active
    assert found["aut_ghost"].part(ALERTS) is None
    assert await taking_part(copy, LegislativeRole.NIMIC) == []
    assert await taking_part(copy, WorkflowRole.ALERT_AUTHORITY) == ["aut_a", "aut_b"]


async def test_who_registers_while_it_is_built_anew_is_not_called_gone(directory: Directory, copy: Copy) -> None:
    await directory.register("aut_b")
    async with directory.answering():
        await copy.ensure()
        copy.asked.holds = True
        rebuilding = asyncio.create_task(copy.rebuild())
        await until(lambda: _some(copy.asked))
        copy.asked.holds = False
        (told,) = await directory.register("aut_a")
        await copy.hear(told)
        copy.asked.held.pop().set_result(None)
        await rebuilding
    assert {id_: one.gone for id_, one in (await copy.get_many(["aut_a", "aut_b"])).items()} == {
        "aut_a": False,
        "aut_b": False,
    }


async def _some(asked: Asked) -> bool:
    return bool(asked.held)


async def test_a_filling_that_is_cut_short_is_begun_again(
    directory: Directory, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that holds some is not taken for one that holds all."""
    monkeypatch.setattr(participants, "ASKED_AT_ONCE", 2)
    await directory.register(*(f"aut_{n}" for n in range(6)))
    async with directory.answering():
        copy.asked.holds = True
        filling = asyncio.create_task(copy.ensure())
        for _ in range(2):
            await until(lambda: _some(copy.asked))
            copy.asked.held.pop().set_result(None)
        await until(lambda: _some(copy.asked))
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)
        copy.asked.holds = False
    assert await copy.kept() == {f"aut_{n}": 1 for n in range(4)}
    with pytest.raises(Unavailable):
        await copy.taking_part(WorkflowRole.ALERT_AUTHORITY)
    async with directory.answering():
        await once_available(copy.ensure)
    assert len(await taking_part(copy, WorkflowRole.ALERT_AUTHORITY)) == 6


async def test_a_filling_goes_on_where_the_one_who_died_left_it(
    directory: Directory, copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participants, "ASKED_AT_ONCE", 2)
    monkeypatch.setattr(participants, "HELD_S", 0.2)
    monkeypatch.setattr(participants, "WAIT_S", 0.01)
    await directory.register(*(f"aut_{n}" for n in range(6)))
    async with directory.answering(), a_copy(tmp_path, directory) as other:
        copy.asked.holds = True
        filling = asyncio.create_task(copy.ensure())
        for _ in range(2):
            await until(lambda: _some(copy.asked))
            copy.asked.held.pop().set_result(None)
        await until(lambda: _some(copy.asked))
        await other.ensure()
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)
        assert other.asked.calls == {"ListParticipants": 1}
        assert await other.kept() == await directory.revisions()
        await other.ensure()
        assert other.asked.calls == {"ListParticipants": 1}


@pytest.mark.parametrize("end", ["away", "stopped"])
async def test_a_replica_that_cannot_fill_the_copy_or_is_stopped_holds_no_other_up(
    directory: Directory, copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(participants, "HELD_S", 3600.0)
    await directory.register("aut_a")
    if end == "away":
        with pytest.raises(Unavailable):
            await copy.ensure()
    async with directory.answering(), a_copy(tmp_path, directory) as other:
        if end == "stopped":
            copy.asked.holds = True
            filling = asyncio.create_task(copy.ensure())
            await until(lambda: _some(copy.asked))
            filling.cancel()
            await asyncio.gather(filling, return_exceptions=True)
        await once_available(other.ensure)
        assert await other.kept() == await directory.revisions() == {"aut_a": 1}


async def test_of_replicas_one_fills_the_copy(
    directory: Directory, copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participants, "ASKED_AT_ONCE", 5)
    monkeypatch.setattr(participants, "WAIT_S", 0.01)
    await directory.register(*(f"aut_{n:02}" for n in range(30)))
    async with directory.answering(), a_copy(tmp_path, directory) as other:
        await asyncio.gather(copy.ensure(), other.ensure())
        assert sum((copy.asked.calls + other.asked.calls).values()) == 6
        assert await copy.kept() == await directory.revisions()


async def test_what_is_told_while_the_copy_is_filled_is_in_it_afterwards(directory: Directory, copy: Copy) -> None:
    """A page may have been read before; so what is told waits until the copy is whole, and is then compared with it."""
    await directory.register("aut_b")
    async with directory.answering():
        copy.asked.holds = True
        filling = asyncio.create_task(copy.ensure())
        await until(lambda: _some(copy.asked))
        copy.asked.holds = False
        hearing = asyncio.create_task(copy.hear(*await directory.register("aut_a"), await directory.change("aut_b")))
        await asyncio.sleep(0.05)
        assert copy.asked.calls == {"ListParticipants": 1}
        copy.asked.held.pop().set_result(None)
        await asyncio.gather(filling, hearing)
        assert await copy.kept() == await directory.revisions() == {"aut_a": 1, "aut_b": 2}


async def test_what_another_version_wrote_is_asked_for_again(directory: Directory, copy: Copy) -> None:
    """During a rolling upgrade both write into one copy."""
    await directory.register("aut_a")
    async with directory.answering():
        await copy.ensure()
        kept = await copy.documents.get(PARTICIPANTS, "aut_a")
        assert kept is not None
        other: dict[str, Json] = {**kept.body, "shape": "another", "participant": {"status": "PAROLED"}}
        await copy.documents.compare_and_set(PARTICIPANTS, Document("aut_a", other, kept.revision))
    with pytest.raises(Unavailable):
        await copy.get("aut_a")
    with pytest.raises(Unavailable):
        await copy.taking_part(WorkflowRole.ALERT_AUTHORITY)
    async with directory.answering():
        assert await once_available(lambda: taking_part(copy, WorkflowRole.ALERT_AUTHORITY)) == ["aut_a"]
    assert (await copy.get_many(["aut_a"]))["aut_a"].is_active


async def test_replicas_share_a_copy(directory: Directory, copy: Copy, tmp_path: Path) -> None:
    await directory.register(*(f"aut_{n}" for n in range(50)))
    async with directory.answering(), a_copy(tmp_path, directory) as other:
        await asyncio.gather(copy.ensure(), other.ensure(), copy.rebuild(), other.rebuild())
        told = [await directory.change(f"aut_{n}") for n in range(50)]
        await asyncio.gather(copy.hear(*told), other.hear(*told[::-1]), copy.rebuild())
        assert await copy.kept() == await other.kept() == await directory.revisions()
    assert await copy.documents.get(PARTICIPANTS, FILLED)


def test_what_a_newer_directory_says_in_words_of_its_own_is_left_out() -> None:
    known, unknown = directory_pb2.WORKFLOW_ROLE_ALERT_AUTHORITY, 77
    ours = pb.ParticipantPart(module=ALERTS, legislative_role=directory_pb2.LEGISLATIVE_ROLE_NIMIC)
    ours.workflow_roles.extend([known, unknown])  # type: ignore[list-item]
    theirs = pb.ParticipantPart(module="new/kind")
    theirs.legislative_role = unknown  # type: ignore[assignment]
    message = pb.Participant(id="aut_a", parts=[ours, theirs])
    message.status = message.level = unknown  # type: ignore[assignment]
    found = from_wire(message)
    assert (found.status, found.level, found.is_active) == (None, None, False)
    assert [(part.module, part.workflow_roles) for part in found.parts] == [(ALERTS, (WorkflowRole.ALERT_AUTHORITY,))]


IDS = ("aut_a", "aut_b")
STEPS = st.one_of(
    st.tuples(st.just("change"), st.integers(0, 1)),
    st.tuples(st.just("change and tell"), st.integers(0, 1)),
    st.tuples(st.just("tell"), st.lists(st.integers(0, 30), min_size=1, max_size=3)),
    st.tuples(st.just("read"), st.integers(0, 1)),
    st.tuples(st.just("rebuild"), st.just(0)),
    st.tuples(st.just("release"), st.integers(0, 5)),
    st.tuples(st.just("release"), st.integers(0, 5)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, min_size=10, max_size=40))
def test_any_interleaving_of_events_reads_and_rebuilds_ends_with_the_newest(steps: list[tuple[str, Any]]) -> None:
    """Answers of the directory are held back and released in any order: each may be older than what has come since."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_interleaved(Path(folder), steps))


async def _interleaved(folder: Path, steps: list[tuple[str, Any]]) -> None:
    async with AsyncExitStack() as stack:
        directory = await stack.enter_async_context(a_directory(folder))
        await stack.enter_async_context(directory.answering())
        copy = await stack.enter_async_context(a_copy(folder, directory))
        told = await directory.register(*IDS)
        # Whoever hears of something waits until the copy is filled.
        await copy.ensure()
        copy.asked.holds = True
        tasks: list[asyncio.Task[Any]] = []
        seen: dict[str, int] = {}

        async def settle() -> None:
            """Until every task is done or waits for an answer that is held back; no entry has become older."""

            async def nobody_works() -> bool:
                return sum(not task.done() for task in tasks) <= len(copy.asked.held)

            await until(nobody_works)
            kept = await copy.kept()
            assert all(kept[id_] >= revision for id_, revision in seen.items())
            seen.update(kept)

        for what, which in steps:
            match what:
                case "change" | "change and tell":
                    told.append(await directory.change(IDS[which]))
                    if what != "change":
                        tasks.append(asyncio.create_task(copy.hear(told[-1])))
                case "tell":
                    tasks.append(asyncio.create_task(copy.hear(*(told[n % len(told)] for n in which))))
                case "read":
                    tasks.append(asyncio.create_task(copy.get(IDS[which])))
                case "rebuild":
                    if not copy._filling.locked():  # the second would only wait for the first
                        tasks.append(asyncio.create_task(copy.rebuild()))
                case _:
                    if copy.asked.held:
                        copy.asked.held.pop(which % len(copy.asked.held)).set_result(None)
            await settle()
        copy.asked.holds = False
        while copy.asked.held:
            copy.asked.held.pop().set_result(None)
        await asyncio.gather(*tasks)
        # At least once, each.
        await copy.hear(*told)
        assert await copy.kept() == await directory.revisions()
        found = await copy.get_many(IDS)
        assert {one.official_name["it"] for one in found.values()} == {
            f"{id_} {one.revision}" for id_, one in found.items()
        }
        assert not any(one.gone for one in found.values())
