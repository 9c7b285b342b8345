"""The directory's store, looked after as its own commands would: what authorities settle, and more people to sign in as."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from chassis.caller import DEVELOPMENT_ISSUER, Caller
from engines.documents import AlreadyExists, Document, Documents, open_documents
from services.directory import storage
from services.directory.domain.users import RoleInModule, User, signin
from services.directory.settings import DirectorySettings
from services.directory.training.authorities import coordinator_id
from tests.builders import QUALIFICATIONS, REQUESTS, doctors
from vocabulary import ids
from vocabulary.roles import UserRole

# Sign-in → the authority and the role in its requests.
PEOPLE = {
    "it-limic": (coordinator_id("IT", QUALIFICATIONS), UserRole.COORDINATOR),
    "hu-limic": (coordinator_id("HU", QUALIFICATIONS), UserRole.COORDINATOR),
    "hu-colleague": (doctors("HU"), UserRole.REQUEST_HANDLER),
    "hu-supervisor": (doctors("HU"), UserRole.SUPERVISOR),
    "hu-allocator": (doctors("HU"), UserRole.ALLOCATOR),
    "fr-handler": (doctors("FR"), UserRole.REQUEST_HANDLER),
}


def user_id(name: str) -> str:
    """The id of somebody in the cast, or in the training data."""
    return ids.derived(ids.USER, "cast" if name in PEOPLE else "training", name)


class Directory:
    """Looks after the directory's store, as its own commands would."""

    def __init__(self, documents: Documents) -> None:
        self.directory = documents

    async def cast(self) -> None:
        """Everybody can sign in."""
        for name, (authority_id, role) in PEOPLE.items():
            await self._employ(user_id(name), signin(DEVELOPMENT_ISSUER, name), name, authority_id, role)

    async def settle(self, authority_id: str, **settled: Any) -> None:
        """What the authority has settled for its requests from now on, written into the directory's store."""

        def change(state: Any) -> None:
            (part,) = [one for one in state["access"] if one["module"] == REQUESTS]
            part.update(settled)

        await self._change(authority_id, change)

    async def settle_user(self, user_id: str, authority_id: str, role: UserRole) -> None:
        """A user of the authority with one role in its requests, written into the directory's store."""
        await self._employ(user_id, f"test {user_id}", "Somebody", authority_id, role)

    async def _change(self, authority_id: str, change: Callable[[Any], None]) -> None:
        stored = await self.directory.get(storage.AUTHORITIES, authority_id)
        assert stored is not None
        change(stored.body["state"])
        await self.directory.compare_and_set(storage.AUTHORITIES, stored)

    @asynccontextmanager
    async def standing_as(self, authority_id: str, status: str) -> AsyncIterator[None]:
        """The authority's status is another one for as long as the context lasts."""
        await self._change(authority_id, lambda state: state.update(status=status))
        try:
            yield
        finally:
            await self._change(authority_id, lambda state: state.update(status="ACTIVE"))

    @asynccontextmanager
    async def settled(self, caller: Caller, **settled: Any) -> AsyncIterator[None]:
        """What the caller's authority has settled for as long as the context lasts; the LIMIC of its country approves."""
        approver = coordinator_id(caller.country, QUALIFICATIONS)
        await self.settle(caller.authority_id, approval_coordinator=approver, **settled)
        try:
            yield
        finally:
            await self.settle(caller.authority_id, approval_coordinator="", **dict.fromkeys(settled, False))

    async def _employ(self, id_: str, signin_: str, name: str, authority_id: str, role: UserRole) -> None:
        roles = (RoleInModule(module=REQUESTS, role=role),)
        user = User(authority_id=authority_id, name=name, language="en", signin=signin_, roles=roles)
        body = {"signin": user.signin, "state": msgspec.to_builtins(user), "answered": []}
        with suppress(AlreadyExists):
            await self.directory.insert(storage.USERS, Document(id_, body))


@asynccontextmanager
async def the_directory(data: Path) -> AsyncIterator[Directory]:
    """The directory of a running system, with everybody of the cast in it."""
    settings = DirectorySettings(data_dir=data)
    async with open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents:
        directory = Directory(documents)
        await directory.cast()
        yield directory
