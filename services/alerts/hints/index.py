"""The hashes beside the alerts: written whenever an alert says something else, given up when its content is blocked or erased."""

from collections.abc import Iterable, Mapping, Sequence

from chassis.aggregates import Aggregates, Kept
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.documents import AlreadyExists, AnyOf, Collection, Document, Documents, Index, Json, RevisionChanged, pages
from engines.events import Event, Events
from protos.alerts.v1 import events_pb2
from services.alerts import wire
from services.alerts.domain.alerts import Alert
from services.alerts.domain.lifecycle import SILENCING, Action
from services.alerts.domain.retention import disclosed
from services.alerts.domain.types import AlertType
from services.alerts.hints.identity import Identities
from vocabulary.refusals import Unavailable

RELATED = Collection("related", (Index(("hashes",)),), tells=False)
# The steps after which an alert may say something else, or nothing.
SAYING = frozenset({Action.CREATE, Action.EDIT, Action.CORRECT, Action.AMEND, Action.MODIFY}) | SILENCING
RACES_LOST_LIMIT = 50
READ_BATCH = 200
# So many alerts about one subject are looked at.
CANDIDATES_LIMIT = 500


class RelatedAlerts:
    """Which alerts are about the same subject. It says nothing of who may know of them."""

    def __init__(self, documents: Documents, types: Mapping[str, AlertType], identities: Identities) -> None:
        self._documents = documents
        self._types = types
        self._identities = identities

    async def of(self, alert: Kept[Alert]) -> list[str]:
        """The ids of other alerts about the subject of *alert*, at most `CANDIDATES_LIMIT`."""
        wanted = self._identities.wanted(self._types[alert.state.type_id], disclosed(alert.state).values)
        if not wanted:
            return []
        found: list[str] = []
        async for page in pages(self._documents, RELATED, {"hashes": AnyOf(wanted)}, size=READ_BATCH):
            found += [one.id for one in page if one.id != alert.id]
            if len(found) >= CANDIDATES_LIMIT:
                break
        return found[:CANDIDATES_LIMIT]

    def follow(self, events: Events, alerts: Aggregates[Alert]) -> Reactions:
        """Keep the hashes in step with what alerts say; doing it again has no effect."""

        async def changed(seen: Sequence[Event]) -> None:
            told = [events_pb2.AlertChanged.FromString(event.data) for event in seen]
            changing = dict.fromkeys(one.alert_id for one in told if wire.ACTION.known(one.action) in SAYING)
            await self.keep(await alerts.get_many(list(changing)))

        return Reactions(
            events, "alerts-related", [topic("alerts")], {events_pb2.AlertChanged.DESCRIPTOR.full_name: changed}
        )

    async def rebuild(self, alerts: Aggregates[Alert]) -> int:
        """Make all hashes with the key of today, while they are used; returns of how many alerts."""
        count = 0
        async for page in alerts.pages(size=READ_BATCH):
            await self.keep(page, anew=True)
            count += len(page)
        return count

    async def keep(self, found: Iterable[Kept[Alert]], *, anew: bool = False) -> None:
        """Store what each alert is found under, unless something of a later revision is stored; or of the same one, but for *anew*."""
        for kept in found:
            hashes = self._identities.kept(self._types[kept.state.type_id], disclosed(kept.state).values)
            await self._store(kept, list(hashes), anew=anew)

    async def _store(self, kept: Kept[Alert], hashes: list[str], *, anew: bool) -> None:
        body: dict[str, Json] = {"hashes": [*hashes], "version": kept.revision}
        for _ in range(RACES_LOST_LIMIT):
            there = await self._documents.get(RELATED, kept.id)
            try:
                if there is None:
                    await self._documents.insert(RELATED, Document(kept.id, body))
                elif _version(there) < kept.revision or (anew and _version(there) == kept.revision):
                    await self._documents.compare_and_set(RELATED, Document(kept.id, body, there.revision))
            except (AlreadyExists, RevisionChanged):
                continue
            return
        raise Unavailable("what an alert is found under is being written by too many at once", reason="BUSY")


def _version(document: Document) -> int:
    version = document.body["version"]
    assert isinstance(version, int)
    return version
