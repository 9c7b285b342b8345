"""The parts of the system: what each is called, how it is started and made ready."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from services.alerts import wiring as alerts
from services.directory import wiring as directory
from services.directory.settings import DirectorySettings
from services.repositories import wiring as repositories
from services.requests import wiring as requests
from services.translation import wiring as translation
from vocabulary.parts import ALL, SERVICES

PREPARING: dict[str, Callable[[DirectorySettings], Coroutine[Any, Any, None]]] = {
    "directory": directory.prepare,
    "requests": requests.prepare,
    "alerts": alerts.prepare,
    "translation": translation.prepare,
    "repositories": repositories.prepare,
}

SIGN_INS = {
    "it-handler": "request handler, Italy",
    "hu-handler": "request handler, Hungary",
    "fr-coordinator": "alert coordinator, France",
    "commission": "the European Commission",
}


async def prepare(settings: DirectorySettings, running: frozenset[str] = ALL) -> None:
    """Make the engines of every service that is *running* ready."""
    await asyncio.gather(*(PREPARING[name](settings) for name in SERVICES if name in running))
