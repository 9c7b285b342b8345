"""What those see who review translations: what readers report, what is approved, and what terms are called."""

from datetime import datetime
from typing import cast

import strawberry

from gateway.batches import AREAS
from gateway.enums import Language
from gateway.readings import given, link, moment
from gateway.schema.common import Command, Connection, FreeText, GatewayInfo, command, connection, page
from gateway.schema.directory import Area
from protos.translation.v1 import translation_pb2 as pb


@strawberry.type(description="A translation that somebody finds bad.")
class TranslationReport:
    id: strawberry.ID
    revision: int
    source: FreeText
    translation: str
    target_language: Language
    engine: str | None = given("engine")
    comment: str | None = given("comment", "What is wrong with it.")
    area: Area | None = link(AREAS, "area_code")
    context: str | None = given("context", "Where the text stands.")
    reported_at: datetime | None = moment("reported_at")


@strawberry.type(description="A translation that was approved.")
class ApprovedTranslation:
    id: strawberry.ID
    revision: int
    source: FreeText
    target: FreeText
    area: Area | None = link(AREAS, "area_code", "Where it holds; null: everywhere.")
    context: str | None = given("context", "Where such texts stand; null: wherever they do.")
    at: datetime | None = moment("at")


@strawberry.type(description="What an area calls something in two languages.")
class Term:
    id: strawberry.ID
    source: str
    target: str


@strawberry.input
class ResolveTranslationReportInput(Command):
    id: strawberry.ID


@strawberry.input
class DeleteTranslationInput(Command):
    memory_id: strawberry.ID


@strawberry.type
class ResolveTranslationReportPayload:
    report_id: strawberry.ID


@strawberry.type
class DeleteTranslationPayload:
    memory_id: strawberry.ID


@strawberry.type
class TranslationReviewQueries:
    @strawberry.field(description="For translators and the Commission: what readers report, the oldest first.")
    async def translation_reports(
        self, info: GatewayInfo, first: int | None = None, after: str | None = None
    ) -> Connection[TranslationReport]:
        backend = info.context.backends.translation
        found = await backend.call(backend.stub.ListReports, pb.ListReportsRequest(page=page(first, after)))
        return cast("Connection[TranslationReport]", connection(found.reports, found.page_info, after))

    @strawberry.field(
        description="For translators and the Commission: what is approved, between all languages or some."
    )
    async def translation_memory(
        self,
        info: GatewayInfo,
        source: Language | None = None,
        target: Language | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[ApprovedTranslation]:
        backend = info.context.backends.translation
        request = pb.ListMemoryRequest(
            source_language=source.value if source else "",
            target_language=target.value if target else "",
            page=page(first, after),
        )
        found = await backend.call(backend.stub.ListMemory, request)
        return cast("Connection[ApprovedTranslation]", connection(found.entries, found.page_info, after))

    @strawberry.field(description="What terms of an area are called in two languages.")
    async def terms(self, info: GatewayInfo, area: str, source: Language, target: Language) -> list[Term]:
        backend = info.context.backends.translation
        request = pb.ListTermsRequest(area_code=area, source_language=source.value, target_language=target.value)
        return cast("list[Term]", (await backend.call(backend.stub.ListTerms, request)).terms)


@strawberry.type
class TranslationReviewMutations:
    @strawberry.mutation(
        description="For translators and the Commission. The report is dealt with, and leaves the queue."
    )
    async def resolve_translation_report(
        self, info: GatewayInfo, input: ResolveTranslationReportInput
    ) -> ResolveTranslationReportPayload:
        backend = info.context.backends.translation
        message = pb.ResolveReportRequest(command=command(input), id=input.id)
        return cast("ResolveTranslationReportPayload", await backend.call(backend.stub.ResolveReport, message))

    @strawberry.mutation(description="For translators and the Commission. Nobody reads this translation any more.")
    async def delete_translation(self, info: GatewayInfo, input: DeleteTranslationInput) -> DeleteTranslationPayload:
        backend = info.context.backends.translation
        message = pb.DeleteMemoryRequest(command=command(input), id=input.memory_id)
        return cast("DeleteTranslationPayload", await backend.call(backend.stub.DeleteMemory, message))
