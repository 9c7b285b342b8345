"""Whole systems with a large directory in them, and people who search at the directory service and through the gateway."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bench.search.evaluation_set import Asked
from chassis.aggregates import Kept
from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock
from deploy.cluster import Cluster, cluster
from deploy.parts import prepare
from engines.documents import open_documents
from engines.events import open_events
from gateway.tokens import DevelopmentTokens
from protos.directory.v1 import search_pb2 as pb
from protos.directory.v1.search_pb2_grpc import SearchServiceStub
from services.directory import storage, training
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.settings import DirectorySettings
from tests.builders import a_handler

BATCH = 500
READER = a_handler("IT")
SUGGEST = """query ($text: String!, $language: Language) {
  suggest(text: $text, language: $language) { text concept { id } authority { id } } }"""
SEARCH = """query ($text: String!, $language: Language) {
  searchAuthorities(text: $text, language: $language, first: 20) {
    totalCount edges { node { id name } } facets { countries { count } } } }"""

# Asks one question; raises what refuses it.
Ask = Callable[[Asked], Awaitable[object]]


@asynccontextmanager
async def system(folder: Path, search_url: str, kept: Sequence[Kept[Authority]]) -> AsyncIterator[Cluster]:
    """One process of each part, with the training data and the authorities *kept*; embedded engines but for search."""
    engines = {"SEARCH_URL": search_url} if search_url else {}
    folder.mkdir(parents=True)
    settings = DirectorySettings.model_validate(
        {"data_dir": folder, **{name.lower(): value for name, value in engines.items()}}
    )
    await prepare(settings)
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        outbox = Outbox("directory", documents, events, clock)
        authorities = storage.authorities(documents, outbox)
        await training.load(Reference.load(), authorities, storage.users(documents, outbox))
        for start in range(0, len(kept), BATCH):
            await authorities.load([(one.id, one.state, []) for one in kept[start : start + BATCH]])
    async with cluster(folder, engines) as running:
        yield running


@asynccontextmanager
async def searching(running: Cluster) -> AsyncIterator[Mapping[str, Ask]]:
    """The ways to ask that are measured, by what they are called."""
    keys = KeyRing(running.folder / "keys")
    signer = Signer(keys, "gateway")
    headers = {"authorization": f"Bearer {DevelopmentTokens(keys).issue('it-handler')}"}
    async with (
        open_channel(f"127.0.0.1:{running.parts['directory'][0].port}") as channel,
        httpx.AsyncClient(base_url=running.urls[0], headers=headers, timeout=60) as http,
    ):
        stub = SearchServiceStub(channel)
        peer = Peer("directory", lambda: signer.for_person(READER))

        async def search(asked: Asked) -> object:
            request = pb.SearchAuthoritiesRequest(
                text=asked.text, language=asked.language, languages=[asked.language], with_facets=True
            )
            return await peer.call(stub.SearchAuthorities, request)

        async def suggest(asked: Asked) -> object:
            return await peer.call(
                stub.SuggestSearch, pb.SuggestSearchRequest(text=asked.text, language=asked.language)
            )

        def through_gateway(document: str) -> Ask:
            async def ask(asked: Asked) -> object:
                variables = {"text": asked.text, "language": asked.language.upper()}
                answer = await http.post("/graphql", json={"query": document, "variables": variables})
                if "errors" in answer.json():
                    raise RuntimeError(answer.text)
                return answer

            return ask

        yield {
            "search, service": search,
            "search, gateway": through_gateway(SEARCH),
            "suggest, service": suggest,
            "suggest, gateway": through_gateway(SUGGEST),
        }


async def taken(ask: Ask, questions: Sequence[Asked], users: int) -> list[float]:
    """How many seconds each of *questions* took, asked by *users* people at the same time, one after the other each."""
    left = iter(questions)
    seconds: list[float] = []

    async def somebody() -> None:
        for question in left:
            began = time.perf_counter()
            await ask(question)
            seconds.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as group:
        for _ in range(users):
            group.create_task(somebody())
    return seconds
