"""Calls from outside: a bearer token in the metadata lets in whom it speaks for, and a stream no longer than it lasts."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from chassis import telemetry
from chassis.caller import Caller
from chassis.sign_ins import SignedIn, SignIns
from vocabulary.refusals import Unauthenticated, Unavailable

METADATA_KEY = "authorization"
# A stream outlives what its reader was allowed by no more than this, and the wait for its next message: a watermark at the latest.
# While the directory is away, by as long as that, and never its token.
LOOK_AGAIN_S = 60.0

Message = TypeVar("Message")


@dataclass(slots=True)
class Admission:
    """Who was let in with which token."""

    sign_ins: SignIns
    token: str
    signed_in: SignedIn
    looked_at: float = field(default_factory=time.monotonic)

    @property
    def caller(self) -> Caller:
        return self.signed_in.caller

    async def lasting(self, messages: AsyncGenerator[Message, None]) -> AsyncIterator[Message]:
        """*messages*, for as long as the token lasts and the directory says the same of its bearer.

        Raises Unauthenticated when the token ends or its bearer may sign in no more, and Unavailable when they may do something else
        than before, so that a reader who resumes after the last cursor is let in as who they are now.
        """
        while True:
            # Where the next message is there already, no time limit gets a turn.
            left = self.signed_in.expires_at - time.time()
            if left <= 0:
                raise _ended()
            try:
                async with asyncio.timeout(left) as limit:
                    message = await anext(messages)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if not limit.expired():
                    raise
                raise _ended() from None
            await self._look_again()
            yield message

    async def _look_again(self) -> None:
        if time.monotonic() - self.looked_at < LOOK_AGAIN_S:
            return
        try:
            now = await self.sign_ins.signed_in(self.token)
        except Unavailable:
            return  # the directory or the issuer is away: nobody is thrown out for that
        finally:
            # Whether there was an answer or not: to ask for each message would hold up each message.
            self.looked_at = time.monotonic()
        if now.caller != self.caller:
            raise Unavailable("what you may do has changed; resume after the last cursor", reason="ROLES_CHANGED")


def _ended() -> Unauthenticated:
    return Unauthenticated(
        "the bearer token has expired; sign in again and resume after the last cursor",
        field=METADATA_KEY,
        reason="TOKEN_EXPIRED",
    )


async def admitted(sign_ins: SignIns | None, metadata: Mapping[str, str | bytes]) -> Admission | None:
    """Whom the bearer token of a call speaks for (RFC 6750); None for a call without one, or where nobody signs in."""
    scheme, _, token = telemetry.metadata_value(metadata, METADATA_KEY).partition(" ")
    if sign_ins is None or scheme.lower() != "bearer":
        return None
    token = token.strip()
    return Admission(sign_ins, token, await sign_ins.signed_in(token))
