"""What is told of a row: which authority it is about, and what happened to it."""

from chassis.tables.rows import Row
from protos.directory.v1 import bulk_pb2 as pb
from services.directory.bulk import columns
from services.directory.domain.bulk import EXTERNAL_ID_LIMIT
from vocabulary import languages
from vocabulary.refusals import Refusal

# What a refusal quotes of the file may be long; then it ends early.
QUOTED_MAX = 500

_COUNTED = {
    pb.IMPORT_OUTCOME_CREATED: "created",
    pb.IMPORT_OUTCOME_CHANGED: "changed",
    pb.IMPORT_OUTCOME_UNCHANGED: "unchanged",
    pb.IMPORT_OUTCOME_REFUSED: "refused",
}


def about(row: Row, language: str) -> pb.ImportedRow:
    """A report of *row*, which names its authority in *language* where the row does."""
    names: dict[str, str] = {}
    for code in languages.ALL:
        names[code] = row.text(f"official_name.{code}") or row.text(f"informal_name.{code}")
    name = languages.best_text(names, language)
    return pb.ImportedRow(
        row=row.number,
        line=row.line,
        external_id=row.text(columns.EXTERNAL_ID)[:EXTERNAL_ID_LIMIT],
        name=name[0][:QUOTED_MAX] if name else "",
    )


def refuse(report: pb.ImportedRow, refusal: Refusal) -> None:
    """Say in *report* why nothing was done."""
    report.outcome = pb.IMPORT_OUTCOME_REFUSED
    report.refusal.code = refusal.code
    report.refusal.reason = refusal.reason
    report.refusal.field = refusal.field[:QUOTED_MAX]
    report.refusal.message = refusal.message[:QUOTED_MAX]


def count(counts: pb.ImportCounts, report: pb.ImportedRow) -> None:
    """Add *report* to *counts*."""
    name = _COUNTED[report.outcome]
    setattr(counts, name, getattr(counts, name) + 1)
    counts.rows += 1
