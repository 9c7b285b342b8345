"""From a bearer token to somebody whom the directory knows: their authority, their roles, and the caller that they are to services."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from chassis.bearers import Bearer, BearerTokens
from chassis.caller import Caller
from chassis.calls import Peer
from chassis.outbox import topic
from engines.events import Events
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from vocabulary.refusals import Forbidden, Unauthenticated, Unavailable
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

REMEMBERED = 10_000
# The directory tells of every change; this bounds how long a missed event can matter.
REMEMBERED_S = 60.0
# The directory's reason for whom it does not know.
UNKNOWN_USER = "UNKNOWN_USER"
# Its reasons that are about whoever signs in. Any other is between it and this process.
ABOUT_SIGN_IN = frozenset({UNKNOWN_USER, "AUTHORITY_NOT_ACTIVE"})

# The issuer of a token, and its subject.
_SignIn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who calls with a bearer token, until it ends (seconds since 1970)."""

    caller: Caller
    expires_at: float


class SignIns:
    """Resolves verified bearer tokens, remembering whom it has met. *directory* is asked in the name of this process."""

    def __init__(
        self,
        tokens: BearerTokens,
        peer: Peer,
        directory: DirectoryServiceStub,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._peer = peer
        self._directory = directory
        self._clock = clock
        self._known = _Known()
        # How many changes have been heard of: an answer that was under way during one may be older than it.
        self._changes = 0

    async def signed_in(self, token: str) -> SignedIn:
        """Who *token* speaks for now.

        Raises Unauthenticated for a token that is not valid, or of nobody the directory knows; Unavailable if the directory or
        the issuer is away.
        """
        bearer = await self.verify(token)
        return SignedIn(caller_of(await self.resolve(bearer)), bearer.expires_at)

    async def verify(self, token: str) -> Bearer:
        """Whose sign-in *token* is, known to the directory or not."""
        return await self._tokens.verify(token)

    async def resolve(self, bearer: Bearer) -> pb.ResolveUserResponse:
        """Who *bearer* is in the directory; raises Unauthenticated, with `UNKNOWN_USER` for a stranger, or Unavailable."""
        key = (bearer.issuer, bearer.subject)
        known = self._known.get(key)
        if known is not None and known[1] > self._clock():
            return known[0]
        request = pb.ResolveUserRequest(issuer=bearer.issuer, subject=bearer.subject)
        changes = self._changes
        try:
            found = await self._peer.call(self._directory.ResolveUser, request)
        except (Unauthenticated, Forbidden) as refused:
            if refused.reason in ABOUT_SIGN_IN:
                raise
            # As while keys are changed: nobody's sign-in is at fault, and whoever is told so gives up for good.
            raise Unavailable(
                "nobody can be signed in just now; try again in a moment", reason="DIRECTORY_REFUSES"
            ) from refused
        if changes != self._changes:
            return found
        self._known.keep(key, found, self._clock() + REMEMBERED_S)
        return found

    async def forget_on_change(self, events: Events) -> None:
        """Forget whom a directory event concerns, for ever."""
        async with events.tail([topic("directory")]) as changes:
            # What was remembered before the tail began may have missed a change.
            self._known.clear()
            self._changes += 1
            async for received in changes:
                self._changes += 1
                self._known.forget(received.event.subject)
                await asyncio.sleep(0)


class _Known:
    """Who was met lately, by issuer and subject, and until when that may be believed."""

    def __init__(self) -> None:
        self._met: OrderedDict[_SignIn, tuple[pb.ResolveUserResponse, float]] = OrderedDict()
        # Person, or authority → the sign-ins that a change of it concerns: an import changes thousands, one event each.
        self._concerned: dict[str, set[_SignIn]] = {}

    def get(self, sign_in: _SignIn) -> tuple[pb.ResolveUserResponse, float] | None:
        return self._met.get(sign_in)

    def keep(self, sign_in: _SignIn, found: pb.ResolveUserResponse, until: float) -> None:
        """Remember *found*, in the place of whom was met first where there are too many."""
        self._drop(sign_in)
        self._met[sign_in] = (found, until)
        for id_ in (found.user.id, found.authority.id):
            self._concerned.setdefault(id_, set()).add(sign_in)
        if len(self._met) > REMEMBERED:
            self._drop(next(iter(self._met)))

    def forget(self, id_: str) -> None:
        """Forget the person *id_*, or who works for the authority *id_*."""
        for sign_in in list(self._concerned.get(id_, ())):
            self._drop(sign_in)

    def clear(self) -> None:
        self._met.clear()
        self._concerned.clear()

    def _drop(self, sign_in: _SignIn) -> None:
        if sign_in not in self._met:
            return
        found, _ = self._met.pop(sign_in)
        for id_ in (found.user.id, found.authority.id):
            concerned = self._concerned[id_]
            concerned.discard(sign_in)
            if not concerned:
                del self._concerned[id_]


def caller_of(found: pb.ResolveUserResponse) -> Caller:
    """Who acts, to the services: what the directory says of a person and of their authority."""
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
