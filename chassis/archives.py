"""Archives that people send: what they say of themselves is believed within limits."""

import zipfile
from typing import IO

# Of the list of what is in it, which is read whole before anything is known of it: some ten thousand names.
LIST_BYTES_MAX = 1024 * 1024


class Bounded:
    """A file for `zipfile`, of which no more than `LIST_BYTES_MAX` is read at once: the list of an archive can be nearly all of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """As of a file; raises BadZipFile for more than is allowed."""
        found = self._file.read(size if 0 <= size <= LIST_BYTES_MAX else LIST_BYTES_MAX + 1)
        if len(found) > LIST_BYTES_MAX:
            raise zipfile.BadZipFile("the list of what is in it is too long")
        return found


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """The archive that *file* is; raises BadZipFile for none, and for one with too much in it to look through."""
    return zipfile.ZipFile(Bounded(file))
