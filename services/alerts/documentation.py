"""Write what `docs/alerts.md` says of the state tables: ``python -m services.alerts.documentation``."""

from collections.abc import Callable

from chassis.documentation import Page, state_diagram, table
from services.alerts.domain.flows import FLOWS, named
from services.alerts.domain.lifecycle import GIVEN, WHO, Row
from services.alerts.domain.types import Flow


def diagram(flow: Flow) -> str:
    """The life of an alert. Steps that stay where they are are in the table below it."""
    return state_diagram(
        {
            status: {action: [row.next] for action, row in rows.items() if row.next is not status}
            for status, rows in FLOWS[flow].items()
        }
    )


def steps(flow: Flow) -> str:
    """Every permitted step."""
    return table(
        ["status", "action", "by", "in the roles", "leads to", "where"],
        (
            [
                status or "—",
                action,
                named(row.who),
                _roles(row),
                row.next,
                GIVEN[row.given] if row.given else "",
            ]
            for status, rows in FLOWS[flow].items()
            for action, row in rows.items()
        ),
    )


def sides() -> str:
    """What each side is called."""
    return table(["side", "who it is"], WHO.items())


def _roles(row: Row) -> str:
    """In which roles the sides of *row* take it, each set once."""
    said = [", ".join(sorted(row.who[side])) for side in WHO if row.who.get(side)]
    return " or ".join(dict.fromkeys(said)) or "—"


def _parts() -> dict[str, Callable[[], str]]:
    found: dict[str, Callable[[], str]] = {}
    for flow in Flow:
        name = flow.lower().replace("_", " ")
        found[f"diagram of a {name}"] = lambda flow=flow: diagram(flow)  # type: ignore[misc]
        found[f"table of a {name}"] = lambda flow=flow: steps(flow)  # type: ignore[misc]
    return {**found, "sides": sides}


PAGE = Page("alerts.md", _parts())

if __name__ == "__main__":
    PAGE.write()
