"""The translation service over gRPC: asking for translations, and what may not be asked."""

from datetime import UTC, datetime
from itertools import product

import pytest

from chassis.calls import Peer
from chassis.wire import datetime_of
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from tests.translation.conftest import System, person
from vocabulary import languages
from vocabulary.refusals import Invalid, Unauthenticated
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import TEXT_LIMIT


def segment(text: str, source: str, target: str, data_class: int = 0) -> pb.Segment:
    written = common_pb2.FreeText(text=text, language=source, data_class=data_class)  # type: ignore[arg-type]
    return pb.Segment(text=written, target_language=target)


async def translate(system: System, *segments: pb.Segment, notices: tuple[str, ...] = ("en",)) -> list[pb.Translation]:
    request = pb.TranslateRequest(segments=segments, languages=notices)
    return list((await system.handler.call(system.stub.Translate, request)).translations)


async def test_without_an_engine_it_says_so_in_the_readers_language(system: System) -> None:
    before = datetime.now(UTC)
    (answer,) = await translate(system, segment("Il titolo è autentico.", "it", "hu"), notices=("it", "hu"))
    assert answer.status == pb.TRANSLATION_STATUS_UNAVAILABLE
    assert answer.reason == pb.UNAVAILABLE_REASON_NO_ENGINE
    assert (answer.text, answer.tier, answer.engine) == ("", pb.QUALITY_TIER_UNSPECIFIED, "")
    assert (answer.source_language, answer.target_language) == ("it", "hu")
    assert before <= datetime_of(answer.at) <= datetime.now(UTC)
    assert set(answer.notice.texts) == {"it", "hu"}
    assert answer.notice.texts["it"] != answer.notice.texts["hu"]


@pytest.mark.parametrize("language", languages.OFFICIAL)
async def test_every_reader_is_told_in_their_own_language(system: System, language: str) -> None:
    (answer,) = await translate(system, segment("testo", "it", "mt"), notices=(language,))
    assert list(answer.notice.texts) == [language]


async def test_no_language_asked_for_means_all_of_them(system: System) -> None:
    (answer,) = await translate(system, segment("testo", "it", "mt"), notices=())
    assert set(answer.notice.texts) >= set(languages.OFFICIAL)


async def test_the_same_language_is_its_own_translation_without_a_notice(system: System) -> None:
    answers = await translate(system, segment(" Il titolo. ", "it", "IT-it"), segment("Ja takk.", "no", "nb"))
    assert [(one.status, one.text) for one in answers] == [
        (pb.TRANSLATION_STATUS_IDENTITY, "Il titolo."),
        (pb.TRANSLATION_STATUS_IDENTITY, "Ja takk."),
    ]
    assert not any(one.HasField("notice") for one in answers)
    assert all(one.HasField("at") for one in answers)


async def test_an_undeclared_language_is_detected_or_said_to_be_undetermined(
    system: System, sentences: dict[str, list[str]]
) -> None:
    italian = sentences["it"][0]
    answers = await translate(
        system,
        segment(italian, "", "hu"),
        segment("OK", "", "hu"),
        segment(italian, "", "it"),
        segment("OK", "en", "hu"),
    )
    assert [(one.source_language, one.status, one.reason) for one in answers] == [
        ("it", pb.TRANSLATION_STATUS_UNAVAILABLE, pb.UNAVAILABLE_REASON_NO_ENGINE),
        ("", pb.TRANSLATION_STATUS_UNAVAILABLE, pb.UNAVAILABLE_REASON_UNDETERMINED_LANGUAGE),
        ("it", pb.TRANSLATION_STATUS_IDENTITY, pb.UNAVAILABLE_REASON_UNSPECIFIED),
        ("en", pb.TRANSLATION_STATUS_UNAVAILABLE, pb.UNAVAILABLE_REASON_NO_ENGINE),
    ]
    assert answers[0].notice.texts["en"] != answers[1].notice.texts["en"]


async def test_a_declared_language_is_believed(system: System, sentences: dict[str, list[str]]) -> None:
    (answer,) = await translate(system, segment(sentences["it"][0], "es", "hu"))
    assert answer.source_language == "es"


async def test_every_pair_gets_an_answer_in_its_place(system: System) -> None:
    """No pair of the 26 languages is refused, and none is answered with the source passed off as a translation."""
    pairs = list(product(languages.ALL, languages.ALL))
    for start in range(0, len(pairs), 100):
        some = pairs[start : start + 100]
        answers = await translate(system, *(segment(f"x {source}", source, target) for source, target in some))
        assert [(one.source_language, one.target_language) for one in answers] == some
        assert [one.text for one in answers] == [f"x {source}" if source == target else "" for source, target in some]


