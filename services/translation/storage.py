"""What translation keeps: the memory, one document for each source text and target language."""

from collections.abc import Mapping

from chassis.aggregates import Aggregates
from chassis.outbox import Outbox
from engines.documents import Collection, Documents, Index, Json
from services.translation.domain.memory import Entry

TRANSLATIONS = Collection("translations", (Index(("approvals",), unique=True),))
COLLECTIONS = (TRANSLATIONS,)


def translations(documents: Documents, outbox: Outbox) -> Aggregates[Entry]:
    return Aggregates(documents, TRANSLATIONS, Entry, _indexed, outbox)


def _indexed(entry: Entry) -> Mapping[str, Json]:
    return {"approvals": [reviewed.approval for reviewed in entry.reviewed]}
