"""What people write in entries is of the class that its field gives it, and is translated where the definition says so."""

from dataclasses import replace

import pytest

from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import FieldRule
from tests.repositories.conftest import Asking, an_editor
from tests.repositories.test_publishing import a_definition, field, publish
from tests.repositories.transfers import JSON, send
from vocabulary.values import ValueType

ITALY = an_editor("IT")
PUBLIC, INTERNAL = common_pb2.DATA_CLASS_PUBLIC, common_pb2.DATA_CLASS_INTERNAL
PERSONAL, SPECIAL = common_pb2.DATA_CLASS_PERSONAL, common_pb2.DATA_CLASS_SPECIAL_CATEGORY
# Field → the class that it gives, and whether it is translated.
FIELDS = {"name": (PUBLIC, False), "summary": (PUBLIC, True), "note": (INTERNAL, True), "holder": (PERSONAL, False)}


@pytest.fixture(scope="module")
async def code(asking: Asking) -> str:
    """A repository that everybody reads, with a note for those in IMI, and personal data."""
    fields = [field(one, ValueType.TEXT, personal=one == "holder", searchable=one == "name") for one in FIELDS]
    rules = {one: FieldRule(translatable=translated) for one, (_, translated) in FIELDS.items()}
    rules["note"] = replace(rules["note"], audience=Audience(visibility=Visibility.ALL_IMI))
    made = a_definition(*fields, code="texts", audience=Audience(visibility=Visibility.PUBLIC), rules=rules)
    made = replace(made, retention=replace(made.retention, erased_after_months=12))
    await publish(asking, made, "texts")
    return "texts"


def given(
    text: str = "Testo", data_class: "common_pb2.DataClass.ValueType" = common_pb2.DATA_CLASS_UNSPECIFIED
) -> list[common_pb2.FieldValue]:
    """*text* in every field. That it is to stay as it is written is not for its writer to say."""
    written = common_pb2.FreeText(text=text, language="it", data_class=data_class, as_written=True)
    return [common_pb2.FieldValue(code=one, value=common_pb2.Value(text=written)) for one in FIELDS]


def said(version: pb.EntryVersion) -> dict[str, tuple[int, bool]]:
    return {one.code: (one.value.text.data_class, not one.value.text.as_written) for one in version.values}


async def test_a_text_of_which_nothing_is_said_is_of_the_class_of_its_field(asking: Asking, code: str) -> None:
    """However it comes in; and each answer says which texts are translated."""
    made = await asking.do(ITALY, "CreateEntry", repository=code, values=given())
    assert said(made.draft) == FIELDS
    made = await asking.do(ITALY, "PublishEntry", id=made.id)
    row = '{"name": "Testo", "summary": "Testo", "note": "Testo", "holder": "Testo"}\n'
    await send(asking, row, JSON, caller=ITALY, repository=code, publish=True, language="it")
    listed = (await asking(ITALY, "ListOwnEntries", repository=code)).entries
    assert [said(one.published) for one in listed] == [FIELDS] * 2
    await asking.do(ITALY, "EditEntry", id=made.id, values=given("Altro"))
    await asking.do(ITALY, "PublishEntry", id=made.id)
    versions = (await asking(ITALY, "ListEntryVersions", id=made.id)).versions
    assert [said(one) for one in versions] == [FIELDS] * 2
    differences = (await asking(ITALY, "DiffEntry", id=made.id, **{"from": 1}, to=2)).differences
    for side in ("before", "after"):
        texts = {one.field_code: getattr(one, side).text for one in differences}
        assert {one: (text.data_class, not text.as_written) for one, text in texts.items()} == FIELDS
    # Where it stands is where its words mean what they mean there.
    assert listed[0].area_code == "professional-qualifications"


async def test_what_its_writer_says_of_a_text_stays(asking: Asking, code: str) -> None:
    """Also when the same text is written again without a word on it; another text is another one's."""
    made = await asking.do(ITALY, "CreateEntry", repository=code, values=given(data_class=SPECIAL))
    assert {one for one, _ in said(made.draft).values()} == {SPECIAL}
    made = await asking.do(ITALY, "EditEntry", id=made.id, values=given())
    assert {one for one, _ in said(made.draft).values()} == {SPECIAL}
    made = await asking.do(ITALY, "EditEntry", id=made.id, values=given("Altro"))
    assert said(made.draft) == FIELDS
