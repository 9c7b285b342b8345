"""Machine translation as clients see it."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, cast

import strawberry
from strawberry.types import Info

from gateway.context import Context
from gateway.enums import DataClass, Language, QualityTier, TranslationStatus, UnavailableReason
from gateway.readings import given, localized, moment, part, speak
from gateway.texts.deliveries import deliveries
from protos.common.v1 import common_pb2
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
    job_id: strawberry.ID | None = given(
        "job_id", "What makes it, or has made it. While it is PENDING, `translations(jobs)` tells when it is there."
    )
    low_confidence: bool | None = part(
        "low_confidence", "Translated back it does not say the same. Null as long as nobody has tried."
    )
    similarity: float | None = part("similarity", "From 0 to 1: how much of the text came back.")
    missed_terms: list[str] = strawberry.field(
        description="Terms of the area that are called otherwise in the translation."
    )


@strawberry.type(description="In which language a text is.")
class DetectedLanguage:
    language: Language | None = given("language", "Null if the text is too short or too unclear to tell.")
    confidence: float = strawberry.field(description="From 0 to 1.")


@strawberry.type(description="Two languages between which there is translation now.")
class TranslationPair:
    source_language: Language
    target_language: Language
    tier: QualityTier
    engine: str
    pivot: list[Language] = strawberry.field(description="The languages in between, if any.")


@strawberry.type(description="What has become of a job. Without a translation, only a sign of life.")
class TranslationUpdate:
    translation: Translation | None = part("translation")
    at: datetime | None = moment("watermark", "When there was nothing new.")


@strawberry.type
class TranslationQueries:
    @strawberry.field(
        description="A translation of *text*. Without `from`, its language is recognised. Always answers: an unavailable "
        "translation says why. The text is taken as PERSONAL unless `dataClass` says otherwise; with `area`, its terms are used."
    )
    async def translate(
        self,
        info: Info[Context, None],
        text: str,
        to: Language,
        from_: Annotated[Language | None, strawberry.argument(name="from")] = None,
        data_class: DataClass | None = None,
        area: str | None = None,
    ) -> Translation:
        backend = info.context.backends.translation
        request = pb.TranslateRequest(languages=info.context.languages)
        segment = request.segments.add(target_language=to.value, area_code=area or "")
        segment.text.text, segment.text.language = text, from_.value if from_ else ""
        segment.text.data_class = data_class.value if data_class else common_pb2.DATA_CLASS_UNSPECIFIED
        try:
            response = await backend.call(backend.stub.Translate, request)
        except Invalid as refused:
            # The service names an input by its place among many, the client has written it by itself.
            field = "area" if refused.field.endswith("areaCode") else "text"
            raise Invalid(refused.message, field=field, reason=refused.reason) from refused
        return cast("Translation", response.translations[0])

    @strawberry.field(description="The language of *text*, where it can be told: it is never guessed.")
    async def detect_language(self, info: Info[Context, None], text: str) -> DetectedLanguage:
        backend = info.context.backends.translation
        try:
            response = await backend.call(backend.stub.DetectLanguages, pb.DetectLanguagesRequest(texts=[text]))
        except Invalid as refused:
            raise Invalid(refused.message, field="text", reason=refused.reason) from refused
        return cast("DetectedLanguage", response.detections[0])

    @strawberry.field(
        description="Between which languages a text of a class (PERSONAL unless said otherwise) can be translated now."
    )
    async def translation_pairs(
        self, info: Info[Context, None], data_class: DataClass | None = None
    ) -> list[TranslationPair]:
        backend = info.context.backends.translation
        asked = data_class.value if data_class else common_pb2.DATA_CLASS_UNSPECIFIED
        response = await backend.call(backend.stub.GetCapabilities, pb.GetCapabilitiesRequest(data_class=asked))
        return cast("list[TranslationPair]", response.pairs)


@strawberry.type
class TranslationSubscriptions:
    @strawberry.subscription(
        description="Each of these jobs once, as soon as it is no longer PENDING; the stream ends after the last. Jobs that the "
        "authority has not asked for are left out."
    )
    def translations(
        self, info: Info[Context, None], jobs: list[strawberry.ID], language: Language | None = None
    ) -> AsyncGenerator[TranslationUpdate, None]:
        speak(info, language)
        return cast("AsyncGenerator[TranslationUpdate, None]", deliveries(info.context, jobs))
