"""All the translations that one operation shows, gathered into one call.

Texts stand at different depths: some are there at once, others only when a link has been followed. Whoever asked for the first would
ask too early, so asking waits until no service is being asked for anything else and no resolver has asked for another text.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from gateway.backends import Backends, Calls
from gateway.texts.asking import Asking
from gateway.texts.origins import Origin, free_texts
from protos.translation.v1 import translation_pb2 as pb

# Turns of the event loop in which nothing new was asked for. What resolvers do between an answer and their next question takes a few.
QUIET_TURNS = 12

# Text, language, class, whether it stays as it is written, target.
_Key = tuple[str, str, int, bool, str]


class Reader(Protocol):
    """For whom an operation is executed, as far as its texts are concerned."""

    @property
    def backends(self) -> Backends: ...

    @property
    def calls(self) -> Calls: ...

    @property
    def languages(self) -> list[str]: ...


class Texts:
    """The translations of one operation."""

    def __init__(self, reader: Reader, asking: Asking) -> None:
        self._reader = reader
        self._asking = asking
        self._known: dict[_Key, asyncio.Future[pb.Translation]] = {}
        # Who waits: each for itself, so that one who is stopped stops nobody else.
        self._waiting: set[asyncio.Future[pb.Translation]] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._open: list[_Key] = []
        self._gathering: asyncio.Task[None] | None = None

    def load(self, text: Any, target: str) -> "asyncio.Future[pb.Translation]":
        """The translation of *text*, a FreeText, into *target*; asked for together with every other of the operation."""
        key = (text.text, text.language, text.data_class, text.as_written, target)
        found = self._known.get(key)
        if found is None or found.cancelled():
            found = self._known[key] = asyncio.get_running_loop().create_future()
            self._open.append(key)
            if self._gathering is None:
                self._gathering = asyncio.create_task(self._gather())
                self._under_way.add(self._gathering)
                self._gathering.add_done_callback(self._under_way.discard)
        own: asyncio.Future[pb.Translation] = asyncio.get_running_loop().create_future()
        self._waiting.add(own)
        own.add_done_callback(self._left)
        found.add_done_callback(partial(_tell, own))
        return own

    async def _gather(self) -> None:
        await self._quiet()
        self._gathering = None
        keys, self._open = self._open, []
        waiting = [self._known[key] for key in keys]
        try:
            asked = self._segments(keys)
            answers = await self._asking.translations(self._reader.backends, asked, self._reader.languages)
        except Exception as error:  # told to each who waits
            for one in waiting:
                if not one.done():
                    one.set_exception(error)
        else:
            for one, answer in zip(waiting, answers, strict=True):
                if not one.done():
                    one.set_result(answer)
        finally:
            for one in waiting:
                one.cancel()  # nobody waits for a gathering that was given up; what is done stays as it is

    async def _quiet(self) -> None:
        """Return when nothing else is being asked for."""
        calls, turns, asked = self._reader.calls, 0, 0
        while turns < QUIET_TURNS:
            await asyncio.sleep(0)
            if calls.under_way:
                await calls.none_under_way()
                turns = 0
            elif len(self._open) != asked:
                asked, turns = len(self._open), 0
            else:
                turns += 1

    def _segments(self, keys: Sequence[_Key]) -> list[pb.Segment]:
        origins = self._origins(set(keys))
        return [_segment(key, origins.get(key[:3], Origin())) for key in keys]

    def _origins(self, keys: set[_Key]) -> dict[tuple[str, str, int], Origin]:
        """Where the texts of *keys* were found in what the services have answered."""
        wanted = {key[:3] for key in keys}
        found: dict[tuple[str, str, int], Origin] = {}
        for answer in self._reader.calls.answers:
            for text, origin in free_texts(answer):
                same = (text.text, text.language, text.data_class)
                if origin.owner and same in wanted and same not in found:
                    found[same] = origin
        return found

    def _left(self, own: "asyncio.Future[pb.Translation]") -> None:
        """Stop asking when nobody waits any more: the client has gone."""
        self._waiting.discard(own)
        if own.cancelled() and not self._waiting:
            for gathering in self._under_way:
                gathering.cancel()


def _tell(own: "asyncio.Future[pb.Translation]", found: "asyncio.Future[pb.Translation]") -> None:
    if own.done():
        return
    if found.cancelled():
        own.cancel()
    elif (error := found.exception()) is None:
        own.set_result(found.result())
    else:
        own.set_exception(error)
        # Who asked for several and was refused the first looks at no other.
        own.exception()


def _segment(key: _Key, origin: Origin) -> pb.Segment:
    text, language, data_class, as_written, target = key
    segment = pb.Segment(target_language=target, area_code=origin.area, context=origin.context, source_id=origin.owner)
    segment.text.text, segment.text.language = text, language
    segment.text.data_class, segment.text.as_written = data_class, as_written  # type: ignore[assignment]
    return segment
