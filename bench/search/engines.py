"""The search engines that are compared, each with the same directory in it."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx

from bench.figures import console
from deploy import servers
from engines.search import Search, SearchDocument, open_search, prepare_search
from services.directory.reference import Reference
from services.directory.search.index import AUTHORITIES, INDEXES, AuthorityIndex

BATCH = 500


class Engine(StrEnum):
    TANTIVY = "tantivy"
    ELASTICSEARCH = "elasticsearch"


@dataclass(frozen=True, slots=True)
class Filled:
    """An engine with the directory in it, how fast that was put there, and how much room it takes on disk."""

    engine: Engine
    index: AuthorityIndex
    documents_per_s: float
    size_bytes: int


@asynccontextmanager
async def filled(
    engines: Sequence[Engine], reference: Reference, documents: Sequence[SearchDocument]
) -> AsyncIterator[list[Filled]]:
    """Each of *engines* with *documents*."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        urls = {Engine.TANTIVY: f"tantivy:///{folder}/index"}
        stored: dict[Engine, Callable[[], int]] = {Engine.TANTIVY: lambda: _size(folder / "index")}
        if Engine.ELASTICSEARCH in engines:
            real = await stack.enter_async_context(servers.running(folder / "servers", ["elasticsearch"]))
            urls[Engine.ELASTICSEARCH] = real.search_url
            stored[Engine.ELASTICSEARCH] = lambda: _stored_in_elasticsearch(real.elasticsearch.port)
        opened = []
        for engine in engines:
            where = urls[engine].replace("{service}", "bench")
            await prepare_search(where, INDEXES)
            search = await stack.enter_async_context(open_search(where, INDEXES))
            console.print(f"building {len(documents)} authorities on {engine} …")
            speed = await _build(search, documents)
            size = await asyncio.to_thread(stored[engine])
            opened.append(Filled(engine, AuthorityIndex(search, reference), speed, size))
        yield opened


async def _build(search: Search, documents: Sequence[SearchDocument]) -> float:
    """Documents a second."""
    began = time.perf_counter()
    async with search.rebuild(AUTHORITIES) as put:
        for start in range(0, len(documents), BATCH):
            await put(documents[start : start + BATCH])
    return len(documents) / (time.perf_counter() - began)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _stored_in_elasticsearch(port: int) -> int:
    """The bytes of its only index, all written out."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        http.post("/_flush").raise_for_status()
        found = http.get("/_stats/store").raise_for_status().json()
    return int(found["_all"]["primaries"]["store"]["size_in_bytes"])
