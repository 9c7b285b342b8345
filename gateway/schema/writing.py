"""What helps whoever writes to another authority."""

from typing import cast

import strawberry

from gateway.batches import SUGGESTED_LANGUAGES
from gateway.enums import Language
from gateway.schema.common import GatewayInfo


@strawberry.type
class WritingQueries:
    @strawberry.field(
        description="The languages that an authority understands: first those that the viewer knows too, then the others, each in the "
        "order of its preference. Empty if there is no such authority."
    )
    async def suggested_languages(self, info: GatewayInfo, recipient: strawberry.ID) -> list[Language]:
        found = await info.context.load(SUGGESTED_LANGUAGES, recipient)
        return cast("list[Language]", list(found.understood) if found else [])
