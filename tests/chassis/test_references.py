"""What a form refers to is looked up in the directory, and what is not there is named by its place."""

from collections.abc import AsyncIterator

import pytest

from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.references import References
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
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
    """Asks a directory in which nobody is registered, but which knows its areas and concepts."""
    data = tmp_path_factory.mktemp("directory")
    signer = Signer(KeyRing(data / "keys"), "repositories")
    async with (
        directory(DirectorySettings(data_dir=data, listen_address="127.0.0.1:0")) as found,
        open_channel(f"127.0.0.1:{found.port}") as channel,
    ):
        yield References(Peer("directory", signer.for_service), DirectoryServiceStub(channel))


def refers(*ids: str) -> Value:
    return Value(references=ids)


async def test_what_exists_passes(references: References) -> None:
    form = {"area": refers("services", "professional-qualifications"), "subject": refers("doctor", "nurse")}
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


async def test_what_the_directory_need_not_be_asked_is_not_asked() -> None:
    """A form without references to its things is checked while it is away."""
    async with open_channel("127.0.0.1:9") as channel:
        away = References(Peer("directory", str), DirectoryServiceStub(channel))
        await away.check_form(FIELDS, {"title": Value(link="x"), "country": refers("IT")}, at="v")
        with pytest.raises(Unavailable):
            await away.check_form(FIELDS, {"area": refers("services")}, at="v")
