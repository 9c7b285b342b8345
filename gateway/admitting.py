"""Who asks, before anything is read of what they ask: sign-in by bearer token, and how often they may."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from gateway.backends import Stubs
from gateway.context import Context
from gateway.kept.answers import Kept
from gateway.limits.policy import Policy
from gateway.people import People, Person, SignIn
from vocabulary.refusals import Unauthenticated


@dataclass(frozen=True, slots=True)
class Admitting:
    """Lets requests, connections and the operations on them in."""

    stubs: Stubs
    people: People
    policy: Policy
    kept: Kept | None = None

    def greet(self, connection: HTTPConnection) -> Context:
        """The context of a connection on which nobody has signed in yet."""
        headers = connection.headers
        context = Context(self.stubs, None, headers.get("accept-language", ""), self.policy)
        context.bearer = token_in(headers.get("authorization", ""))
        context.address = connection.client.host if connection.client is not None else ""
        context.kept = self.kept
        return context

    async def request(self, request: HTTPConnection) -> Context:
        """The context of a request, in the name of whoever signs it. Raises Unauthenticated, RateLimited and Unavailable."""
        context = self.greet(request)
        if context.bearer:
            context.sign_in, context.again = await self._verified(context.bearer, context.address), self.people.again
        await self._counted(context)
        return context

    async def person(self, request: HTTPConnection) -> Person:
        """Who signs a request. Raises Unauthenticated for nobody and for a stranger, RateLimited and Unavailable."""
        context = await self.request(request)
        if not context.bearer:
            raise Unauthenticated("send an Authorization header with a bearer token")
        return context.signed_in

    async def connection(self, context: Context, authorization: object) -> None:
        """On a WebSocket, where a browser cannot set headers, the token comes with connection_init, or in the header after all.

        Raises like `request`.
        """
        token = token_in(authorization) or context.bearer
        if not token:
            await self.policy.rates.address(context.address)
            return
        sign_in = await self._verified(token, context.address)
        # A stranger has two operations, and needs no connection that stays.
        sign_in.require_person()
        context.sign_in, context.again = sign_in, self.people.again

    async def operation(self, context: Context) -> None:
        """One more operation on a connection, in the name of whoever opened it, as the directory knows them by now."""
        if context.sign_in is not None:
            context.sign_in = await self.people.again(context.sign_in)
        await self._counted(context)

    async def _counted(self, context: Context) -> None:
        if context.person is None:
            await self.policy.rates.address(context.address)
        else:
            await self.policy.rates.person(context.person.user.id)

    async def _verified(self, token: str, address: str) -> SignIn:
        try:
            return await self.people.verify(token)
        except Unauthenticated:
            # Guesses count.
            await self.policy.rates.address(address)
            raise


def token_in(authorization: object) -> str:
    """The bearer token in an Authorization header (RFC 6750); empty if there is none."""
    if not isinstance(authorization, str):
        return ""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
