"""Apertium through APY, its HTTP server: rule-based, for some pairs of related languages; what it gives is the gist at best.

APY cuts spaces off both ends, answers an unknown word with a star before it, and marks with `@` and `#` what it could not transfer or
inflect. Those marks are counted and taken away; the same characters of the text itself are sent in brackets, which it leaves as they
are.
Texts are posted: it logs the address of what is fetched.
"""

import asyncio
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from services.translation.domain.pairs import Pair
from services.translation.domain.translations import Tier
from services.translation.providers.port import (
    Batch,
    Capability,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Rendered,
    Unsupported,
)
from services.translation.providers.settings import ProviderSettings
from services.translation.providers.web import Answer, Web
from vocabulary.values import DataClass

# It splits a text into ten parts at most, of about 500 characters if many ask at once, and forgets what is left.
CHARACTERS_MAX = 5_000
# Of the texts of all batches: it computes on one core, and what waits here does not use up its time.
AT_ONCE = 4

_DATA = Path(__file__).with_suffix(".toml")
_MARK = re.compile(r"[*@#]")
_MARKS = re.compile(r"⟦([*@#])⟧|([*@#]+)")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of Apertium's pairs, beside the settings."""

    names: Mapping[Pair, tuple[str, str]]
    poor: frozenset[Pair]


class Apertium(Provider):
    """See `port.Provider`."""

    ceiling: ClassVar[DataClass] = DataClass.SPECIAL_CATEGORY
    tier: ClassVar[Tier] = Tier.RULE_BASED

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self._web = Web(settings)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def capabilities(self) -> Mapping[Pair, Capability]:
        answer = await self._web.get("listPairs")
        if not answer.is_ok:
            raise answer.error()
        listed = _pairs(answer)
        found = {}
        for pair, names in _known().names.items():
            if names in listed and (capability := self.described(pair, characters_max=CHARACTERS_MAX)):
                found[pair] = replace(capability, poor=capability.poor or pair in _known().poor)
        return found

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        names = _known().names.get(batch.pair)
        if names is None:
            raise Unsupported(f"{self.name} does not translate {batch.pair}")
        outcomes = await asyncio.gather(*(self._outcome(names, text) for text in batch.texts))
        failed = [outcome for outcome in outcomes if isinstance(outcome, ProviderError)]
        if failed and len(failed) == len(outcomes):
            raise failed[0]
        return outcomes

    async def healthy(self) -> bool:
        """Asked of a pair that it has: its list is there even if no pair works."""
        try:
            pair = min(await self.capabilities(), default=None)
            if pair is None:
                return False
            await self._translated(_known().names[pair], "1")
        except ProviderError:
            return False
        return True

    async def close(self) -> None:
        await self._web.close()

    async def _outcome(self, names: tuple[str, str], text: str) -> Outcome:
        core = text.strip()
        if not core:
            return Rendered(text=text)
        sent = _MARK.sub(r"⟦\g<0>⟧", core)
        if len(sent) > CHARACTERS_MAX:
            return Unsupported(f"{self.name} takes {CHARACTERS_MAX} characters at once")
        before, after = text[: text.index(core)], text[text.index(core) + len(core) :]
        try:
            rendered = _unmarked(await self._translated(names, sent))
        except ProviderError as error:
            return error
        return replace(rendered, text=f"{before}{rendered.text}{after}")

    async def _translated(self, names: tuple[str, str], text: str) -> str:
        form = {"langpair": "|".join(names), "q": text, "markUnknown": "yes", "deformat": "txt", "reformat": "txt"}
        async with self._turns:
            answer = await self._web.post("translate", form=form)
        if answer.status == 400:
            raise Unsupported(f"{answer.what} does not have this pair")
        if not answer.is_ok:
            raise answer.error()
        match answer.json():
            case {"responseData": {"translatedText": str(translated)}} if translated:
                return translated
        raise Rejected(f"{answer.what} answered with no translation")


def _pairs(answer: Answer) -> set[tuple[str, str]]:
    match answer.json():
        case {"responseData": list(listed)}:
            return {
                (str(one.get("sourceLanguage")), str(one.get("targetLanguage"))) for one in listed if _is_table(one)
            }
    raise Rejected(f"{answer.what} did not list its pairs")


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _unmarked(translated: str) -> Rendered:
    """*translated* without the engine's marks, and how many words had one."""
    unknown = 0

    def own(found: re.Match[str]) -> str:
        nonlocal unknown
        unknown += found[2] is not None
        return found[1] or ""

    return Rendered(text=_MARKS.sub(own, translated), unknown=unknown)


@lru_cache(1)
def _known() -> _Known:
    written = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    names = written["languages"]
    blocked = {Pair.read(one) for one in written["blocked"]}
    pairs = (Pair(source, target) for source in names for target in names if source != target)
    return _Known(
        {
            pair: (written["sources"].get(pair.source, names[pair.source]), names[pair.target])
            for pair in pairs
            if pair not in blocked
        },
        frozenset(map(Pair.read, written["poor"])),
    )
