"""What a subscription of the schema asks for, until somebody delivers it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.streams.sources import Source, resumed

if TYPE_CHECKING:
    from gateway.context import Context


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream, after a cursor (empty: from now on), for the operation of *context*."""

    source: Source
    after: str
    context: "Context"


@dataclass(slots=True)
class Offer:
    """Made by a transport that delivers streams itself: a subscription leaves here what it wants, and ends."""

    wanted: Wanted | None = field(default=None)


def follow(context: "Context", source: Source, after: str | None) -> AsyncGenerator[Any, None]:
    """The items of *source* after a cursor; none, if whoever asks has offered to deliver them. Nobody is refused here at once."""
    wanted = Wanted(source, after or "", context)
    if context.offer is None or context.sign_in is None:
        return _alone(wanted)
    context.offer.wanted = wanted
    return _nothing()


async def _nothing() -> AsyncGenerator[Any, None]:
    return
    yield


async def _alone(wanted: Wanted) -> AsyncGenerator[Any, None]:
    """A stream of one's own, executed by whoever executes the subscription."""
    context, source = wanted.context, wanted.source
    expires_at = context.signed_in.expires_at
    with context.policy.places.one(context.signed_in.user.id):
        async for item in resumed(lambda cursor: source.opened(context.backends, cursor), wanted.after, expires_at):
            await context.still_signed_in()
            context.begin_event()
            yield item
