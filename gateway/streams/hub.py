"""All live streams of one gateway: who follows what, and with whom."""

import asyncio
import contextvars
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from graphql import GraphQLSchema

from chassis import telemetry
from chassis.caller import Caller
from gateway.backends import Backends, Stubs
from gateway.metrics import SHARES, STREAMS, TAILS
from gateway.people import SignIn
from gateway.streams.execution import answers
from gateway.streams.following import Wanted
from gateway.streams.framing import Events
from gateway.streams.shares import Share
from gateway.streams.sources import Source, access_changed, expired, resumed, stopping
from gateway.streams.subscribers import Subscriber
from gateway.streams.tails import Tail
from gateway.streams.viewers import Selections, access_of, answer_of
from vocabulary.refusals import Unauthenticated, Unavailable

LOOK_EVERY_S = 1.0
# How long somebody whose access has changed may go on listening, at most; the directory is asked for those it has told of a change.
ASK_AGAIN_S = 30.0
# Backlogs that are read at the same time: each takes its turns between those of the live streams.
BACKLOGS_AT_ONCE = 8

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Followed:
    """A tail with all who follow it, its shares, and the tasks that run them."""

    tail: Tail
    followers: dict[Subscriber, None] = field(default_factory=dict)
    shares: dict[Hashable, Share] = field(default_factory=dict)
    running: dict[Tail | Share, "asyncio.Task[None]"] = field(default_factory=dict)

    def token(self) -> str:
        """A caller token of somebody who follows: the service answers all of them alike."""
        now = time.time()
        for one in self.followers:
            if one.sign_in.bearer.expires_at > now:
                return one.sign_in.require_person().token()
        raise expired()


