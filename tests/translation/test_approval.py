"""The translation memory over gRPC: who adds to it, what that changes, and what changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count, product
from pathlib import Path

import pytest

from chassis.aggregates import Kept
from chassis.calls import open_channel
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from chassis.wire import datetime_of
from engines.documents import open_documents
from engines.events import Event, open_events
from protos.common.v1 import common_pb2
from protos.translation.v1 import events_pb2
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.translation import storage
from services.translation.domain.memory import Entry
from services.translation.wiring import translation
from tests.cells import cell
from tests.translation.conftest import System, person
from vocabulary import ids
from vocabulary.refusals import Conflict, Forbidden, Invalid, Stale
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

PUBLIC, INTERNAL = common_pb2.DATA_CLASS_PUBLIC, common_pb2.DATA_CLASS_INTERNAL
_fresh = count()


def fresh(text: str = "Il titolo è autentico") -> str:
    """A text that no other test approves."""
    return f"{text} {next(_fresh)}."


def approval(
    source: str, target: str, *, key: str = "", pair: tuple[str, str] = ("it", "hu"), revision: int | None = None
) -> pb.ApproveTranslationRequest:
    return pb.ApproveTranslationRequest(
        command=common_pb2.Command(idempotency_key=key or f"key {next(_fresh)}", expected_revision=revision),
        source=common_pb2.FreeText(text=source, language=pair[0], data_class=PUBLIC),
        target=common_pb2.FreeText(text=target, language=pair[1], data_class=INTERNAL),
    )


async def approve(system: System, request: pb.ApproveTranslationRequest) -> str:
    return (await system.commission.call(system.stub.ApproveTranslation, request)).memory_id


async def ask(system: System, text: str, source: str = "it", target: str = "hu") -> pb.Translation:
    written = common_pb2.FreeText(text=text, language=source)
    segments = [pb.Segment(text=written, target_language=target)]
    answer = await system.handler.call(system.stub.Translate, pb.TranslateRequest(segments=segments, languages=["it"]))
    return answer.translations[0]


async def stored(system: System) -> dict[str, Kept[Entry]]:
    """The memory as it stands in the store."""
    async with (
        open_documents(system.settings.documents("translation"), storage.COLLECTIONS) as documents,
        open_events(system.settings.events) as events,
    ):
        entries = storage.translations(documents, Outbox("translation", documents, events, clock))
        return {kept.id: kept for kept in await entries.find(limit=1_000)}


@pytest.fixture
async def published(system: System) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of the service from now on."""
    async with open_events(system.settings.events) as events, events.tail(["imi.translation.v1"]) as tail:
        yield (received.event async for received in tail)


async def test_an_approved_translation_is_found_again_with_the_notice(system: System) -> None:
    source = fresh()
    memory_id = await approve(system, approval(f" {source}\n", "Az oklevél hiteles."))
    answer = await ask(system, source)
    assert (answer.status, answer.text) == (pb.TRANSLATION_STATUS_TRANSLATED, "Az oklevél hiteles.")
    assert (answer.tier, answer.engine) == (pb.QUALITY_TIER_HUMAN_REVIEWED, "memory")
    assert answer.reason == pb.UNAVAILABLE_REASON_UNSPECIFIED
    assert list(answer.notice.texts) == ["it"]
    kept = (await stored(system))[memory_id].state
    assert datetime_of(answer.at) == kept.current.at
    assert kept.current.reviewer_id == "usr_commission"


async def test_whoever_has_not_signed_in_is_told_translations_that_are_public_alone(system: System) -> None:
    for target, status in (
        (INTERNAL, pb.TRANSLATION_STATUS_UNAVAILABLE),
        (PUBLIC, pb.TRANSLATION_STATUS_TRANSLATED),
    ):
        with cell(target):
            request = approval(fresh(), "Az oklevél hiteles.")
            request.target.data_class = target
            await approve(system, request)
            asked = pb.TranslateRequest(segments=[pb.Segment(text=request.source, target_language="hu")])
            answer = await system.as_service("gateway").call(system.stub.Translate, asked)
            assert answer.translations[0].status == status
            assert (await ask(system, request.source.text)).status == pb.TRANSLATION_STATUS_TRANSLATED


async def test_only_the_exact_text_in_its_pair_is_found(system: System) -> None:
    source = fresh()
    await approve(system, approval(source, "Az oklevél hiteles."))
    respaced = source.replace(" ", "  \n")
    assert (await ask(system, respaced)).status == pb.TRANSLATION_STATUS_TRANSLATED
    for text, pair in [
        (source.upper(), ("it", "hu")),
        (source + "!", ("it", "hu")),
        (source, ("it", "de")),
        (source, ("es", "hu")),
        ("Az oklevél hiteles.", ("hu", "it")),
    ]:
        assert (await ask(system, text, *pair)).status == pb.TRANSLATION_STATUS_UNAVAILABLE


