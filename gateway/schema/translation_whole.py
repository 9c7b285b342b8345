"""All the free texts of one thing, translated together."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import strawberry
from strawberry.types.unset import UnsetType

from gateway.enums import Language
from gateway.readings import spoken
from gateway.schema.common import FreeText, FreeTextReading, GatewayInfo, reading
from gateway.texts.origins import free_texts


@strawberry.type(description="A free text of something, and where in it it stands.")
class PlacedText:
    place: str = strawberry.field(description="Such as `answers[PQ1].comment`.")
    written: FreeText = strawberry.field(description="As it was written.")
    reading: FreeTextReading = strawberry.field(description="For the reader.")


@dataclass(frozen=True, slots=True)
class _Placed:
    place: str
    written: Any
    reading: FreeTextReading


async def _translations(
    root: Any, info: GatewayInfo, language: Language | UnsetType | None = strawberry.UNSET
) -> list[PlacedText]:
    target = spoken(info, language)
    found = list(free_texts(root))
    translated = await asyncio.gather(*(info.context.texts.load(text, target) for text, _ in found))
    placed = [
        _Placed(origin.place, text, reading(text, translation, target))
        for (text, origin), translation in zip(found, translated, strict=True)
    ]
    return cast("list[PlacedText]", placed)


def translations() -> Any:
    """The field `translations` of something that has free texts."""
    return strawberry.field(
        resolver=_translations,
        description="Every free text that the reader may see of it, translated together, in the order in which they stand.",
    )
