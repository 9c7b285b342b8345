"""Write what `docs/requests.md` says of the state table: ``python -m services.requests.documentation``."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from services.requests.domain.lifecycle import FINAL, TRANSITIONS, WHO, Action, Row, Status, named

PAGE = Path(__file__).resolve().parents[2] / "docs" / "requests.md"


def diagram() -> str:
    """The state table as a mermaid diagram. Steps that stay where they are are in the table below it."""
    lines = ["```mermaid", "stateDiagram-v2"]
    arrows: dict[tuple[str, str], list[str]] = {}
    for status, action, row in _rows():
        for after in (row.next, row.approval):
            if after is not None and after is not status:
                arrows.setdefault((status or "[*]", after), []).append(action)
    lines += [f"    {before} --> {after}: {', '.join(actions)}" for (before, after), actions in arrows.items()]
    lines += [f"    {status} --> [*]" for status in Status if status in FINAL]
    return "\n".join([*lines, "```"])


def table() -> str:
    """Every permitted step."""
    lines = ["| status | action | by | leads to | reason |", "|---|---|---|---|---|"]
    for status, action, row in _rows():
        after = f"{row.next}; {row.approval} if it needs approval" if row.approval else row.next
        reason = "needed" if row.reason else ""
        lines.append(f"| {status or '—'} | {action} | {named(row.parties)} | {after} | {reason} |")
    return "\n".join(lines)


def people() -> str:
    """What each party is called."""
    return "\n".join(
        ["| party | who it is |", "|---|---|", *(f"| {party} | {words} |" for party, words in WHO.items())]
    )


PARTS: Mapping[str, Callable[[], str]] = {"diagram": diagram, "table": table, "parties": people}


def written(page: str) -> str:
    """*page* with its generated parts as they are now; raises ValueError for a page that lacks one."""
    for name, part in PARTS.items():
        begin, end = f"<!-- {name}: generated -->\n", f"<!-- end of {name} -->"
        head, found, rest = page.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{PAGE.name} has no place for its {name}")
        page = f"{head}{begin}\n{part()}\n\n{end}{tail}"
    return page


def _rows() -> Iterator[tuple[Status | None, Action, Row]]:
    for status, rows in TRANSITIONS.items():
        for action, row in rows.items():
            yield status, action, row


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
