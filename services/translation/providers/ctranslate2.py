"""Neural models on this machine, through CTranslate2 and SentencePiece (the extra `ctranslate2`): no text leaves the process.

A folder ``<from>-<into>`` for each pair: ``model.bin`` with what the converter writes beside it, ``source.spm``, ``target.spm``. If
the model does several languages, a file ``prefix.txt`` holds the token that asks for this one, such as ``>>hrv<<``.

The library cuts off what is too long without a word, and its models sometimes repeat themselves for ever; both are found here and
given as no translation. One sentence is one row, so the service splits texts beforehand.
"""

import asyncio
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import structlog

from services.translation.domain.pairs import Pair
from services.translation.providers.port import (
    Batch,
    Capability,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Rendered,
    Retryable,
    Unsupported,
)
from services.translation.providers.settings import FaultyProviders, ProviderSettings
from vocabulary.values import DataClass

FILES = ("model.bin", "source.spm", "target.spm")
LIBRARIES = ("ctranslate2", "sentencepiece")
END = "</s>"
SPACE = "▁"
# Models of this kind know 512 places in a sentence. What is longer would lose its end.
TOKENS_MAX = 480
DECODED_MAX = 500
# A loaded model takes some hundred megabytes.
LOADED_MAX = 8
ROWS_AT_ONCE = 32
# Its threads wait for each other by spinning: as many as there are cores, beside anything else, make it many times slower.
THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))
# The same few words so often in a row, more often than in the source, is a loop.
LOOP_TOKENS = 8
LOOP_TIMES = 4

