"""The first row of a file, which names the columns of those below."""

from collections.abc import Sequence

from chassis.tables.rows import Cell, Table, cell
from vocabulary.refusals import Invalid


class Headings:
    """The columns of one file."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        """Raises Invalid naming a column that there is not, or that is there twice, or is missing."""
        self._table = table
        self.names = [name.strip().lower() for name in names]
        for index, name in enumerate(self.names):
            if name not in table.columns:
                raise Invalid(
                    f"there is no column {name!r}; {table.described} lists those there are",
                    field=name,
                    reason="UNKNOWN_COLUMN",
                )
            if name in self.names[:index]:
                raise Invalid(f"the column {name!r} is there twice", field=name, reason="REPEATED")
        if table.key and table.key not in self.names:
            raise Invalid(f"the column {table.key} is missing", field=table.key, reason="MISSING_COLUMN")

    def require_as_many(self, count: int) -> None:
        """Raises Invalid for a row that has not *count* columns."""
        if count != len(self.names):
            raise Invalid(
                f"the row has {count} cells, and the first row names {len(self.names)} columns",
                reason="TOO_MANY_CELLS" if count > len(self.names) else "TOO_FEW_CELLS",
            )

    def cell(self, name: str, text: str) -> Cell:
        """What *text* is in the column *name*."""
        return cell(self._table.columns[name], text, name)


def empty_file() -> Invalid:
    return Invalid("the file is empty; its first row names the columns", field="file", reason="EMPTY")
