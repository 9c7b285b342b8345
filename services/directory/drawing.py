"""The tables of `domain/registration.py` for people, as diagrams and as a page's table: `docs/directory.md` shows them."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.directory.domain.registration import ACCESS, TRANSITIONS, WHO, Actor, Row

# In a table there is no room for a National IMI Coordinator.
_WHO = {**WHO, Actor.NIMIC: "its NIMIC", Actor.COMMISSION: "for a NIMIC, the Commission"}


def registration_diagram() -> str:
    """The life of an authority; what leaves its status as it is, is in the table."""
    steps = {
        status: {command: row.next for command, row in rows.items() if row.next is not status}
        for status, rows in TRANSITIONS.items()
    }
    return _diagram(steps)


def access_diagram() -> str:
    """The life of a part in a module."""
    return _diagram(ACCESS)


def registration_table() -> str:
    """Each command with the status that it is for, who gives it, and what then is."""
    lines = ["| status | command | who | next |", "|---|---|---|---|"]
    for status, rows in TRANSITIONS.items():
        alike: dict[Row, list[str]] = {}
        for command, row in rows.items():
            alike.setdefault(row, []).append(f"`{command}`")
        for row, commands in alike.items():
            who = "; ".join(words for actor, words in _WHO.items() if actor in row.actors)
            reason = ", saying why" if row.reason else ""
            following = "the same" if row.next is status else row.next
            lines.append(f"| {status or 'none'} | {', '.join(commands)}{reason} | {who} | {following} |")
    return "\n".join(lines)


def _diagram(table: Mapping[Any, Mapping[Any, Any]]) -> str:
    return "\n".join(["```mermaid", "stateDiagram-v2", *_arrows(table), "```"])


def _arrows(table: Mapping[Any, Mapping[Any, Any]]) -> Iterator[str]:
    for status, steps in table.items():
        commands: dict[Any, list[str]] = {}
        for command, following in steps.items():
            commands.setdefault(following, []).append(command)
        for following, listed in commands.items():
            yield f"    {status or '[*]'} --> {following}: {', '.join(listed)}"
        if not steps:
            yield f"    {status} --> [*]"
