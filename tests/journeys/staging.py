"""What a module of journeys shares: one system, and the engines that it goes over."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from chassis.keys import KeyRing
from deploy.embedded import system
from deploy.parts import prepare
from deploy.servers import Servers
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
        yield
