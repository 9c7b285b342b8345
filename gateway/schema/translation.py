"""Machine translation as clients see it."""

from datetime import datetime
from typing import Annotated, cast

import strawberry
from strawberry.types import Info

from gateway.context import Context
from gateway.enums import Language, QualityTier, TranslationStatus, UnavailableReason
from gateway.readings import given, localized, moment
from protos.translation.v1 import translation_pb2 as pb
from vocabulary.refusals import Invalid


@strawberry.type(description="A translation, or the reason why there is none.")
class Translation:
    status: TranslationStatus
    text: str | None = given("text")
    source_language: Language | None = given("source_language")
    target_language: Language
    reason: UnavailableReason | None = given("reason")
    tier: QualityTier | None = given("tier")
    engine: str | None = given("engine")
    at: datetime | None = moment("at")
    pivot: list[Language] = strawberry.field(description="The languages in between, if any.")
    notice: str = localized("notice")


@strawberry.type
class TranslationQueries:
    @strawberry.field(
        description="A translation of *text*. Without `from`, its language is recognised. Always answers: an unavailable "
        "translation says why."
    )
    async def translate(
        self,
        info: Info[Context, None],
        text: str,
        to: Language,
        from_: Annotated[Language | None, strawberry.argument(name="from")] = None,
    ) -> Translation:
        backend = info.context.backends.translation
        request = pb.TranslateRequest(languages=info.context.languages)
        segment = request.segments.add(target_language=to.value)
        segment.text.text, segment.text.language = text, from_.value if from_ else ""
        try:
            response = await backend.call(backend.stub.Translate, request)
        except Invalid as refused:
            # The only input that can be at fault; the service names it by its place among many.
            raise Invalid(refused.message, field="text", reason=refused.reason) from refused
        return cast("Translation", response.translations[0])
