"""A service's own copy of the directory: who takes part where, so that nobody asks the directory for every row.

It is filled once, follows the directory's events, and can be built anew while it is read. An entry gives way only to what the
directory says of the same or a newer revision: in whatever order events come, however often, nothing older comes back. What
must be true at this very moment is asked of the directory (`now`, `taking_part_now`), and what it says is kept.
`docs/decisions/0008-copies-of-the-directory.md` says which question is which.
"""

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from chassis import participant_entries as entries
from chassis.calls import Peer
from chassis.lists import sortable
from chassis.outbox import topic
from chassis.process import clock
from chassis.reactions import Reactions, once_available
from engines.documents import (
    AlreadyExists,
    AnyOf,
    Collection,
    Condition,
    Document,
    Documents,
    Index,
    Json,
    RevisionChanged,
    pages,
)
from engines.events import Event, Events
from protos.directory.v1 import participants_pb2 as pb
from protos.directory.v1.events_pb2 import AuthorityChanged
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from vocabulary.participants import Participant
from vocabulary.refusals import Unavailable
from vocabulary.roles import LegislativeRole, WorkflowRole

PARTICIPANTS = Collection("participants", (Index(("parts", "country")),), tells=False)
READ_BATCH = 500
# What the directory is asked for at once: names in many languages, in one message.
ASKED_AT_ONCE = 200
LOOK_EVERY_S = 30.0
# One replica fills the copy, and says so again with every page; when it dies, another goes on from that page after this time.
HELD_S = 20.0
WAIT_S = 0.5
RACES_LOST_LIMIT = 16

log = structlog.get_logger(__name__)


