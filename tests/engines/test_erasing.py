"""What is erased on the embedded store is not left in its file."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from engines.documents import Collection, Document, Index, open_documents
from engines.sqlite import LOG_BYTES

THINGS = Collection("things", ())
CANARY = "kanarienvogel-q7x"


async def test_a_text_that_was_taken_out_of_a_document_is_not_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "documents.db"
    async with open_documents(f"sqlite:///{path}", [THINGS]) as documents:
        for number in range(50):
            stored = await documents.insert(THINGS, Document(f"t{number}", {"said": f"{CANARY} {number} " * 100}))
            await documents.compare_and_set(THINGS, replace(stored, body={"said": ""}))
    files = [one for one in tmp_path.iterdir() if one.is_file()]
    assert files
    assert not [one.name for one in files if CANARY.encode() in one.read_bytes()]


async def test_a_document_that_was_removed_is_not_left_in_the_file_nor_is_what_it_was_found_by(tmp_path: Path) -> None:
    found = Collection("found", (Index(("name",)),))
    path = tmp_path / "documents.db"
    async with open_documents(f"sqlite:///{path}", [found]) as documents:
        stored = [
            await documents.insert(found, Document(f"t{number}", {"name": f"{CANARY} {number} " * 100}))
            for number in range(50)
        ]
        assert await documents.remove(found, stored) == 50
    files = [one for one in tmp_path.iterdir() if one.is_file()]
    assert files
    assert not [one.name for one in files if CANARY.encode() in one.read_bytes()]


async def test_what_an_index_held_that_is_no_longer_declared_goes_with_it_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "documents.db"
    kept = Index(("kind",))
    before = Collection("things", (Index(("name",)), kept))
    other = Collection("things_of_others", (Index(("name",)),))
    async with open_documents(f"sqlite:///{path}", [before, other]) as documents:
        for collection in (before, other):
            await documents.insert(collection, Document("t1", {"name": CANARY, "kind": "a"}))
    after = Collection("things", (kept,))
    async with open_documents(f"sqlite:///{path}", [after]) as documents:
        (found,) = await documents.find(after, {"kind": "a"}, limit=2)
        assert await documents.remove(after, [found]) == 1
    async with open_documents(f"sqlite:///{path}", [other]) as documents:
        (found,) = await documents.find(other, {"name": CANARY}, limit=2)
        assert await documents.remove(other, [found]) == 1
    assert not [one.name for one in tmp_path.iterdir() if CANARY.encode() in one.read_bytes()]


async def test_nor_is_it_left_in_a_log_that_had_grown_while_somebody_read(tmp_path: Path) -> None:
    """What is written next takes its place."""
    path = tmp_path / "documents.db"
    async with open_documents(f"sqlite:///{path}", [THINGS]) as documents:
        beside = sqlite3.connect(path, isolation_level=None)
        beside.execute("BEGIN")
        beside.execute("SELECT count(*) FROM documents_things").fetchone()
        text = CANARY * (LOG_BYTES // 8 // len(CANARY))
        stored = [await documents.insert(THINGS, Document(f"t{number}", {"said": text})) for number in range(12)]
        assert await documents.remove(THINGS, stored) == 12
        beside.close()
        for number in range(12):
            await documents.insert(THINGS, Document(f"u{number}", {"said": "-" * (LOG_BYTES // 8)}))
        assert (tmp_path / "documents.db-wal").stat().st_size <= 1.1 * LOG_BYTES
        assert not [one.name for one in tmp_path.iterdir() if CANARY.encode() in one.read_bytes()]
