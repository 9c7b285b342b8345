"""What helps people to use the system: info points, glossary, frequently asked questions, guidelines."""

from typing import cast

import strawberry

from gateway.enums import BuildingBlock, Language
from gateway.readings import localized, speak
from gateway.schema.common import GatewayInfo
from protos.directory.v1 import guidance_pb2 as pb


@strawberry.type(description="What an action does, or what goes into a field of its form.")
class InfoPoint:
    of: str
    text: str = localized("text")


@strawberry.type(description="A word of the system, and what it means.")
class GlossaryTerm:
    code: str
    name: str = localized("name")
    meaning: str = localized("meaning")


@strawberry.type(description="What people often ask.")
class FrequentQuestion:
    code: str
    block: BuildingBlock
    question: str = localized("question")
    answer: str = localized("answer")


@strawberry.type
class GuidelineSection:
    code: str
    title: str = localized("title")
    text: str = localized("text")


@strawberry.type(description="How to work with a building block.")
class Guideline:
    block: BuildingBlock
    title: str = localized("title")
    sections: list[GuidelineSection]


@strawberry.type
class HelpQueries:
    @strawberry.field(
        description="Info points: of an action, such as `sendRequest`, or of a field of its form, such as `createRequest.draft`. "
        "What has none is left out."
    )
    async def help(self, info: GatewayInfo, of: list[str], language: Language | None = None) -> list[InfoPoint]:
        speak(info, language)
        guidance = info.context.backends.guidance
        request = pb.BatchGetInfoPointsRequest(ids=of, languages=info.context.languages)
        response = await guidance.call(guidance.stub.BatchGetInfoPoints, request)
        return cast("list[InfoPoint]", response.info_points)

    @strawberry.field(
        description="The words of the system in which every word of `text`, in the reader's language, begins a word; without one, all."
    )
    async def glossary(self, info: GatewayInfo, text: str = "", language: Language | None = None) -> list[GlossaryTerm]:
        spoken = speak(info, language)
        guidance = info.context.backends.guidance
        request = pb.SearchGlossaryRequest(text=text, language=spoken, languages=info.context.languages)
        response = await guidance.call(guidance.stub.SearchGlossary, request)
        return cast("list[GlossaryTerm]", response.terms)

    @strawberry.field(
        description="Frequently asked questions, of one building block or all that run; looked for as in the glossary."
    )
    async def faq(
        self, info: GatewayInfo, block: BuildingBlock | None = None, text: str = "", language: Language | None = None
    ) -> list[FrequentQuestion]:
        spoken = speak(info, language)
        guidance = info.context.backends.guidance
        request = pb.SearchFaqRequest(block=_block(block), text=text, language=spoken, languages=info.context.languages)
        response = await guidance.call(guidance.stub.SearchFaq, request)
        return cast("list[FrequentQuestion]", response.questions)

    @strawberry.field(description="How to work with one building block, or with each that runs.")
    async def guidelines(
        self, info: GatewayInfo, block: BuildingBlock | None = None, language: Language | None = None
    ) -> list[Guideline]:
        speak(info, language)
        guidance = info.context.backends.guidance
        request = pb.ListGuidelinesRequest(block=_block(block), languages=info.context.languages)
        response = await guidance.call(guidance.stub.ListGuidelines, request)
        return cast("list[Guideline]", response.guidelines)


def _block(block: BuildingBlock | None) -> pb.BuildingBlock.ValueType:
    return block.value if block else pb.BUILDING_BLOCK_UNSPECIFIED
