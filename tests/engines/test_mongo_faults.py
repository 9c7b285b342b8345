"""What can go wrong with MongoDB alone: a majority does not have what was written, a connection ends between two steps."""

import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from deploy.servers import Servers
from engines.documents import Collection, Document, Documents, open_documents, prepare_documents
from engines.files import open_files
from engines.files.gridfs import BROKEN_OFF_AFTER, INCOMING, GridFsFiles
from engines.mongo import open_database
from tests.cells import cell
from tests.engines.between import between
from tests.engines.test_files import chunks, content
from vocabulary.refusals import NotFound, Unavailable

THINGS = Collection("things")
# As the members of a replica set say it when the primary steps down after it has written.
NO_MAJORITY = {"code": 91, "codeName": "ShutdownInProgress", "errmsg": "Replication is being shut down"}


@pytest.fixture
def port(servers: Servers | None) -> int:
    assert servers is not None
    return servers.mongo.port


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


def writes(documents: Documents, stored: Mapping[str, Document]) -> dict[str, Any]:
    """Every way to write, not yet begun."""
    return {
        "insert": documents.insert(THINGS, Document("new", {})),
        "insert many": documents.write_many(THINGS, [(Document("one", {}), ()), (Document("two", {}), ())]),
        "replace": documents.compare_and_set(THINGS, stored["replaced"]),
        "replace many": documents.write_many(THINGS, [(stored["among many"], ())]),
        "remove": documents.remove(THINGS, [stored["removed"]]),
    }


async def test_what_a_majority_does_not_have_is_not_said_to_be_written(port: int, name: str) -> None:
    direct = f"mongodb://127.0.0.1:{port}/{name}"
    await prepare_documents(direct, [THINGS])

    def without_majority(asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        wrote = asked.keys() & {"insert", "update", "delete"}
        return {**answer, "writeConcernError": NO_MAJORITY} if wrote else answer

    async with open_documents(direct, [THINGS]) as documents:
        stored = {
            id_: await documents.insert(THINGS, Document(id_, {})) for id_ in ("replaced", "among many", "removed")
        }
    async with (
        between(port, without_majority) as there,
        open_documents(f"mongodb://127.0.0.1:{there}/{name}", [THINGS]) as documents,
    ):
        for what, write in writes(documents, stored).items():
            with cell(what), pytest.raises(Unavailable) as refused:
                await write
            assert refused.value.reason == "STORE_UNAVAILABLE"


async def test_a_content_whose_removal_breaks_off_is_removed_by_the_next(port: int, name: str) -> None:
    cut = 0

    def cut_off(asked: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal cut
        if "delete" in asked and not cut:
            cut += 1
            return None
        return answer

    direct = f"127.0.0.1:{port}/{name}"
    async with open_files(f"gridfs://{direct}") as files, open_database(f"mongodb://{direct}") as database:
        stored = await files.put(chunks(b"x" * 100_000))
        async with between(port, cut_off) as there, open_files(f"gridfs://127.0.0.1:{there}/{name}") as cut_short:
            with pytest.raises(Unavailable):
                await cut_short.remove(stored.sha256)
        assert cut
        await files.remove(stored.sha256)
        assert await database["fs.chunks"].find({}).to_list(None) == []
        with pytest.raises(NotFound):
            await content(files, stored.sha256)


async def test_what_a_killed_process_had_on_its_way_in_does_not_stay(
    port: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = f"127.0.0.1:{port}/{name}"
    async with open_files(f"gridfs://{direct}") as files, open_database(f"mongodb://{direct}") as database:
        assert isinstance(files, GridFsFiles)
        kept = await files.put(chunks(b"kept"))
        # What is left in the store when the process ends in the middle, at its end, and after it.
        for whole in (False, True):
            upload = files._bucket.open_upload_stream(INCOMING)
            await database["fs.incoming"].insert_one({"_id": upload._id})
            await upload.write(b"x" * 200_000)
            if whole:
                await upload.close()
        (arrived,) = await database["fs.files"].find({"filename": kept.sha256}).to_list(None)
        await database["fs.incoming"].insert_one({"_id": arrived["_id"]})
        await files.put(chunks(b"too early to say"))
        assert await database["fs.incoming"].count_documents({}) == 3
        monkeypatch.setattr("engines.files.gridfs.BROKEN_OFF_AFTER", -BROKEN_OFF_AFTER)
        await files.put(chunks(b"an hour later"))
        assert await database["fs.incoming"].find({}).to_list(None) == []
        assert await database["fs.chunks"].count_documents({}) == await database["fs.files"].count_documents({}) == 3
        assert await content(files, kept.sha256) == b"kept"
