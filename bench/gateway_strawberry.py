"""Strawberry as it comes, over the services of `bench/gateway_source.py`: the part of the schema that the bench asks for.

With its caches for parsing and validating and its loaders, on uvicorn. Nobody signs in, and nothing is limited, traced or counted.
``python -m bench.gateway_strawberry ADDRESS PORT``.
"""

import datetime as dt
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, cast

import strawberry
import uvicorn
from grpc import aio
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.types import Info

from bench.gateway_queries import LANGUAGE
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2, search_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.search_pb2_grpc import SearchServiceStub
from protos.requests.v1 import requests_pb2
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from vocabulary import languages

TIMEOUT_S = 10.0


def _enum(name: str, values: Mapping[str, Any]) -> Any:
    prefix = "".join(f"_{one}" if one.isupper() else one for one in name).strip("_").upper() + "_"
    made: Any = Enum(name, {one.removeprefix(prefix): value for one, value in values.items()})  # type: ignore[misc]
    return strawberry.enum(made)


Language = _enum("Language", {code.upper(): code for code in languages.ALL})
AuthorityLevel = _enum("AuthorityLevel", dict(directory_pb2.AuthorityLevel.items()))
AuthorityStatus = _enum("AuthorityStatus", dict(directory_pb2.AuthorityStatus.items()))
RequestStatus = _enum("RequestStatus", dict(requests_pb2.RequestStatus.items()))
RequestList = _enum("RequestList", dict(requests_pb2.RequestList.items()))


class Context(dict[str, Any]):
    """The services, and the loaders of one operation."""

    def __init__(self, channel: aio.Channel) -> None:
        super().__init__()
        self.directory = DirectoryServiceStub(channel)
        self.search = SearchServiceStub(channel)
        self.requests = RequestsServiceStub(channel)
        self.authorities = DataLoader(load_fn=_batch(self._authorities))
        self.countries = DataLoader(load_fn=_batch(self._countries))
        self.areas = DataLoader(load_fn=_batch(self._areas))
        self.concepts = DataLoader(load_fn=_batch(self._concepts))

    async def _authorities(self, ids: Sequence[str]) -> dict[str, Any]:
        request = directory_pb2.BatchGetAuthoritiesRequest(ids=ids, languages=[LANGUAGE])
        found = await self.directory.BatchGetAuthorities(request, timeout=TIMEOUT_S)
        return {one.id: authority(one) for one in found.authorities}

    async def _countries(self, ids: Sequence[str]) -> dict[str, Any]:
        request = directory_pb2.BatchGetCountriesRequest(ids=ids, languages=[LANGUAGE])
        found = await self.directory.BatchGetCountries(request, timeout=TIMEOUT_S)
        return {one.code: Country(code=one.code, name=_text(one.name)) for one in found.countries}

    async def _areas(self, ids: Sequence[str]) -> dict[str, Any]:
        request = directory_pb2.BatchGetAreasRequest(ids=ids, languages=[LANGUAGE])
        found = await self.directory.BatchGetAreas(request, timeout=TIMEOUT_S)
        return {one.code: Area(code=one.code, name=_text(one.name)) for one in found.areas}

    async def _concepts(self, ids: Sequence[str]) -> dict[str, Any]:
        request = directory_pb2.BatchGetConceptsRequest(ids=ids, languages=[LANGUAGE])
        found = await self.directory.BatchGetConcepts(request, timeout=TIMEOUT_S)
        return {one.id: Concept(id=strawberry.ID(one.id), label=_text(one.label)) for one in found.concepts}


def _batch(read: Callable[[Sequence[str]], Awaitable[dict[str, Any]]]) -> Any:
    async def load(ids: list[str]) -> list[Any]:
        found = await read(ids)
        return [found.get(one) for one in ids]

    return load


def _text(text: common_pb2.LocalizedText) -> str:
    return text.texts.get(LANGUAGE) or ""


@strawberry.type
class Country:
    code: str
    name: str


@strawberry.type
class Area:
    code: str
    name: str


@strawberry.type
class Concept:
    id: strawberry.ID
    label: str


@strawberry.type
class Contact:
    email: str | None
    phone: str | None


@strawberry.type
class Authority:
    id: strawberry.ID
    revision: int
    name: str
    official_name: str
    description: str
    level: AuthorityLevel  # type: ignore[valid-type]
    status: AuthorityStatus  # type: ignore[valid-type]
    languages: list[Language]  # type: ignore[valid-type]
    contact: Contact | None
    country_code: strawberry.Private[str]

    @strawberry.field
    async def country(self, info: Info[Context, None]) -> Country | None:
        return cast("Country | None", await info.context.countries.load(self.country_code))


def authority(found: directory_pb2.Authority) -> Authority:
    """The object of a message."""
    return Authority(
        id=strawberry.ID(found.id),
        revision=found.revision,
        name=_text(found.informal_name),
        official_name=_text(found.official_name),
        description=_text(found.description),
        level=AuthorityLevel(found.level),
        status=AuthorityStatus(found.status),
        languages=[Language(one) for one in found.languages],
        contact=Contact(email=found.contact.email, phone=found.contact.phone) if found.HasField("contact") else None,
        country_code=found.country_code,
    )


