"""Whoever works for an authority no more: their own document says so too, however the command ended that said it first.

From then on their sign-in is free, and the time runs after which nothing is known of them. It is the authority's document that
decides: somebody is among its former users, or it takes part no more and so everybody has left it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from google.protobuf.empty_pb2 import Empty

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.reactions import Reaction
from engines.documents import Condition
from engines.events import Event
from protos.directory.v1.events_pb2 import AuthorityChanged, UserChanged
from services.directory.domain.authorities import Authority
from services.directory.domain.registration import FINAL
from services.directory.domain.users import User

READ_BATCH = 100


async def left(before: Kept[User]) -> tuple[User, Sequence[UserChanged]]:
    """Somebody as they are once they have left, and the event of it."""
    return replace(before.state, active=False), [UserChanged(user_id=before.id, authority_id=before.state.authority_id)]


async def leave(users: Aggregates[User], kept: Kept[User]) -> None:
    """Have the document of *kept* say that they have left; it says since when, so it is written once."""
    if kept.state.active:
        key = CommandKey(key=f"leave {kept.id}", fingerprint="", expected_revision=None)
        await users.change(kept.id, key, left, lambda _: Empty(), Empty)


class Leaving:
    """Goes after everybody who has left by the word of their authority's document only."""

    def __init__(self, authorities: Aggregates[Authority], users: Aggregates[User]) -> None:
        self._authorities = authorities
        self._users = users

    def by_type(self) -> Mapping[str, Reaction]:
        """What is done about events of the directory; doing it again has no effect."""

        async def authorities_changed(seen: Sequence[Event]) -> None:
            found = await self._authorities.get_many(list(dict.fromkeys(event.subject for event in seen)))
            gone = [id_ for one in found if one.state.status not in FINAL for id_ in _gone(one.state)]
            for user in await self._users.get_many(gone):
                await leave(self._users, user)
            for authority in found:
                if authority.state.status in FINAL:
                    await self._have_leave(authority.id)

        async def users_changed(seen: Sequence[Event]) -> None:
            # Somebody may have been added while the authority was being deregistered.
            found = await self._users.get_many(list(dict.fromkeys(event.subject for event in seen)))
            theirs = await self._authorities.get_many([user.state.authority_id for user in found])
            over = {one.id for one in theirs if one.state.status in FINAL}
            for user in found:
                if user.state.authority_id in over:
                    await leave(self._users, user)

        return {
            AuthorityChanged.DESCRIPTOR.full_name: authorities_changed,
            UserChanged.DESCRIPTOR.full_name: users_changed,
        }

    async def _have_leave(self, authority_id: str) -> None:
        working: dict[str, Condition] = {"authority_id": authority_id, "active": True}
        async for page in self._users.pages(working, size=READ_BATCH):
            for user in page:
                await leave(self._users, user)


def _gone(authority: Authority) -> list[str]:
    """Who has left, but for the last: the command that says so of them is about to write it into their document itself."""
    newest = {change.subject_id for change in authority.history[-1:]}
    return [id_ for id_ in authority.former_users if id_ not in newest]
