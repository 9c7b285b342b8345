"""Who registers an authority by invitation becomes its first user: brought about, or taken back, as often as it needs.

An applicant's sign-in is theirs before their authority is active, and free again once it is rejected; both can be repeated, so that a
crash between the two documents is mended by whoever comes next, or by the event of the rejection.
"""

from collections.abc import Sequence

from chassis.aggregates import Aggregates
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.directory.v1.events_pb2 import ApplicantRejected, UserChanged
from services.directory.domain.applying import first_user, first_user_id
from services.directory.domain.authorities import Authority
from services.directory.domain.invitations import Applicant
from services.directory.domain.users import User, has_left
from services.directory.leaving import Leaving, leave
from vocabulary.participants import Status
from vocabulary.refusals import Conflict


class Applicants:
    """The sign-ins of those who have applied."""

    def __init__(self, authorities: Aggregates[Authority], users: Aggregates[User]) -> None:
        self._authorities = authorities
        self._users = users

    async def require_free(self, signin: str) -> None:
        """Raises Conflict if somebody is registered under *signin*; whoever has left a document behind under it is taken off it."""
        for found in await self._users.find({"signin": signin}, limit=1):
            authority = await self._authorities.get(found.state.authority_id)
            if authority is None or not has_left(found.id, authority.state):
                raise taken()
            await leave(self._users, found)

    async def make_user(self, authority_id: str, applicant: Applicant) -> None:
        """The applicant is a user, from now on or already; raises Conflict if their sign-in has become somebody else's."""
        id_ = first_user_id(authority_id, applicant)
        new = first_user(authority_id, applicant)
        if not await self._users.load([(id_, new, [UserChanged(user_id=id_, authority_id=authority_id)])]):
            there = await self._users.get(id_)
            if there is None or not there.state.active:
                raise taken()

    async def release_rejected(self, authority_id: str) -> None:
        """Free the applicant's sign-in if the authority was rejected."""
        kept = await self._authorities.get(authority_id)
        if kept is not None and kept.state.status is Status.REJECTED and kept.state.applicant is not None:
            first = await self._users.get(first_user_id(authority_id, kept.state.applicant))
            if first is not None:
                await leave(self._users, first)

    def follow(self, events: Events) -> Reactions:
        """Free the sign-in of each applicant who was rejected, and of whoever has left, however the command ended."""

        async def rejected(seen: Sequence[Event]) -> None:
            for event in seen:
                await self.release_rejected(event.subject)

        leaving = Leaving(self._authorities, self._users).by_type()
        by_type = {**leaving, ApplicantRejected.DESCRIPTOR.full_name: rejected}
        return Reactions(events, "directory-applicants", [topic("directory")], by_type)


def taken() -> Conflict:
    """The refusal of a sign-in under which somebody is registered, or has applied."""
    return Conflict("somebody is registered under this sign-in already, or has applied", reason="SIGNIN_TAKEN")
