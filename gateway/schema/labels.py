"""What people read instead of the codes of the schema."""

import asyncio
from dataclasses import dataclass
from typing import cast

import strawberry

from gateway.enums import Language
from gateway.readings import speak
from gateway.schema.common import GatewayInfo
from gateway.texts.labels import labels, refusals
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import LocalizedText


@strawberry.type(description="What one value of an enum is called.")
class ValueLabel:
    code: str
    label: str


@strawberry.type(description="An enum of this schema, with what its values are called.")
class EnumLabels:
    name: str
    values: list[ValueLabel]


@strawberry.type(
    description="What a refusal means to a person. Its `reason` is null for what holds of all others with its `code`."
)
class RefusalText:
    code: str | None = strawberry.field(description="Null where the text goes by the reason alone, whatever the code.")
    reason: str | None
    text: str


@dataclass(frozen=True, slots=True)
class _Refusal:
    code: str | None
    reason: str | None
    text: str


@dataclass(frozen=True, slots=True)
class _Value:
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class _Enum:
    name: str
    values: list[_Value]


@strawberry.type
class LabelsQueries:
    @strawberry.field(
        description="What statuses, roles, actions and all other values of the schema's enums are called in the reader's language. "
        "`enums` picks some by their names, such as `RequestStatus`."
    )
    async def labels(
        self, info: GatewayInfo, enums: list[str] | None = None, language: Language | None = None
    ) -> list[EnumLabels]:
        wanted = speak(info, language)
        known = await asyncio.to_thread(labels)
        for index, name in enumerate(enums or ()):
            if name not in known:
                raise Invalid(f"{name!r} is no enum that has labels", field=f"enums[{index}]", reason="UNKNOWN_VALUE")
        found = [
            _Enum(name, [_Value(code, _said(texts, wanted)) for code, texts in known[name].items()])
            for name in dict.fromkeys(enums if enums is not None else known)
        ]
        return cast("list[EnumLabels]", found)

    @strawberry.field(
        description="What to tell a person who was refused, in their language: by the `reason` in the error's extensions if "
        "there is a text for it, and by its `code` otherwise."
    )
    async def refusals(self, info: GatewayInfo, language: Language | None = None) -> list[RefusalText]:
        wanted = speak(info, language)
        known = await asyncio.to_thread(refusals)
        by_code = [_Refusal(code, None, _said(texts, wanted)) for code, texts in known["code"].items()]
        by_reason = [_Refusal(None, reason, _said(texts, wanted)) for reason, texts in known["reason"].items()]
        return cast("list[RefusalText]", by_code + by_reason)


def _said(texts: LocalizedText, language: str) -> str:
    found = languages.best_text(texts, language)
    return found[0] if found else ""
