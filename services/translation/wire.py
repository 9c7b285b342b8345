"""Translation things ↔ protobuf, and nothing else."""

from collections.abc import Collection

from chassis.wire import EnumOnWire, free_text_from, localized, timestamp
from protos.translation.v1 import translation_pb2 as pb
from services.translation.domain.detection import Detection
from services.translation.domain.translations import Reason, Segment, Status, Tier, Translation, check
from vocabulary.values import LocalizedText

STATUS = EnumOnWire(Status, pb.TranslationStatus)
REASON = EnumOnWire(Reason, pb.UnavailableReason)
TIER = EnumOnWire(Tier, pb.QualityTier)


def segment_from(message: pb.Segment, *, at: str) -> Segment:
    """The segment to translate; raises Invalid naming the part of the input at fault."""
    return check(free_text_from(message.text, at=f"{at}.text"), message.target_language, at=at)


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
        notice=None if notice is None else localized(notice, wanted),
    )


def detection(detection: Detection) -> pb.Detection:
    return pb.Detection(language=detection.language, confidence=detection.confidence)
