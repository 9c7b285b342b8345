"""The changes of a repository as they happen: what each is to its reader, and nothing of what is not for them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from chassis.caller import Caller
from chassis.inbox import WATERMARK_EVERY_S, Delivered
from chassis.server import Call
from chassis.wire import timestamp
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import wire
from services.repositories.changes import versions_of
from services.repositories.domain.changes import Change, change
from services.repositories.readers import actor, current_reader
from services.repositories.rpc.commands import Commands


class Watching(Commands):
    async def WatchRepository(
        self, request: pb.WatchRepositoryRequest, context: Call
    ) -> AsyncIterator[pb.WatchRepositoryResponse]:
        caller = current_reader()
        code = (await self._required(request.repository)).code
        after = self._seal.opened(request.after_cursor, field="after") if request.after_cursor else ""
        clock = asyncio.get_running_loop().time
        async with aclosing(self._inbox.runs(code, after)) as runs:
            last = (await anext(runs))[-1]
            yield self._watermark(last.cursor)
            spoke_at = clock()
            coming = asyncio.ensure_future(anext(runs))
            try:
                while True:
                    # By the clock alone: what comes for others must not show in when it is silent.
                    await asyncio.wait([coming], timeout=max(0.0, spoke_at + WATERMARK_EVERY_S - clock()))
                    if clock() - spoke_at >= WATERMARK_EVERY_S:
                        yield self._watermark(last.cursor)
                        spoke_at = clock()
                    if not coming.done():
                        continue
                    run = coming.result()
                    coming = asyncio.ensure_future(anext(runs))
                    for delivered, found in await self._meant(run, code, caller):
                        yield pb.WatchRepositoryResponse(
                            cursor=self._seal.closed(delivered.cursor),
                            change=wire.change(delivered, found),
                            at=timestamp(delivered.at),
                        )
                        spoke_at = clock()
                    last = run[-1]
            finally:
                coming.cancel()
                await asyncio.wait([coming])

    def _watermark(self, cursor: str) -> pb.WatchRepositoryResponse:
        return pb.WatchRepositoryResponse(cursor=self._seal.closed(cursor), at=timestamp(self._now()))

    async def _meant(self, run: Sequence[Delivered], code: str, caller: Caller) -> list[tuple[Delivered, Change]]:
        """Those of *run* that are something to *caller* as they are now, each with what it is."""
        told = [(delivered, delivered.entry) for delivered in run if delivered.entry]
        if not told:
            return []
        found = {kept.id: kept.state for kept in await self._entries.get_together([entry.subject for _, entry in told])}
        await self._definitions.ensure_for(found.values())
        definition = self._definitions[code]
        who = actor(caller, definition, self._now())
        meant = []
        for delivered, entry in told:
            state = found.get(entry.subject)
            what = change(state, definition, *versions_of(entry), who) if state else None
            if what:
                meant.append((delivered, what))
        return meant
