"""What contestants took, as the tables and ratios of `docs/performance.md`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.figures import percentile

BAR = 24


@dataclass(slots=True)
class Taken:
    """What one contestant took for one query: milliseconds of a processor for an operation, round by round, and each one's seconds."""

    cpu_ms: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        return percentile(self.cpu_ms, 0.5)

    @property
    def p50_ms(self) -> float:
        return percentile(self.seconds, 0.5) * 1000

    @property
    def p99_ms(self) -> float:
        return percentile(self.seconds, 0.99) * 1000


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown, with a bar behind each row for its last number: beside the others with the same first cell."""
    given = [(list(row), float(str(row[-1]).replace(",", ""))) for row in rows]
    most: dict[object, float] = {}
    for row, number in given:
        most[row[0]] = max(number, most.get(row[0], 0.0))
    lines = [_line([*head, "drawn"]), "|---" * (len(head) + 1) + "|"]
    lines += [_line([*row, "█" * max(1, round(BAR * number / most[row[0]]))]) for row, number in given]
    return "\n".join(lines)


def operations(taken: Mapping[str, Mapping[str, Taken]], memory_mb: Mapping[str, float], bare: str) -> str:
    """Query by query what everybody took; *taken* by query and contestant."""
    rows = [
        (
            query,
            name,
            _number(one.p50_ms),
            _number(one.p99_ms),
            f"{memory_mb[name]:.0f}",
            f"{one.cpu / by_name[bare].cpu:.1f}",
            f"{min(one.cpu_ms):.2f}-{max(one.cpu_ms):.2f}",
            f"{one.cpu:.2f}",
        )
        for query, by_name in taken.items()
        for name, one in by_name.items()
    ]
    head = ("query", "answered", "p50 ms", "p99 ms", "MB", "× bare", "CPU ms, least and most", "CPU ms, median")
    return markdown(head, rows)


def ratios(taken: Mapping[str, Mapping[str, Taken]], ours: str) -> list[str]:
    """A line for each of the others: what *ours* takes of a processor for what they take, query by query."""
    others = list(dict.fromkeys(name for by_name in taken.values() for name in by_name if name != ours))
    lines = []
    for other in others:
        said = [
            f"{by_name[ours].cpu / by_name[other].cpu:.2f} ({query})"
            for query, by_name in taken.items()
            if other in by_name
        ]
        lines.append(f"{ours} : {other} = {', '.join(said)} in CPU.")
    return lines


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
