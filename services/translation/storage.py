"""What translation keeps: the memory, reports, imports, and what the engines are at."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from chassis.aggregates import Aggregates
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.removing import Removal, older
from chassis.settings import ServiceSettings
from engines.documents import Collection, Documents, Index, Json, Range
from services.translation import jobs
from services.translation.budgets import BUDGETS, MONTH
from services.translation.dispatches import DISPATCHES, EXPIRES_AT
from services.translation.domain import budget
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
IMPORTS = Collection("memory_imports", (Index(("at",)),), tells=False)
COLLECTIONS = (TRANSLATIONS, REPORTS, IMPORTS, JOBS, DISPATCHES, BUDGETS)
# What engines were sent in a month can be looked up for a year.
BUDGETS_KEPT = timedelta(days=400)


def removals(settings: ServiceSettings) -> Sequence[Removal]:
    """What is removed when it is over: all but the memory as it is, and the open jobs, which expire by themselves."""
    kept = settings.done_retention
    return (
        older(TRANSLATIONS, "at", kept, {"kept": False}),
        older(REPORTS, "at", kept, {"open": False}),
        older(REPORTS, "at", timedelta(days=settings.report_retention_days), {"open": True}),
        older(IMPORTS, "at", kept),
        older(DISPATCHES, EXPIRES_AT, timedelta()),
        jobs.removal(),
        Removal(
            collection=BUDGETS, over=lambda now: {MONTH: Range(below=budget.month(now - BUDGETS_KEPT))}, sort=MONTH
        ),
    )


def translations(documents: Documents, outbox: Outbox) -> Aggregates[Entry]:
    return Aggregates(documents, TRANSLATIONS, Entry, lambda entry: _indexed(entry, outbox.now()), outbox)


def reports(documents: Documents, outbox: Outbox) -> Aggregates[Report]:
    return Aggregates(documents, REPORTS, Report, _reported, outbox)


def imports(documents: Documents, outbox: Outbox) -> Aggregates[dict[str, int]]:
    return Aggregates(documents, IMPORTS, dict[str, int], lambda _: {"at": sortable(outbox.now())}, outbox)


def _indexed(entry: Entry, now: datetime) -> Mapping[str, Json]:
    return {
        "approvals": [reviewed.approval for reviewed in entry.reviewed],
        "kept": bool(entry.reviewed),
        "source": entry.source.language,
        "target": entry.target_language,
        # Of what was deleted, when that was.
        "at": sortable(entry.current.at if entry.reviewed else now),
    }


def _reported(report: Report) -> Mapping[str, Json]:
    return {
        "open": report.is_open,
        "area": report.area,
        "at": sortable(report.resolved_at or report.at),
        "source_id": report.source_id or None,
    }
