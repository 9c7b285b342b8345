"""What a module of journeys shares: one system, and the engines that it goes over."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from elasticsearch import AsyncElasticsearch
from motor.motor_asyncio import AsyncIOMotorClient

from chassis.keys import KeyRing
from deploy.embedded import system
from deploy.parts import prepare
from deploy.servers import Servers
from engines.kafka import Cluster, administering
from gateway.tokens import DevelopmentTokens
from services.directory.settings import DirectorySettings
from tests.gateway.clients import TIMEOUT_S, Client
from tests.requests.people import Directory, the_directory


@dataclass(frozen=True, slots=True)
class Stage:
    """A system with its cast."""

    data: Path
    as_: Callable[[str], Client]
    directory: Directory


@asynccontextmanager
async def a_stage(data: Path) -> AsyncIterator[Stage]:
    """A system on *data* in which everybody of the cast can sign in."""
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with (
        system(data, port=0) as url,
        httpx.AsyncClient(timeout=TIMEOUT_S) as http,
        the_directory(data) as directory,
    ):
        yield Stage(data, lambda user: Client(http, url, tokens.issue(user)), directory)


@asynccontextmanager
async def prepared_engines(servers: Servers | None, folder: Path) -> AsyncIterator[None]:
    """In a run on real servers, systems go over them for as long as this lasts, in databases, topics and indexes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        if servers is not None:
            name = f"t{uuid.uuid4().hex[:12]}"
            urls = {key: url.replace("imi-", f"{name}-") for key, url in servers.settings.items()}
            # The broker makes and opens every partition one after the other: two are enough to have several.
            urls["EVENTS_URL"] = urls["EVENTS_URL"].replace("partitions=6", "partitions=2") + f"&prefix={name}."
            for key, url in urls.items():
                patch.setenv(key, url)
            # Every start fills a store, an index and three copies; those who act in journeys, and all coordinators, are enough.
            patch.setenv("TRAINING_COUNTRIES", "DE,FR,HU,IT")
            await prepare(DirectorySettings(data_dir=folder))
        try:
            yield
        finally:
            if servers is not None:
                await _forget(urls, name)


async def _forget(urls: Mapping[str, str], name: str) -> None:
    """Remove what there is under *name*: each client that connects is told of every topic that there is."""
    async with administering(Cluster.of(urls["EVENTS_URL"])) as admin:
        if topics := [topic for topic in await admin.list_topics() if topic.startswith(f"{name}.")]:
            await admin.delete_topics(topics)
    store: AsyncIOMotorClient[Any] = AsyncIOMotorClient(urls["DOCUMENTS_URL"].rpartition("/")[0])
    try:
        for database in await store.list_database_names():
            if database.startswith(f"{name}-"):
                await store.drop_database(database)
    finally:
        store.close()
    async with AsyncElasticsearch(urls["SEARCH_URL"].rpartition("/")[0].replace("elasticsearch:", "http:")) as search:
        if indices := [*await search.indices.get_alias(index=f"*{name}*")]:
            await search.indices.delete(index=indices)
