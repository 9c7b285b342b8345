"""Who signs in: from a bearer token to a person, their authority and their roles, as the directory knows them."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from chassis.bearers import Bearer, BearerTokens
from chassis.caller import LIFETIME_S, Caller, Signer
from chassis.sign_ins import REMEMBERED, UNKNOWN_USER, SignIns, caller_of
from engines.events import Events
from gateway.backends import Backend, Stubs
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.registration_pb2_grpc import InvitationServiceStub
from vocabulary.refusals import Unauthenticated


@dataclass(slots=True)
class Person:
    """Somebody who is signed in, until their token ends."""

    user: pb.User
    authority: pb.Authority
    caller: Caller
    expires_at: float
    _signer: Signer
    _token: tuple[str, float] = field(default=("", 0.0))

    def token(self) -> str:
        """The caller token for calls in this person's name, renewed before it runs out."""
        if self._token[1] < time.time():
            self._token = (self._signer.for_person(self.caller), time.time() + LIFETIME_S / 2)
        return self._token[0]


@dataclass(frozen=True, slots=True)
class SignIn:
    """A verified sign-in: of a person of the directory, or of a stranger, who may accept an invitation there and nothing else.

    *invitations* speaks for the gateway, which vouches for the sign-in.
    """

    bearer: Bearer
    person: Person | None
    invitations: Backend[InvitationServiceStub]

    def require_person(self) -> Person:
        """The person; raises Unauthenticated for a stranger."""
        if self.person is None:
            raise Unauthenticated("nobody is registered under this sign-in", reason=UNKNOWN_USER)
        return self.person


class People:
    """Turns bearer tokens into people, remembering those it has met."""

    def __init__(
        self, tokens: BearerTokens, signer: Signer, stubs: Stubs, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._signer = signer
        # Issuer and subject → what the directory said, and who that is.
        self._met: OrderedDict[tuple[str, str], tuple[pb.ResolveUserResponse, Person]] = OrderedDict()
        directory = Backend("directory", signer.for_service, stubs.directory)
        self._sign_ins = SignIns(tokens, directory, directory.stub, clock)
        self._invitations: Backend[InvitationServiceStub] = Backend("directory", signer.for_service, stubs.invitations)

    async def sign_in(self, token: str) -> Person:
        """The person that *token* speaks for.

        Raises Unauthenticated for a token that is not valid, or of nobody the directory knows; Unavailable if the directory or
        the issuer is away.
        """
        return (await self.verify(token)).require_person()

    async def verify(self, token: str) -> SignIn:
        """Who has signed in with *token*, known to the directory or not. Raises like `sign_in`, but not for a stranger."""
        return await self._of(await self._sign_ins.verify(token))

    async def again(self, sign_in: SignIn) -> SignIn:
        """*sign_in* as the directory knows it by now: itself, if nothing has changed. Raises like `verify`."""
        found = await self._of(sign_in.bearer)
        same = sign_in.person is not None and found.person is not None and found.person.caller == sign_in.person.caller
        return sign_in if same else found

    async def _of(self, bearer: Bearer) -> SignIn:
        try:
            found = await self._sign_ins.resolve(bearer)
        except Unauthenticated as refused:
            if refused.reason != UNKNOWN_USER:
                raise
            return SignIn(bearer, None, self._invitations)
        return SignIn(bearer, self._person(bearer, found), self._invitations)

    def _person(self, bearer: Bearer, found: pb.ResolveUserResponse) -> Person:
        """Who is signed in: the same for as long as the directory says the same, so that they sign for many calls at once."""
        key = (bearer.issuer, bearer.subject)
        known = self._met.get(key)
        if known is None or known[0] is not found or known[1].expires_at != bearer.expires_at:
            person = Person(found.user, found.authority, caller_of(found), bearer.expires_at, self._signer)
            known = self._met[key] = (found, person)
            if len(self._met) > REMEMBERED:
                self._met.popitem(last=False)
        return known[1]

    async def forget_on_change(self, events: Events) -> None:
        """Forget whom a directory event concerns, for ever."""
        await self._sign_ins.forget_on_change(events)
