"""What the example prints: who does what, each in their own language."""

from collections.abc import Iterable

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

COLOURS = {"IT": "green", "HU": "red", "FR": "blue"}
WIDTH = 100


class Stage:
    """Prints the transcript."""

    def __init__(self) -> None:
        self.console = Console(width=WIDTH, highlight=False)
        self._act = 0

    def act(self, title: str) -> None:
        """A new act begins."""
        self._act += 1
        self.console.print()
        self.console.rule(f"[bold]{self._act}. {title}", align="left", style="dim")

    def say(self, country: str, who: str, lines: Iterable[str]) -> None:
        """What somebody sees or writes, in their own language."""
        text = Text("\n".join(lines))
        self.console.print(Panel(text, title=f"{country} · {who}", title_align="left", border_style=COLOURS[country]))

    def table(self, country: str, who: str, rows: Iterable[tuple[str, str]]) -> None:
        """Questions or fields with what is said about them."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(ratio=3)
        grid.add_column(ratio=2, style="bold")
        for left, right in rows:
            grid.add_row(left, right)
        self.console.print(Panel(grid, title=f"{country} · {who}", title_align="left", border_style=COLOURS[country]))

    def note(self, text: str) -> None:
        """What happens between them."""
        self.console.print(f"   [dim]{text}[/]")
