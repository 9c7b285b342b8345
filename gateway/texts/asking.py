"""Asking for translations: at once, for all that one operation shows, and never so that its reader has to wait for long."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter

from chassis import calls, catalogues
from chassis.calls import InternalError
from protos.translation.v1 import translation_pb2 as pb
from vocabulary import languages
from vocabulary.refusals import Refusal, Unauthenticated, Unavailable
from vocabulary.values import LocalizedText

if TYPE_CHECKING:
    from gateway.backends import Backends

# What a reader waits for translations, at most.
DEADLINE_S = 2.0
# How long nobody asks again after nobody has answered: each reader would wait for the same silence.
REST_S = 5.0
# What the service takes in one call.
AT_ONCE = 100
WORDS = Path(__file__).parent / "words"

UNANSWERED = Counter("imi_gateway_translations_unanswered_total", "Texts shown without asking, or without an answer.")

log = structlog.get_logger(__name__)


class Asking:
    """The translation service as one gateway asks it. After a silence it is left alone for a while."""

    def __init__(self) -> None:
        self._away: LocalizedText = catalogues.load(WORDS)["away"]["label"]
        self._again_at = 0.0

    async def translations(
        self, backends: "Backends", segments: Sequence[pb.Segment], wanted: Sequence[str]
    ) -> list[pb.Translation]:
        """An answer for each of *segments*, with notices in the languages *wanted*: within `DEADLINE_S`, whatever happens."""
        if not segments:
            return []
        if time.monotonic() < self._again_at:
            return self._unanswered(segments, wanted)
        parts = [segments[first : first + AT_ONCE] for first in range(0, len(segments), AT_ONCE)]
        found = await asyncio.gather(*(self._part(backends, part, wanted) for part in parts))
        return [translation for answered in found for translation in answered]

    async def _part(
        self, backends: "Backends", segments: Sequence[pb.Segment], wanted: Sequence[str]
    ) -> list[pb.Translation]:
        backend = backends.texts or backends.translation
        try:
            with calls.at_most(DEADLINE_S):
                request = pb.TranslateRequest(segments=segments, languages=wanted)
                response = await backend.call(backend.stub.Translate, request)
        except Unauthenticated:
            raise  # the reader's sign-in has run out: nothing at all is shown
        except Unavailable as away:
            self._again_at = time.monotonic() + REST_S
            log.warning("no translations", reason=away.reason, texts=len(segments))
        except (Refusal, InternalError) as error:
            log.warning("no translations", reason=getattr(error, "reason", ""), error=str(error), texts=len(segments))
        else:
            return list(response.translations)
        return self._unanswered(segments, wanted)

    def _unanswered(self, segments: Sequence[pb.Segment], wanted: Sequence[str]) -> list[pb.Translation]:
        UNANSWERED.inc(len(segments))
        return [self.unanswered(segment, wanted) for segment in segments]

    def unanswered(self, segment: pb.Segment, wanted: Sequence[str]) -> pb.Translation:
        """What is said of a text whose translation nobody was there to give."""
        text, target = segment.text, segment.target_language
        if text.language == target:
            return pb.Translation(
                status=pb.TRANSLATION_STATUS_IDENTITY,
                text=text.text,
                source_language=text.language,
                target_language=target,
            )
        told = pb.Translation(
            status=pb.TRANSLATION_STATUS_UNAVAILABLE,
            source_language=text.language,
            target_language=target,
            reason=pb.UNAVAILABLE_REASON_TIMEOUT,
        )
        told.at.FromDatetime(datetime.now(UTC))
        for code in {*wanted, target} & set(languages.ALL):
            told.notice.texts[code] = self._away[code]
        return told
