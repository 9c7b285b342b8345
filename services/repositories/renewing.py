"""The index, made anew where a repository has a new version, whoever brought it: the Commission while the system runs, or a release.

Who reads an entry is in the index, and is said by the newest version.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from chassis.reactions import once_available
from chassis.rebuilding import ORDERS
from engines.documents import AlreadyExists, Document, Documents, RevisionChanged
from services.repositories.domain.definitions import Definition

LOOK_EVERY_S = 60.0
# Beside the orders that it gives: which versions they were given for.
ID = "definitions"

Give = Callable[[], Awaitable[object]]
log = structlog.get_logger(__name__)


class Renewing:
    """Looks whether there is a version for which no order has been given yet, and gives it."""

    def __init__(self, documents: Documents, definitions: Mapping[str, Definition], give: Give) -> None:
        self._documents = documents
        self._definitions = definitions
        self._give = give

    async def keep(self) -> None:
        """Look now and then, for ever: whoever published a version may not have come to this."""
        while True:
            await once_available(self.look)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Give the order that a new version asks for. Doing it again has no effect; where it fails it is done again."""
        while True:
            before = await self._documents.get(ORDERS, ID) or Document(ID, {})
            done: Any = before.body.get("versions", {})
            # During a rolling upgrade the old program does not know the newest version: that takes nothing back.
            newer = {code: one.version for code, one in self._definitions.items() if one.version > done.get(code, 1)}
            if not newer:
                return
            log.info("repositories_renewed", repositories=sorted(newer))
            await self._give()
            if await self._write(Document(ID, {"versions": {**done, **newer}}, before.revision)):
                return

    async def _write(self, document: Document) -> bool:
        try:
            if document.revision:
                await self._documents.compare_and_set(ORDERS, document)
            else:
                await self._documents.insert(ORDERS, document)
        except (AlreadyExists, RevisionChanged):
            return False
        return True
