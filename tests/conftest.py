"""What tests of every folder may ask for."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
import structlog

from chassis import catalogues
from deploy import servers as engines

# How long an example takes says how busy the machine is, and nothing of what is tested.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# Whether this run is one against real servers: `make engines-test` says so.
REAL = bool(os.environ.get("REAL_ENGINES"))


def pytest_configure(config: pytest.Config) -> None:
    """aiokafka leaves connections to the garbage collector that were being opened when their client was closed."""
    if REAL:
        for dropped in ("AIOKafkaConnection", "StreamWriter"):
            ignored = f"ignore:Exception ignored in. <function {dropped}:pytest.PytestUnraisableExceptionWarning"
            config.addinivalue_line("filterwarnings", ignored)


def pytest_collection_finish() -> None:
    """What was imported stays to the end: the garbage collector need not look through all of it again and again."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _loggers_are_not_kept() -> Iterator[None]:
    """A logger that keeps what was configured when it was first used could not be listened to by a later test."""
    configure = structlog.configure

    def configured(**fields: Any) -> None:
        configure(**{**fields, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", configured)
        yield


@pytest.fixture(scope="session", autouse=True)
def _words_are_read_once() -> Iterator[None]:
    """A directory needs a second to learn the words and places that come with the program: a run starts many, which share them.

    Only where some test's module has imported the directory: that alone takes longer than most tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        if wiring := sys.modules.get("services.directory.wiring"):
            patch.setattr(wiring, "Reference", SimpleNamespace(load=lru_cache(1)(wiring.Reference.load)))
            for name in ("Gazetteer", "vocabularies"):
                patch.setattr(wiring, name, lru_cache(1)(getattr(wiring, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _translations_are_read_once() -> Iterator[None]:
    """Each start of a service reads the catalogues that come with the program, which is most of what it does."""
    reading = catalogues._translations

    @cache
    def read(folder: Path, language: str, _stood_so_since: int) -> dict[str, tuple[str, str]]:
        return reading(folder, language)

    def unless_changed(folder: Path, language: str) -> dict[str, tuple[str, str]]:
        path = folder / f"{language}.po"
        return read(folder, language, path.stat().st_mtime_ns if path.exists() else 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogues, "_translations", unless_changed)
        yield


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[engines.Servers | None]:
    """Kafka, Elasticsearch and a MongoDB-compatible server, started when first asked for; None in a run without them."""
    if not REAL:
        yield None
        return
    async with engines.running(tmp_path_factory.mktemp("servers")) as running:
        yield running
