"""DirectoryService: reading by id, and whole lists."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from chassis.aggregates import Aggregates, Kept
from chassis.audit import noting
from chassis.caller import GATEWAY, current_caller, require_service
from chassis.server import Call
from chassis.wire import batch, wanted_languages
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceServicer
from services.directory import wire
from services.directory.desks import Desks
from services.directory.domain import users
from services.directory.domain.authorities import Authority
from services.directory.domain.users import User
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from services.directory.rpc.showing import Showing
from vocabulary import countries
from vocabulary.audit import Kind, Part
from vocabulary.participants import Status
from vocabulary.refusals import Invalid, Unauthenticated

Thing = TypeVar("Thing")

# Those that people and systems sign in to.
SIGNING_IN = (GATEWAY, "alerts")


class DirectoryRpc(DirectoryServiceServicer):
    def __init__(self, reference: Reference, authorities: Aggregates[Authority], users: Aggregates[User]) -> None:
        self._reference = reference
        self._authorities = authorities
        self._users = users
        self._showing = Showing(reference)
        self._desks = Desks(authorities)

    async def BatchGetAuthorities(
        self, request: pb.BatchGetAuthoritiesRequest, context: Call
    ) -> pb.BatchGetAuthoritiesResponse:
        wanted = wanted_languages(request.languages)
        found = await self._authorities.get_many(batch(request.ids))
        caller = current_caller()
        if caller.service:
            return pb.BatchGetAuthoritiesResponse(authorities=[wire.authority(kept, wanted) for kept in found])
        by = await person(caller, self._authorities)
        shown = (self._showing.shown(by, kept, wanted) for kept in found)
        return pb.BatchGetAuthoritiesResponse(authorities=[one for one in shown if one is not None])

    async def BatchGetUsers(self, request: pb.BatchGetUsersRequest, context: Call) -> pb.BatchGetUsersResponse:
        caller = current_caller()
        found = await self._users.get_many(batch(request.ids))
        # People are known to their own authority only.
        visible = [kept for kept in found if caller.service or kept.state.authority_id == caller.authority_id]
        theirs = await self._authorities.get_many(list(dict.fromkeys(kept.state.authority_id for kept in visible)))
        by_id = {kept.id: kept.state for kept in theirs}
        own = by_id.get(caller.authority_id)
        if own is not None and users.has_left(caller.user_id, own):
            # Their token, or the socket that they opened with it, says otherwise for some time longer.
            visible = []
        for kept in visible:
            # To look at oneself is no read of a person.
            if kept.id != caller.user_id:
                noting.shown(Kind.PERSON, kept.id, kept.revision, Part.CONTENT)
        return pb.BatchGetUsersResponse(users=[wire.user(kept, by_id.get(kept.state.authority_id)) for kept in visible])

    async def BatchGetCountries(
        self, request: pb.BatchGetCountriesRequest, context: Call
    ) -> pb.BatchGetCountriesResponse:
        wanted = wanted_languages(request.languages)
        found = _those(self._reference.countries, request.ids)
        return pb.BatchGetCountriesResponse(countries=[wire.country(one, wanted) for one in found])

    async def BatchGetRegions(self, request: pb.BatchGetRegionsRequest, context: Call) -> pb.BatchGetRegionsResponse:
        wanted = wanted_languages(request.languages)
        found = _those(self._reference.regions, request.ids)
        return pb.BatchGetRegionsResponse(regions=[wire.region(one, wanted) for one in found])

    async def BatchGetAreas(self, request: pb.BatchGetAreasRequest, context: Call) -> pb.BatchGetAreasResponse:
        wanted = wanted_languages(request.languages)
        found = _those(self._reference.areas, request.ids)
        return pb.BatchGetAreasResponse(areas=[wire.area(one, wanted) for one in found])

    async def BatchGetConcepts(self, request: pb.BatchGetConceptsRequest, context: Call) -> pb.BatchGetConceptsResponse:
        wanted = wanted_languages(request.languages)
        found = _those(self._reference.concepts, request.ids)
        return pb.BatchGetConceptsResponse(concepts=[wire.concept(one, wanted) for one in found])

    async def ListCountries(self, request: pb.ListCountriesRequest, context: Call) -> pb.ListCountriesResponse:
        wanted = wanted_languages(request.languages)
        listed = self._reference.countries.values()
        return pb.ListCountriesResponse(countries=[wire.country(one, wanted) for one in listed])

    async def ListAreas(self, request: pb.ListAreasRequest, context: Call) -> pb.ListAreasResponse:
        wanted = wanted_languages(request.languages)
        return pb.ListAreasResponse(areas=[wire.area(one, wanted) for one in self._reference.areas.values()])

    async def ListHelpdesks(self, request: pb.ListHelpdesksRequest, context: Call) -> pb.ListHelpdesksResponse:
        wanted = request.country_code
        if wanted and wanted not in countries.ALL:
            raise Invalid(f"{wanted!r} is none of the 30 countries", field="country", reason="UNKNOWN_VALUE")
        commission = await self._desks.commission()
        return pb.ListHelpdesksResponse(
            helpdesks=map(_helpdesk, await self._desks.national(wanted)),
            commission=_helpdesk(commission) if commission else None,
        )

    async def ResolveUser(self, request: pb.ResolveUserRequest, context: Call) -> pb.ResolveUserResponse:
        require_service(*SIGNING_IN)
        found = await self._users.find({"signin": users.signin(request.issuer, request.subject)}, limit=1)
        if not found:
            raise Unauthenticated("nobody is registered under this sign-in", reason="UNKNOWN_USER")
        authority = await self._authorities.get(found[0].state.authority_id)
        if authority is not None and users.has_left(found[0].id, authority.state):
            raise Unauthenticated("nobody is registered under this sign-in", reason="UNKNOWN_USER")
        if authority is None or authority.state.status is not Status.ACTIVE:
            raise Unauthenticated("the authority of this sign-in is not active", reason="AUTHORITY_NOT_ACTIVE")
        user = wire.user(_effective(found[0], authority.state), authority.state)
        return pb.ResolveUserResponse(user=user, authority=wire.authority(authority, ()))


def _helpdesk(kept: Kept[Authority]) -> pb.Helpdesk:
    return pb.Helpdesk(authority_id=kept.id, contact=wire.contact(kept.state.contact), country_code=kept.state.country)


def _effective(kept: Kept[User], authority: Authority) -> Kept[User]:
    """A person with the roles that they can act in now: one whose part in the module is gone gives nothing until it is there again."""
    roles = tuple(held for held in kept.state.roles if users.fits(held, authority))
    return replace(kept, state=replace(kept.state, roles=roles))


def _those(known: Mapping[str, Thing], ids_: Iterable[str]) -> list[Thing]:
    return [known[id_] for id_ in batch(ids_) if id_ in known]
