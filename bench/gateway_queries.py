"""What the gateway is asked when it is measured, what services answer to that from memory, and the same calls made bare.

Q1 one authority, six fields. Q2 a work list of 50 requests, each with sender and recipient. Q3 500 authorities, eight fields and
a nested object. Q4 a page of search results with what there is besides. Q5 a mutation.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chassis.calls import Peer
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2, search_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.search_pb2_grpc import SearchServiceStub
from protos.requests.v1 import requests_pb2
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from vocabulary import countries

LANGUAGE = "it"
COUNTRIES = ("IT", "HU", "FR", "DE", "PL")
AREAS = ("services", "professional-qualifications", "posting-of-workers")
CONCEPTS = ("cpt_1", "cpt_2", "cpt_3")
AUTHORITIES = 40
_EDGES = (
    """edges { node { id name officialName description revision level status languages contact { email phone } } }"""
)


@dataclass(frozen=True, slots=True)
class Query:
    """An operation, and the calls that it takes."""

    name: str
    what: str
    text: str
    bare: Callable[["Bare"], Awaitable[None]]


class Bare:
    """The services, called without a gateway: each answer is read, and nothing is made of it."""

    def __init__(self, channel: Any) -> None:
        self._directory = DirectoryServiceStub(channel)
        self._search = SearchServiceStub(channel)
        self._requests = RequestsServiceStub(channel)
        self._peer = Peer("bench", lambda: "token")

    async def one(self) -> None:
        await self._authorities(["aut_1"])

    async def work_list(self) -> None:
        request = requests_pb2.ListRequestsRequest(list=requests_pb2.REQUEST_LIST_SENT, page=common_pb2.Page(first=50))
        found = await self._peer.call(self._requests.ListRequests, request)
        ids = {id_ for one in found.requests for id_ in (one.requester_id, one.responder_id)}
        authorities = await self._authorities(sorted(ids))
        await self._countries(sorted({one.country_code for one in authorities}))

    async def five_hundred(self) -> None:
        await asyncio.gather(*(self._found(after, 100) for after in "abcde"))

    async def search(self) -> None:
        found = await self._found("", 20, with_facets=True)
        codes = {one.country_code for one in found.authorities} | {one.value for one in found.facets.countries}
        areas = directory_pb2.BatchGetAreasRequest(ids=[one.value for one in found.facets.areas], languages=[LANGUAGE])
        concepts = directory_pb2.BatchGetConceptsRequest(
            ids={id_ for one in found.matches for id_ in one.concept_ids}, languages=[LANGUAGE]
        )
        await asyncio.gather(
            self._countries(sorted(codes)),
            self._peer.call(self._directory.BatchGetAreas, areas),
            self._peer.call(self._directory.BatchGetConcepts, concepts),
        )

    async def all_countries(self) -> None:
        await self._peer.call(self._directory.ListCountries, directory_pb2.ListCountriesRequest(languages=[LANGUAGE]))

    async def send(self) -> None:
        command = common_pb2.Command(idempotency_key="key")
        request = requests_pb2.SendRequestRequest(id="req_1", command=command)
        found = await self._peer.call(self._requests.SendRequest, request)
        await self._authorities([found.request.requester_id, found.request.responder_id])

    async def _authorities(self, ids: list[str]) -> Any:
        request = directory_pb2.BatchGetAuthoritiesRequest(ids=ids, languages=[LANGUAGE])
        return (await self._peer.call(self._directory.BatchGetAuthorities, request)).authorities

    async def _countries(self, ids: list[str]) -> None:
        request = directory_pb2.BatchGetCountriesRequest(ids=ids, languages=[LANGUAGE])
        await self._peer.call(self._directory.BatchGetCountries, request)

    async def _found(self, after: str, first: int, *, with_facets: bool = False) -> Any:
        request = search_pb2.SearchAuthoritiesRequest(
            language=LANGUAGE,
            languages=[LANGUAGE],
            page=common_pb2.Page(first=first, after=after),
            with_facets=with_facets,
        )
        return await self._peer.call(self._search.SearchAuthorities, request)


QUERIES = [
    Query("Q1", "one authority", '{ authority(id: "aut_1") { id name officialName revision level status } }', Bare.one),
    Query(
        "Q2",
        "a work list of 50",
        """{ requests(list: SENT, first: 50) { edges { node { id status createdAt
             requester { name country { name } } responder { name country { name } } } } } }""",
        Bare.work_list,
    ),
    Query(
        "Q3",
        "500 authorities",
        "{ " + " ".join(f'{a}: searchAuthorities(first: 100, after: "{a}") {{ {_EDGES} }}' for a in "abcde") + " }",
        Bare.five_hundred,
    ),
    Query(
        "Q4",
        "a page of search results",
        """{ searchAuthorities(first: 20) { totalCount edges { node { id name country { name } } match { concepts { label } } }
             facets { countries { count country { name } } areas { count area { name } } levels { count level } } } }""",
        Bare.search,
    ),
    Query(
        "Q5",
        "a mutation",
        """mutation { sendRequest(input: { idempotencyKey: "key", id: "req_1" }) {
             request { id status requester { name } responder { name } } } }""",
        Bare.send,
    ),
]


# Of what is alike for everybody, and kept.
KEPT = Query("kept", "the 30 countries", "{ countries { code name languages } }", Bare.all_countries)


def answer(method: str, request: bytes) -> bytes:
    """What the services answer; raises KeyError for what nobody asks here."""
    return _ANSWERS[method](request)


def _user(_: bytes) -> Any:
    user = directory_pb2.User(id="usr_1", language=LANGUAGE, authority_id="aut_1")
    return directory_pb2.ResolveUserResponse(
        user=user, authority=directory_pb2.Authority(id="aut_1", country_code="IT")
    )


def _authorities(request: bytes) -> Any:
    asked = directory_pb2.BatchGetAuthoritiesRequest.FromString(request)
    return directory_pb2.BatchGetAuthoritiesResponse(authorities=[_authority(int(id_[4:])) for id_ in asked.ids])


def _authority(number: int) -> directory_pb2.Authority:
    return directory_pb2.Authority(
        id=f"aut_{number}",
        revision=3,
        informal_name=_text(f"Ufficio {number}"),
        official_name=_text(f"Ufficio per le qualifiche professionali, sezione {number}"),
        description=_text("Riconosce le qualifiche professionali conseguite in altri Stati membri."),
        country_code=COUNTRIES[number % len(COUNTRIES)],
        level=directory_pb2.AUTHORITY_LEVEL_NATIONAL,
        status=directory_pb2.AUTHORITY_STATUS_ACTIVE,
        languages=["it", "en", "de"],
        contact=directory_pb2.Contact(email=f"ufficio{number}@example.org", phone="+39 06 1234567"),
    )


def _countries(request: bytes) -> Any:
    asked = directory_pb2.BatchGetCountriesRequest.FromString(request)
    found = [directory_pb2.Country(code=code, name=_text(f"Paese {code}")) for code in asked.ids]
    return directory_pb2.BatchGetCountriesResponse(countries=found)


def _all_countries(_: bytes) -> Any:
    found = [
        directory_pb2.Country(code=code, name=_text(f"Paese {code}"), languages=["it"])
        for code in sorted(countries.ALL)
    ]
    return directory_pb2.ListCountriesResponse(countries=found)


def _areas(request: bytes) -> Any:
    asked = directory_pb2.BatchGetAreasRequest.FromString(request)
    found = [directory_pb2.Area(code=code, name=_text(f"Settore {code}")) for code in asked.ids]
    return directory_pb2.BatchGetAreasResponse(areas=found)


def _concepts(request: bytes) -> Any:
    asked = directory_pb2.BatchGetConceptsRequest.FromString(request)
    found = [directory_pb2.Concept(id=id_, label=_text(f"Concetto {id_}")) for id_ in asked.ids]
    return directory_pb2.BatchGetConceptsResponse(concepts=found)


def _requests(_: bytes) -> Any:
    info = common_pb2.PageInfo(cursors=[f"c{number}" for number in range(50)])
    return requests_pb2.ListRequestsResponse(requests=[_request(number) for number in range(50)], page_info=info)


def _request(number: int) -> requests_pb2.Request:
    request = requests_pb2.Request(
        id=f"req_{number}",
        status=requests_pb2.REQUEST_STATUS_SENT,
        requester_id=f"aut_{number % AUTHORITIES}",
        responder_id=f"aut_{number * 7 % AUTHORITIES}",
    )
    request.created_at.seconds = 1_790_000_000 + number
    return request


def _sent(_: bytes) -> Any:
    return requests_pb2.SendRequestResponse(request=_request(1))


def _search(request: bytes) -> Any:
    asked = search_pb2.SearchAuthoritiesRequest.FromString(request)
    many = asked.page.first
    facets = search_pb2.AuthorityFacets(
        countries=[search_pb2.Count(value=code, count=9) for code in COUNTRIES],
        areas=[search_pb2.Count(value=code, count=9) for code in AREAS],
    )
    return search_pb2.SearchAuthoritiesResponse(
        authorities=[_authority(number) for number in range(many)],
        matches=[search_pb2.AuthorityMatch(concept_ids=CONCEPTS) for _ in range(many)],
        page_info=common_pb2.PageInfo(cursors=[f"c{number}" for number in range(many)]),
        total=many,
        facets=facets if asked.with_facets else None,
    )


def _text(text: str) -> common_pb2.LocalizedText:
    return common_pb2.LocalizedText(texts={LANGUAGE: text})


_MADE: dict[str, Callable[[bytes], Any]] = {
    "ResolveUser": _user,
    "BatchGetAuthorities": _authorities,
    "BatchGetCountries": _countries,
    "ListCountries": _all_countries,
    "BatchGetAreas": _areas,
    "BatchGetConcepts": _concepts,
    "ListRequests": _requests,
    "SendRequest": _sent,
    "SearchAuthorities": _search,
}


def _remembered(make: Callable[[bytes], Any]) -> Callable[[bytes], bytes]:
    known: dict[bytes, bytes] = {}

    def answered(request: bytes) -> bytes:
        found = known.get(request)
        if found is None:
            found = known[request] = bytes(make(request).SerializeToString())
        return found

    return answered


# What services need to think is not measured: they remember what they have answered.
_ANSWERS = {method: _remembered(make) for method, make in _MADE.items()}
