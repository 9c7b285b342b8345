"""What is told of a row: what happened to its entry, or all that keeps that from happening."""

from collections.abc import Sequence

from protos.repositories.v1 import transfer_pb2 as pb
from vocabulary.refusals import Refusal

# What a refusal quotes of the file may be long; then it ends early.
QUOTED_MAX = 500
REFUSALS_MAX = 20

_COUNTED = {
    pb.ENTRY_IMPORT_OUTCOME_CREATED: "created",
    pb.ENTRY_IMPORT_OUTCOME_CHANGED: "changed",
    pb.ENTRY_IMPORT_OUTCOME_UNCHANGED: "unchanged",
    pb.ENTRY_IMPORT_OUTCOME_REFUSED: "refused",
}


def refuse(report: pb.ImportedEntry, refusals: Sequence[Refusal]) -> None:
    """Say in *report* why nothing was done."""
    report.outcome = pb.ENTRY_IMPORT_OUTCOME_REFUSED
    for refusal in refusals[:REFUSALS_MAX]:
        report.refusals.add(
            code=refusal.code,
            reason=refusal.reason,
            field=refusal.field[:QUOTED_MAX],
            message=refusal.message[:QUOTED_MAX],
        )


def count(counts: pb.EntryImportCounts, report: pb.ImportedEntry) -> None:
    """Add *report* to *counts*."""
    name = _COUNTED[report.outcome]
    setattr(counts, name, getattr(counts, name) + 1)
    counts.rows += 1
