"""One filling of a tantivy index, in a folder of its own."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tantivy

from engines.search import Index, SearchDocument
from engines.search.tantivy_queries import ID, indexed, schema

# What tantivy raises when it cannot read or write a file, besides what the system says.
FAULTS = (ValueError, OSError)
LOOKS = 3
# How tantivy begins to say that the disk refused something, to whoever asked for it and to the thread that writes.
_OF_THE_DISK = ("An IO error occurred", "An error occurred in a thread")
_WRITER_HEAP_BYTES = 50_000_000
_SEGMENT_FILES = ("fast", "fieldnorm", "idx", "pos", "store", "term")


def is_disk(fault: Exception) -> bool:
    """Whether it is the disk that refuses, which may end: it is full, say."""
    return isinstance(fault, OSError) or str(fault).startswith(_OF_THE_DISK)


def is_whole(folder: Path) -> bool:
    """Whether all files are there that the last commit in *folder* names: tantivy fills an empty folder with an empty index."""
    for _ in range(LOOKS):
        try:
            said = (folder / "meta.json").read_text()
            there = {path.name for path in folder.iterdir()}
            segments = json.loads(said)["segments"]
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        if there.issuperset(name for segment in segments for name in _files(segment)):
            return True
        # A merge may have ended between the two looks.
    return False


def _files(segment: Mapping[str, Any]) -> list[str]:
    id_ = segment["segment_id"].replace("-", "")
    deletes = [f"{segment['deletes']['opstamp']}.del"] if segment["deletes"] else []
    return [f"{id_}.{ending}" for ending in (*_SEGMENT_FILES, *deletes)]


class Generation:
    """One filling of an index."""

    def __init__(self, shape: Index, folder: Path) -> None:
        self.shape = shape
        self.folder = folder
        self.schema = schema(shape)
        folder.mkdir(parents=True, exist_ok=True)
        self.index = tantivy.Index(self.schema, path=str(folder))
        self._writer = self.index.writer(_WRITER_HEAP_BYTES, 1)
        self._has_failed = False

    def write(self, documents: Sequence[SearchDocument]) -> None:
        """Put *documents*, not to be seen before `commit`."""
        with self._noticing():
            for document in documents:
                self._writer.delete_documents_by_term(ID, document.id)
                if document.fields is not None:
                    self._writer.add_document(indexed(self.shape, document))

    def commit(self) -> None:
        with self._noticing():
            self._writer.commit()
            self.index.reload()

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Notice what fails: the writer goes on taking what it is given then, and keeps none of it, until it has begun anew."""
        if self._has_failed:
            self._writer.rollback()
            self._has_failed = False
        try:
            yield
        except FAULTS:
            self._has_failed = True
            raise

    def close(self) -> None:
        with suppress(ValueError):  # its files may be gone
            self._writer.wait_merging_threads()

    def is_whole(self) -> bool:
        return is_whole(self.folder)

    def remove(self) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
