"""What people do about translations: say that one is right, or that one is not."""

from typing import cast

import strawberry

from gateway.enums import Language
from gateway.schema.common import Command, FreeTextInput, GatewayInfo, command, free_text
from protos.translation.v1 import translation_pb2 as pb


@strawberry.input
class ApproveTranslationInput(Command):
    source: FreeTextInput
    target: FreeTextInput = strawberry.field(
        description="What it means, in another language. Neither holds personal data."
    )
    area: str | None = strawberry.field(
        default=None, description="The area of legislation where it holds; absent: everywhere."
    )
    context: str | None = strawberry.field(
        default=None, description="Where such texts stand, such as `request.answers.comment`; absent: wherever they do."
    )


@strawberry.input
class ReportTranslationInput(Command):
    source: FreeTextInput
    translation: str = strawberry.field(description="What was shown as its translation.")
    language: Language = strawberry.field(description="The language that it was translated into.")
    engine: str | None = None
    comment: str | None = strawberry.field(default=None, description="What is wrong with it.")
    of: strawberry.ID | None = strawberry.field(
        default=None, description="The request, alert or entry that it stands in."
    )
    area: str | None = None
    context: str | None = None


@strawberry.type
class ApproveTranslationPayload:
    memory_id: strawberry.ID


@strawberry.type
class ReportTranslationPayload:
    report_id: strawberry.ID


@strawberry.type
class TranslationMutations:
    @strawberry.mutation(
        description="For translators and the Commission. From now on, whoever reads exactly this text reads this translation."
    )
    async def approve_translation(self, info: GatewayInfo, input: ApproveTranslationInput) -> ApproveTranslationPayload:
        translation = info.context.backends.translation
        message = pb.ApproveTranslationRequest(
            command=command(input),
            source=free_text(input.source),
            target=free_text(input.target),
            area_code=input.area or "",
            context=input.context or "",
        )
        return cast("ApproveTranslationPayload", await translation.call(translation.stub.ApproveTranslation, message))

    @strawberry.mutation(description="Tells those who review translations that one is bad.")
    async def report_translation(self, info: GatewayInfo, input: ReportTranslationInput) -> ReportTranslationPayload:
        translation = info.context.backends.translation
        message = pb.ReportTranslationRequest(
            command=command(input),
            source=free_text(input.source),
            translation=input.translation,
            target_language=input.language.value,
            engine=input.engine or "",
            comment=input.comment or "",
            area_code=input.area or "",
            context=input.context or "",
            source_id=input.of or "",
        )
        return cast("ReportTranslationPayload", await translation.call(translation.stub.ReportTranslation, message))
