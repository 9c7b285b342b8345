"""What a form refers to is looked up in the directory, and what is not there is named by its place."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.participant_entries import body
from chassis.participants import PARTICIPANTS, Participants
from chassis.references import References
from engines.documents import Document, open_documents
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from tests.directory.bodies import an_authority, stored
from vocabulary.participants import Participant, Status
from vocabulary.refusals import Invalid, Unavailable
from vocabulary.values import Field, Value, ValueType

FIELDS = [
    Field(code=code, label={"en": code}, type=kind, many=True)
    for code, kind in {
        "title": ValueType.LINK,
        "country": ValueType.COUNTRY,
        "holder": ValueType.AUTHORITY,
        "area": ValueType.AREA,
        "subject": ValueType.CONCEPT,
    }.items()
]


@pytest.fixture(scope="module")
async def references(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[References]:
    """Asks a directory that knows its areas, its concepts, and an authority that takes part and one that did."""
    data = tmp_path_factory.mktemp("directory")
    signer = Signer(KeyRing(data / "keys"), "repositories")
    settings = DirectorySettings(data_dir=data, listen_address="127.0.0.1:0")
    await stored(settings, {"aut_office": an_authority(), "aut_former": an_authority(status=Status.DEREGISTERED)})
    async with (
        directory(settings) as found,
        open_documents(f"sqlite:///{data}/copy.db", [PARTICIPANTS]) as documents,
        open_channel(f"127.0.0.1:{found.port}") as channel,
    ):
        peer = Peer("directory", signer.for_service)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        yield References(peer, DirectoryServiceStub(channel), participants)


def refers(*ids: str) -> Value:
    return Value(references=ids)


async def test_what_exists_passes(references: References) -> None:
    form = {
        "area": refers("services", "professional-qualifications"),
        "subject": refers("doctor", "nurse"),
        "holder": refers("aut_office", "aut_former"),
    }
    await references.check_form(FIELDS, form, at="values")


@pytest.mark.parametrize(
    ("code", "value", "place", "reason"),
    [
        ("area", refers("services", "fishing"), 1, "UNKNOWN_AREA"),
        ("subject", refers("doctor", "nurse", "wizard"), 2, "UNKNOWN_CONCEPT"),
        ("holder", refers("aut_nobody"), 0, "UNKNOWN_AUTHORITY"),
        ("holder", refers(""), 0, "UNKNOWN_AUTHORITY"),
    ],
)
async def test_what_does_not_exist_is_named_by_its_place(
    references: References, code: str, value: Value, place: int, reason: str
) -> None:
    form = {"title": Value(link="https://a.example"), "country": refers("IT"), code: value}
    with pytest.raises(Invalid) as refused:
        await references.check_form(FIELDS, form, at="draft")
    assert (refused.value.field, refused.value.reason) == (f"draft[2].value.references[{place}]", reason)


async def test_what_the_directory_need_not_be_asked_is_not_asked(tmp_path: Path) -> None:
    """A form without references to its things, or to none but authorities that the copy knows, is checked while it is away."""
    known = Participant(id="aut_known", revision=1, country="IT")
    async with (
        open_documents(f"sqlite:///{tmp_path}/copy.db", [PARTICIPANTS]) as documents,
        open_channel("127.0.0.1:9") as channel,
    ):
        await documents.insert(PARTICIPANTS, Document(known.id, body(known)))
        gone = replace(known, id="aut_gone", gone=True)
        await documents.insert(PARTICIPANTS, Document(gone.id, body(gone)))
        peer = Peer("directory", str)
        participants = Participants(documents, peer, ParticipantsServiceStub(channel))
        away = References(peer, DirectoryServiceStub(channel), participants)
        form = {"title": Value(link="x"), "country": refers("IT")}
        await away.check_form(FIELDS, form, at="v")
        await away.check_form(FIELDS, {**form, "holder": refers("aut_known")}, at="v")
        with pytest.raises(Invalid) as refused:
            await away.check_form(FIELDS, {"holder": refers("aut_known", "aut_gone")}, at="v")
        assert (refused.value.field, refused.value.reason) == ("v[0].value.references[1]", "UNKNOWN_AUTHORITY")
        for unsure in ({"area": refers("services")}, {"holder": refers("aut_unknown")}):
            with pytest.raises(Unavailable):
                await away.check_form(FIELDS, unsure, at="v")
