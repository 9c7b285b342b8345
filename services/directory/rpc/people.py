"""PeopleService: who works for an authority, and the record of what was done.

A person is one document, and who administers or has left an authority stands in the authority's own: two writes where a command
concerns both. The one that a rule may refuse comes first; the other one is made by whoever repeats the command after a crash, but
not by who repeats it later. Between the two, nobody administers an authority who does not exist, and nobody signs in who has left.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import Int64Value

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import current_person
from chassis.server import Call
from protos.directory.v1 import people_pb2 as pb
from protos.directory.v1.events_pb2 import AuthorityChanged, UserChanged
from services.directory import wire
from services.directory.domain import history, registration, users
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.history import Change, Command
from services.directory.domain.users import User
from services.directory.leaving import leave, left
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from services.directory.rpc.people_reading import PeopleReadingRpc
from services.directory.rpc.recording import changed
from services.directory.wire_people import roles_from
from vocabulary import ids
from vocabulary.refusals import Conflict, Stale

Answer = TypeVar("Answer", bound=Message)
_UNTOLD = frozenset({"history", "authority_id"})


class PeopleRpc(PeopleReadingRpc):
    def __init__(
        self,
        reference: Reference,
        authorities: Aggregates[Authority],
        users: Aggregates[User],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(reference, authorities, users)
        self._now = now

    async def AddUser(self, request: pb.AddUserRequest, context: Call) -> pb.AddUserResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        by = await person(caller, self._authorities)
        id_ = command.new_id(ids.USER)
        # Before anything is looked up that may have changed since.
        answer = await self._users.answered(id_, command, pb.AddUserResponse)
        if answer is None:
            answer = await self._added(request, id_, command, by)
        if request.administrator:
            await self._appoint(request.authority_id, id_, command, by, Command.ADD_USER)
        return answer

    async def _added(self, request: pb.AddUserRequest, id_: str, command: CommandKey, by: Person) -> pb.AddUserResponse:
        """The person that *request* describes, stored; the role of administrator is another write."""
        authority = await self._known(by, request.authority_id)
        registration.step(authority.state.status, Command.ADD_USER, self._actors(by, authority))
        new = User(
            authority_id=authority.id,
            name=request.name,
            language=request.language,
            languages=tuple(request.languages),
            signin=users.check_signin(request.signin.issuer, request.signin.subject),
            roles=roles_from(request.roles, at="roles"),
        )
        new = users.check(new, authority.state, at="")
        await self._require_room(authority.id)
        new = self._user_recorded(None, new, id_, by, Command.ADD_USER)
        await self._release(new.signin)
        shown = _administered(authority.state, id_, request.administrator)
        try:
            return await self._users.create(
                id_,
                command,
                new,
                [UserChanged(user_id=id_, authority_id=authority.id)],
                lambda kept: pb.AddUserResponse(user=wire.user(kept, shown)),
            )
        except Conflict as conflict:
            if conflict.reason != "ALREADY_EXISTS":
                raise
            raise Conflict(
                "somebody is registered under this sign-in already", field="signin", reason="SIGNIN_TAKEN"
            ) from conflict

    async def EditUser(self, request: pb.EditUserRequest, context: Call) -> pb.EditUserResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        by = await person(caller, self._authorities)
        edited = _edit(request)
        subject, authority = await self._subject(by, request.id)
        judged = True
        if _steps_down(request) and await self._dismissed(authority.id, subject.id, command, by, edited):
            # Decided: what is left of the command is not judged again, by those who perhaps administer no more.
            judged, command = False, replace(command, expected_revision=None)

        async def decide(before: Kept[User]) -> tuple[User, list[UserChanged]]:
            now = await self._authority(authority.id) if judged else authority
            if judged:
                self._judge(Command.EDIT_USER, by, before, now)
            after = edited(before.state, now.state)
            after = self._user_recorded(before.state, after, before.id, by, Command.EDIT_USER)
            return after, [UserChanged(user_id=before.id, authority_id=authority.id)]

        administers = request.administrator if request.HasField("administrator") else None
        shown = _administered(authority.state, subject.id, administers)
        answer = await self._users.change(
            subject.id,
            command,
            decide,
            lambda kept: pb.EditUserResponse(user=wire.user(kept, shown)),
            pb.EditUserResponse,
        )
        if request.administrator:
            await self._appoint(authority.id, subject.id, command, by, Command.EDIT_USER)
        return answer

    async def DeactivateUser(self, request: pb.DeactivateUserRequest, context: Call) -> pb.DeactivateUserResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        by = await person(caller, self._authorities)
        subject, authority = await self._subject(by, request.id)

        async def decide(before: Kept[Authority]) -> Authority:
            user = await self._user(subject.id)
            registration.step(before.state.status, Command.DEACTIVATE_USER, self._actors(by, before), request.reason)
            if not user.state.active:
                raise users.gone()
            _require_revision(command, user)
            after = users.without_user(before.state, subject.id)
            fields = ("active", *history.changed_fields(before.state, after))
            return self._recorded(after, subject.id, by, Command.DEACTIVATE_USER, fields)

        async def leaves(before: Kept[User]) -> tuple[User, Sequence[UserChanged]]:
            after, events = await left(before)
            return replace(after, left_because=request.reason.strip()), events

        await self._change_authority(authority.id, command, decide, Empty())
        now = (await self._authority(authority.id)).state
        return await self._users.change(
            subject.id,
            replace(command, expected_revision=None),
            leaves,
            lambda kept: pb.DeactivateUserResponse(user=wire.user(kept, now)),
            pb.DeactivateUserResponse,
        )

    async def SetLanguages(self, request: pb.SetLanguagesRequest, context: Call) -> pb.SetLanguagesResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        by = await person(caller, self._authorities)
        own = await self._authority((await self._user(caller.user_id)).state.authority_id)

        async def decide(before: Kept[User]) -> tuple[User, list[UserChanged]]:
            registration.step(own.state.status, Command.SET_LANGUAGES, {registration.Actor.USER})
            users.require_active(before.id, before.state, own.state)
            after = users.with_languages(before.state, request.language, request.languages)
            after = self._user_recorded(before.state, after, before.id, by, Command.SET_LANGUAGES)
            return after, [UserChanged(user_id=before.id, authority_id=own.id)]

        return await self._users.change(
            caller.user_id,
            command,
            decide,
            lambda kept: pb.SetLanguagesResponse(user=wire.user(kept, own.state)),
            pb.SetLanguagesResponse,
        )

    def _judge(self, done: Command, by: Person, user: Kept[User], authority: Kept[Authority]) -> None:
        """Raises the refusal of what *by* may not do to *user*, or of what is not done to those who have left."""
        registration.step(authority.state.status, done, self._actors(by, authority))
        users.require_active(user.id, user.state, authority.state)

    async def _dismissed(
        self, authority_id: str, user_id: str, command: CommandKey, by: Person, edited: "Edit"
    ) -> bool:
        """Take the role of administrator from somebody, if the whole command is right: the first write, which decides.

        Whether this command has taken it from them just now, or before a crash: False for whoever is no administrator anyway, and
        where they have been changed since.
        """
        judged = Int64Value()

        async def decide(before: Kept[Authority]) -> Authority:
            if user_id not in before.state.administrators:
                raise _NoAdministratorError
            user = await self._user(user_id)
            self._judge(Command.EDIT_USER, by, user, before)
            _require_revision(command, user)
            edited(user.state, before.state)
            judged.value = user.revision
            after = users.without_administrator(before.state, user_id)
            fields = history.changed_fields(before.state, after)
            return self._recorded(after, user_id, by, Command.EDIT_USER, fields)

        try:
            answer = await self._change_authority(authority_id, command, decide, judged)
        except _NoAdministratorError:
            return False
        return bool(judged.value) or (await self._user(user_id)).revision == answer.value

    async def _appoint(self, authority_id: str, user_id: str, command: CommandKey, by: Person, done: Command) -> None:
        """Make somebody an administrator: the second write, judged again, since whoever repeats it may have lost the say meanwhile."""

        async def decide(before: Kept[Authority]) -> Authority:
            if user_id in before.state.administrators:
                # Written all the same: this command, sent again, must not appoint them anew once they have been dismissed.
                return before.state
            registration.step(before.state.status, done, self._actors(by, before))
            after = users.with_administrator(before.state, user_id)
            return self._recorded(after, user_id, by, done, history.changed_fields(before.state, after))

        await self._change_authority(authority_id, command, decide, Empty())

    async def _release(self, signin: str) -> None:
        """Free the sign-in of somebody who has left, or whose authority has, if their own document does not say so yet."""
        for held in await self._users.find({"signin": signin}, limit=1):
            authority = await self._authorities.get(held.state.authority_id)
            if authority is not None and users.has_left(held.id, authority.state):
                await leave(self._users, held)

    async def _change_authority(
        self, id_: str, command: CommandKey, decide: Callable[[Kept[Authority]], Awaitable[Authority]], answer: Answer
    ) -> Answer:
        async def decided(before: Kept[Authority]) -> tuple[Authority, list[AuthorityChanged]]:
            after = await decide(before)
            return after, [changed(before.id, before.revision + 1, after)]

        # The revision that a client expects is that of the person.
        command = replace(command, expected_revision=None)
        return await self._authorities.change(id_, command, decided, lambda _: answer, type(answer))

    def _user_recorded(self, before: User | None, after: User, id_: str, by: Person, done: Command) -> User:
        fields = history.changed_fields(before, after, _UNTOLD)
        if not fields:
            return after
        return replace(after, history=history.with_change(after.history, self._change(id_, by, done, fields)))

    def _recorded(self, after: Authority, of: str, by: Person, done: Command, fields: tuple[str, ...]) -> Authority:
        return replace(after, history=history.with_change(after.history, self._change(of, by, done, fields)))

    def _change(self, subject_id: str, by: Person, done: Command, fields: tuple[str, ...]) -> Change:
        return Change(
            at=self._now(),
            command=done,
            user_id=by.user_id,
            authority_id=by.authority_id,
            subject_id=subject_id,
            fields=fields,
        )


class _NoAdministratorError(Exception):
    """There is nothing to take from this person."""


Edit = Callable[[User, Authority], User]


def _edit(request: pb.EditUserRequest) -> Edit:
    """What *request* makes of somebody; raises Invalid for what the wire can tell is wrong."""
    roles = roles_from(request.roles.roles, at="roles") if request.HasField("roles") else None
    return partial(
        users.edited,
        name=request.name if request.HasField("name") else None,
        language=request.language if request.HasField("language") else None,
        understood=request.languages.codes if request.HasField("languages") else None,
        roles=roles,
    )


def _steps_down(request: pb.EditUserRequest) -> bool:
    return request.HasField("administrator") and not request.administrator


def _administered(authority: Authority, user_id: str, administers: bool | None) -> Authority:
    """*authority* as it is once the command is done, which says whether somebody administers it, or (None) nothing of it."""
    if administers is None:
        return authority
    others = tuple(one for one in authority.administrators if one != user_id)
    return replace(authority, administrators=(*others, user_id) if administers else others)


def _require_revision(command: CommandKey, user: Kept[User]) -> None:
    if command.expected_revision not in (None, user.revision):
        raise Stale(
            f"it is at revision {user.revision}, not {command.expected_revision}; read it again", field="revision"
        )
