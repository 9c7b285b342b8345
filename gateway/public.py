"""What is read without signing in: public repositories, in GraphQL and as plain HTTP that caches keep.

Nobody in particular is asked for by the gateway in its own name, and for these reads alone: which repositories and entries are public,
and which of their fields, is the repositories service's to decide. Everything else still needs a person.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from google.protobuf.message import Message
from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gateway.backends import Backend, Backends, Calls, Stub, Stubs
from gateway.limits.policy import Policy
from gateway.public_entries import (
    Names,
    entry,
    facet,
    filter_of,
    language_of,
    referred,
    repository,
    sort_of,
    text_of,
)
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2
from protos.repositories.v1 import definitions_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from vocabulary import pages
from vocabulary.refusals import Invalid, NotFound

# So long a cache may answer without asking; what is withdrawn is gone everywhere after this.
FRESH_S = 60
_ENTRY_READS = (
    "ListRepositories",
    "BatchGetRepositories",
    "BatchGetEntries",
    "SearchEntries",
    "SuggestEntries",
    "ListEntryVersions",
    "DiffEntry",
)
# What ids in an entry stand for; the same for everybody.
_NAME_READS = ("BatchGetAreas", "BatchGetConcepts", "BatchGetCountries")

OwnToken = Callable[[], str]


class PublicReads(Backend[Stub]):
    """A service for whoever has not signed in: some reads go in the gateway's own name; all else asks for a person, and refuses."""

    def __init__(
        self,
        name: str,
        token: OwnToken,
        own: OwnToken,
        stub: Stub,
        reads: Collection[str],
        calls: Calls | None = None,
    ) -> None:
        super().__init__(name, token, stub, calls)
        self._own = Backend(name, own, stub, calls)
        self._reads = [getattr(stub, read) for read in reads]

    async def call(self, method: "aio.UnaryUnaryMultiCallable[Any, Any]", request: Message) -> Any:
        if any(method is read for read in self._reads):
            return await self._own.call(method, request)
        return await super().call(method, request)


def for_nobody(stubs: Stubs, token: OwnToken, own: OwnToken, calls: Calls | None = None) -> Backends:
    """The services for whoever has not signed in; *token* refuses them, and *own* is the gateway's."""
    found = Backends(stubs, token, calls)
    found.repositories = PublicReads("repositories", token, own, stubs.repositories, _ENTRY_READS, calls)
    # What an answer shows, and nothing else: nobody has texts of their own translated.
    found.texts = Backend("translation", own, stubs.translation, calls)
    found.directory = PublicReads("directory", token, own, stubs.directory, _NAME_READS, calls)
    return found