class Participants:
    """The copy in one service's store. Raises Unavailable, never "unknown", while something is missing and the directory is away."""

    def __init__(self, documents: Documents, peer: Peer, directory: ParticipantsServiceStub) -> None:
        self._documents = documents
        self._peer = peer
        self._directory = directory
        self._filling = asyncio.Lock()
        self._name = str(uuid.uuid4())

    async def get(self, id_: str) -> Participant | None:
        """The authority *id_*; see `get_many`."""
        return (await self.get_many([id_])).get(id_)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Participant]:
        """The authorities of *ids* that exist, by id. The directory is asked, once, for those whose event has not come yet."""
        wanted = list(dict.fromkeys(ids))
        found = entries.readable(await self._stored(wanted))
        missing = [id_ for id_ in wanted if id_ and id_ not in found]
        return {**found, **(await self.now(missing))} if missing else found

    async def taking_part(
        self, role: LegislativeRole | WorkflowRole, *, module: str = "", countries: Sequence[str] = ()
    ) -> list[Participant]:
        """Who is active and has *role*, in *module* or in any, in *countries* or in all; by id. Fills the copy if it never was."""
        await self.ensure()
        where: dict[str, Condition] = {"parts": entries.key(module, role)}
        if countries:
            where["country"] = AnyOf(list(countries))
        there = [document async for page in self._all(where) for document in page]
        found = entries.readable(there)
        found |= await self.now([document.id for document in there if document.id not in found])
        return [one for _, one in sorted(found.items()) if one.has(role, module=module)]

    async def now(self, ids: Sequence[str]) -> dict[str, Participant]:
        """The authorities of *ids* that exist, as the directory has them at this moment, by id."""
        found: dict[str, Participant] = {}
        for start in range(0, len(ids), ASKED_AT_ONCE):
            request = pb.BatchGetParticipantsRequest(ids=ids[start : start + ASKED_AT_ONCE])
            answer = await self._peer.call(self._directory.BatchGetParticipants, request)
            found |= await self._keep(map(entries.from_wire, answer.participants))
        return found

    async def taking_part_now(
        self, role: WorkflowRole, *, module: str, countries: Sequence[str] = ()
    ) -> list[Participant]:
        """Who is active and has *role* in *module* at this moment, in *countries* or in all; by id."""
        asked = pb.ListParticipantsRequest(
            limit=ASKED_AT_ONCE,
            module=module,
            workflow_roles=[entries.WORKFLOW_ROLE.to_wire(role)],
            countries=countries,
        )
        return [one async for page in self._pages(asked) for one in (await self._keep(page)).values()]

    def follow(self, events: Events, service: str) -> Reactions:
        """Keep the copy in step with what the directory tells."""

        async def changed(seen: Sequence[Event]) -> None:
            # What is told of meanwhile is in what is read later, mostly: then there is nothing to ask.
            await self.ensure()
            told: dict[str, int] = {}
            for event in seen:
                message = AuthorityChanged.FromString(event.data)
                told[message.authority_id] = max(message.revision, told.get(message.authority_id, 0))
            there = {document.id: document for document in await self._stored(told)}
            await self.now(
                [id_ for id_, it_is in told.items() if id_ not in there or entries.revision(there[id_]) < it_is]
            )

        return Reactions(
            events, f"{service}-participants", [topic("directory")], {AuthorityChanged.DESCRIPTOR.full_name: changed}
        )

    async def keep(self) -> None:
        """Fill the copy if it never was or has been lost, for ever."""
        while True:
            await once_available(self.ensure)
            await asyncio.sleep(LOOK_EVERY_S)

    async def ensure(self) -> None:
        """Fill the copy unless it is, with the fields that it has now."""
        if await self._is_filled():
            return
        async with self._filling:
            while not await self._is_filled():
                if not await self._fill_on():
                    await asyncio.sleep(WAIT_S)

    async def rebuild(self) -> None:
        """Read everything from the directory again. What is read meanwhile is as it was, entry by entry, until it is replaced."""
        async with self._filling:
            listed = await self._read_all()
            async for page in self._all():
                unlisted = [document for document in page if entries.is_entry(document) and document.id not in listed]
                # Registered since its page was read, or not there at all.
                there = await self.now([document.id for document in unlisted])
                for document in unlisted:
                    if document.id not in there:
                        await self._mark_gone(document)

    async def _is_filled(self) -> bool:
        there = await self._documents.get(PARTICIPANTS, entries.FILLED)
        return there is not None and bool(there.body["done"])

    async def _fill_on(self) -> bool:
        """Copy the next page and note how far the copy is; whether that was this replica's to do."""
        there = await self._documents.get(PARTICIPANTS, entries.FILLED)
        before = there or Document(entries.FILLED, {"after": "", "done": False, "held_by": "", "held_until": ""})
        if before.body["held_by"] not in ("", self._name) and sortable(clock()) < str(before.body["held_until"]):
            return False
        until = sortable(clock() + timedelta(seconds=HELD_S))
        holding = asyncio.ensure_future(self._noted(before, held_by=self._name, held_until=until))
        try:
            held = await asyncio.shield(holding)
            if held is None:
                return False
            asked = pb.ListParticipantsRequest(limit=ASKED_AT_ONCE, after=str(before.body["after"]))
            if not asked.after:
                log.info("copying_directory")
            answer = await self._peer.call(self._directory.ListParticipants, asked)
        except (Unavailable, asyncio.CancelledError):
            # Whoever can ask it first goes on: nobody waits for this replica, which cannot, or is being stopped.
            with suppress(Unavailable):
                if (held := await holding) is not None:
                    await self._noted(held, held_by="", held_until="")
            raise
        await self._keep(map(entries.from_wire, answer.participants))
        if await self._noted(held, after=answer.next, done=not answer.next) and not answer.next:
            log.info("directory_copied")
        return True

    async def _noted(self, before: Document, **changed: Json) -> Document | None:
        """How far the copy is, as it is noted now; None if another replica has noted something meanwhile."""
        after = Document(before.id, {**before.body, **changed}, before.revision)
        with suppress(AlreadyExists, RevisionChanged):
            if before.revision:
                return await self._documents.compare_and_set(PARTICIPANTS, after)
            return await self._documents.insert(PARTICIPANTS, after)
        return None

    async def _read_all(self) -> set[str]:
        log.info("copying_directory")
        listed: set[str] = set()
        async for page in self._pages(pb.ListParticipantsRequest(limit=ASKED_AT_ONCE)):
            await self._keep(page)
            listed.update(one.id for one in page)
        while not await self._is_filled():
            there = await self._documents.get(PARTICIPANTS, entries.FILLED)
            await self._noted(there or Document(entries.FILLED, {}), after="", done=True, held_by="", held_until="")
        log.info("directory_copied", participants=len(listed))
        return listed

    async def _pages(self, asked: pb.ListParticipantsRequest) -> AsyncIterator[list[Participant]]:
        while True:
            answer = await self._peer.call(self._directory.ListParticipants, asked)
            yield [entries.from_wire(one) for one in answer.participants]
            if not answer.next:
                return
            asked.after = answer.next

    def _all(self, where: Mapping[str, Condition] | None = None) -> AsyncIterator[list[Document]]:
        return pages(self._documents, PARTICIPANTS, where, size=READ_BATCH)

    async def _stored(self, ids: Iterable[str]) -> list[Document]:
        return await self._documents.get_many(PARTICIPANTS, list(ids))

    async def _keep(self, found: Iterable[Participant]) -> dict[str, Participant]:
        """Store *found* where the copy has nothing newer; gives them back by id. Writes nothing where nothing changes."""
        said = {one.id: one for one in found}
        for _ in range(RACES_LOST_LIMIT):
            there = {document.id: document for document in await self._stored(said)}
            new = [(Document(one.id, entries.body(one)), ()) for one in said.values() if one.id not in there]
            older = [document for id_, document in there.items() if entries.gives_way(document, said[id_])]
            if not new and not older:
                return said
            await self._documents.write_many(PARTICIPANTS, new)
            for document in older:
                await self._replace(document, said[document.id])
        raise Unavailable("the copy of the directory is being written by too many at once", reason="BUSY")

    async def _replace(self, before: Document, by: Participant) -> None:
        """Put *by* in the place of *before*, unless somebody else has put something there: whoever asks next sees what."""
        try:
            await self._documents.compare_and_set(PARTICIPANTS, Document(before.id, entries.body(by), before.revision))
        except RevisionChanged:
            log.debug("participant_changed_meanwhile", id=before.id)

    async def _mark_gone(self, document: Document) -> None:
        one = entries.entry(document)
        if one is not None and not one.gone:
            log.warning("participant_gone", id=one.id)
            await self._replace(document, dataclasses.replace(one, gone=True))
