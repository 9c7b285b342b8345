"""Asking for translations, and for what has become of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from chassis.caller import GATEWAY, current_caller
from chassis.server import Call
from chassis.wire import timestamp, wanted_languages
from protos.translation.v1 import translation_pb2 as pb
from services.translation import wire
from services.translation.domain import jobs as rules
from services.translation.domain.pairs import Pair
from services.translation.domain.translations import Segment, for_nobody
from services.translation.metrics import ANSWERS
from services.translation.rpc.commands import IDS_LIMIT, Part, check_count, current_tenant
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import TEXT_LIMIT

WATERMARK_EVERY_S = 25.0
# What is waited for engines that have just been started with.
READY_S = 1.0


class Translating(Part):
    """The RPCs that everybody signed in may call."""

    async def Translate(self, request: pb.TranslateRequest, context: Call) -> pb.TranslateResponse:
        wanted = wanted_languages(request.languages)
        check_count(request.segments, "segments")
        tenant = current_tenant()
        segments = [
            replace(wire.segment_from(segment, at=f"segments[{index}]"), tenant=tenant)
            for index, segment in enumerate(request.segments)
        ]
        if current_caller().service == GATEWAY:
            segments = list(map(for_nobody, segments))
        translations = await self.parts.chain.translate(await self._with_languages(segments))
        for one in translations:
            ANSWERS.labels(one.engine or one.reason or one.status).inc()
        return pb.TranslateResponse(
            translations=[wire.translation(one, self.parts.notices.of(one), wanted) for one in translations]
        )

    async def GetTranslations(self, request: pb.GetTranslationsRequest, context: Call) -> pb.GetTranslationsResponse:
        wanted = wanted_languages(request.languages)
        check_count(request.job_ids, "jobIds", IDS_LIMIT)
        found = await self.parts.jobs.get_many(request.job_ids)
        return pb.GetTranslationsResponse(
            translations=[self._translation(job, wanted) for job in self._seen(request.job_ids, found)]
        )

    async def WatchTranslations(
        self, request: pb.WatchTranslationsRequest, context: Call
    ) -> AsyncIterator[pb.WatchTranslationsResponse]:
        wanted = wanted_languages(request.languages)
        check_count(request.job_ids, "jobIds", IDS_LIMIT)
        left = list(dict.fromkeys(request.job_ids))
        clock = asyncio.get_running_loop().time
        spoke_at = clock()
        found = await self.parts.jobs.get_many(left)
        while True:
            ended = [job for job in self._seen(left, found) if not job.is_open]
            for job in ended:
                yield pb.WatchTranslationsResponse(translation=self._translation(job, wanted))
            left = [job.id for job in self._seen(left, found) if job.is_open]
            if not left:
                return
            if ended:
                spoke_at = clock()
            elif clock() - spoke_at >= WATERMARK_EVERY_S:
                yield pb.WatchTranslationsResponse(watermark=timestamp(self.parts.now()))
                spoke_at = clock()
            found = await self.parts.jobs.wait_for_any(left, WATERMARK_EVERY_S - (clock() - spoke_at))

    async def DetectLanguages(self, request: pb.DetectLanguagesRequest, context: Call) -> pb.DetectLanguagesResponse:
        check_count(request.texts, "texts")
        for index, text in enumerate(request.texts):
            if len(text) > TEXT_LIMIT:
                raise Invalid(
                    f"the text has {len(text)} characters; {TEXT_LIMIT} are allowed",
                    field=f"texts[{index}]",
                    reason="TOO_LONG",
                )
        found = await self.parts.detector.detect(request.texts)
        return pb.DetectLanguagesResponse(detections=map(wire.detection, found))

    async def GetCapabilities(self, request: pb.GetCapabilitiesRequest, context: Call) -> pb.GetCapabilitiesResponse:
        # The memory knows single texts, which makes no pair: only an engine would.
        data_class = wire.data_class_from(request.data_class, field="dataClass")
        pairs = [Pair(source, target) for source in languages.ALL for target in languages.ALL if source != target]
        await self.parts.worker.ready(READY_S)
        found = self.parts.worker.capabilities(pairs, data_class)
        return pb.GetCapabilitiesResponse(pairs=map(wire.language_pair, found))

    def _seen(self, ids: Sequence[str], found: dict[str, rules.Job]) -> list[rules.Job]:
        """The jobs that the caller may know of, in the order of *ids*."""
        tenant = current_tenant()
        return [found[id_] for id_ in dict.fromkeys(ids) if id_ in found and rules.may_see(found[id_], tenant)]

    def _translation(self, job: rules.Job, wanted: Sequence[str]) -> pb.Translation:
        said = rules.answer(job, rules.segment_of(job), self.parts.now())
        return wire.translation(said, self.parts.notices.of(said), wanted)

    async def _with_languages(self, segments: Sequence[Segment]) -> list[Segment]:
        """*segments*, with the languages that nobody declared as far as they can be told."""
        undeclared = [segment.text for segment in segments if not segment.source_language]
        detected = iter(await self.parts.detector.detect(undeclared))
        return [
            segment if segment.source_language else replace(segment, source_language=next(detected).language)
            for segment in segments
        ]
