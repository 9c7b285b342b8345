"""How the gateway hears that something has changed of which it keeps answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial

import grpc
from grpc import aio

from chassis.outbox import topic
from engines.events import Events
from gateway.kept.alike import CHANGES, PARTS
from gateway.kept.answers import Kept

# Services whose events are read. The others' reference data come with a release.
TOLD_BY = ("requests", "repositories")


async def hear(kept: Kept, events: Events, running: frozenset[str]) -> None:
    """Let go of what events say has changed, for ever."""
    topics = [topic(part) for part in TOLD_BY if part in running]
    if not topics:
        with kept.hearing():
            await asyncio.Event().wait()
    async with events.tail(topics) as changes:
        with kept.hearing():
            async for received in changes:
                if gone := CHANGES.get(received.event.type):
                    kept.changed(gone)


async def watch(kept: Kept, part: str, channel: aio.Channel) -> None:
    """Let go of what *part* has said whenever its connection is lost, for ever: who answers next may be another release."""
    its = frozenset(source for source, owner in PARTS.items() if owner == part)
    state = channel.get_state()
    while True:
        await channel.wait_for_state_change(state)
        if state is grpc.ChannelConnectivity.READY:
            kept.changed(its, "connection")
        state = channel.get_state()


def listening(
    kept: Kept, events: Events, channels: Mapping[str, aio.Channel]
) -> Iterator[Callable[[], Awaitable[None]]]:
    """What has to run beside a gateway so that it keeps answers; nothing if it has no room for any."""
    if kept.room:
        yield lambda: hear(kept, events, frozenset(channels))
        for part, channel in channels.items():
            yield partial(watch, kept, part, channel)
