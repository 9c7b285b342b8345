"""Killed between its two writes, a command on people leaves nothing dangerous, and sent again does what is left of it."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest

from chassis.aggregates import ANSWERS_KEPT
from chassis.caller import Caller, set_current
from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import Collection, Document, Documents, open_documents
from engines.events import Event, open_events
from protos.directory.v1 import directory_pb2, people_pb2
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.directory import storage
from services.directory.domain.authorities import Authority
from services.directory.domain.users import User
from services.directory.leaving import Leaving
from services.directory.reference import Reference
from services.directory.rpc.people import PeopleRpc
from services.directory.rpc.reading import DirectoryRpc
from services.directory.settings import DirectorySettings
from tests.directory.bodies import ISSUER, a_coordinator, a_user, an_authority
from tests.directory.staff import HANDLER, NIMIC, a_signin, as_caller, given
from vocabulary.refusals import Forbidden, Refusal, Unauthenticated
from vocabulary.roles import LegislativeRole

TOLD = AuthorityChanged.DESCRIPTOR.full_name


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """A store whose process is killed when it has written so many times."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.writes_left = 1_000

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def insert(self, collection: Collection, document: Document, events: Sequence[Event] = ()) -> Document:
        self._write()
        return await self._documents.insert(collection, document, events)

    async def compare_and_set(
        self, collection: Collection, document: Document, events: Sequence[Event] = ()
    ) -> Document:
        self._write()
        return await self._documents.compare_and_set(collection, document, events)

    def _write(self) -> None:
        if not self.writes_left:
            raise Killed
        self.writes_left -= 1


@dataclass
class Town:
    """Two offices, the service's own code, and the store below it."""

    store: Dying
    people: PeopleRpc
    reading: DirectoryRpc
    authorities: Any
    users: Any

    async def do(self, caller: Caller, method: str, request: Any) -> Any:
        set_current(caller)
        return (await getattr(self.people, method)(request, cast("Any", None))).user

    async def authority(self, id_: str) -> Authority:
        state: Authority = (await self.authorities.get(id_)).state
        return state

    async def user(self, id_: str) -> User | None:
        kept = await self.users.get(id_)
        return kept.state if kept else None

    async def signs_in(self, subject: str) -> bool:
        set_current(Caller(service="gateway"))
        request = directory_pb2.ResolveUserRequest(issuer=ISSUER, subject=subject)
        try:
            await self.reading.ResolveUser(request, cast("Any", None))
        except Unauthenticated:
            return False
        return True


@asynccontextmanager
async def a_town(settings: DirectorySettings, reference: Reference) -> AsyncIterator[Town]:
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        store = Dying(documents)
        outbox = Outbox("directory", documents, events, clock)
        authorities = storage.authorities(cast("Documents", store), outbox)
        users = storage.users(cast("Documents", store), outbox)
        office = an_authority(administrators=("usr_admin", "usr_second"))
        bodies = {
            "aut_office": office,
            "aut_else": an_authority("Altro", administrators=("usr_else",)),
            "aut_nimic": a_coordinator(LegislativeRole.NIMIC),
        }
        await authorities.load([(id_, one, []) for id_, one in bodies.items()])
        workers = {"admin": "aut_office", "second": "aut_office", "plain": "aut_office", "else": "aut_else"}
        await users.load([(f"usr_{name}", a_user(at, name), []) for name, at in workers.items()])
        yield Town(
            store,
            PeopleRpc(reference, authorities, users, clock),
            DirectoryRpc(reference, authorities, users),
            authorities,
            users,
        )


@pytest.fixture
async def town(tmp_path: Any, reference: Reference) -> AsyncIterator[Town]:
    async with a_town(DirectorySettings(data_dir=tmp_path), reference) as found:
        yield found


def command() -> Any:
    return {"idempotency_key": str(uuid.uuid4())}


def edit(id_: str, **parts: Any) -> people_pb2.EditUserRequest:
    return people_pb2.EditUserRequest(command=command(), id=id_, **given(parts))


def new(**fields: Any) -> people_pb2.AddUserRequest:
    told = {"authority_id": "aut_office", "name": "Nuova", "language": "it", "signin": a_signin(), "roles": [HANDLER]}
    return people_pb2.AddUserRequest(**{"command": command(), **told, **fields})


