"""Texts through the engines: at once or later, each text once, none where it may not go, and nothing shown that fails a check."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.keys import KeyRing
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation import storage, worker
from services.translation.domain.jobs import LEASE, Job
from services.translation.domain.translations import Segment
from services.translation.jobs import JOBS, Jobs
from services.translation.providers.port import Rendered
from services.translation.vault import Vault
from tests.cells import cell
from tests.chassis.waiting import until
from tests.translation.asking import (
    IDENTITY,
    INTERNAL,
    PENDING,
    PERSONAL,
    PUBLIC,
    SPECIAL,
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


@pytest.fixture(scope="module")
def engine() -> Script:
    return Script(pairs=("it-hu", "hu-it", "it-en", "en-it"))


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory, engine: Script) -> AsyncIterator[System]:
    async with with_engines(tmp_path_factory.mktemp("engines"), engine) as system:
        yield system


async def test_a_text_is_translated_with_everything_that_a_reader_should_know(system: System) -> None:
    before = datetime.now(UTC)
    text = fresh()
    (answer,) = await ask(system, segment(text))
    assert (answer.status, answer.text, answer.engine) == (TRANSLATED, backwards(text), "double")
    assert (answer.tier, list(answer.pivot)) == (pb.QUALITY_TIER_NEURAL, [])
    assert answer.job_id
    assert before <= answer.at.ToDatetime(UTC) <= datetime.now(UTC)
    assert (answer.low_confidence, answer.similarity) == (False, 1.0)
    assert answer.notice.texts["hu"]


async def test_what_was_translated_once_is_there_at_once_for_the_same_authority(system: System, engine: Script) -> None:
    text = fresh()
    (first,) = await ask(system, segment(text))
    calls = len(engine.given)
    (again,) = await ask(system, segment(text))
    assert again == first
    assert len(engine.given) == calls


async def test_personal_texts_are_shared_with_nobody_and_others_with_all(system: System, engine: Script) -> None:
    other = system.as_person(person_of("aut_2"))
    for data_class, is_shared in ((PUBLIC, True), (INTERNAL, True), (PERSONAL, False), (0, False)):
        with cell(data_class):
            text = fresh()
            (mine,) = await ask(system, segment(text, data_class))
            given = engine.texts.count(text)
            (theirs,) = await ask(system, segment(text, data_class), peer=other)
            assert theirs.text == mine.text
            assert (theirs.job_id == mine.job_id) is is_shared
            assert (engine.texts.count(text) == given) is is_shared
            found = await get(system, mine.job_id, peer=other)
            assert len(found) == is_shared


async def test_equal_texts_asked_for_at_one_time_are_translated_once(system: System, engine: Script) -> None:
    text = fresh()
    answers = await asyncio.gather(*(ask(system, segment(text), segment(text)) for _ in range(8)))
    assert {one.text for answer in answers for one in answer} == {backwards(text)}
    assert engine.texts.count(text) == 1


async def test_texts_of_one_call_go_out_together_and_never_with_those_of_another_class_or_authority(
    system: System, engine: Script
) -> None:
    mine, public, theirs = ([fresh() for _ in range(5)] for _ in range(3))
    other = system.as_person(person_of("aut_2"))
    engine.given.clear()
    await asyncio.gather(
        ask(system, *map(segment, mine), *(segment(text, PUBLIC) for text in public)),
        ask(system, *map(segment, theirs), peer=other),
    )
    owner = {text: group for group in (mine, public, theirs) for text in group}
    there = [batch for batch in engine.given if batch.pair == ("it", "hu")]
    for batch in there:
        assert len({id(owner[text]) for text in batch.texts}) == 1
        assert batch.data_class == ("PUBLIC" if owner[batch.texts[0]] is public else "PERSONAL")
    assert len(there) < 15
    assert sorted(text for batch in there for text in batch.texts) == sorted(owner)


async def test_parts_that_must_not_change_do_not(system: System, engine: Script) -> None:
    text = fresh(
        'Vedi <b>art. 5(1)</b> della direttiva 2005/36/EC, https://a.example/leggi, entro il 12/05/2024, {nome}, ⟦0⟧ <x id="0"/>'
    )
    (answer,) = await ask(system, segment(text))
    assert answer.status == TRANSLATED
    for part in (
        "<b>",
        "5(1)",
        "</b>",
        "2005/36/EC",
        "https://a.example/leggi",
        "12/05/2024",
        "{nome}",
        "⟦0⟧",
        '<x id="0"/>',
    ):
        assert part in answer.text
    assert "leggi" not in "".join(engine.given[-1].texts)


async def test_a_text_without_a_word_is_its_own_translation(system: System, engine: Script) -> None:
    calls = len(engine.given)
    answers = await ask(system, segment("12/05/2024"), segment("{nome} 17"), segment("⟦0⟧"))
    assert [one.status for one in answers] == [IDENTITY] * 3
    assert len(engine.given) == calls


async def test_a_pair_that_no_engine_does_says_so(system: System) -> None:
    (answer,) = await ask(system, segment(fresh(), target="fi"))
    assert (answer.status, answer.reason, answer.job_id) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_PAIR_UNSUPPORTED, "")


def turned(text: str) -> str:
    """*text* with the first letter of each word behind it."""
    return re.sub(r"([^\W\d_])([^\W\d_]+)", r"\2\1", text)


async def test_a_language_in_between_is_said_and_counts_for_less(tmp_path: Path) -> None:
    first = Script("first", pairs=("fi-en",), does=lambda batch: [Rendered(text=turned(text)) for text in batch.texts])
    second = Script("second", pairs=("en-hu",))
    async with with_engines(tmp_path, first, second) as system:
        text = fresh()
        (answer,) = await ask(system, segment(text, source="fi"))
        assert (answer.status, answer.text) == (TRANSLATED, backwards(turned(text)))
        assert (answer.tier, list(answer.pivot), answer.engine) == (pb.QUALITY_TIER_PIVOT, ["en"], "first+second")
        assert not answer.HasField("similarity")


async def test_what_can_be_translated_is_said_with_its_ways(system: System) -> None:
    answer = await system.handler.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest())
    found = {(one.source_language, one.target_language): (one.tier, list(one.pivot)) for one in answer.pairs}
    assert found[("it", "hu")] == (pb.QUALITY_TIER_NEURAL, [])
    assert found[("en", "hu")] == (pb.QUALITY_TIER_PIVOT, ["it"])
    assert ("it", "fi") not in found
    special = await system.handler.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest(data_class=SPECIAL))
    assert not special.pairs


async def test_a_reader_does_not_wait_for_a_slow_engine_and_is_told_when_it_is_done(tmp_path: Path) -> None:
    slow = Script()
    slow.free.clear()
    text = fresh()
    async with with_engines(tmp_path, slow, wait_s=0.05) as system:
        (pending,) = await ask(system, segment(text))
        assert (pending.status, pending.text) == (PENDING, "")
        assert pending.job_id
        assert pending.notice.texts["hu"]
        assert [one.status for one in await get(system, pending.job_id)] == [PENDING]
        watching = asyncio.create_task(watched(system, pending.job_id))
        slow.free.set()
        (told,) = await watching
        assert (told.status, told.text, told.job_id) == (TRANSLATED, backwards(text), pending.job_id)
        assert await watched(system, pending.job_id) == [told]
        assert await watched(system, "trl_unknown") == []


async def test_replicas_translate_a_text_once(tmp_path: Path) -> None:
    first, second, text = Script(), Script(), fresh()
    first.free.clear()
    async with with_engines(tmp_path, first) as one, with_engines(tmp_path, second) as other:
        asked = [asyncio.create_task(ask(one, segment(text)))]
        await first.began.wait()
        asked.append(asyncio.create_task(ask(other, segment(text))))
        first.free.set()
        (here,), (there,) = await asyncio.gather(*asked)
        assert here == there
        assert here.text == backwards(text)
        assert not second.given


async def test_a_job_goes_on_after_a_restart_at_once(tmp_path: Path) -> None:
    slow, text = Script(), fresh()
    slow.free.clear()
    async with with_engines(tmp_path, slow, wait_s=0.0) as system:
        (pending,) = await ask(system, segment(text))
        await slow.began.wait()
    async with with_engines(tmp_path, Script(), wait_s=0.0) as system:
        (told,) = await watched(system, pending.job_id)
        assert (told.status, told.text) == (TRANSLATED, backwards(text))


async def test_a_job_whose_process_was_killed_is_taken_over_when_its_lease_is_over(tmp_path: Path) -> None:
    asked = Segment(text=fresh(), source_language="it", target_language="hu", tenant="aut_1")
    keys = KeyRing(tmp_path / "keys")
    async with (
        open_documents(ServiceSettings(data_dir=tmp_path).documents("translation"), storage.COLLECTIONS) as documents,
        open_events(ServiceSettings(data_dir=tmp_path).events) as events,
    ):
        jobs = Jobs(documents, Outbox("translation", documents, events, clock), Vault(keys, "translation"), clock)
        await jobs.begin({"trl_1": asked})
        assert await jobs.begin({"trl_1": asked}) == []
    later = lambda: clock() + LEASE  # noqa: E731
    async with with_engines(tmp_path, Script(), wait_s=0.0, now=later) as system:
        (told,) = await watched(system, "trl_1")
        assert (told.status, told.text) == (TRANSLATED, backwards(asked.text))


async def test_an_engine_that_cannot_even_be_asked_what_it_does_keeps_no_job_from_the_others(tmp_path: Path) -> None:
    asked = Segment(text=fresh(), source_language="it", target_language="hu", tenant="aut_1")
    async with (
        open_documents(ServiceSettings(data_dir=tmp_path).documents("translation"), storage.COLLECTIONS) as documents,
        open_events(ServiceSettings(data_dir=tmp_path).events) as events,
    ):
        vault = Vault(KeyRing(tmp_path / "keys"), "translation")
        await Jobs(documents, Outbox("translation", documents, events, clock), vault, clock).begin({"trl_1": asked})
    later = lambda: clock() + LEASE  # noqa: E731
    # What it says of its pairs is none of the errors of the port.
    broken = Script("first", pairs=["nonsense"])
    async with with_engines(tmp_path, broken, Script("second"), wait_s=0.0, now=later) as system:
        (told,) = await watched(system, "trl_1")
        assert (told.status, told.engine) == (TRANSLATED, "second")


async def test_who_has_waited_for_an_engine_to_say_what_it_does_does_not_wait_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float] = []
    wait = Jobs.wait

    async def waiting(jobs: Jobs, ids: Sequence[str], seconds: float) -> dict[str, Job]:
        left.append(seconds)
        return await wait(jobs, ids, seconds)

    monkeypatch.setattr(Jobs, "wait", waiting)
    hanging, slow = Script("first"), Script("second")
    hanging.awake.clear()
    slow.free.clear()
    async with with_engines(tmp_path, hanging, slow, wait_s=0.2) as system:
        await until(lambda: _does(system, "second"))
        (answer,) = await ask(system, segment(fresh()))
        assert answer.status == PENDING
        assert left == [0.0]
        slow.free.set()


async def _does(system: System, engine: str) -> bool:
    found = await system.handler.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest())
    return any(one.engine == engine for one in found.pairs)


async def test_jobs_whose_key_is_gone_keep_nobody_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.translation.jobs.BATCH", 2)
    text = fresh()
    async with (
        open_documents(ServiceSettings(data_dir=tmp_path).documents("translation"), storage.COLLECTIONS) as documents,
        open_events(ServiceSettings(data_dir=tmp_path).events) as events,
    ):
        outbox = Outbox("translation", documents, events, clock)
        for folder, ids in (("lost", ["trl_1", "trl_2"]), ("keys", ["trl_3"])):
            jobs = Jobs(documents, outbox, Vault(KeyRing(tmp_path / folder), "translation"), clock)
            asked = Segment(text=text, source_language="it", target_language="hu", tenant="aut_1")
            assert len(await jobs.begin(dict.fromkeys(ids, asked))) == len(ids)
    later = lambda: clock() + LEASE  # noqa: E731
    async with with_engines(tmp_path, Script(), wait_s=0.0, now=later) as system:
        (told,) = await watched(system, "trl_3")
        assert (told.status, told.text) == (TRANSLATED, backwards(text))


async def test_jobs_that_wait_long_for_their_engine_are_not_taken_over_by_others(tmp_path: Path) -> None:
    slow, texts = (
        Script(more='data_class = "PERSONAL"\nat_once = 1\nback_translation = false'),
        [fresh() for _ in range(3)],
    )
    slow.free.clear()
    time = clock()

    def now() -> datetime:
        return time

    async with (
        with_engines(tmp_path, slow, wait_s=0.0, now=now) as system,
        open_documents(system.settings.documents("translation"), storage.COLLECTIONS) as documents,
    ):
        jobs = [(await ask(system, segment(text)))[0].job_id for text in texts]

        async def are_kept() -> bool:
            kept = await documents.get_many(JOBS, jobs)
            return all(str(one.body["wakes_at"]) >= sortable(now() + LEASE) for one in kept)

        time += LEASE / 2
        await until(are_kept)
        slow.free.set()
        assert len(await watched(system, *jobs)) == 3
        assert sorted(slow.texts) == sorted(texts)


async def test_texts_at_rest_are_not_readable(tmp_path: Path) -> None:
    async with with_engines(tmp_path, Script()) as system:
        (answer,) = await ask(system, segment("Anna Bianchi è registrata a Bologna.", source_id="req_1"))
        assert answer.status == TRANSLATED
    stored = b"".join(path.read_bytes() for path in (tmp_path / "translation").rglob("*") if path.is_file())
    assert b"translation_jobs" in stored
    for word in (b"Anna", b"annA", b"Bologna", b"angoloB"):
        assert word not in stored


async def test_everything_of_a_case_is_forgotten_with_it(tmp_path: Path) -> None:
    engine = Script()
    async with with_engines(tmp_path, engine) as system:
        text = fresh()
        (mine,) = await ask(system, segment(text, source_id="req_1"))
        (other,) = await ask(system, segment(text, source_id="req_2"))
        assert mine.job_id != other.job_id
        for name, expected in (("requests", 1), ("requests", 0)):
            request = pb.ForgetTextsRequest(
                command=common_pb2.Command(idempotency_key=f"k{expected}"), source_ids=["req_1", "req_3"]
            )
            answer = await system.as_service(name).call(system.stub.ForgetTexts, request)
            assert answer.forgotten == expected
        assert await get(system, mine.job_id) == []
        assert len(await get(system, other.job_id)) == 1
        given = engine.texts.count(text)
        (again,) = await ask(system, segment(text, source_id="req_1"))
        assert again.status == TRANSLATED
        assert engine.texts.count(text) == given + 1


async def test_what_is_forgotten_while_it_waits_for_its_turn_goes_to_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AT_ONCE", 1)
    script, waiting, after = Script(), fresh("Testo da dimenticare"), fresh()
    async with with_engines(tmp_path, script, wait_s=0.0) as system:
        script.free.clear()
        await ask(system, segment(fresh()))
        await script.began.wait()
        await ask(system, segment(waiting, source_id="req_5"))
        command = common_pb2.Command(idempotency_key="forget")
        request = pb.ForgetTextsRequest(command=command, source_ids=["req_5"])
        assert (await system.as_service("requests").call(system.stub.ForgetTexts, request)).forgotten == 1
        (last,) = await ask(system, segment(after))
        script.free.set()
        assert [one.status for one in await watched(system, last.job_id)] == [TRANSLATED]
        assert after in script.texts
        assert waiting not in script.texts
