"""What translation keeps: the memory, reports, imports, and what the engines are at."""

from collections.abc import Mapping

from chassis.aggregates import Aggregates
from chassis.lists import sortable
from chassis.outbox import Outbox
from engines.documents import Collection, Documents, Index, Json
from services.translation.budgets import BUDGETS
from services.translation.dispatches import DISPATCHES
from services.translation.domain.memory import Entry
from services.translation.domain.reports import Report
from services.translation.jobs import JOBS

# One document for each source text, pair of languages and place.
TRANSLATIONS = Collection(
    "translations",
    (Index(("approvals",), unique=True), Index(("kept", "at")), Index(("kept", "source", "target", "at"))),
)
REPORTS = Collection("reports", (Index(("open", "at")), Index(("open", "area", "at")), Index(("source_id",))))
# The answers to imports: the translations themselves are in the memory.
IMPORTS = Collection("memory_imports", tells=False)
COLLECTIONS = (TRANSLATIONS, REPORTS, IMPORTS, JOBS, DISPATCHES, BUDGETS)


def translations(documents: Documents, outbox: Outbox) -> Aggregates[Entry]:
    return Aggregates(documents, TRANSLATIONS, Entry, _indexed, outbox)


def reports(documents: Documents, outbox: Outbox) -> Aggregates[Report]:
    return Aggregates(documents, REPORTS, Report, _reported, outbox)


def imports(documents: Documents, outbox: Outbox) -> Aggregates[dict[str, int]]:
    return Aggregates(documents, IMPORTS, dict[str, int], lambda _: {}, outbox)


def _indexed(entry: Entry) -> Mapping[str, Json]:
    return {
        "approvals": [reviewed.approval for reviewed in entry.reviewed],
        "kept": bool(entry.reviewed),
        "source": entry.source.language,
        "target": entry.target_language,
        "at": sortable(entry.current.at) if entry.reviewed else "",
    }


def _reported(report: Report) -> Mapping[str, Json]:
    return {
        "open": report.is_open,
        "area": report.area,
        "at": sortable(report.at),
        "source_id": report.source_id or None,
    }
