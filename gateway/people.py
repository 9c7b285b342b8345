"""Who signs in: from a bearer token to a person, their authority and their roles, as the directory knows them."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from chassis.caller import LIFETIME_S, Caller, Signer
from chassis.outbox import topic
from engines.events import Events
from gateway.backends import Backend, Stubs
from gateway.tokens import Bearer, BearerTokens
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.registration_pb2_grpc import InvitationServiceStub
from vocabulary.refusals import Unauthenticated
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

REMEMBERED = 10_000
# The directory tells of every change; this bounds how long a missed event can matter.
REMEMBERED_S = 60.0
# The directory's reason for whom it does not know.
UNKNOWN_USER = "UNKNOWN_USER"


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
        self._tokens = tokens
        self._signer = signer
        self._directory: Backend[DirectoryServiceStub] = Backend("directory", signer.for_service, stubs.directory)
        self._invitations: Backend[InvitationServiceStub] = Backend("directory", signer.for_service, stubs.invitations)
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[pb.ResolveUserResponse, float]] = OrderedDict()
        # How many changes have been heard of: an answer that was under way during one may be older than it.
        self._changes = 0

    async def sign_in(self, token: str) -> Person:
        """The person that *token* speaks for.

        Raises Unauthenticated for a token that is not valid, or of nobody the directory knows; Unavailable if the directory or
        the issuer is away.
        """
        return (await self.verify(token)).require_person()

    async def verify(self, token: str) -> SignIn:
        """Who has signed in with *token*, known to the directory or not. Raises like `sign_in`, but not for a stranger."""
        bearer = await self._tokens.verify(token)
        try:
            found = await self._resolved(bearer)
        except Unauthenticated as refused:
            if refused.reason != UNKNOWN_USER:
                raise
            return SignIn(bearer, None, self._invitations)
        person = Person(found.user, found.authority, _caller(found), bearer.expires_at, self._signer)
        return SignIn(bearer, person, self._invitations)

    async def _resolved(self, bearer: Bearer) -> pb.ResolveUserResponse:
        key = (bearer.issuer, bearer.subject)
        known = self._known.get(key)
        if known is not None and known[1] > self._clock():
            return known[0]
        request = pb.ResolveUserRequest(issuer=bearer.issuer, subject=bearer.subject)
        changes = self._changes
        found = await self._directory.call(self._directory.stub.ResolveUser, request)
        if changes != self._changes:
            return found
        self._known[key] = (found, self._clock() + REMEMBERED_S)
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def forget_on_change(self, events: Events) -> None:
        """Forget whom a directory event concerns, for ever."""
        async with events.tail([topic("directory")]) as changes:
            # What was remembered before the tail began may have missed a change.
            self._known.clear()
            self._changes += 1
            async for received in changes:
                self._changes += 1
                subject = received.event.subject
                for key, (found, _) in list(self._known.items()):
                    if subject in (found.user.id, found.authority.id):
                        del self._known[key]
                await asyncio.sleep(0)


def _caller(found: pb.ResolveUserResponse) -> Caller:
    roles: dict[str, set[UserRole]] = {}
    for held in found.user.roles:
        roles.setdefault(held.module, set()).add(UserRole(_name(pb.UserRole.Name(held.role), "USER_ROLE_")))
    # Where an authority has several roles in an area, the highest speaks for it: their numbers are in the order of their ranks.
    ranks: dict[str, int] = {}
    for access in found.authority.access:
        area = access.module.partition("/")[0]
        ranks[area] = max(ranks.get(area, 0), access.legislative_role)
    return Caller(
        user_id=found.user.id,
        authority_id=found.authority.id,
        country=found.authority.country_code,
        language=found.user.language,
        user_roles={module: frozenset(held) for module, held in roles.items()},
        workflow_roles={
            access.module: frozenset(
                WorkflowRole(_name(pb.WorkflowRole.Name(role), "WORKFLOW_ROLE_")) for role in access.workflow_roles
            )
            for access in found.authority.access
        },
        legislative_roles={
            area: LegislativeRole(
                _name(pb.LegislativeRole.Name(cast("pb.LegislativeRole.ValueType", role)), "LEGISLATIVE_ROLE_")
            )
            for area, role in ranks.items()
        },
    )


def _name(wire: str, prefix: str) -> str:
    return wire.removeprefix(prefix)
