"""What goes over the wire comes back the same."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chassis.wire import DATA_CLASS, datetime_of, free_text
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation import wire
from services.translation.domain.detection import Detection
from services.translation.domain.translations import Reason, Segment, Status, Tier, Translation
from vocabulary import languages
from vocabulary.values import DataClass, FreeText

texts = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=200).filter(
    lambda text: text.strip() == text
)
codes = st.sampled_from(languages.ALL)
segments = st.builds(
    Segment,
    text=texts,
    source_language=codes | st.just(""),
    target_language=codes,
    data_class=st.sampled_from(DataClass),
    area=st.sampled_from(["", "services", "posting-of-workers"]),
    context=st.sampled_from(["", "requests.answer"]),
    source_id=st.sampled_from(["", "req_1"]),
)
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
translations = st.builds(
    Translation,
    segment=segments,
    status=st.sampled_from(Status),
    at=times,
    text=texts | st.just(""),
    reason=st.none() | st.sampled_from(Reason),
    tier=st.none() | st.sampled_from(Tier),
    engine=st.sampled_from(["", "memory", "a+b"]),
    pivot=st.lists(codes, max_size=1).map(tuple),
    job_id=st.sampled_from(["", "trl_1"]),
    low_confidence=st.none() | st.booleans(),
    similarity=st.none() | st.floats(0, 1),
    missed_terms=st.lists(texts, max_size=2).map(tuple),
)
notices = st.none() | st.dictionaries(codes, texts, min_size=1)


@given(segments)
def test_a_segment_comes_back(segment: Segment) -> None:
    text = FreeText(text=segment.text, language=segment.source_language, data_class=segment.data_class)
    message = pb.Segment(
        text=free_text(text),
        target_language=segment.target_language,
        area_code=segment.area,
        context=segment.context,
        source_id=segment.source_id,
    )
    read = pb.Segment.FromString(message.SerializeToString())
    assert wire.segment_from(read, at="segments[0]") == segment


@given(texts, codes)
def test_a_text_of_no_declared_class_is_personal(text: str, target: str) -> None:
    message = pb.Segment(text=common_pb2.FreeText(text=text), target_language=target)
    assert wire.segment_from(message, at="segments[0]").data_class is DataClass.PERSONAL


@given(translations, notices)
def test_a_translation_comes_back(translation: Translation, notice: dict[str, str] | None) -> None:
    message = pb.Translation.FromString(wire.translation(translation, notice, ()).SerializeToString())
    read = Translation(
        segment=Segment(
            text=translation.segment.text,
            source_language=message.source_language,
            target_language=message.target_language,
            data_class=translation.segment.data_class,
        ),
        status=wire.STATUS.from_wire(message.status, field=""),
        at=datetime_of(message.at),
        text=message.text,
        reason=wire.REASON.from_wire(message.reason, field="") if message.reason else None,
        tier=wire.TIER.from_wire(message.tier, field="") if message.tier else None,
        engine=message.engine,
        pivot=tuple(message.pivot),
        job_id=message.job_id,
        low_confidence=message.low_confidence if message.HasField("low_confidence") else None,
        similarity=message.similarity if message.HasField("similarity") else None,
        missed_terms=tuple(message.missed_terms),
    )
    assert read == replace(translation, segment=read.segment)
    assert (dict(message.notice.texts) if message.HasField("notice") else None) == notice


@given(codes | st.just(""), st.floats(0, 1))
def test_a_detection_comes_back(language: str, confidence: float) -> None:
    message = pb.Detection.FromString(wire.detection(Detection(language, confidence)).SerializeToString())
    assert Detection(message.language, message.confidence) == Detection(language, confidence)


def test_every_word_of_the_wire_has_its_meaning() -> None:
    for domain, names, prefix in (
        (Status, pb.TranslationStatus.keys(), "TRANSLATION_STATUS_"),
        (Reason, pb.UnavailableReason.keys(), "UNAVAILABLE_REASON_"),
        (Tier, pb.QualityTier.keys(), "QUALITY_TIER_"),
    ):
        assert {name.removeprefix(prefix) for name in names} - {"UNSPECIFIED"} == set(domain)
    assert DATA_CLASS.to_wire(DataClass.PERSONAL) == common_pb2.DATA_CLASS_PERSONAL