class PublicReading:
    """``GET /public/repositories…``: nobody signs in, everybody in the same language is answered the same."""

    def __init__(self, stubs: Stubs, policy: Policy) -> None:
        self._policy = policy
        self._repositories = Backend("repositories", stubs.own, stubs.repositories)
        self._directory = Backend("directory", stubs.own, stubs.directory)

    async def repositories(self, request: Request) -> Response:
        """The public repositories, and what their fields are called."""
        language = await self._begin(request)
        message = pb.ListRepositoriesRequest(languages=[language])
        found = await self._repositories.call(self._repositories.stub.ListRepositories, message)
        return _answer(request, {"repositories": [repository(one, language) for one in found.repositories]}, language)

    async def repository(self, request: Request) -> Response:
        language = await self._begin(request)
        found = await self._definition(request.path_params["code"], language)
        return _answer(request, repository(found, language), language)

    async def entries(self, request: Request) -> Response:
        """A page of what a search finds: ``text``, ``sort``, ``facet``, ``first``, ``after``, and what `filter_of` reads."""
        language = await self._begin(request)
        asked = request.query_params
        definition = await self._definition(request.path_params["code"], language)
        message = pb.SearchEntriesRequest(
            repository=definition.code,
            text=asked.get("text", ""),
            filter=filter_of(asked),
            sort=sort_of(asked),
            facets=asked.getlist("facet"),
            page=common_pb2.Page(first=_first(asked.get("first", "")), after=asked.get("after", "")),
            languages=[language],
        )
        found = await self._repositories.call(self._repositories.stub.SearchEntries, message)
        fields = {field.code: field for field in definition.fields}
        names = await self._names(found.entries, fields, language)
        cursors = found.page_info.cursors
        content: dict[str, Any] = {
            "entries": [entry(one, fields, names, language) for one in found.entries],
            "total": found.total,
            "next": cursors[-1] if cursors and found.page_info.has_next_page else None,
        }
        if message.facets:
            content["facets"] = [facet(one) for one in found.facets]
        return _answer(request, content, language)

    async def entry(self, request: Request) -> Response:
        language = await self._begin(request)
        code, id_ = request.path_params["code"], request.path_params["id"]
        definition = await self._definition(code, language)
        message = pb.BatchGetEntriesRequest(ids=[id_])
        found = (await self._repositories.call(self._repositories.stub.BatchGetEntries, message)).entries
        if not found or found[0].repository_code != code or not found[0].HasField("published"):
            raise NotFound(f"there is no entry {id_!r}", field="id")
        fields = {field.code: field for field in definition.fields}
        names = await self._names(found, fields, language)
        return _answer(request, entry(found[0], fields, names, language), language)

    async def _begin(self, request: Request) -> str:
        """The language to answer in; raises RateLimited for an address that asks too often."""
        await self._policy.rates.address(request.client.host if request.client is not None else "")
        return language_of(request.query_params, request.headers.get("accept-language", ""))

    async def _definition(self, code: str, language: str) -> definitions_pb2.Repository:
        message = pb.BatchGetRepositoriesRequest(ids=[code], languages=[language])
        found = (await self._repositories.call(self._repositories.stub.BatchGetRepositories, message)).repositories
        if not found or found[0].code != code:
            raise NotFound(f"there is no public repository {code!r}", field="code")
        return found[0]

    async def _names(self, entries: Sequence[pb.Entry], fields: dict[str, common_pb2.Field], language: str) -> Names:
        """What the areas, concepts and countries in *entries* are called."""
        used, stub = referred(entries, fields), self._directory.stub
        found: dict[tuple[int, str], str] = {}
        if ids := used.get(common_pb2.VALUE_TYPE_AREA):
            asked = directory_pb2.BatchGetAreasRequest(ids=ids, languages=[language])
            areas = (await self._directory.call(stub.BatchGetAreas, asked)).areas
            found |= {(common_pb2.VALUE_TYPE_AREA, one.code): text_of(one.name, language) for one in areas}
        if ids := used.get(common_pb2.VALUE_TYPE_CONCEPT):
            asked_concepts = directory_pb2.BatchGetConceptsRequest(ids=ids, languages=[language])
            concepts = (await self._directory.call(stub.BatchGetConcepts, asked_concepts)).concepts
            found |= {(common_pb2.VALUE_TYPE_CONCEPT, one.id): text_of(one.label, language) for one in concepts}
        if ids := used.get(common_pb2.VALUE_TYPE_COUNTRY):
            asked_countries = directory_pb2.BatchGetCountriesRequest(ids=ids, languages=[language])
            there = (await self._directory.call(stub.BatchGetCountries, asked_countries)).countries
            found |= {(common_pb2.VALUE_TYPE_COUNTRY, one.code): text_of(one.name, language) for one in there}
        return found


def _first(text: str) -> int:
    """The size of the page asked for; raises Invalid for what is no size."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not int(text):
        raise Invalid(f"a page has 1 to {pages.MAXIMUM_SIZE} items", field="first", reason="PAGE_SIZE")
    return int(text)


def _answer(request: Request, content: dict[str, Any], language: str) -> Response:
    """*content* as JSON."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return given(request, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', language)


def given(request: Request, body: bytes, tag: str, language: str, age_s: float = 0.0) -> Response:
    """*body* so that a cache keeps it, or that nothing has changed since it was kept (RFC 9110, section 13).

    It is *age_s* old: what was kept here is kept so much shorter elsewhere."""
    headers = {
        "age": str(int(age_s)),
        "etag": tag,
        "cache-control": f"public, max-age={FRESH_S}",
        "vary": "Accept-Language",
        "content-language": language,
        # It is for everybody, whatever page reads it.
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
    }
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
