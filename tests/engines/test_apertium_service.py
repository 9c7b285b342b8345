"""The translation service with the real Apertium server behind it: the demo's free text, and what such a text can lose."""

from collections.abc import AsyncIterator

import pytest

from chassis.calls import open_channel
from chassis.settings import ServiceSettings
from deploy import servers
from deploy.demo.request import DIFFERENCE, WHY
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.translation.wiring import translation
from tests.chassis.waiting import until
from tests.translation.conftest import System

SWEDISH = "Personen ansöker om att få arbeta i Sverige. Vi kontrollerar examensbeviset från Danmark."


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("apertium")
    async with servers.running(folder, ["apertium"]) as running:
        file = folder / "providers.toml"
        file.write_text(
            f'[[provider]]\nname = "gist"\nkind = "apertium"\nurl = "{running.apertium_url}"\ndata_class = "PERSONAL"\n'
        )
        settings = ServiceSettings(data_dir=folder, listen_address="127.0.0.1:0", mt_providers=file)
        async with translation(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
            system = System(settings, TranslationServiceStub(channel))

            async def is_known() -> bool:
                known = await system.handler.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest())
                return bool(known.pairs)

            await until(is_known)
            yield system


async def translated(system: System, *wanted: tuple[str, str, str]) -> list[pb.Translation]:
    """What has become of these texts, each from a language into another, when none is pending any more."""
    segments = [
        pb.Segment(text=common_pb2.FreeText(text=text, language=source), target_language=target)
        for text, source, target in wanted
    ]
    answers: list[pb.Translation] = []

    async def are_done() -> bool:
        request = pb.TranslateRequest(segments=segments, languages=["en"])
        answers[:] = (await system.handler.call(system.stub.Translate, request)).translations
        return all(answer.status != pb.TRANSLATION_STATUS_PENDING for answer in answers)

    await until(are_done)
    return answers


async def test_the_free_text_of_the_demo_is_translated_or_said_to_be_unavailable(system: System) -> None:
    spanish, danish, italian, maltese = await translated(
        system, (WHY, "it", "es"), (SWEDISH, "sv", "da"), (DIFFERENCE, "hu", "it"), (WHY, "it", "mt")
    )
    for answer, beginning in ((spanish, "La persona pide "), (danish, "Personen søger om at ")):
        assert answer.status == pb.TRANSLATION_STATUS_TRANSLATED
        assert answer.text.startswith(beginning)
        assert (answer.tier, answer.engine) == (pb.QUALITY_TIER_RULE_BASED, "gist")
        assert "*" not in answer.text
        assert answer.notice.texts["en"]
    for answer in (italian, maltese):
        assert (answer.status, answer.text) == (pb.TRANSLATION_STATUS_UNAVAILABLE, "")
        assert answer.reason == pb.UNAVAILABLE_REASON_PAIR_UNSUPPORTED


async def test_a_language_in_between_is_named(system: System) -> None:
    [answer] = await translated(system, ("Abbiamo ricevuto la vostra risposta ieri.", "it", "pt"))
    assert answer.status == pb.TRANSLATION_STATUS_TRANSLATED
    assert (list(answer.pivot), answer.tier) == (["es"], pb.QUALITY_TIER_PIVOT)


async def test_what_must_not_change_does_not(system: System) -> None:
    text = "Vedi https://ec.europa.eu/imi, art. 5(1), il 3.5.2024: 1.250,00 EUR e *tutto* <b>& altro</b> {nome}."
    [answer] = await translated(system, (text, "it", "es"))
    assert answer.status == pb.TRANSLATION_STATUS_TRANSLATED, answer
    for kept in ("https://ec.europa.eu/imi", "5(1)", "3.5.2024", "1.250,00", "<b>&", "</b>", "{nome}"):
        assert kept in answer.text
