"""GuidanceService: info points, glossary, frequently asked questions and guidelines, each in the languages asked for."""

from collections.abc import Set as AbstractSet

from chassis.server import Call
from chassis.wire import EnumOnWire, batch, localized, wanted_languages
from protos.directory.v1 import guidance_pb2 as pb
from protos.directory.v1.guidance_pb2_grpc import GuidanceServiceServicer
from services.directory.guidance import BuildingBlock, Guidance, look_for
from vocabulary import languages

BLOCK = EnumOnWire(BuildingBlock, pb.BuildingBlock)


class GuidanceRpc(GuidanceServiceServicer):
    def __init__(self, guidance: Guidance, running: AbstractSet[str]) -> None:
        """Questions and guidelines are told of the building blocks that are *running*."""
        self._guidance = guidance
        self._running = {block for block in BuildingBlock if block.lower() in running}

    async def BatchGetInfoPoints(
        self, request: pb.BatchGetInfoPointsRequest, context: Call
    ) -> pb.BatchGetInfoPointsResponse:
        wanted = wanted_languages(request.languages)
        found = ((of, self._guidance.about(of)) for of in batch(request.ids))
        return pb.BatchGetInfoPointsResponse(
            info_points=[pb.InfoPoint(of=of, text=localized(text, wanted)) for of, text in found if text is not None]
        )

    async def SearchGlossary(self, request: pb.SearchGlossaryRequest, context: Call) -> pb.SearchGlossaryResponse:
        wanted = wanted_languages(request.languages)
        found = look_for(
            request.text,
            _language(request.language),
            self._guidance.glossary,
            lambda term: term.name,
            lambda term: term.meaning,
        )
        return pb.SearchGlossaryResponse(
            terms=[
                pb.GlossaryTerm(code=one.code, name=localized(one.name, wanted), meaning=localized(one.meaning, wanted))
                for one in found
            ]
        )

    async def SearchFaq(self, request: pb.SearchFaqRequest, context: Call) -> pb.SearchFaqResponse:
        wanted, blocks = wanted_languages(request.languages), self._blocks(request.block)
        found = look_for(
            request.text,
            _language(request.language),
            [one for one in self._guidance.faq if one.block in blocks],
            lambda one: one.question,
            lambda one: one.answer,
        )
        return pb.SearchFaqResponse(
            questions=[
                pb.FrequentQuestion(
                    code=one.code,
                    block=BLOCK.to_wire(one.block),
                    question=localized(one.question, wanted),
                    answer=localized(one.answer, wanted),
                )
                for one in found
            ]
        )

    async def ListGuidelines(self, request: pb.ListGuidelinesRequest, context: Call) -> pb.ListGuidelinesResponse:
        wanted, blocks = wanted_languages(request.languages), self._blocks(request.block)
        return pb.ListGuidelinesResponse(
            guidelines=[
                pb.Guideline(
                    block=BLOCK.to_wire(one.block),
                    title=localized(one.title, wanted),
                    sections=[
                        pb.GuidelineSection(
                            code=section.code,
                            title=localized(section.title, wanted),
                            text=localized(section.text, wanted),
                        )
                        for section in one.sections
                    ],
                )
                for one in self._guidance.guidelines
                if one.block in blocks
            ]
        )

    def _blocks(self, number: int) -> AbstractSet[BuildingBlock]:
        """Those asked for that run: the one of this *number*, or all. Raises Invalid for one that there is not."""
        return self._running & {BLOCK.from_wire(number, field="block")} if number else self._running


def _language(code: str) -> str:
    return languages.require(code, field="language") if code else languages.FALLBACK
