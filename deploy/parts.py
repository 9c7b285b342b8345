"""The parts of the system: what each is called, how it is started and made ready."""

import asyncio

from services.alerts import wiring as alerts
from services.directory import wiring as directory
from services.directory.settings import DirectorySettings
from services.repositories import wiring as repositories
from services.requests import wiring as requests
from services.translation import wiring as translation

# In the order in which they are started.
SERVICES = ("directory", "requests", "alerts", "translation", "repositories")

SIGN_INS = {
    "it-handler": "request handler, Italy",
    "hu-handler": "request handler, Hungary",
    "fr-coordinator": "alert coordinator, France",
    "commission": "the European Commission",
}


async def prepare(settings: DirectorySettings) -> None:
    """Make the engines of every service ready."""
    await asyncio.gather(
        directory.prepare(settings),
        requests.prepare(settings),
        alerts.prepare(settings),
        translation.prepare(settings),
        repositories.prepare(settings),
    )
