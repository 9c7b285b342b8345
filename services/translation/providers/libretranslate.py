"""LibreTranslate, and servers that speak its protocol: synchronous, several texts in one call, its pairs from `/languages`.

Its traps, each of which has a test: `/health` says ok whatever happens, so a text is translated to find out; in HTML it squeezes all
space and writes entities as characters, so lines are sent one by one and what comes back is escaped again; a pair that it lacks is an
error 500; a missing key is a 400 with the operator's own words; a secret that it holds for stolen is answered with an emoji. A text
that it cannot translate comes back as it was, with 200: that is passed on, because the service compares for every engine.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from services.translation.domain.pairs import Pair
from services.translation.providers.port import (
    Batch,
    Capability,
    Marks,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Rendered,
    Unsupported,
)
from services.translation.providers.settings import ProviderSettings
from services.translation.providers.web import Answer, Web
from vocabulary import languages
from vocabulary.values import DataClass

CHARACTERS_MAX = 5_000

# It writes our empty elements with an end tag.
_ELEMENT = re.compile(r'<x id="([0-9]+)"\s*(?:/>|></x>)')
_TOO_MUCH = "exceeds text limit"
_NOT_DONE = ("is not supported", "is not available as a target language")


class LibreTranslate(Provider):
    """See `port.Provider`."""

    marks: ClassVar[Marks] = Marks.ELEMENTS
    ceiling: ClassVar[DataClass] = DataClass.SPECIAL_CATEGORY

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        self._web = Web(settings)
        self._key = settings.reveal()
        # What it calls our languages, where it has said so.
        self._names: Mapping[str, str] = {}

    async def capabilities(self) -> Mapping[Pair, Capability]:
        answer = await self._web.get("languages")
        if not answer.is_ok:
            raise answer.error()
        listed = _listed(answer)
        self._names = _own_names([*listed, *(target for targets in listed.values() for target in targets)])
        limit = await self._characters_max()
        found = {}
        for source, source_name in self._names.items():
            for target, target_name in self._names.items():
                if source != target and target_name in listed.get(source_name, ()):
                    pair = Pair(source, target)
                    if capability := self.described(pair, characters_max=limit):
                        found[pair] = capability
        return found

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        lines = [line for text in batch.texts for line in text.split("\n")]
        wanted = [line.strip() for line in lines if line.strip()]
        translated = iter(await self._translated(batch.pair, wanted) if wanted else [])
        return [
            _joined([(line, next(translated) if line.strip() else "") for line in text.split("\n")])
            for text in batch.texts
        ]

    async def healthy(self) -> bool:
        try:
            pair = min(await self.capabilities(), default=None)
            return pair is not None and bool(await self._translated(pair, ["1"]))
        except ProviderError:
            return False

    async def close(self) -> None:
        await self._web.close()

    async def _translated(self, pair: Pair, lines: Sequence[str]) -> list[str]:
        """*lines* in the other language; in halves if the server takes no more at once."""
        wanted: dict[str, Any] = {
            "q": list(lines),
            "source": self._names.get(pair.source, pair.source),
            "target": self._names.get(pair.target, pair.target),
            "format": "html",
        }
        if self._key:
            wanted["api_key"] = self._key
        answer = await self._web.post("translate", json=wanted)
        if answer.is_ok:
            return _texts(answer, len(lines))
        said = _said(answer)
        if answer.status == 400 and _TOO_MUCH in said:
            if len(lines) == 1:
                raise Unsupported(f"{answer.what} takes no text of this length")
            half = len(lines) // 2
            return [*await self._translated(pair, lines[:half]), *await self._translated(pair, lines[half:])]
        if answer.status in (400, 500) and any(words in said for words in _NOT_DONE):
            raise Unsupported(f"{answer.what} does not translate {pair}")
        raise answer.error()

    async def _characters_max(self) -> int:
        """What its operator allows; servers that only speak the protocol need not say it."""
        answer = await self._web.get("frontend/settings")
        try:
            limit = answer.json()["charLimit"] if answer.is_ok else CHARACTERS_MAX
        except (Rejected, KeyError, TypeError):
            return CHARACTERS_MAX
        return min(limit, CHARACTERS_MAX) if isinstance(limit, int) and limit > 0 else CHARACTERS_MAX


def _listed(answer: Answer) -> dict[str, tuple[str, ...]]:
    """The languages that it translates from, with those it translates each into."""
    found = {}
    listed = answer.json()
    for one in listed if isinstance(listed, list) else [None]:
        match one:
            case {"code": str(code), "targets": list(targets)}:
                found[code] = tuple(map(str, targets))
            case _:
                raise Rejected(f"{answer.what} did not list its languages")
    return found


def _own_names(listed: Sequence[str]) -> dict[str, str]:
    """The name of each of our languages: ours if it has that, else the first of its variants."""
    names: dict[str, str] = {}
    for name in listed:
        if (code := languages.normalise(name)) and (name == code or code not in names):
            names[code] = name
    return names


def _texts(answer: Answer, count: int) -> list[str]:
    match answer.json():
        case {"translatedText": list(translated)} if len(translated) == count and all(
            isinstance(one, str) for one in translated
        ):
            return translated
    raise Rejected(f"{answer.what} answered with no translation")


def _said(answer: Answer) -> str:
    """What it says of an error: looked at, and never repeated, as it may quote the text."""
    try:
        match answer.json():
            case {"error": str(said)}:
                return said
    except Rejected:
        pass
    return ""


def _joined(lines: Sequence[tuple[str, str]]) -> Outcome:
    """A text of lines, each with what it became; the space around it is put back."""
    whole = []
    for line, translated in lines:
        if not line.strip():
            whole.append(line)
            continue
        if _has_letters(line) and not _has_letters(translated):
            return Rejected("the answer has no letter in it")
        before, after = line[: len(line) - len(line.lstrip())], line[len(line.rstrip()) :]
        whole.append(f"{before}{_escaped(translated.strip())}{after}")
    return Rendered(text="\n".join(whole))


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in _ELEMENT.sub("", html.unescape(text)))


def _escaped(translated: str) -> str:
    """*translated* with its characters of markup as entities, but for our elements."""
    parts = _ELEMENT.split(translated)
    return "".join(
        f'<x id="{part}"/>' if place % 2 else html.escape(part, quote=False) for place, part in enumerate(parts)
    )
