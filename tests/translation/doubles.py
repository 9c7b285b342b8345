"""A test double of an engine: an adapter without an engine behind it, which a test tells what to do.

No setting names it, so that it exists in tests only. It "translates" by writing each word backwards, which any reader sees is no
translation, and which it undoes when it translates back.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from chassis.calls import open_channel
from chassis.process import clock
from chassis.settings import ServiceSettings
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.translation.domain.pairs import Pair
from services.translation.providers.port import (
    Accepted,
    Batch,
    Callback,
    Capability,
    Delivery,
    Marks,
    Outcome,
    Provider,
    Rejected,
    Rendered,
)
from services.translation.providers.settings import ProviderSettings
from services.translation.wiring import translation
from tests.translation.conftest import System
from vocabulary.values import DataClass

_WORD = re.compile(r"<[^>]*>|&\w+;|[^\W\d_]+")


def backwards(text: str) -> str:
    """*text* with each of its words written backwards, and its markup as it is."""
    return _WORD.sub(lambda word: word.group() if word.group()[0] in "<&" else word.group()[::-1], text)


def translating(batch: Batch) -> list[Outcome]:
    """What a double makes of *batch* unless it is told otherwise."""
    return [Rendered(text=backwards(text)) for text in batch.texts]


@dataclass
class Script:
    """What a double does, and what it has been given."""

    name: str = "double"
    pairs: Sequence[str] = ("it-hu", "hu-it")
    does: Callable[[Batch], Sequence[Outcome] | Accepted] = translating
    # More lines of its settings, as they stand in the file.
    more: str = 'data_class = "PERSONAL"'
    ceiling: DataClass = DataClass.SPECIAL_CATEGORY
    marks: Marks = Marks.BRACKETS
    sentences: bool = False
    takes_terms: bool = False
    asynchronous: bool = False
    # As long as it is not set, the double does not answer.
    free: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    # As long as it is not set, the double does not say what it can do.
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    given: list[Batch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free.set()
        self.awake.set()

    @property
    def texts(self) -> list[str]:
        """Every text that the double was given, in the order of the calls."""
        return [text for batch in self.given for text in batch.texts]


class Double(Provider):
    """See above."""

    def __init__(self, settings: ProviderSettings, script: Script) -> None:
        super().__init__(settings)
        self._script = script
        for name in ("ceiling", "marks", "sentences", "takes_terms", "asynchronous"):
            setattr(self, name, getattr(script, name))

    async def capabilities(self) -> Mapping[Pair, Capability]:
        await self._script.awake.wait()
        described = ((pair, self.described(pair)) for pair in map(Pair.read, self._script.pairs))
        return {pair: capability for pair, capability in described if capability}

    async def send(self, batch: Batch) -> Sequence[Outcome] | Accepted:
        self._script.given.append(batch)
        self._script.began.set()
        await self._script.free.wait()
        return self._script.does(batch)

    async def healthy(self) -> bool:
        await self._script.free.wait()
        return True

    def delivery(self, callback: Callback) -> Delivery:
        reference, target = callback.fields.get("reference", ""), callback.fields.get("target", "")
        if not reference:
            raise Rejected("it names no request")
        if callback.is_error:
            return Delivery(reference=reference, target=target, outcomes=Rejected("it failed"))
        texts = callback.body.decode().split("\x1f")
        return Delivery(reference=reference, target=target, outcomes=[Rendered(text=text) for text in texts])


@asynccontextmanager
async def with_engines(
    data: Path,
    *scripts: Script,
    wait_s: float = 8.0,
    callbacks: str | None = None,
    directory: str = "127.0.0.1:1",
    now: Callable[[], datetime] = clock,
) -> AsyncIterator[System]:
    """The service with its data in *data*, and the engines that *scripts* describe, first choice first."""
    by_name = {script.name: script for script in scripts}
    file = data / "providers.toml"
    file.write_text(
        "\n".join(
            f'[[provider]]\nname = "{one.name}"\nkind = "libretranslate"\nurl = "http://127.0.0.1:1"\n{one.more}\n'
            for one in scripts
        ),
        encoding="utf-8",
    )
    settings = ServiceSettings(
        data_dir=data,
        listen_address="127.0.0.1:0",
        mt_providers=file,
        mt_wait_s=wait_s,
        mt_callback_address=callbacks,
        directory_address=directory,
    )
    async with (
        translation(settings, lambda one: Double(one, by_name[one.name]), now) as server,
        open_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        yield System(settings, TranslationServiceStub(channel))
