"""Each free text that a service sends is somebody's: what is made of it can be forgotten with the thing that it is of."""

from collections.abc import Collection
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from gateway.texts.origins import _OWNERS, _TEXT, free_texts
from protos.alerts.v1 import alerts_pb2
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2
from protos.requests.v1 import requests_pb2

TEXT = common_pb2.Value(text=common_pb2.FreeText(text="Albo", language="it"))


@pytest.mark.parametrize("file", [alerts_pb2, repositories_pb2, requests_pb2], ids=lambda file: file.DESCRIPTOR.name)
def test_no_answer_has_a_text_that_is_nobodys(file: Any) -> None:
    for service in file.DESCRIPTOR.services_by_name.values():
        assert [one.name for one in service.methods if _is_nobodys(one.output_type)] == []


def test_versions_and_what_differs_between_them_are_of_their_entry() -> None:
    version = repositories_pb2.EntryVersion(values=[common_pb2.FieldValue(code="name", value=TEXT)])
    differing = repositories_pb2.FieldDifference(field_code="name", before=TEXT)
    for answer in (
        repositories_pb2.ListEntryVersionsResponse(id="ent_1", versions=[version]),
        repositories_pb2.DiffEntryResponse(id="ent_1", differences=[differing]),
    ):
        assert [origin.owner for _, origin in free_texts(answer)] == ["ent_1"]


def _is_nobodys(kind: Descriptor, above: Collection[str] = ()) -> bool:
    """Whether a free text can stand in *kind* with nothing around it that says whose it is."""
    if kind.full_name in _OWNERS or kind.full_name in above:
        return False
    within = {*above, kind.full_name}
    return kind.full_name == _TEXT or any(
        _is_nobodys(field.message_type, within) for field in kind.fields if field.message_type
    )
