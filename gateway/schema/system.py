"""What the system says of itself."""

import asyncio
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import strawberry

from chassis import catalogues
from gateway.enums import BuildingBlock, Language
from gateway.readings import speak
from gateway.schema.common import GatewayInfo
from vocabulary import languages, parts
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).parents[1] / "texts" / "training"


@strawberry.type(description="What the system is.")
class System:
    training: bool = strawberry.field(description="Whether it is for training: all data are invented.")
    notice: str | None = strawberry.field(
        description="What a page of a training system says for all to see; null for a real system."
    )
    blocks: list[BuildingBlock] = strawberry.field(description="The building blocks that run.")


@dataclass(frozen=True, slots=True)
class _System:
    training: bool
    notice: str | None
    blocks: list[BuildingBlock]


@cache
def _notice() -> LocalizedText:
    return cast("LocalizedText", catalogues.load(CATALOGUE)["notice"]["label"])


@strawberry.type
class SystemQueries:
    @strawberry.field(description="What the system says of itself, to everybody.")
    async def system(self, info: GatewayInfo, language: Language | None = None) -> System:
        spoken, context = speak(info, language), info.context
        notice = None
        if context.training:
            found = languages.best_text(await asyncio.to_thread(_notice), spoken)
            notice = found[0] if found else None
        blocks = [BuildingBlock[name.upper()] for name in parts.SERVICES if name in context.parts]
        return cast("System", _System(context.training, notice, blocks))