class Streams:
    """Gives each subscriber the stream it wants; those whose answers are equal share one."""

    def __init__(self, stubs: Stubs, schema: GraphQLSchema, again: Callable[[SignIn], Awaitable[SignIn]]) -> None:
        self._stubs = stubs
        self._schema = schema
        self._again = again
        self._asked_at = time.monotonic()
        self._asking = False
        self._stopping = False
        self._selections = Selections(schema)
        self._followed: dict[Hashable, _Followed] = {}
        self._following: dict[Subscriber, None] = {}
        self._looking: asyncio.TimerHandle | None = None
        self._backlogs = asyncio.Semaphore(BACKLOGS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def follow(self, wanted: Wanted, one: Subscriber) -> None:
        """Bring *one* to where all are, and leave it there: from then on it is woken when there is more. A refusal ends it.

        Whoever calls this calls `one.leave()` when the client is gone.
        """
        try:
            async with one.lasting():
                await self._follow(wanted, one)
        except Exception as error:  # told to the client, and logged if it is a fault
            one.end(error)
        except BaseException:
            one.leave()
            raise

    def stop(self) -> None:
        """End the streams that would go on as long as the server waits for them; WebSockets it closes itself, with a code."""
        self._stopping = True
        for one in list(self._following):
            if isinstance(one.writing, Events):
                one.end(stopping())

    async def close(self) -> None:
        """Stop everything; clients come back with their cursors."""
        if self._looking is not None:
            self._looking.cancel()
        # Nobody is counted as listening to a gateway that is no more, whatever its transports still let go of.
        for one in list(self._following):
            one.leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, wanted: Wanted, one: Subscriber) -> None:
        person = wanted.context.signed_in
        if one.sign_in.bearer.expires_at <= time.time():
            raise expired()
        if self._stopping and isinstance(one.writing, Events):
            raise stopping()
        places = wanted.context.policy.places
        places.take(person.user.id)
        let_go = partial(places.give_back, person.user.id)
        followed = self._enter((wanted.source, access_of(person.caller)), wanted.source, one, let_go)
        tail = followed.tail
        await tail.opening()
        if tail.failure is not None:
            raise tail.failure
        if one.ended:
            return
        same = self._answer_of(wanted, person.caller)
        cursor = wanted.after or tail.cursor
        position = tail.position(cursor)
        share = None if position is None else self._joined(followed, same, wanted, one, position)
        if share is None:
            await self._catch_up(followed, same, wanted, one)
            return
        one.held = True
        opening = await share.opening(wanted.source.watermark(cursor))
        one.held = False
        if not one.ended:
            one.put(opening, cursor)
            one.wake()

    async def _catch_up(self, followed: _Followed, same: Hashable, wanted: Wanted, one: Subscriber) -> None:
        """Read what *one* has missed, for it alone and as fast as it reads, until it is where the others are."""
        source, context = wanted.source, wanted.context
        missed = resumed(partial(source.opened, context.backends), wanted.after)
        async with aclosing(missed):
            async for item in missed:
                async with self._backlogs:
                    (answer,) = await answers(self._schema, context, [item])
                if not one.ended:
                    await one.put_in_turn(answer.body, item.cursor)
                position = followed.tail.position(item.cursor)
                if one.ended or (
                    position is not None and self._joined(followed, same, wanted, one, position) is not None
                ):
                    break
        one.wake()

    def _answer_of(self, wanted: Wanted, caller: Caller) -> Hashable:
        execution = wanted.context.execution
        document, text = execution.graphql_document, execution.query
        assert document is not None
        assert text is not None
        selection = self._selections.of(text, document, execution.operation_name)
        variables = {name: value for name, value in (execution.variables or {}).items() if name != selection.after}
        said = json.dumps(variables, sort_keys=True)
        return (answer_of(caller, selection, wanted.context.language), text, execution.operation_name, said)

    def _joined(
        self, followed: _Followed, same: Hashable, wanted: Wanted, one: Subscriber, position: int
    ) -> Share | None:
        """The share that *one* has from *position* on; None if it has forgotten what is there, or has no whole answers to it."""
        share = followed.shares.get(same)
        if share is None:
            share = followed.shares[same] = Share(self._schema, followed.tail, wanted.context, position)
            followed.tail.add(share)
            followed.running[share] = self._run(self._shared(followed, same, share))
            SHARES.inc()
        elif not share.serves(position):
            return None
        share.join(one, position)
        return share

    def _enter(self, key: Hashable, source: Source, one: Subscriber, let_go: Callable[[], None]) -> _Followed:
        followed = self._followed.get(key)
        if followed is None:
            tail = Tail(lambda cursor: source.opened(Backends(self._stubs, new.token), cursor), varies=source.varies)
            followed = new = self._followed[key] = _Followed(tail)
            followed.running[tail] = self._run(self._read(key, followed))
            TAILS.inc()
        followed.followers[one] = None
        self._following[one] = None
        one.leave = partial(self._leave, key, followed, one, let_go)
        STREAMS.inc()
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)
        return followed

    def _leave(self, key: Hashable, followed: _Followed, one: Subscriber, let_go: Callable[[], None]) -> None:
        if one not in followed.followers:
            return
        let_go()
        del followed.followers[one], self._following[one]
        STREAMS.dec()
        share = one.share
        if share is not None:
            share.leave(one)
            if not share.members:
                same = next(key for key, found in followed.shares.items() if found is share)
                self._end_share(followed, same, share)
        if not followed.followers:
            self._end(key, followed)

    def _end_share(self, followed: _Followed, same: Hashable, share: Share) -> None:
        if followed.shares.get(same) is not share:
            return
        del followed.shares[same]
        followed.tail.remove(share)
        followed.running.pop(share).cancel()
        SHARES.dec()

    def _end(self, key: Hashable, followed: _Followed) -> None:
        if self._followed.get(key) is not followed:
            return
        del self._followed[key]
        followed.running.pop(followed.tail).cancel()
        TAILS.dec()

    async def _read(self, key: Hashable, followed: _Followed) -> None:
        """Run a tail; what ends it ends all who follow it."""
        await followed.tail.run()
        followers = list(followed.followers)
        for one in followers:
            one.end(followed.tail.failure)
        self._end(key, followed)

    async def _shared(self, followed: _Followed, same: Hashable, share: Share) -> None:
        """Run a share; what ends it ends all who have it."""
        try:
            await share.run()
        except Exception as error:  # told to each of them, and logged if it is a fault
            for one in list(share.members):
                one.end(error)
        self._end_share(followed, same, share)

    def _run(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run *work* for all, in nobody's trace and within nobody's deadline."""

        async def apart() -> None:
            with telemetry.span(""):
                await work

        task = asyncio.create_task(apart(), context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _look(self) -> None:
        """End what time has ended."""
        loop = asyncio.get_running_loop()
        self._looking = loop.call_later(LOOK_EVERY_S, self._look) if self._following else None
        now, wall = time.monotonic(), time.time()
        for one in list(self._following):
            one.look(now, wall)
        if self._following and not self._asking and self._asked_at + ASK_AGAIN_S < now:
            self._asked_at, self._asking = now, True
            self._run(self._ask_again())

    async def _ask_again(self) -> None:
        """End the streams of those whose access is not what it was when they began."""
        try:
            for one in list(self._following):
                if not one.ended:
                    await self._ask_for(one)
        except Unavailable:
            pass  # it is asked another time
        finally:
            self._asking = False

    async def _ask_for(self, one: Subscriber) -> None:
        try:
            changed = await self._again(one.sign_in) is not one.sign_in
        except Unauthenticated as refused:
            one.end(refused)
        except Unavailable:
            raise
        except Exception:  # about one of them: the others are asked for all the same
            log.exception("fault")
        else:
            if changed:
                one.end(access_changed())


@asynccontextmanager
async def open_streams(
    stubs: Stubs, schema: GraphQLSchema, again: Callable[[SignIn], Awaitable[SignIn]]
) -> AsyncIterator[Streams]:
    """The live streams of a gateway, for as long as it runs; *again* says what has become of a sign-in."""
    streams = Streams(stubs, schema, again)
    try:
        yield streams
    finally:
        await streams.close()
