"""Reviewing over gRPC: lists of the memory, files in and out, bad translations reported and dealt with; and who may do what."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.calls import Peer
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from tests.cells import cell
from tests.translation.asking import PERSONAL, PUBLIC, TRANSLATED, UNAVAILABLE, ask, segment
from tests.translation.conftest import System, person
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

_fresh = count(1)
TMX, XLIFF = pb.EXCHANGE_FORMAT_TMX, pb.EXCHANGE_FORMAT_XLIFF


def key() -> common_pb2.Command:
    return common_pb2.Command(idempotency_key=f"key {next(_fresh)}")


def fresh(text: str = "Il documento è stato controllato") -> str:
    return f"{text} {next(_fresh)}."


def translator_of(*areas: str) -> Caller:
    """A translator of *areas*, who only reads in others."""
    modules = [f"{area}/alerts" for area in areas]
    return replace(
        person("usr_t", LegislativeRole.COMPETENT_AUTHORITY),
        user_roles={
            **dict.fromkeys(modules, frozenset({UserRole.TRANSLATOR})),
            "other/alerts": frozenset({UserRole.VIEWER}),
        },
        workflow_roles={one: frozenset({WorkflowRole.ALERT_AUTHORITY}) for one in (*modules, "other/alerts")},
    )


@pytest.fixture
def translator(system: System) -> Peer:
    return system.as_person(translator_of("services"))


async def approve(
    system: System, source: str, target: str, *, area: str = "", context: str = "", peer: Peer | None = None
) -> str:
    request = pb.ApproveTranslationRequest(
        command=key(),
        source=common_pb2.FreeText(text=source, language="it", data_class=PUBLIC),
        target=common_pb2.FreeText(text=target, language="hu", data_class=PUBLIC),
        area_code=area,
        context=context,
    )
    return (await (peer or system.commission).call(system.stub.ApproveTranslation, request)).memory_id


def tmx(*said: tuple[str, str]) -> bytes:
    units = "".join(
        f'<tu><tuv xml:lang="it"><seg>{source}</seg></tuv><tuv xml:lang="hu"><seg>{target}</seg></tuv></tu>'
        for source, target in said
    )
    return f'<tmx version="1.4"><header srclang="it"/><body>{units}</body></tmx>'.encode()


def importing(content: bytes, **more: object) -> pb.ImportMemoryRequest:
    given: dict[str, object] = {"command": key(), "format": TMX, "data_class": PUBLIC, **more}
    return pb.ImportMemoryRequest(content=content, **given)  # type: ignore[arg-type]


async def test_what_is_said_nearest_to_a_texts_place_counts(system: System) -> None:
    text = fresh()
    everywhere = await approve(system, text, "mindenhol")
    in_area = await approve(system, text, "a területen", area="services")
    in_place = await approve(system, text, "ott", area="services", context="requests.answer")
    assert len({everywhere, in_area, in_place}) == 3
    for area, context, expected in (
        ("", "", "mindenhol"),
        ("firearms", "requests.answer", "mindenhol"),
        ("services", "", "a területen"),
        ("services", "alerts.reason", "a területen"),
        ("services", "requests.answer", "ott"),
    ):
        with cell(area, context):
            asked = segment(text, area=area)
            asked.context = context
            (answer,) = await ask(system, asked)
            assert (answer.status, answer.text) == (TRANSLATED, expected)


async def test_the_memory_is_listed_newest_first_page_by_page(system: System, translator: Peer) -> None:
    ids = [await approve(system, fresh(), "jó") for _ in range(5)]
    seen: list[str] = []
    after = ""
    while True:
        page = common_pb2.Page(first=2, after=after)
        answer = await translator.call(system.stub.ListMemory, pb.ListMemoryRequest(target_language="hu", page=page))
        seen += [one.id for one in answer.entries]
        if not answer.page_info.has_next_page or len(seen) >= 5:
            break
        after = answer.page_info.cursors[-1]
    assert seen[:5] == ids[::-1]
    none = await translator.call(
        system.stub.ListMemory, pb.ListMemoryRequest(source_language="fi", target_language="sv")
    )
    assert not none.entries
    (entry, *_) = (await translator.call(system.stub.ListMemory, pb.ListMemoryRequest())).entries
    assert (entry.reviewer_id, entry.tier, entry.revision) == ("usr_commission", pb.QUALITY_TIER_HUMAN_REVIEWED, 1)


async def test_a_deleted_translation_is_gone_with_its_texts_and_can_be_approved_anew(
    system: System, translator: Peer
) -> None:
    text = fresh()
    id_ = await approve(system, text, "rossz", area="services")
    request = pb.DeleteMemoryRequest(command=key(), id=id_)
    assert (await translator.call(system.stub.DeleteMemory, request)).memory_id == id_
    assert (await translator.call(system.stub.DeleteMemory, request)).memory_id == id_
    (answer,) = await ask(system, segment(text, area="services"))
    assert answer.status == UNAVAILABLE
    listed = await translator.call(system.stub.ListMemory, pb.ListMemoryRequest(page=common_pb2.Page(first=100)))
    assert id_ not in {one.id for one in listed.entries}
    with pytest.raises(Conflict) as again:
        await translator.call(system.stub.DeleteMemory, pb.DeleteMemoryRequest(command=key(), id=id_))
    assert again.value.reason == "DELETED"
    assert await approve(system, text, "jó", area="services") == id_
    assert (await ask(system, segment(text, area="services")))[0].text == "jó"


async def test_deleting_is_refused_for_another_area_and_for_what_is_not_there(system: System, translator: Peer) -> None:
    text = fresh()
    id_ = await approve(system, text, "jó", area="firearms")
    with pytest.raises(Forbidden):
        await translator.call(system.stub.DeleteMemory, pb.DeleteMemoryRequest(command=key(), id=id_))
    assert (await ask(system, segment(text, area="firearms")))[0].text == "jó"
    with pytest.raises(NotFound):
        await translator.call(system.stub.DeleteMemory, pb.DeleteMemoryRequest(command=key(), id="mem_none"))


async def test_a_file_comes_into_the_memory_once_and_changes_nothing_that_was_reviewed_here(
    system: System, translator: Peer
) -> None:
    reviewed, known, new = fresh(), fresh(), fresh()
    await approve(system, reviewed, "ellenőrzött")
    first = importing(tmx((known, "régi")))
    assert (await system.commission.call(system.stub.ImportMemory, first)).new == 1
    request = importing(tmx((reviewed, "más"), (known, "újabb"), (new, "új"), (new, "új")))
    answer = await translator.call(system.stub.ImportMemory, request)
    assert (answer.new, answer.changed, answer.unchanged) == (1, 1, 1)
    assert await translator.call(system.stub.ImportMemory, request) == answer
    again = importing(tmx((known, "újabb"), (new, "új")))
    answer = await translator.call(system.stub.ImportMemory, again)
    assert (answer.new, answer.changed, answer.unchanged) == (0, 0, 2)
    answers = await ask(system, *map(segment, (reviewed, known, new)))
    assert [one.text for one in answers] == ["ellenőrzött", "újabb", "új"]
    assert [one.tier for one in answers] == [
        pb.QUALITY_TIER_HUMAN_REVIEWED,
        pb.QUALITY_TIER_MEMORY_EXACT,
        pb.QUALITY_TIER_MEMORY_EXACT,
    ]


async def test_a_file_that_does_not_fit_leaves_nothing_behind(system: System, translator: Peer) -> None:
    good = fresh()
    for request, field, reason in (
        (importing(tmx((good, "jó")), data_class=PERSONAL), "dataClass", "PERSONAL_DATA"),
        (importing(tmx((good, "jó")), data_class=0), "dataClass", "PERSONAL_DATA"),
        (importing(tmx((good, "jó")), format=0), "format", "UNKNOWN_VALUE"),
        (importing(tmx((good, "jó")), area_code="services", context="a b"), "context", "CONTEXT"),
        (importing(tmx((good, "jó"), (good + "!", "x" * 4_001))), "content", "TOO_LONG"),
        (importing(tmx((good, "jó"), ("", "b"))), "content", "FAULTY_FILE"),
        (importing(b"<tmx"), "content", "FAULTY_FILE"),
        (importing(tmx((good, "jó")), command=common_pb2.Command()), "idempotencyKey", "IDEMPOTENCY_KEY"),
    ):
        with cell(field, reason):
            with pytest.raises(Invalid) as refused:
                await translator.call(system.stub.ImportMemory, request)
            assert (refused.value.field, refused.value.reason) == (field, reason)
            assert (await ask(system, segment(good)))[0].status == UNAVAILABLE


async def test_what_is_exported_can_be_imported(system: System, translator: Peer) -> None:
    await approve(system, fresh(), "<b>jó</b> & szép", area="services")
    for written, more in ((TMX, {}), (XLIFF, {"source_language": "it", "target_language": "hu"})):
        with cell(written):
            request = pb.ExportMemoryRequest(format=written, **more)
            file = await translator.call(system.stub.ExportMemory, request)
            assert file.media_type.endswith("+xml")
            assert not file.after
            answer = await translator.call(
                system.stub.ImportMemory,
                importing(file.content, format=written, area_code="services", context=f"import.{written}"),
            )
            assert answer.new > 0


async def test_an_export_needs_what_its_format_needs(system: System, translator: Peer) -> None:
    for request, expected, field in (
        (pb.ExportMemoryRequest(format=XLIFF, source_language="it"), Invalid, "targetLanguage"),
        (pb.ExportMemoryRequest(format=XLIFF, target_language="it"), Invalid, "sourceLanguage"),
        (pb.ExportMemoryRequest(format=TMX, source_language="ru"), Invalid, "sourceLanguage"),
        (pb.ExportMemoryRequest(), Invalid, "format"),
        (pb.ExportMemoryRequest(format=TMX, after="x"), Invalid, "after"),
        (pb.ExportMemoryRequest(format=TMX, source_language="fi", target_language="sv"), NotFound, ""),
    ):
        with cell(field, expected.__name__):
            with pytest.raises(expected) as refused:
                await translator.call(system.stub.ExportMemory, request)
            assert refused.value.field == field


def reporting(text: str, **more: object) -> pb.ReportTranslationRequest:
    given: dict[str, object] = {
        "command": key(),
        "translation": "rossz fordítás",
        "target_language": "hu",
        "engine": "e",
        "comment": "Ez nem azt jelenti.",
        "area_code": "services",
        "source_id": "req_9",
        **more,
    }
    return pb.ReportTranslationRequest(source=common_pb2.FreeText(text=text, language="it"), **given)  # type: ignore[arg-type]


async def queue(system: System, peer: Peer) -> list[pb.Report]:
    return list(
        (await peer.call(system.stub.ListReports, pb.ListReportsRequest(page=common_pb2.Page(first=100)))).reports
    )


async def test_a_bad_translation_is_reported_once_reviewed_and_then_nothing_of_it_is_left(
    system: System, translator: Peer
) -> None:
    text = fresh()
    request = reporting(text)
    id_ = (await system.handler.call(system.stub.ReportTranslation, request)).report_id
    assert (await system.handler.call(system.stub.ReportTranslation, request)).report_id == id_
    (told,) = [one for one in await queue(system, translator) if one.id == id_]
    assert (told.source.text, told.translation, told.comment) == (text, "rossz fordítás", "Ez nem azt jelenti.")
    assert (told.target_language, told.engine, told.area_code) == ("hu", "e", "services")
    assert told.source.data_class == PERSONAL
    resolving = pb.ResolveReportRequest(command=key(), id=id_)
    with pytest.raises(Forbidden):
        await system.as_person(translator_of("firearms")).call(system.stub.ResolveReport, resolving)
    assert (await translator.call(system.stub.ResolveReport, resolving)).report_id == id_
    assert (await translator.call(system.stub.ResolveReport, resolving)).report_id == id_
    assert id_ not in {one.id for one in await queue(system, translator)}
    with pytest.raises(Conflict):
        await translator.call(system.stub.ResolveReport, pb.ResolveReportRequest(command=key(), id=id_))


async def test_translators_see_what_is_reported_in_their_areas_alone(system: System, translator: Peer) -> None:
    ids = [
        (await system.handler.call(system.stub.ReportTranslation, reporting(fresh(), area_code=area))).report_id
        for area in ("services", "firearms", "")
    ]
    for name, peer, expected in (
        ("services", translator, [True, False, False]),
        ("both", system.as_person(translator_of("services", "firearms")), [True, True, False]),
        ("other", system.as_person(translator_of("posting")), [False, False, False]),
        ("Commission", system.commission, [True, True, True]),
    ):
        with cell(name):
            found = {one.id for one in await queue(system, peer)}
            assert [id_ in found for id_ in ids] == expected


async def test_a_report_goes_with_the_case_that_it_comes_from(system: System, translator: Peer) -> None:
    ids = [
        (await system.handler.call(system.stub.ReportTranslation, reporting(fresh(), source_id=one))).report_id
        for one in ("req_7", "req_8")
    ]
    request = pb.ForgetTextsRequest(command=key(), source_ids=["req_7"])
    assert (await system.as_service("requests").call(system.stub.ForgetTexts, request)).forgotten == 1
    left = {one.id for one in await queue(system, translator)}
    assert (ids[0] in left, ids[1] in left) == (False, True)


async def test_an_unfit_report_is_refused_by_name(system: System) -> None:
    for request, field, reason in (
        (reporting(""), "source.text.text", "EMPTY"),
        (reporting("testo", translation=" "), "translation", "EMPTY"),
        (reporting("testo", translation="x" * 12_001), "translation", "TOO_LONG"),
        (reporting("testo", comment="x" * 1_001), "comment", "TOO_LONG"),
        (reporting("testo", comment="a\x00"), "comment", "CONTROL_CHARACTER"),
        (reporting("testo", target_language="ru"), "source.targetLanguage", "UNKNOWN_LANGUAGE"),
        (reporting("testo", area_code="A B"), "source.area", "AREA"),
        (reporting("testo", command=common_pb2.Command()), "idempotencyKey", "IDEMPOTENCY_KEY"),
    ):
        with cell(field, reason):
            with pytest.raises(Invalid) as refused:
                await system.handler.call(system.stub.ReportTranslation, request)
            assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_who_may_do_what(system: System) -> None:
    nobody = system.handler
    service = system.as_service("gateway")
    id_ = await approve(system, fresh(), "jó")
    reviewing: tuple[tuple[Any, Any], ...] = (
        (system.stub.ListMemory, pb.ListMemoryRequest()),
        (system.stub.ExportMemory, pb.ExportMemoryRequest(format=TMX)),
        (system.stub.ListReports, pb.ListReportsRequest()),
        (system.stub.DeleteMemory, pb.DeleteMemoryRequest(command=key(), id=id_)),
        (system.stub.ImportMemory, importing(tmx(("a", "b")))),
        (system.stub.ResolveReport, pb.ResolveReportRequest(command=key(), id="rep_1")),
        (system.stub.ListProviders, pb.ListProvidersRequest()),
    )
    for method, request in reviewing:
        with cell(type(request).__name__):
            for peer in (nobody, service):
                with pytest.raises(Forbidden):
                    await peer.call(method, request)
    with pytest.raises(Forbidden):
        await service.call(system.stub.ReportTranslation, reporting("testo"))
    for peer in (nobody, system.commission):
        with pytest.raises(Forbidden):
            await peer.call(system.stub.ForgetTexts, pb.ForgetTextsRequest(command=key(), source_ids=["req_1"]))
    with pytest.raises(Forbidden):
        await system.as_person(translator_of("services")).call(system.stub.ListProviders, pb.ListProvidersRequest())


async def test_a_forgetting_without_ids_is_refused_by_name(system: System) -> None:
    service = system.as_service("alerts")
    for ids, field in ((["req_1", ""], "sourceIds[1]"), ([f"r{n}" for n in range(1_001)], "sourceIds")):
        with pytest.raises(Invalid) as refused:
            await service.call(system.stub.ForgetTexts, pb.ForgetTextsRequest(command=key(), source_ids=ids))
        assert refused.value.field == field
