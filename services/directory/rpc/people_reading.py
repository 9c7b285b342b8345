"""PeopleService, its reads: people by authority, the record of changes, suggested languages."""

from collections.abc import Sequence
from datetime import datetime

from chassis import lists
from chassis.aggregates import Aggregates, Kept
from chassis.audit import noting
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import batch, page_size
from engines.documents import Condition
from protos.common.v1 import common_pb2
from protos.directory.v1 import people_pb2 as pb
from protos.directory.v1.people_pb2_grpc import PeopleServiceServicer
from services.directory import wire, wire_people
from services.directory.domain import coordination, users
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.history import Change
from services.directory.domain.record import Place, record
from services.directory.domain.registration import Actor
from services.directory.domain.users import User
from services.directory.domain.views import View, sees_history, view
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from vocabulary import pages
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Conflict, Forbidden, NotFound

# The people of one authority whose changes are in its record.
PEOPLE_LIMIT = 5_000
CHANGES = "changes"


class PeopleReadingRpc(PeopleServiceServicer):
    def __init__(self, reference: Reference, authorities: Aggregates[Authority], users: Aggregates[User]) -> None:
        self._reference = reference
        self._authorities = authorities
        self._users = users

    async def ListUsers(self, request: pb.ListUsersRequest, context: Call) -> pb.ListUsersResponse:
        by = await person(current_person(), self._authorities)
        authority = await self._known(by, request.authority_id)
        if not self._actors(by, authority) & users.MANAGERS:
            raise Forbidden(
                "the people of an authority are listed for its administrators and its coordinators", field="authorityId"
            )
        where: dict[str, Condition] = {"authority_id": authority.id, "active": not request.former}
        shown, info = await lists.page(
            self._users,
            where,
            request.page,
            kind="users",
            sort="name",
            position=lambda user: user.name,
            descending=False,
        )
        for kept in shown:
            noting.shown(Kind.PERSON, kept.id, kept.revision, Part.CONTENT, Part.LISTED)
        return pb.ListUsersResponse(users=[wire.user(kept, authority.state) for kept in shown], page_info=info)

    async def ListChanges(self, request: pb.ListChangesRequest, context: Call) -> pb.ListChangesResponse:
        by = await person(current_person(), self._authorities)
        authority = await self._known(by, request.authority_id)
        actors = self._actors(by, authority)
        if not sees_history(actors):
            raise Forbidden(
                "the record of changes is for the administrators of an authority and its coordinators",
                field="authorityId",
            )
        size, before = page_size(request.page), _place(request.page.after)
        knows = users.knows(by, authority.id, actors)
        people = {kept.id: kept.state for kept in await self._people(authority.id)} if knows else {}
        whole = record(authority.id, authority.state, people)
        # Who looks after a part of it alone does not know its people.
        whole = [one for one in whole if knows or not one[1].subject_id]
        told = [one for one in whole if before is None or one[0] < before]
        shown = told[:size]
        names = await self._names(by, people, [change for _, change in shown]) if knows else {}
        parts = (Part.PERSONAL_DATA, Part.LISTED) if knows else (Part.LISTED,)
        noting.shown(Kind.AUTHORITY, authority.id, authority.revision, *parts)
        return pb.ListChangesResponse(
            changes=[
                wire_people.change(change, names.get(change.user_id, ""), names.get(change.subject_id, ""))
                for _, change in shown
            ],
            page_info=common_pb2.PageInfo(
                cursors=[_cursor(place) for place, _ in shown], has_next_page=len(told) > len(shown)
            ),
        )

    async def BatchSuggestLanguages(
        self, request: pb.BatchSuggestLanguagesRequest, context: Call
    ) -> pb.BatchSuggestLanguagesResponse:
        by = await person(current_person(), self._authorities)
        found = await self._authorities.get_many(batch(request.ids))
        writer = await self._users.get(by.user_id)
        spoken = users.speaks(writer.state if writer else None, by.authority)
        return pb.BatchSuggestLanguagesResponse(
            suggestions=[
                pb.SuggestedLanguages(
                    authority_id=kept.id,
                    languages=users.suggested(kept.state.languages, spoken),
                    understood=users.understood(kept.state.languages, spoken),
                )
                for kept in found
                if self._view(by, kept) in (View.INSIDE, View.PUBLIC)
            ]
        )

    async def _require_room(self, authority_id: str) -> None:
        """Raises Conflict if so many people work at the authority that one more would be in no record."""
        working: dict[str, Condition] = {"authority_id": authority_id, "active": True}
        if await self._users.count(working, at_most=PEOPLE_LIMIT) >= PEOPLE_LIMIT:
            raise Conflict(f"at most {PEOPLE_LIMIT:,} people work at one authority", reason="TOO_MANY")

    async def _people(self, authority_id: str) -> list[Kept[User]]:
        return await self._users.find({"authority_id": authority_id}, limit=PEOPLE_LIMIT)

    async def _names(self, by: Person, known: dict[str, User], changes: Sequence[Change]) -> dict[str, str]:
        """What those are called who made *changes*, and those they were made to, as far as *by* knows them: those of the authority
        whose record it is, and their own colleagues. Of officials elsewhere it is said for which authority they acted.
        """
        wanted = dict.fromkeys(id_ for change in changes for id_ in (change.user_id, change.subject_id) if id_)
        others = await self._users.get_many([id_ for id_ in wanted if id_ not in known])
        colleagues = {kept.id: kept.state.name for kept in others if kept.state.authority_id == by.authority_id}
        return {id_: known[id_].name for id_ in wanted if id_ in known} | colleagues

    async def _authority(self, id_: str) -> Kept[Authority]:
        found = await self._authorities.get(id_)
        if found is None:
            raise NotFound(f"there is no authority {id_!r}", field="authorityId")
        return found

    async def _known(self, by: Person, id_: str) -> Kept[Authority]:
        """The authority, for those who may know of it; raises NotFound for the others."""
        found = await self._authority(id_)
        if self._view(by, found) is View.NOTHING:
            raise NotFound(f"there is no authority {id_!r}", field="authorityId")
        return found

    async def _user(self, id_: str) -> Kept[User]:
        found = await self._users.get(id_)
        if found is None:
            raise users.unknown(id_)
        return found

    async def _subject(self, by: Person, id_: str) -> tuple[Kept[User], Kept[Authority]]:
        """Somebody and their authority, for those who may know them; raises NotFound for the others."""
        found = await self._user(id_)
        authority = await self._authorities.get(found.state.authority_id)
        if authority is None or not users.knows(by, authority.id, self._actors(by, authority)):
            raise users.unknown(id_)
        return found, authority

    def _actors(self, by: Person, authority: Kept[Authority]) -> frozenset[Actor]:
        territories = self._reference.territories(authority.state.country, authority.state.region)
        return coordination.actors(by, authority.id, authority.state, territories)

    def _view(self, by: Person, authority: Kept[Authority]) -> View:
        return view(by, authority.id, authority.state, self._actors(by, authority))


def _cursor(place: Place) -> str:
    return pages.cursor(CHANGES, lists.sortable(place.at), place.changed, place.number)


def _place(after: str) -> Place | None:
    if not after:
        return None
    at, changed, number = pages.position(after, CHANGES, (str, str, int))
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError as error:
        raise pages.wrong_cursor("after") from error
    if moment.tzinfo is None:
        raise pages.wrong_cursor("after")
    return Place(moment, str(changed), int(number))
