"""How figures are taken and shown."""

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

console = Console(width=110, highlight=False)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which *share* (0 to 1) of *values* lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> str:
    """What the figures were measured on, in a line."""
    cores = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = cores[0].partition(":")[2].strip() if cores else platform.processor()
    return f"{len(cores)} × {model}, Python {platform.python_version()}"


def show(title: str, head: Iterable[str], rows: Iterable[Sequence[object]]) -> None:
    """A table, with a bar behind each row's last number so that rows can be compared by eye."""
    rows = [list(row) for row in rows]
    table = Table(*head, "", title=title, title_justify="left")
    numbers = [float(str(row[-1]).split()[0]) for row in rows]
    for row, number in zip(rows, numbers, strict=True):
        table.add_row(*map(str, row), "█" * max(1, round(24 * number / max(numbers))) if max(numbers) > 0 else "")
    console.print(table)


def memory_kb(pid: int) -> int:
    """The resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)
