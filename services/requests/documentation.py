"""Write what `docs/requests.md` says of the state table: ``python -m services.requests.documentation``."""

from collections.abc import Iterator

from chassis.documentation import Page, state_diagram, table
from services.requests.domain.lifecycle import TRANSITIONS, WHO, Row, Status, named


def diagram() -> str:
    """The life of a request. Steps that stay where they are are in the table below it."""
    return state_diagram(
        {
            status: {action: list(_elsewhere(status, row)) for action, row in rows.items()}
            for status, rows in TRANSITIONS.items()
        }
    )


def steps() -> str:
    """Every permitted step."""
    return table(
        ["status", "action", "by", "leads to", "reason"],
        (
            [
                status or "—",
                action,
                named(row.parties),
                f"{row.next}; {row.approval} if it needs approval" if row.approval else row.next,
                "needed" if row.reason else "",
            ]
            for status, rows in TRANSITIONS.items()
            for action, row in rows.items()
        ),
    )


def parties() -> str:
    """What each party is called."""
    return table(["party", "who it is"], WHO.items())


def _elsewhere(status: Status | None, row: Row) -> Iterator[Status]:
    for after in (row.next, row.approval):
        if after is not None and after is not status:
            yield after


PAGE = Page("requests.md", {"diagram": diagram, "table": steps, "parties": parties})

if __name__ == "__main__":
    PAGE.write()
