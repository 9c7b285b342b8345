"""Files in the fields of entries: attached by their uploader's authority, read by those who read the field, gone with the entry."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.settings import ServiceSettings
from chassis.wire import field_values, field_values_from
from engines.documents import open_documents
from engines.events import open_events
from engines.files import open_files
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import storage
from services.repositories.catalogue import definitions
from services.repositories.definitions import Definitions
from services.repositories.domain.lifecycle import Status
from services.repositories.files import filing
from tests.builders import doctors, the_commission
from tests.repositories.conftest import Asking, a_person, an_editor, command
from tests.repositories.registers import NOW, a_version, an_entry, refers, written
from vocabulary import ids
from vocabulary.refusals import Forbidden, Invalid, NotFound
from vocabulary.roles import UserRole
from vocabulary.values import Value

ITALY, HOST, OTHER = an_editor("IT"), an_editor("HU"), an_editor("FR")
COLLEAGUE = a_person("IT", UserRole.VIEWER)
BIRTH = date(1985, 4, 17)
PDF = b"%PDF-1.7\n" + b"diploma " * 20_000


async def uploaded(asking: Asking, caller: Caller, content: bytes = PDF, name: str = "diploma.pdf") -> Any:
    async def parts() -> AsyncIterator[pb.UploadEntryFileRequest]:
        yield pb.UploadEntryFileRequest(header=pb.UploadEntryFileHeader(name=name, language="it"))
        for start in range(0, len(content), 60_000):
            yield pb.UploadEntryFileRequest(chunk=content[start : start + 60_000])

    return await asking.peer(caller).upload(asking.stub.UploadEntryFile, parts())


async def read(asking: Asking, caller: Caller | None, id_: str) -> bytes:
    parts = asking.peer(caller).stream(asking.stub.DownloadEntryFile, pb.DownloadEntryFileRequest(id=id_))
    header = (await anext(parts)).header
    content = b"".join([part.chunk async for part in parts])
    assert header.size_bytes == len(content)
    return content


async def readers(asking: Asking, id_: str) -> set[str]:
    """Who can read the file; to all others it is not there."""
    found = set()
    who = {
        "owner": ITALY,
        "colleague": COLLEAGUE,
        "host": HOST,
        "other": OTHER,
        "Commission": the_commission(),
        "": None,
    }
    for name, caller in who.items():
        with suppress(NotFound):
            assert await read(asking, caller, id_) == PDF
            found.add(name)
    return found


def a_card(*files: str, host: str = "HU") -> list[Any]:
    return field_values(
        {
            "number": written("EPC-IT-7"),
            "family-name": written("Rossi"),
            "given-names": written("Maria"),
            "birth": Value(date=BIRTH),
            "profession": refers("doctor"),
            "use": Value(codes=("SERVICES",)),
            "host": refers(doctors(host)),
            "issued": Value(date=BIRTH),
            **({"documents": Value(files=files)} if files else {}),
        }
    )


async def a_card_with(asking: Asking, *files: str) -> pb.Entry:
    return await asking.do(ITALY, "CreateEntry", repository="professional-cards", values=a_card(*files))


async def test_a_file_is_read_by_those_who_read_the_field_it_stands_in(asking: Asking) -> None:
    answer = await uploaded(asking, ITALY)
    id_ = answer.file.id
    assert ids.prefix(id_) == ids.ENTRY_FILE
    assert (answer.file.media_type, answer.file.size_bytes) == ("application/pdf", len(PDF))
    # Nobody but who uploaded it, while it stands nowhere.
    assert await readers(asking, id_) == {"owner"}
    card = await a_card_with(asking, id_)
    assert [one.name for one in card.draft.files] == ["diploma.pdf"]
    assert await readers(asking, id_) == {"owner"}
    await asking.do(ITALY, "PublishEntry", id=card.id)
    assert await readers(asking, id_) == {"owner", "colleague", "host"}
    seen = await asking.read(HOST, card.id)
    assert seen
    assert [one.id for one in seen.published.files] == [id_]
    scans = (await asking(HOST, "BatchGetEntryFileScans", ids=[id_, "efl_nothing"])).scans
    assert [(one.id, one.state) for one in scans] == [(id_, pb.ENTRY_FILE_SCAN_STATE_NOT_SCANNED)]
    assert not (await asking(OTHER, "BatchGetEntryFileScans", ids=[id_])).scans
    # A version that no more has it keeps it for the owner's people: personal data that were replaced.
    await asking.do(ITALY, "EditEntry", id=card.id, values=a_card())
    await asking.do(ITALY, "PublishEntry", id=card.id)
    assert await readers(asking, id_) == {"owner", "colleague"}
    await asking.do(ITALY, "WithdrawEntry", id=card.id, reason="x")
    assert await readers(asking, id_) == {"owner", "colleague"}


async def test_a_draft_that_is_deleted_takes_its_files_with_it(asking: Asking) -> None:
    id_ = (await uploaded(asking, ITALY)).file.id
    card = await a_card_with(asking, id_)
    given = command()
    for _ in range(2):
        await asking.do(ITALY, "DeleteEntryDraft", command=given, id=card.id)
        assert await readers(asking, id_) == set()
    with pytest.raises(Invalid) as refused:
        await a_card_with(asking, id_)
    assert (refused.value.field, refused.value.reason) == ("values[8].value.files[0]", "UNKNOWN_FILE")


async def test_a_file_that_many_entries_share_is_read_by_whoever_reads_any_of_them(tmp_path: Path) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield PDF

    cards = definitions()["professional-cards:1"]
    async with (
        open_documents(f"sqlite:///{tmp_path}/documents.db", storage.COLLECTIONS) as documents,
        open_events(f"sqlite:///{tmp_path}/events.db") as events,
        open_files(f"folder:///{tmp_path}/files") as stored,
    ):
        outbox = Outbox("repositories", documents, events, lambda: NOW)
        known = Definitions({cards.id: cards}, storage.published(documents, outbox))
        entries = storage.entries(documents, outbox, known)
        settings = ServiceSettings(data_dir=tmp_path)
        files, _ = filing(settings, documents, outbox, entries, known, stored, lambda: NOW)
        file, _ = await files.upload("diploma.pdf", "", parts(), ITALY)
        for number in range(131):
            values = field_values_from(a_card(file.id, host="HU" if number == 130 else "FR"), at="values")
            version = a_version(values=values, files=(file,))
            card = an_entry(Status.PUBLISHED, repository="professional-cards", published=version)
            await entries.load([(f"ent_{number:03}", card, [])])
        assert [await files.shown([file.id], reader) for reader in (OTHER, HOST)] == [{file.id}, {file.id}]
        assert await files.shown([file.id], a_person("AT", UserRole.VIEWER)) == set()
        assert await files.attached([file.id, "efl_none"]) == {file.id}


async def test_only_files_of_the_own_authority_are_attached(asking: Asking) -> None:
    own = (await uploaded(asking, ITALY)).file.id
    foreign = (await uploaded(asking, HOST)).file.id
    for files, place in (((foreign,), 0), ((own, foreign), 1), ((own, "efl_nothing"), 1), (("fil_other",), 0)):
        with pytest.raises(Invalid) as refused:
            await a_card_with(asking, *files)
        assert (refused.value.field, refused.value.reason) == (f"values[8].value.files[{place}]", "UNKNOWN_FILE")


@pytest.mark.parametrize("caller", [COLLEAGUE, the_commission()], ids=["viewer", "Commission"])
async def test_only_who_writes_entries_uploads(asking: Asking, caller: Caller) -> None:
    with pytest.raises(Forbidden):
        await uploaded(asking, caller)


@pytest.mark.parametrize(
    ("content", "name", "field", "reason"),
    [
        (b"", "a.pdf", "file", "EMPTY"),
        (PDF, "", "name", "EMPTY"),
        (b"MZ\x00\x01", "a.pdf", "file", "FILE_TYPE"),
    ],
)
async def test_an_unfit_file_is_refused(asking: Asking, content: bytes, name: str, field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        await uploaded(asking, ITALY, content, name)
    assert (refused.value.field, refused.value.reason) == (field, reason)
