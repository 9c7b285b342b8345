"""Pages of `docs/` that show the tables which the program goes by: drawn from them, and written by a command."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"


@dataclass(frozen=True, slots=True)
class Page:
    """A page in `docs/`, and what stands in each of its places, by the place's name."""

    name: str
    parts: Mapping[str, Callable[[], str]]

    @property
    def path(self) -> Path:
        return DOCS / self.name

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def written(self, page: str) -> str:
        """*page* with its generated parts as they are now; raises ValueError for a page that lacks one."""
        for name, part in self.parts.items():
            begin, end = f"<!-- {name}: generated -->\n", f"<!-- end of {name} -->"
            head, found, rest = page.partition(begin)
            _, closed, tail = rest.partition(end)
            if not found or not closed:
                raise ValueError(f"{self.name} has no place for its {name}")
            page = f"{head}{begin}\n{part()}\n\n{end}{tail}"
        return page

    def write(self) -> None:
        """Bring the page up to date."""
        self.path.write_text(self.written(self.text()), encoding="utf-8")


def state_diagram(steps: Mapping[Any, Mapping[Any, Iterable[Any]]]) -> str:
    """What each command makes of each status, as a mermaid diagram: None is before the beginning, a status without commands final."""
    arrows: dict[tuple[Any, Any], list[str]] = {}
    for status, commands in steps.items():
        for command, following in commands.items():
            for after in following:
                arrows.setdefault((status or "[*]", after), []).append(command)
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            *(f"    {before} --> {after}: {', '.join(commands)}" for (before, after), commands in arrows.items()),
            *(f"    {status} --> [*]" for status, commands in steps.items() if not commands),
            "```",
        ]
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table, as a page writes it."""
    first = list(head)
    return "\n".join([_line(first), "|" + "---|" * len(first), *map(_line, rows)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
