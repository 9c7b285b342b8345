"""A file as it comes in: chunks, within limits, to rows."""

from collections.abc import Iterator

from services.directory.bulk.csv_files import CsvReader
from services.directory.bulk.json_lines import JsonReader
from services.directory.bulk.rows import Row
from vocabulary.refusals import Invalid

BYTES_MAX = 64 * 1024 * 1024
ROWS_MAX = 10_000


class Incoming:
    """What *reader* reads, and how much of it there was."""

    def __init__(self, reader: CsvReader | JsonReader) -> None:
        self.bytes = 0
        self._rows = 0
        self._reader = reader
        self._is_too_long = False

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """The rows that *chunk* completes. Raises Invalid for a file that is too large."""
        self.bytes += len(chunk)
        if self.bytes > BYTES_MAX:
            limit = f"a file has at most {BYTES_MAX // 1024 // 1024} MB"
            raise Invalid(f"{limit}; send the rest in another one", field="file", reason="FILE_TOO_LARGE")
        return self._limited(self._reader.feed(chunk))

    def end(self) -> Iterator[Row]:
        """The rows that are left at the end."""
        return self._limited(self._reader.end())

    def check(self) -> None:
        """Raises Invalid if there are rows that were not given out because they are too many."""
        if self._is_too_long:
            limit = f"a file has at most {ROWS_MAX:,} rows"
            raise Invalid(f"{limit}; send the rest in another one", field="file", reason="TOO_MANY_ROWS")

    def _limited(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if self._rows == ROWS_MAX:
                self._is_too_long = True
                return
            self._rows += 1
            yield row
