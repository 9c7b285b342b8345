"""Translation things ↔ protobuf, and nothing else."""

from collections.abc import Collection
from dataclasses import replace

from chassis.aggregates import Kept
from chassis.wire import DATA_CLASS, EnumOnWire, free_text, free_text_from, localized, timestamp
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation.domain.breaker import State as BreakerState
from services.translation.domain.detection import Detection
from services.translation.domain.memory import TIER as MEMORY_TIER
from services.translation.domain.memory import Entry
from services.translation.domain.reports import Report
from services.translation.domain.routes import Route
from services.translation.domain.terms import Term
from services.translation.domain.translations import Reason, Segment, Status, Tier, Translation, check
from vocabulary.values import DataClass, LocalizedText

STATUS = EnumOnWire(Status, pb.TranslationStatus)
REASON = EnumOnWire(Reason, pb.UnavailableReason)
TIER = EnumOnWire(Tier, pb.QualityTier)
BREAKER = EnumOnWire(BreakerState, pb.BreakerState)


def segment_from(message: pb.Segment, *, at: str) -> Segment:
    """The segment to translate; raises Invalid naming the part of the input at fault."""
    segment = check(
        free_text_from(message.text, at=f"{at}.text"),
        message.target_language,
        at=at,
        area=message.area_code,
        context=message.context,
        source_id=message.source_id,
    )
    return replace(segment, withheld=Reason.AS_WRITTEN) if message.text.as_written else segment


def translation(translation: Translation, notice: LocalizedText | None, wanted: Collection[str]) -> pb.Translation:
    return pb.Translation(
        status=STATUS.to_wire(translation.status),
        text=translation.text,
        source_language=translation.segment.source_language,
        target_language=translation.segment.target_language,
        reason=REASON.to_wire(translation.reason) if translation.reason else pb.UNAVAILABLE_REASON_UNSPECIFIED,
        tier=TIER.to_wire(translation.tier) if translation.tier else pb.QUALITY_TIER_UNSPECIFIED,
        engine=translation.engine,
        at=timestamp(translation.at),
        pivot=translation.pivot,
        notice=None if notice is None else localized(notice, wanted),
        job_id=translation.job_id,
        low_confidence=translation.low_confidence,
        similarity=translation.similarity,
        missed_terms=translation.missed_terms,
    )


def detection(detection: Detection) -> pb.Detection:
    return pb.Detection(language=detection.language, confidence=detection.confidence)


def language_pair(route: Route) -> pb.LanguagePair:
    return pb.LanguagePair(
        source_language=route.steps[0].pair.source,
        target_language=route.steps[-1].pair.target,
        tier=TIER.to_wire(route.tier),
        engine=route.engine,
        pivot=route.pivot,
    )


def data_class_from(number: int, *, field: str) -> DataClass:
    """The class; PERSONAL for none. Raises Invalid for one that this version does not know."""
    return DATA_CLASS.from_wire(number, field=field) if number else DataClass.PERSONAL


def memory_entry(kept: Kept[Entry]) -> pb.MemoryEntry:
    entry = kept.state
    return pb.MemoryEntry(
        id=kept.id,
        revision=kept.revision,
        source=free_text(entry.source),
        target=free_text(entry.current.text),
        area_code=entry.area,
        context=entry.context,
        reviewer_id=entry.current.reviewer_id,
        at=timestamp(entry.current.at),
        tier=TIER.to_wire(MEMORY_TIER[entry.current.origin]),
    )


def report(kept: Kept[Report]) -> pb.Report:
    told = kept.state
    return pb.Report(
        id=kept.id,
        revision=kept.revision,
        source=free_text(told.source),
        translation=told.translation,
        target_language=told.target_language,
        engine=told.engine,
        comment=told.comment,
        area_code=told.area,
        context=told.context,
        reported_at=timestamp(told.at),
    )


def term(term: Term, area: str, source: str, target: str) -> pb.Term:
    return pb.Term(id=term.id, area_code=area, source=term.label[source], target=term.label[target])


def data_class(maximum: DataClass | None) -> "common_pb2.DataClass.ValueType":
    return common_pb2.DATA_CLASS_UNSPECIFIED if maximum is None else DATA_CLASS.to_wire(maximum)
