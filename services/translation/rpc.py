"""The translation RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.aggregates import CommandKey
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import free_text_from, wanted_languages
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceServicer
from services.translation import wire
from services.translation.chain import Chain
from services.translation.detection import Detector
from services.translation.domain.memory import Reviewer, approve
from services.translation.domain.translations import Segment
from services.translation.memory import Memory
from services.translation.notices import Notices
from vocabulary.refusals import Invalid
from vocabulary.values import TEXT_LIMIT

TEXTS_LIMIT = 100


class TranslationRpc(TranslationServiceServicer):
    """Whoever is signed in may ask, a person or a service; only the Commission adds to the memory."""

    def __init__(
        self, chain: Chain, memory: Memory, detector: Detector, notices: Notices, now: Callable[[], datetime]
    ) -> None:
        self._chain = chain
        self._memory = memory
        self._detector = detector
        self._notices = notices
        self._now = now

    async def Translate(self, request: pb.TranslateRequest, context: Call) -> pb.TranslateResponse:
        wanted = wanted_languages(request.languages)
        _check_count(request.segments, "segments")
        segments = [
            wire.segment_from(segment, at=f"segments[{index}]") for index, segment in enumerate(request.segments)
        ]
        translations = await self._chain.translate(await self._with_languages(segments))
        return pb.TranslateResponse(
            translations=[wire.translation(one, self._notices.of(one), wanted) for one in translations]
        )

    async def DetectLanguages(self, request: pb.DetectLanguagesRequest, context: Call) -> pb.DetectLanguagesResponse:
        _check_count(request.texts, "texts")
        for index, text in enumerate(request.texts):
            if len(text) > TEXT_LIMIT:
                raise Invalid(
                    f"the text has {len(text)} characters; {TEXT_LIMIT} are allowed",
                    field=f"texts[{index}]",
                    reason="TOO_LONG",
                )
        found = await self._detector.detect(request.texts)
        return pb.DetectLanguagesResponse(detections=map(wire.detection, found))

    async def GetCapabilities(self, request: pb.GetCapabilitiesRequest, context: Call) -> pb.GetCapabilitiesResponse:
        # The memory knows single texts, which makes no pair: only an engine would.
        return pb.GetCapabilitiesResponse()

    async def ApproveTranslation(
        self, request: pb.ApproveTranslationRequest, context: Call
    ) -> pb.ApproveTranslationResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        by = Reviewer(
            user_id=caller.user_id, is_commission=caller.is_commission(), approval=command.key, at=self._now()
        )
        new = approve(free_text_from(request.source, at="source"), free_text_from(request.target, at="target"), by)
        return await self._memory.keep(new, command)

    async def _with_languages(self, segments: Sequence[Segment]) -> list[Segment]:
        """*segments*, with the languages that nobody declared as far as they can be told."""
        undeclared = [segment.text for segment in segments if not segment.source_language]
        detected = iter(await self._detector.detect(undeclared))
        return [
            segment if segment.source_language else replace(segment, source_language=next(detected).language)
            for segment in segments
        ]


def _check_count(items: Sequence[Any], field: str) -> None:
    if len(items) > TEXTS_LIMIT:
        raise Invalid(f"at most {TEXTS_LIMIT} {field} at a time, not {len(items)}", field=field, reason="TOO_MANY")