async def test_the_memory_answers_for_a_detected_language(system: System, sentences: dict[str, list[str]]) -> None:
    source, target = sentences["it"][1], sentences["hu"][1]
    await approve(system, approval(source, target))
    answer = await ask(system, source, "")
    assert (answer.source_language, answer.text) == ("it", target)


async def test_the_world_learns_ids_and_codes_but_no_text(system: System, published: AsyncIterator[Event]) -> None:
    source = fresh()
    memory_id = await approve(system, approval(source, "Az oklevél hiteles."))
    event = await anext(published)
    assert (event.type, event.subject) == ("imi.translation.v1.TranslationApproved", memory_id)
    message = events_pb2.TranslationApproved.FromString(event.data)
    assert message == events_pb2.TranslationApproved(memory_id=memory_id, source_language="it", target_language="hu")
    assert memory_id.startswith(f"{ids.MEMORY}_")


async def test_a_later_approval_replaces_and_keeps_the_earlier_one(system: System) -> None:
    source = fresh()
    first = await approve(system, approval(source, "rossz"))
    second = await approve(system, approval(source.replace(" ", "\t"), "jó"))
    assert first == second
    assert (await ask(system, source)).text == "jó"
    kept = (await stored(system))[first]
    assert kept.revision == 2
    assert [one.text.text for one in kept.state.reviewed] == ["rossz", "jó"]


async def test_the_same_command_again_has_the_first_answer_and_no_second_effect(
    system: System, published: AsyncIterator[Event]
) -> None:
    source = fresh()
    first, second = approval(source, "első"), approval(source, "második")
    memory_id = await approve(system, first)
    assert await approve(system, first) == memory_id
    await approve(system, second)
    before = await stored(system)
    assert await approve(system, first) == await approve(system, second) == memory_id
    assert await stored(system) == before
    assert (await ask(system, source)).text == "második"
    last = await approve(system, approval(fresh(), "utolsó"))
    subjects: list[str] = []
    while last not in subjects:
        subjects.append((await anext(published)).subject)
    assert subjects.count(memory_id) == 2