COMMANDS: Mapping[str, Any] = {
    "add": ("AddUser", new),
    "add an administrator": ("AddUser", lambda: new(administrator=True)),
    "edit": ("EditUser", lambda: edit("usr_plain", name="Altra")),
    "make an administrator": ("EditUser", lambda: edit("usr_plain", name="Altra", administrator=True)),
    "take the role away": ("EditUser", lambda: edit("usr_second", name="Altra", administrator=False)),
    "deactivate": (
        "DeactivateUser",
        lambda: people_pb2.DeactivateUserRequest(command=command(), id="usr_plain", reason="via"),
    ),
    "deactivate an administrator": (
        "DeactivateUser",
        lambda: people_pb2.DeactivateUserRequest(command=command(), id="usr_second"),
    ),
}


async def what_is_kept(town: Town) -> tuple[Any, ...]:
    """Everything but times, revisions and the record."""
    authorities = [await town.authority(id_) for id_ in ("aut_office", "aut_else")]
    people = await town.users.find(limit=100)
    return (
        [(one.administrators, one.former_users) for one in authorities],
        [(kept.id, kept.state.name, kept.state.roles, kept.state.active) for kept in people],
        [len(one.history) for one in authorities],
        [len(kept.state.history) for kept in people],
    )


@pytest.mark.parametrize("written", [0, 1, 2])
@pytest.mark.parametrize("name", COMMANDS)
async def test_killed_after_any_write_and_sent_again_a_command_is_done_once_and_whole(
    town: Town, tmp_path: Any, reference: Reference, name: str, written: int
) -> None:
    method, made = COMMANDS[name]
    request = made()
    town.store.writes_left = written
    try:
        await town.do(NIMIC, method, request)
        killed = False
    except Killed:
        killed = True
    assert killed or written, "every command writes"
    town.store.writes_left = 1_000
    await safe(town)
    answer = await town.do(NIMIC, method, request)
    assert await town.do(NIMIC, method, request) == answer
    await safe(town)
    settings = DirectorySettings(data_dir=tmp_path / "uninterrupted")
    async with a_town(settings, reference) as other:
        assert await other.do(NIMIC, method, request) == answer
        assert await what_is_kept(other) == await what_is_kept(town)


async def safe(town: Town) -> None:
    """Whoever administers works there and signs in; whoever has left does not."""
    for id_ in ("aut_office", "aut_else"):
        authority = await town.authority(id_)
        assert authority.administrators
        for administrator in authority.administrators:
            user = await town.user(administrator)
            assert user is not None
            assert user.active
            assert await town.signs_in(user.signin.partition(" ")[2])
        for left in authority.former_users:
            user = await town.user(left)
            assert user is not None
            assert not await town.signs_in(user.signin.partition(" ")[2])


async def test_whoever_has_left_is_refused_though_the_second_write_was_never_made(town: Town) -> None:
    request = people_pb2.DeactivateUserRequest(command=command(), id="usr_second")
    town.store.writes_left = 1
    with pytest.raises(Killed):
        await town.do(NIMIC, "DeactivateUser", request)
    town.store.writes_left = 1_000
    left = await town.user("usr_second")
    assert left is not None
    assert left.active, "their own document does not know yet"
    assert not await town.signs_in("second")
    with pytest.raises(Refusal) as refused:
        await town.do(NIMIC, "EditUser", edit("usr_second", administrator=True))
    assert refused.value.reason == "USER_NOT_ACTIVE"
    (shown,) = (await town.people.ListUsers(list_of("aut_office"), cast("Any", None))).users[-1:]
    assert (shown.name, shown.active) == ("Signora second", False)


async def test_their_sign_in_is_free_for_another_authority_all_the_same(town: Town) -> None:
    town.store.writes_left = 1
    with pytest.raises(Killed):
        await town.do(NIMIC, "DeactivateUser", people_pb2.DeactivateUserRequest(command=command(), id="usr_second"))
    town.store.writes_left = 1_000
    signin = people_pb2.SignIn(issuer=ISSUER, subject="second")
    made = await town.do(NIMIC, "AddUser", new(authority_id="aut_else", signin=signin))
    assert await town.signs_in("second")
    left = await town.user("usr_second")
    assert left is not None
    assert not left.active
    assert made.authority_id == "aut_else"


async def test_another_command_to_deactivate_does_what_the_first_one_left(town: Town) -> None:
    town.store.writes_left = 1
    with pytest.raises(Killed):
        await town.do(NIMIC, "DeactivateUser", people_pb2.DeactivateUserRequest(command=command(), id="usr_second"))
    town.store.writes_left = 1_000
    again = people_pb2.DeactivateUserRequest(command=command(), id="usr_second")
    assert not (await town.do(NIMIC, "DeactivateUser", again)).active
    left = await town.user("usr_second")
    assert left is not None
    assert not left.active
    assert (await town.authority("aut_office")).administrators == ("usr_admin",)


