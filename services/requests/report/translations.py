"""Machine translations for a report, asked of the translation service. It may have none, or be away: then originals stand alone."""

from collections.abc import Iterable

import structlog

from chassis.calls import Peer, at_most
from chassis.wire import free_text
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.requests.report.content import Translated, Translations
from vocabulary.refusals import Unavailable
from vocabulary.values import FreeText

ASKED_AT_ONCE = 100
# What a report waits for its translations: whoever wants it, wants it with the originals rather than late.
WAIT_S = 2.0
log = structlog.get_logger(__name__)


class Translator:
    """Asks for translations in this service's own name; which engine may see a text is the translation service's to decide."""

    def __init__(self, peer: Peer, stub: TranslationServiceStub) -> None:
        self._peer = peer
        self._stub = stub

    async def of(self, texts: Iterable[FreeText], language: str, *, request_id: str, area: str) -> Translations:
        """The translations into *language* that there are of those of *texts* in other languages, all of a request in *area*."""
        wanted = {(text.text, text.language): text for text in texts if text.language != language}
        keys = list(wanted)
        found: dict[tuple[str, str], Translated] = {}
        with at_most(WAIT_S):
            for start in range(0, len(keys), ASKED_AT_ONCE):
                batch = keys[start : start + ASKED_AT_ONCE]
                request = pb.TranslateRequest(
                    segments=[
                        pb.Segment(
                            text=free_text(wanted[key]), target_language=language, area_code=area, source_id=request_id
                        )
                        for key in batch
                    ],
                    languages=[language],
                )
                try:
                    answer = await self._peer.call(self._stub.Translate, request)
                except Unavailable as away:
                    log.warning("report_without_translations", reason=away.reason)
                    break
                for key, one in zip(batch, answer.translations, strict=True):
                    if one.status == pb.TRANSLATION_STATUS_TRANSLATED:
                        notice = one.notice.texts
                        found[key] = Translated(one.text, notice.get(language) or next(iter(notice.values()), ""))
        return found
