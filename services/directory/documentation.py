"""Write what `docs/directory.md` says of the tables of registration: ``python -m services.directory.documentation``."""

from collections.abc import Iterator

from chassis.documentation import Page, state_diagram, table
from services.directory.domain.registration import ACCESS, TRANSITIONS, WHO, Actor, Row

# In a table there is no room for a National IMI Coordinator.
_WHO = {**WHO, Actor.NIMIC: "its NIMIC", Actor.COMMISSION: "for a NIMIC, the Commission"}


def registration_diagram() -> str:
    """The life of an authority; what leaves its status as it is, is in the table."""
    return state_diagram(
        {
            status: {command: [] if row.next is status else [row.next] for command, row in rows.items()}
            for status, rows in TRANSITIONS.items()
        }
    )


def access_diagram() -> str:
    """The life of a part in a module."""
    return state_diagram(
        {status: {command: [after] for command, after in steps.items()} for status, steps in ACCESS.items()}
    )


def registration_table() -> str:
    """Each command with the status that it is for, who gives it, and what then is."""
    return table(["status", "command", "who", "next"], _lines())


def _lines() -> Iterator[list[str]]:
    for status, rows in TRANSITIONS.items():
        alike: dict[Row, list[str]] = {}
        for command, row in rows.items():
            alike.setdefault(row, []).append(f"`{command}`")
        for row, commands in alike.items():
            who = "; ".join(words for actor, words in _WHO.items() if actor in row.actors)
            reason = ", saying why" if row.reason else ""
            yield [status or "none", ", ".join(commands) + reason, who, "the same" if row.next is status else row.next]


PAGE = Page(
    "directory.md", {"life": registration_diagram, "commands": registration_table, "life of a part": access_diagram}
)

if __name__ == "__main__":
    PAGE.write()