@strawberry.type
class Request:
    id: strawberry.ID
    status: RequestStatus  # type: ignore[valid-type]
    created_at: dt.datetime | None
    requester_id: strawberry.Private[str]
    responder_id: strawberry.Private[str]

    @strawberry.field
    async def requester(self, info: Info[Context, None]) -> Authority | None:
        return cast("Authority | None", await info.context.authorities.load(self.requester_id))

    @strawberry.field
    async def responder(self, info: Info[Context, None]) -> Authority | None:
        return cast("Authority | None", await info.context.authorities.load(self.responder_id))


def request(found: requests_pb2.Request) -> Request:
    """The object of a message."""
    return Request(
        id=strawberry.ID(found.id),
        status=RequestStatus(found.status),
        created_at=found.created_at.ToDatetime(dt.UTC) if found.HasField("created_at") else None,
        requester_id=found.requester_id,
        responder_id=found.responder_id,
    )


@strawberry.type
class RequestEdge:
    node: Request


@strawberry.type
class RequestConnection:
    edges: list[RequestEdge]


@strawberry.type
class Match:
    concept_ids: strawberry.Private[Sequence[str]]

    @strawberry.field
    async def concepts(self, info: Info[Context, None]) -> list[Concept]:
        return [one for one in await info.context.concepts.load_many(self.concept_ids) if one is not None]


@strawberry.type
class AuthorityEdge:
    node: Authority
    match: Match


@strawberry.type
class CountryCount:
    count: int
    value: strawberry.Private[str]

    @strawberry.field
    async def country(self, info: Info[Context, None]) -> Country | None:
        return cast("Country | None", await info.context.countries.load(self.value))


@strawberry.type
class AreaCount:
    count: int
    value: strawberry.Private[str]

    @strawberry.field
    async def area(self, info: Info[Context, None]) -> Area | None:
        return cast("Area | None", await info.context.areas.load(self.value))


@strawberry.type
class LevelCount:
    count: int
    level: AuthorityLevel  # type: ignore[valid-type]


@strawberry.type
class Facets:
    countries: list[CountryCount]
    areas: list[AreaCount]
    levels: list[LevelCount]


@strawberry.type
class AuthorityConnection:
    total_count: int
    edges: list[AuthorityEdge]
    facets: Facets


@strawberry.type
class Query:
    @strawberry.field
    async def authority(self, info: Info[Context, None], id: strawberry.ID) -> Authority | None:  # noqa: A002
        return cast("Authority | None", await info.context.authorities.load(id))

    @strawberry.field
    async def requests(
        self,
        info: Info[Context, None],
        list: RequestList,  # type: ignore[valid-type]  # noqa: A002
        first: int,
    ) -> RequestConnection:
        asked = requests_pb2.ListRequestsRequest(list=list.value, page=common_pb2.Page(first=first))  # type: ignore[attr-defined]
        found = await info.context.requests.ListRequests(asked, timeout=TIMEOUT_S)
        return RequestConnection(edges=[RequestEdge(node=request(one)) for one in found.requests])

    @strawberry.field
    async def search_authorities(
        self, info: Info[Context, None], first: int, after: str | None = None
    ) -> AuthorityConnection:
        asks = any(getattr(one, "name", "") == "facets" for field in info.selected_fields for one in field.selections)
        asked = search_pb2.SearchAuthoritiesRequest(
            language=LANGUAGE,
            languages=[LANGUAGE],
            page=common_pb2.Page(first=first, after=after or ""),
            with_facets=asks,
        )
        found = await info.context.search.SearchAuthorities(asked, timeout=TIMEOUT_S)
        facets = found.facets
        return AuthorityConnection(
            total_count=found.total,
            edges=[
                AuthorityEdge(node=authority(one), match=Match(concept_ids=match.concept_ids))
                for one, match in zip(found.authorities, found.matches, strict=True)
            ],
            facets=Facets(
                countries=[CountryCount(count=one.count, value=one.value) for one in facets.countries],
                areas=[AreaCount(count=one.count, value=one.value) for one in facets.areas],
                levels=[LevelCount(count=one.count, level=AuthorityLevel(one.level)) for one in facets.levels],
            ),
        )


@strawberry.input
class SendRequestInput:
    idempotency_key: str
    id: strawberry.ID
    revision: int | None = None


@strawberry.type
class SendRequestPayload:
    request: Request


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def send_request(self, info: Info[Context, None], input: SendRequestInput) -> SendRequestPayload:  # noqa: A002
        command = common_pb2.Command(idempotency_key=input.idempotency_key)
        asked = requests_pb2.SendRequestRequest(id=input.id, command=command)
        found = await info.context.requests.SendRequest(asked, timeout=TIMEOUT_S)
        return SendRequestPayload(request=request(found.request))


class _GraphQL(GraphQL[Context, None]):
    def __init__(self, channel: Callable[[], aio.Channel]) -> None:
        super().__init__(
            strawberry.Schema(Query, Mutation, extensions=[ParserCache, ValidationCache]), graphql_ide=None
        )
        self._channel = channel

    async def get_context(self, request: Any, response: Any) -> Context:  # noqa: ARG002
        return Context(self._channel())


def application(address: str) -> Starlette:
    """The server, which has one channel to *address*."""
    opened: list[aio.Channel] = []

    @asynccontextmanager
    async def channel(_: Starlette) -> AsyncIterator[None]:
        async with aio.insecure_channel(address) as one:
            opened.append(one)
            yield

    return Starlette(routes=[Route("/graphql", _GraphQL(lambda: opened[0]))], lifespan=channel)


if __name__ == "__main__":
    uvicorn.run(application(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
