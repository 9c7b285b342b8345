"""Whoever is shown people of an authority is in the audit; to look at oneself, or at authorities, is nothing to write down."""

from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import audit_pb2 as pb
from services.directory.domain import auditing
from tests.audits import method_of, parts_of
from tests.directory.conftest import Asking
from tests.directory.staff import NIMIC, added, an_office, as_caller
from vocabulary.audit import Known
from vocabulary.refusals import Forbidden


async def reads(asking: Asking, caller: Caller, **asked: Any) -> list[pb.AuditedRead]:
    return list((await asking(caller, "ListReads", **asked)).reads)


async def test_each_way_to_read_of_people_is_written_down(small: Asking) -> None:
    office, (administrator,) = await an_office(small)
    colleague = as_caller(await added(small, NIMIC, office))
    await small(colleague, "BatchGetUsers", ids=[administrator.user_id, colleague.user_id])
    await small(administrator, "ListUsers", authority_id=office)
    await small(administrator, "ListChanges", authority_id=office)
    found = await reads(small, administrator)
    said = [(method_of(one), one.user_id, {thing.id for thing in one.things}) for one in found]
    assert said == [
        ("ListChanges", administrator.user_id, {office}),
        ("ListUsers", administrator.user_id, {administrator.user_id, colleague.user_id}),
        ("BatchGetUsers", colleague.user_id, {administrator.user_id}),
    ]
    assert parts_of(found[0], office) == {"PERSONAL_DATA", "LISTED"}
    assert parts_of(found[1], colleague.user_id) == {"CONTENT", "LISTED"}
    assert parts_of(found[2], administrator.user_id) == {"CONTENT"}


async def test_an_authority_knows_who_above_it_has_read_of_its_people_but_not_which_official(small: Asking) -> None:
    office, (administrator,) = await an_office(small)
    await small(NIMIC, "ListUsers", authority_id=office)
    found = await reads(small, administrator, id=administrator.user_id)
    assert [(one.authority_id, one.user_id, one.trace_id) for one in found if method_of(one) == "ListUsers"] == [
        (NIMIC.authority_id, "", "")
    ]
    _, (stranger,) = await an_office(small)
    assert await reads(small, stranger, id=administrator.user_id) == []


async def test_who_may_not_list_people_has_tried(small: Asking) -> None:
    office, _ = await an_office(small)
    _, (stranger,) = await an_office(small)
    with pytest.raises(Forbidden):
        await small(stranger, "ListUsers", authority_id=office)
    (read, *_) = await reads(small, stranger)
    assert (method_of(read), read.refused, parts_of(read, office)) == ("ListUsers", "FORBIDDEN", {"WITHHELD"})


async def test_authorities_and_oneself_are_read_without_a_row(small: Asking) -> None:
    _, (administrator,) = await an_office(small)
    await small(administrator, "BatchGetUsers", ids=[administrator.user_id])
    await small(administrator, "SearchAuthorities", text="medici")
    await small.seen(administrator, NIMIC.authority_id)
    assert await reads(small, administrator, user_id=administrator.user_id) == []


def test_people_are_their_own_authoritys_to_know_of() -> None:
    assert auditing.known("aut_it", "aut_it") is Known.AUTHORITIES
    assert auditing.known("aut_it", "aut_hu") is Known.NOTHING
