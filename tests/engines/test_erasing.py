"""What is erased on the embedded store is not left in its file."""

from dataclasses import replace
from pathlib import Path

from engines.documents import Collection, Document, Index, open_documents

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