@pytest.mark.parametrize("part", ["source", "target", "pair", "class", "known source"])
async def test_a_different_body_under_the_same_key_is_refused(system: System, part: str) -> None:
    source, other, key = fresh(), fresh(), f"key {next(_fresh)}"
    await approve(system, approval(source, "jó", key=key))
    different = {
        "source": approval(other, "jó", key=key),
        "target": approval(source, "más", key=key),
        "pair": approval(source, "jó", key=key, pair=("it", "et")),
        "class": approval(source, "jó", key=key),
        "known source": approval(other, "jó", key=key),
    }[part]
    if part == "class":
        different.source.data_class = INTERNAL
    if part == "known source":
        await approve(system, approval(other, "első"))
    before = await stored(system)
    with pytest.raises(Conflict) as refused:
        await approve(system, different)
    assert (refused.value.field, refused.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")
    assert await stored(system) == before


async def test_two_people_may_use_the_same_key(system: System) -> None:
    source, key = fresh(), f"key {next(_fresh)}"
    memory_id = await approve(system, approval(source, "egy", key=key))
    colleague = system.as_person(person("usr_colleague", LegislativeRole.COMMISSION))
    await colleague.call(system.stub.ApproveTranslation, approval(source, "kettő", key=key))
    reviewed = (await stored(system))[memory_id].state.reviewed
    assert [one.reviewer_id for one in reviewed] == ["usr_commission", "usr_colleague"]


async def test_of_racing_approvals_of_one_text_all_are_kept(system: System) -> None:
    source = fresh()
    requests = [approval(source, f"változat {number}") for number in range(5)]
    answers = await asyncio.gather(*(approve(system, request) for request in requests))
    (memory_id,) = set(answers)
    kept = (await stored(system))[memory_id]
    assert kept.revision == 5
    assert sorted(one.text.text for one in kept.state.reviewed) == sorted(one.target.text for one in requests)


@pytest.mark.parametrize("known", [False, True])
async def test_of_racing_commands_under_one_key_one_has_an_effect(system: System, known: bool) -> None:
    """Whether their source texts are new to the memory or not."""
    key, sources = f"key {next(_fresh)}", [fresh() for _ in range(5)]
    if known:
        for source in sources:
            await approve(system, approval(source, "első"))
    racing = (approve(system, approval(source, "jó", key=key)) for source in sources)
    answers = await asyncio.gather(*racing, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert [one.reason for one in refused] == ["IDEMPOTENCY_KEY_REUSED"] * 4
    texts = [(await ask(system, source)).text for source in sources]
    assert sorted(texts) == sorted(["jó"] + ["első" if known else ""] * 4)


async def test_a_stale_revision_is_refused(system: System) -> None:
    source = fresh()
    memory_id = await approve(system, approval(source, "első"))
    await approve(system, approval(source, "második", revision=1))
    with pytest.raises(Stale) as refused:
        await approve(system, approval(source, "harmadik", revision=1))
    assert (refused.value.field, refused.value.reason) == ("revision", "STALE_REVISION")
    assert (await stored(system))[memory_id].revision == 2


def _with(**changes: str | int) -> pb.ApproveTranslationRequest:
    """A good request but for *changes*, such as ``source__text``."""
    request = approval("Testo.", "Szöveg.")
    for path, value in changes.items():
        part, _, name = path.partition("__")
        setattr(getattr(request, part), name, value)
    return request


@pytest.mark.parametrize(
    ("request_", "field", "reason"),
    [
        (_with(source__text=" "), "source.text", "EMPTY"),
        (_with(target__text=""), "target.text", "EMPTY"),
        (_with(source__text="x" * 4_001), "source.text", "TOO_LONG"),
        (_with(target__text="x" * 4_001), "target.text", "TOO_LONG"),
        (_with(target__text="a\x01"), "target.text", "CONTROL_CHARACTER"),
        (_with(source__language="ru"), "source.language", "UNKNOWN_LANGUAGE"),
        (_with(source__language=""), "source.language", "UNKNOWN_LANGUAGE"),
        (_with(target__language="xx"), "target.language", "UNKNOWN_LANGUAGE"),
        (_with(target__language="it-IT"), "target.language", "SAME_LANGUAGE"),
        (_with(source__data_class=common_pb2.DATA_CLASS_UNSPECIFIED), "source.dataClass", "PERSONAL_DATA"),
        (_with(source__data_class=common_pb2.DATA_CLASS_PERSONAL), "source.dataClass", "PERSONAL_DATA"),
        (_with(source__data_class=common_pb2.DATA_CLASS_SPECIAL_CATEGORY), "source.dataClass", "PERSONAL_DATA"),
        (_with(target__data_class=common_pb2.DATA_CLASS_UNSPECIFIED), "target.dataClass", "PERSONAL_DATA"),
        (_with(target__data_class=99), "target.dataClass", "UNKNOWN_VALUE"),
        (_with(command__idempotency_key=""), "idempotencyKey", "IDEMPOTENCY_KEY"),
        (_with(command__idempotency_key="k" * 129), "idempotencyKey", "IDEMPOTENCY_KEY"),
    ],
)
async def test_an_unfit_approval_is_refused_by_name_and_changes_nothing(
    system: System, request_: pb.ApproveTranslationRequest, field: str, reason: str
) -> None:
    before = await stored(system)
    with pytest.raises(Invalid) as refused:
        await approve(system, request_)
    assert (refused.value.field, refused.value.reason) == (field, reason)
    assert await stored(system) == before


async def test_only_translators_and_the_commission_approve(system: System) -> None:
    for role, user_role in product(LegislativeRole, [None, *UserRole]):
        with cell(role, user_role):
            peer = system.as_person(person("usr_any", role, *([user_role] if user_role else [])))
            source = fresh()
            call = peer.call(system.stub.ApproveTranslation, approval(source, "jó"))
            if role is LegislativeRole.COMMISSION or user_role is UserRole.TRANSLATOR:
                assert (await call).memory_id
            else:
                with pytest.raises(Forbidden):
                    await call
                assert (await ask(system, source)).status == pb.TRANSLATION_STATUS_UNAVAILABLE


async def test_a_translator_approves_for_the_areas_whose_translator_they_are(system: System) -> None:
    held = {"services/alerts": frozenset({UserRole.TRANSLATOR}), "firearms/alerts": frozenset({UserRole.VIEWER})}
    takes_part = {module: frozenset({WorkflowRole.ALERT_AUTHORITY}) for module in held}
    somebody = replace(person("usr_t", LegislativeRole.COMPETENT_AUTHORITY), user_roles=held, workflow_roles=takes_part)
    outside = replace(somebody, workflow_roles={})
    for caller, area, may in (
        (somebody, "services", True),
        (somebody, "", True),
        (somebody, "firearms", False),
        (outside, "services", False),
        (outside, "", False),
    ):
        with cell(area, may):
            request = approval(fresh(), "jó")
            request.area_code = area
            call = system.as_person(caller).call(system.stub.ApproveTranslation, request)
            if may:
                assert (await call).memory_id
            else:
                with pytest.raises(Forbidden):
                    await call


@pytest.mark.parametrize("name", ["gateway", "requests"])
async def test_no_service_approves(system: System, name: str) -> None:
    with pytest.raises(Forbidden):
        await system.as_service(name).call(system.stub.ApproveTranslation, approval(fresh(), "jó"))


async def test_the_memory_survives_a_restart(tmp_path: Path) -> None:
    settings = ServiceSettings(data_dir=tmp_path, listen_address="127.0.0.1:0")
    request = approval(fresh(), "jó")
    answers: list[str] = []
    for _ in range(2):
        async with translation(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
            system = System(settings, TranslationServiceStub(channel))
            answers.append(await approve(system, request))
            assert (await ask(system, request.source.text)).text == "jó"
    assert answers[0] == answers[1]
