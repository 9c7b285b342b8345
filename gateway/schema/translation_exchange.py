"""The translation memory in translators' files: out of the system and into it."""

from typing import cast

import strawberry

from gateway.enums import DataClass, Language
from gateway.readings import attr
from gateway.schema.common import Command, GatewayInfo, command
from protos.translation.v1 import translation_pb2 as pb
from vocabulary.refusals import Invalid


@strawberry.type(description="Approved translations in a file.")
class TranslationFile:
    content: str
    media_type: str
    after: str | None = strawberry.field(description="Where the next file begins; null: this is all.")


@strawberry.input
class ImportTranslationsInput(Command):
    tmx: str | None = strawberry.field(default=None, description="A TMX 1.4 file.")
    xliff: str | None = strawberry.field(
        default=None, description="An XLIFF 1.2 file, instead. A unit counts once it is approved."
    )
    data_class: DataClass = strawberry.field(description="Of all its texts: PUBLIC or INTERNAL.")
    area: str | None = strawberry.field(
        default=None, description="The area of legislation where they hold; absent: everywhere."
    )
    context: str | None = strawberry.field(
        default=None, description="Where such texts stand; absent: wherever they do."
    )


@strawberry.type
class ImportedTranslations:
    added: int = attr("new")
    changed: int
    unchanged: int


@strawberry.type
class ImportTranslationsPayload:
    imported: ImportedTranslations


@strawberry.type
class TranslationExchangeQueries:
    @strawberry.field(
        description="For translators and the Commission: what is approved, as TMX, or as XLIFF of one pair. At most 2,000 in a file."
    )
    async def translation_file(
        self,
        info: GatewayInfo,
        source: Language | None = None,
        target: Language | None = None,
        xliff: bool = False,
        after: str | None = None,
    ) -> TranslationFile:
        backend = info.context.backends.translation
        request = pb.ExportMemoryRequest(
            format=pb.EXCHANGE_FORMAT_XLIFF if xliff else pb.EXCHANGE_FORMAT_TMX,
            source_language=source.value if source else "",
            target_language=target.value if target else "",
            after=after or "",
        )
        file = await backend.call(backend.stub.ExportMemory, request)
        return TranslationFile(content=file.content.decode(), media_type=file.media_type, after=file.after or None)


@strawberry.type
class TranslationExchangeMutations:
    @strawberry.mutation(
        description="For translators and the Commission. All of the file is taken over, or nothing. What was reviewed here stands."
    )
    async def import_translations(self, info: GatewayInfo, input: ImportTranslationsInput) -> ImportTranslationsPayload:
        content = input.tmx or input.xliff
        if not content or (input.tmx and input.xliff):
            raise Invalid("give one file, as tmx or as xliff", field="tmx", reason="MISSING_FIELD")
        backend = info.context.backends.translation
        message = pb.ImportMemoryRequest(
            command=command(input),
            format=pb.EXCHANGE_FORMAT_TMX if input.tmx else pb.EXCHANGE_FORMAT_XLIFF,
            content=content.encode(),
            data_class=input.data_class.value,
            area_code=input.area or "",
            context=input.context or "",
        )
        imported = await backend.call(backend.stub.ImportMemory, message)
        return ImportTranslationsPayload(imported=cast("ImportedTranslations", imported))