_Done = TypeVar("_Done")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model: made once, used by one thread at a time."""

    translator: Any
    source: Any
    target: Any
    prefix: tuple[str, ...]
    suffix: tuple[str, ...]


class CTranslate2(Provider):
    """See `port.Provider`."""

    sentences: ClassVar[bool] = True
    ceiling: ClassVar[DataClass] = DataClass.SPECIAL_CATEGORY

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__(settings)
        missing = [name for name in LIBRARIES if find_spec(name) is None]
        if missing:
            raise FaultyProviders(
                f"{settings.name}: {' and '.join(missing)} cannot be imported; install the extra `ctranslate2`"
            )
        assert settings.folder is not None
        self._folder = settings.folder
        self._models: OrderedDict[Pair, _Model] = OrderedDict()
        # It computes on several cores by itself; a second call would only make both slower.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=settings.name)

    async def capabilities(self) -> Mapping[Pair, Capability]:
        return await self._in_thread(self._complete)

    async def send(self, batch: Batch) -> Sequence[Outcome]:
        return await self._in_thread(partial(self._translate, batch.pair, batch.texts))

    async def healthy(self) -> bool:
        try:
            pair = min(await self.capabilities(), default=None)
            return pair is not None and bool(await self._in_thread(partial(self._translate, pair, ("1",))))
        except ProviderError:
            return False

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._models.clear()

    async def _in_thread(self, work: Callable[[], _Done]) -> _Done:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                return await loop.run_in_executor(self._thread, work)
        except TimeoutError:
            raise Retryable(f"{self.name} was not done within {self.settings.timeout_s:g} s") from None

    def _complete(self) -> dict[Pair, Capability]:
        """The pairs whose folders have all that is needed."""
        try:
            folders = sorted(self._folder.iterdir())
        except OSError as error:
            raise Rejected(f"{self.name}: its folder of models cannot be read: {error.strerror}") from None
        found = {}
        for folder in folders:
            try:
                pair = Pair.read(folder.name)
            except ValueError:
                continue
            if missing := [name for name in FILES if not (folder / name).is_file()]:
                log.warning("model_incomplete", provider=self.name, pair=str(pair), missing=missing)
            elif capability := self.described(pair):
                found[pair] = capability
        return found

    def _translate(self, pair: Pair, texts: Sequence[str]) -> list[Outcome]:
        model = self._model(pair)
        rows = [model.source.encode(text, out_type=str) for text in texts]
        outcomes: list[Outcome] = [Unsupported(f"{self.name} takes {TOKENS_MAX} tokens in a sentence")] * len(rows)
        fits = [place for place, row in enumerate(rows) if 0 < len(row) <= TOKENS_MAX]
        for place, row in enumerate(rows):
            if not row:
                outcomes[place] = Rendered(text=texts[place])
        if fits:
            results = self._computed(model, [rows[place] for place in fits])
            for place, result in zip(fits, results, strict=True):
                outcomes[place] = self._outcome(model, rows[place], result.hypotheses[0])
        return outcomes

    def _computed(self, model: _Model, rows: Sequence[Sequence[str]]) -> Any:
        try:
            return model.translator.translate_batch(
                [[*model.prefix, *row, *model.suffix] for row in rows],
                max_batch_size=ROWS_AT_ONCE,
                beam_size=2,
                max_input_length=0,
                max_decoding_length=_longest(max(map(len, rows))),
                return_end_token=True,
                replace_unknowns=True,
            )
        except RuntimeError:
            # What it says may quote a token.
            raise Rejected(f"{self.name} could not compute a translation with this model") from None

    def _outcome(self, model: _Model, source: Sequence[str], tokens: Sequence[str]) -> Outcome:
        if not tokens or tokens[-1] != END or len(tokens) > _longest(len(source)):
            return Rejected(f"{self.name} came to no end")
        if loops(tokens[:-1]) > max(loops(source), LOOP_TIMES - 1):
            return Rejected(f"{self.name} repeated itself")
        own = list(tokens[:-1])
        unknown = sum(model.target.piece_to_id(token) == model.target.unk_id() for token in own)
        # A word of the source that was put in the place of an unknown one keeps its marks for spaces.
        return Rendered(text=model.target.decode(own).replace(SPACE, " "), unknown=unknown)

    def _model(self, pair: Pair) -> _Model:
        """The model of *pair*, loaded; those that were not used for the longest time make room."""
        if pair in self._models:
            self._models.move_to_end(pair)
            return self._models[pair]
        folder = self._folder / str(pair)
        if not folder.is_dir():
            raise Unsupported(f"{self.name} has no model for {pair}")
        if missing := [name for name in FILES if not (folder / name).is_file()]:
            raise Rejected(f"{self.name}: the model for {pair} lacks {', '.join(missing)}")
        while len(self._models) >= LOADED_MAX:
            self._models.popitem(last=False)
        self._models[pair] = _load(folder, f"{self.name}: the model for {pair}")
        return self._models[pair]


def loops(tokens: Sequence[str]) -> int:
    """How often, at most, the same one to eight tokens follow one another."""
    most = 1
    for size in range(1, LOOP_TOKENS + 1):
        run = 0
        for place in range(size, len(tokens)):
            run = run + 1 if tokens[place] == tokens[place - size] else 0
            most = max(most, run // size + 1)
    return most


def _longest(source: int) -> int:
    """How long a translation of so many tokens can be, in tokens."""
    return min(3 * source + 20, DECODED_MAX)


def _load(folder: Path, what: str) -> _Model:
    import ctranslate2
    import sentencepiece

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        adds_end = bool(config.get("add_source_eos"))
        prefix = folder / "prefix.txt"
        return _Model(
            ctranslate2.Translator(str(folder), device="cpu", intra_threads=THREADS),
            sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm")),
            sentencepiece.SentencePieceProcessor(model_file=str(folder / "target.spm")),
            tuple(prefix.read_text(encoding="utf-8").split()) if prefix.is_file() else (),
            # Models of Marian's own format have it added by the library, those that came by way of others have not.
            () if adds_end else (END,),
        )
    except (OSError, RuntimeError, ValueError, AttributeError) as error:
        # What the libraries say is about files, not about texts.
        raise Rejected(f"{what} cannot be loaded: {type(error).__name__}: {error}") from None
