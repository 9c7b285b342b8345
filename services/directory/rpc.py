"""The directory's RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import GATEWAY, Caller, current_caller, current_person, require_service
from chassis.server import Call
from chassis.wire import batch, localized_from, page_info, page_size, wanted_languages
from engines.documents import AnyOf
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import events_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceServicer
from services.directory import wire
from services.directory.domain import authorities, users
from services.directory.domain.authorities import Authority, Registrar
from services.directory.domain.users import User
from services.directory.index import AuthorityIndex, Filter
from services.directory.reference import Reference
from services.directory.storage import participation
from vocabulary import countries, ids, languages, pages
from vocabulary.pages import Page
from vocabulary.refusals import Conflict, Forbidden, Invalid, Unauthenticated
from vocabulary.roles import COORDINATING, UserRole, module

SEARCH_TEXT_LIMIT = 200
PARTICIPANTS_LIMIT = 20_000

Thing = TypeVar("Thing")


class DirectoryRpc(DirectoryServiceServicer):
    def __init__(
        self,
        reference: Reference,
        authorities: Aggregates[Authority],
        users: Aggregates[User],
        index: AuthorityIndex,
    ) -> None:
        self._reference = reference
        self._authorities = authorities
        self._users = users
        self._index = index

    async def BatchGetAuthorities(
        self, request: pb.BatchGetAuthoritiesRequest, context: Call
    ) -> pb.BatchGetAuthoritiesResponse:
        wanted = wanted_languages(request.languages)
        found = await self._authorities.get_many(batch(request.ids))
        return pb.BatchGetAuthoritiesResponse(authorities=[wire.authority(kept, wanted) for kept in found])

    async def BatchGetUsers(self, request: pb.BatchGetUsersRequest, context: Call) -> pb.BatchGetUsersResponse:
        caller = current_caller()
        found = await self._users.get_many(batch(request.ids))
        # People are known to their own authority only.
        visible = [kept for kept in found if caller.service or kept.state.authority_id == caller.authority_id]
        return pb.BatchGetUsersResponse(users=map(wire.user, visible))

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
        found = await self._authorities.find({"national_coordinator": True}, limit=len(countries.ALL))
        found.sort(key=lambda kept: countries.ALL.index(kept.state.country))
        return pb.ListHelpdesksResponse(
            helpdesks=[
                pb.Helpdesk(
                    authority_id=kept.id, contact=wire.contact(kept.state.contact), country_code=kept.state.country
                )
                for kept in found
            ]
        )

    async def SearchAuthorities(
        self, request: pb.SearchAuthoritiesRequest, context: Call
    ) -> pb.SearchAuthoritiesResponse:
        if len(request.text) > SEARCH_TEXT_LIMIT:
            raise Invalid(f"search for at most {SEARCH_TEXT_LIMIT} characters", field="text", reason="TOO_LONG")
        language = languages.require(request.language or languages.FALLBACK, field="language")
        wanted = wanted_languages(request.languages)
        size = page_size(request.page)
        offset = pages.offset(request.page.after, "authorities")
        hits = await self._index.find(request.text, language, self._filter(request.filter), offset=offset, limit=size)
        # The index follows the store: who was suspended a moment ago may still be in it.
        found = [
            kept
            for kept in await self._authorities.get_many([id_ for id_, _ in hits.hits])
            if kept.state.status is authorities.Status.ACTIVE
        ]
        positions = {id_: offset + place + 1 for place, (id_, _) in enumerate(hits.hits)}
        page = Page(
            found,
            [pages.cursor("authorities", positions[kept.id]) for kept in found],
            offset + len(hits.hits) < hits.total,
        )
        return pb.SearchAuthoritiesResponse(
            authorities=[wire.authority(kept, wanted) for kept in found], page_info=page_info(page), total=hits.total
        )

    def _filter(self, given: pb.AuthorityFilter) -> Filter:
        reference = self._reference
        return Filter(
            countries=_each(given.countries, "filter.countries", _require_party),
            regions=_each(given.regions, "filter.regions", reference.require_region),
            areas=_each(given.areas, "filter.areas", reference.require_area),
            concepts=_each(given.concepts, "filter.concepts", reference.require_concept),
            languages=_each(given.languages, "filter.languages", languages.require),
            levels=[
                wire.LEVEL.from_wire(level, field=f"filter.levels[{index}]") for index, level in enumerate(given.levels)
            ],
            module=reference.require_module(given.module, field="filter.module") if given.module else "",
            exact_region=given.exact_region,
        )

    async def ListParticipants(self, request: pb.ListParticipantsRequest, context: Call) -> pb.ListParticipantsResponse:
        require_service("requests", "alerts", "repositories")
        parts = [
            participation(request.module, wire.WORKFLOW_ROLE.from_wire(role, field="workflowRoles"))
            for role in request.workflow_roles
        ]
        where = {"participation": AnyOf(parts)} | (
            {"country": AnyOf(list(request.countries))} if request.countries else {}
        )
        found = await self._authorities.find(where, limit=PARTICIPANTS_LIMIT)
        return pb.ListParticipantsResponse(
            participants=[
                pb.Participant(authority_id=kept.id, country_code=kept.state.country)
                for kept in found
                if kept.state.status is authorities.Status.ACTIVE
            ]
        )

    async def ResolveUser(self, request: pb.ResolveUserRequest, context: Call) -> pb.ResolveUserResponse:
        require_service(GATEWAY)
        found = await self._users.find({"signin": users.signin(request.issuer, request.subject)}, limit=1)
        if not found:
            raise Unauthenticated("nobody is registered under this sign-in", reason="UNKNOWN_USER")
        authority = await self._authorities.get(found[0].state.authority_id)
        if authority is None or authority.state.status is not authorities.Status.ACTIVE:
            raise Unauthenticated("the authority of this sign-in is not active", reason="AUTHORITY_NOT_ACTIVE")
        return pb.ResolveUserResponse(user=wire.user(found[0]), authority=wire.authority(authority, ()))

    async def RegisterAuthority(
        self, request: pb.RegisterAuthorityRequest, context: Call
    ) -> pb.RegisterAuthorityResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        new = authorities.check(wire.authority_from(request.authority, at="authority"))
        authorities.register(new, _registrar(caller))
        self._check_references(new, at="authority.")
        id_ = command.new_id(ids.AUTHORITY)
        event = events_pb2.AuthorityChanged(authority_id=id_, revision=1, country_code=new.country)
        try:
            return await self._authorities.create(
                id_,
                command,
                new,
                [event],
                lambda kept: pb.RegisterAuthorityResponse(authority=wire.authority(kept, ())),
            )
        except Conflict as conflict:
            if conflict.reason != "ALREADY_EXISTS":
                raise
            taken = " or ".join(post.replace(":", " of ", 1) for post in new.posts)
            raise Conflict(f"there is a {taken} already", field="authority.access", reason="POST_TAKEN") from conflict

    async def EditAuthority(self, request: pb.EditAuthorityRequest, context: Call) -> pb.EditAuthorityResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)

        async def decide(before: Kept[Authority]) -> tuple[Authority, Sequence[events_pb2.AuthorityChanged]]:
            if before.id != caller.authority_id or not caller.administers():
                raise Forbidden("only its own local data administrator changes an authority's data")
            after = authorities.check(self._edited(before.state, request), at="")
            self._check_references(after, at="")
            event = events_pb2.AuthorityChanged(
                authority_id=before.id, revision=before.revision + 1, country_code=after.country
            )
            return after, [event]

        return await self._authorities.change(
            request.id,
            command,
            decide,
            lambda kept: pb.EditAuthorityResponse(authority=wire.authority(kept, ())),
            pb.EditAuthorityResponse,
        )

    def _edited(self, before: Authority, request: pb.EditAuthorityRequest) -> Authority:
        after = before
        if request.HasField("contact"):
            after = replace(after, contact=wire.contact_from(request.contact))
        if request.HasField("informal_name"):
            limit = authorities.NAME_LIMIT
            after = replace(after, informal_name=localized_from(request.informal_name, at="informalName", limit=limit))
        if request.HasField("description"):
            limit = authorities.DESCRIPTION_LIMIT
            after = replace(after, description=localized_from(request.description, at="description", limit=limit))
        if request.languages:
            after = replace(after, languages=tuple(request.languages))
        if request.concept_ids:
            after = replace(after, concepts=tuple(dict.fromkeys(request.concept_ids)))
        return after

    def _check_references(self, authority: Authority, *, at: str) -> None:
        for index, concept in enumerate(authority.concepts):
            self._reference.require_concept(concept, field=f"{at}concepts[{index}]")
        for index, access in enumerate(authority.access):
            self._reference.require_module(access.module, field=f"{at}access[{index}].module")
        if authority.region:
            self._reference.require_region(authority.region, field=f"{at}region")
            if self._reference.regions[authority.region].country != authority.country:
                raise Invalid("the region is in another country", field=f"{at}region", reason="REGION")


def _registrar(caller: Caller) -> Registrar:
    return Registrar(
        country=caller.country,
        legislative_roles=caller.legislative_roles,
        coordinated_areas=frozenset(
            area
            for area, role in caller.legislative_roles.items()
            if role in COORDINATING and _acts_as_coordinator(caller, area)
        ),
    )


def _acts_as_coordinator(caller: Caller, area: str) -> bool:
    return any(
        UserRole.COORDINATOR in roles
        for held_in, roles in caller.user_roles.items()
        if held_in == "*" or held_in.startswith(module(area, ""))
    )


def _require_party(code: str, *, field: str) -> str:
    return code if code == countries.UNION else countries.require(code, field=field)


def _each(values: Iterable[str], field: str, require: "_Require") -> list[str]:
    return [require(value, field=f"{field}[{index}]") for index, value in enumerate(values)]


class _Require(Protocol):
    def __call__(self, value: str, /, *, field: str) -> str: ...


def _those(known: Mapping[str, Thing], ids_: Iterable[str]) -> list[Thing]:
    return [known[id_] for id_ in batch(ids_) if id_ in known]