async def test_who_gives_up_the_role_themselves_is_not_stopped_halfway(town: Town) -> None:
    second = await town.do(NIMIC, "EditUser", edit("usr_second", administrator=True))
    done = await town.do(as_caller(second), "EditUser", edit("usr_second", name="Semplice", administrator=False))
    assert (done.name, [role.module for role in done.roles]) == ("Semplice", [HANDLER.module])
    assert (await town.authority("aut_office")).administrators == ("usr_admin",)


async def test_nor_by_being_killed_halfway(town: Town) -> None:
    second = as_caller(await town.do(NIMIC, "EditUser", edit("usr_second", administrator=True)))
    request = edit("usr_second", name="Semplice", administrator=False)
    town.store.writes_left = 1
    with pytest.raises(Killed):
        await town.do(second, "EditUser", request)
    town.store.writes_left = 1_000
    assert (await town.do(second, "EditUser", request)).name == "Semplice"
    with pytest.raises(Forbidden):
        await town.do(second, "EditUser", edit("usr_second", name="Ancora", administrator=False))


async def test_who_was_dismissed_is_not_appointed_again_by_a_command_of_their_own_from_before(town: Town) -> None:
    second = as_caller(await town.do(NIMIC, "EditUser", edit("usr_second", name="Seconda")))
    kept_for_later = edit("usr_second", administrator=True)
    first_answer = await town.do(second, "EditUser", kept_for_later)
    await town.do(NIMIC, "EditUser", edit("usr_second", administrator=False))
    assert await town.do(second, "EditUser", kept_for_later) == first_answer
    assert (await town.authority("aut_office")).administrators == ("usr_admin",)


async def test_an_appointment_whose_first_answer_is_forgotten_is_for_those_only_who_may_appoint_now(town: Town) -> None:
    admin = as_caller(await town.do(NIMIC, "EditUser", edit("usr_admin", name="Prima")))
    appointment = edit("usr_plain", administrator=True)
    await town.do(admin, "EditUser", appointment)
    await town.do(NIMIC, "EditUser", edit("usr_plain", administrator=False))
    for number in range(ANSWERS_KEPT + 1):
        await town.do(NIMIC, "EditUser", edit("usr_admin", administrator=bool(number % 2)))
    assert (await town.authority("aut_office")).administrators == ("usr_second",)
    with pytest.raises(Forbidden):
        await town.do(admin, "EditUser", appointment)
    assert (await town.authority("aut_office")).administrators == ("usr_second",)


async def test_who_stepped_down_gets_no_role_back_by_sending_that_command_again(town: Town) -> None:
    second = as_caller(await town.do(NIMIC, "EditUser", edit("usr_second", name="Seconda")))
    stepping_down = edit("usr_second", administrator=False, roles=[HANDLER])
    await town.do(second, "EditUser", stepping_down)
    await town.do(NIMIC, "EditUser", edit("usr_second", roles=[]))
    for number in range(ANSWERS_KEPT):
        said = people_pb2.SetLanguagesRequest(command=command(), language="it" if number % 2 else "fr")
        await town.do(second, "SetLanguages", said)
    with pytest.raises(Forbidden):
        await town.do(second, "EditUser", stepping_down)
    user = await town.user("usr_second")
    assert user is not None
    assert user.roles == ()


async def test_a_leaving_that_was_never_written_down_is_once_something_else_of_the_authority_changes(
    town: Town,
) -> None:
    """Not before: until then the command that says so may be about to."""
    town.store.writes_left = 1
    with pytest.raises(Killed):
        await town.do(NIMIC, "DeactivateUser", people_pb2.DeactivateUserRequest(command=command(), id="usr_second"))
    town.store.writes_left = 1_000
    told = Event(id="e", type=TOLD, source="directory", subject="aut_office", time=clock(), data=b"")
    follow = Leaving(town.authorities, town.users).by_type()[TOLD]
    for still_active in (True, False, False):
        await follow([told])
        left = await town.user("usr_second")
        assert left is not None
        assert left.active is still_active
        await town.do(NIMIC, "EditUser", edit("usr_plain", administrator=True))


def list_of(authority_id: str) -> people_pb2.ListUsersRequest:
    return people_pb2.ListUsersRequest(authority_id=authority_id)