@pytest.mark.parametrize(
    ("bad", "field", "reason"),
    [
        (segment("testo", "ru", "it"), "text.language", "UNKNOWN_LANGUAGE"),
        (segment("testo", "it", "xx"), "targetLanguage", "UNKNOWN_LANGUAGE"),
        (segment("testo", "it", ""), "targetLanguage", "UNKNOWN_LANGUAGE"),
        (segment(" ", "it", "hu"), "text.text", "EMPTY"),
        (segment("", "", "hu"), "text.text", "EMPTY"),
        (segment("x" * (TEXT_LIMIT + 1), "it", "hu"), "text.text", "TOO_LONG"),
        (segment("a\x07b", "it", "hu"), "text.text", "CONTROL_CHARACTER"),
        (segment("testo", "it", "hu", data_class=9), "text.dataClass", "UNKNOWN_VALUE"),
        (pb.Segment(target_language="hu"), "text.text", "EMPTY"),
    ],
)
async def test_an_unfit_segment_is_refused_by_name(system: System, bad: pb.Segment, field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        await translate(system, segment("testo", "it", "hu"), bad)
    assert (refused.value.field, refused.value.reason) == (f"segments[1].{field}", reason)


async def test_the_longest_text_and_the_largest_batch_are_answered(system: System) -> None:
    answers = await translate(system, *[segment("x" * TEXT_LIMIT, "it", "hu")] * 100)
    assert len(answers) == 100
    assert await translate(system) == []


async def test_a_batch_has_its_limit(system: System) -> None:
    with pytest.raises(Invalid) as refused:
        await translate(system, *[segment("testo", "it", "hu")] * 101)
    assert (refused.value.field, refused.value.reason) == ("segments", "TOO_MANY")
    with pytest.raises(Invalid) as refused:
        await detect(system.handler, system, *["testo"] * 101)
    assert (refused.value.field, refused.value.reason) == ("texts", "TOO_MANY")


async def test_a_notice_in_an_unknown_language_is_refused(system: System) -> None:
    with pytest.raises(Invalid) as refused:
        await translate(system, segment("testo", "it", "hu"), notices=("it", "ru"))
    assert (refused.value.field, refused.value.reason) == ("languages[1]", "UNKNOWN_LANGUAGE")


async def detect(peer: Peer, system: System, *texts: str) -> list[pb.Detection]:
    found = await peer.call(system.stub.DetectLanguages, pb.DetectLanguagesRequest(texts=texts))
    return list(found.detections)


async def test_languages_are_detected_text_by_text(system: System, sentences: dict[str, list[str]]) -> None:
    texts = [sentences["hu"][0], "OK", "", sentences["nb"][1], "x" * TEXT_LIMIT]
    found = await detect(system.handler, system, *texts)
    assert [one.language for one in found] == ["hu", "", "", "nb", ""]
    assert [one.confidence >= 0.8 for one in found] == [True, False, False, True, False]
    assert found[1].confidence == 0


async def test_an_overlong_text_is_not_looked_at(system: System) -> None:
    with pytest.raises(Invalid) as refused:
        await detect(system.handler, system, "OK", "x" * (TEXT_LIMIT + 1))
    assert (refused.value.field, refused.value.reason) == ("texts[1]", "TOO_LONG")


async def test_no_pair_is_offered_without_an_engine(system: System) -> None:
    found = await system.handler.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest())
    assert list(found.pairs) == []


async def ask_everything(peer: Peer, system: System) -> None:
    """Every RPC that is open to all."""
    request = pb.TranslateRequest(segments=[segment("testo", "it", "hu")], languages=["en"])
    assert len((await peer.call(system.stub.Translate, request)).translations) == 1
    assert len(await detect(peer, system, "testo")) == 1
    await peer.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest())


@pytest.mark.parametrize("role", LegislativeRole)
@pytest.mark.parametrize("user_role", [None, *UserRole])
async def test_any_person_may_ask(system: System, role: LegislativeRole, user_role: UserRole | None) -> None:
    roles = () if user_role is None else (user_role,)
    await ask_everything(system.as_person(person("usr_any", role, *roles)), system)


@pytest.mark.parametrize("name", ["gateway", "requests", "alerts", "repositories"])
async def test_any_service_may_ask(system: System, name: str) -> None:
    await ask_everything(system.as_service(name), system)


async def test_nobody_else_may(system: System) -> None:
    nobody = Peer("translation", lambda: "")
    calls = [
        nobody.call(system.stub.Translate, pb.TranslateRequest()),
        nobody.call(system.stub.DetectLanguages, pb.DetectLanguagesRequest()),
        nobody.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest()),
        nobody.call(system.stub.ApproveTranslation, pb.ApproveTranslationRequest()),
    ]
    for call in calls:
        with pytest.raises(Unauthenticated):
            await call
