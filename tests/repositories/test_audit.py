"""Whoever is shown an entry that not everybody may read is in the audit, and what is public leaves no row."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.wire import field_values
from protos.common.v1 import audit_pb2 as pb
from protos.common.v1 import common_pb2
from services.repositories.domain import auditing
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import Definition, FieldRule, Retention
from services.repositories.domain.lifecycle import Status
from tests.audits import administrator, listed, method_of, parts_of
from tests.builders import doctors
from tests.chassis.waiting import until
from tests.repositories.conftest import Asking, a_person, an_editor
from tests.repositories.registers import a_draft, a_published, an_entry, written
from tests.repositories.test_publishing import MODULE, WORDS, a_definition, publish
from tests.repositories.transfers import fetch
from vocabulary.audit import Known, Part
from vocabulary.refusals import NotFound
from vocabulary.roles import UserRole
from vocabulary.values import Field, Value, ValueType

ITALY, HUNGARY = an_editor("IT"), a_person("HU", UserRole.VIEWER)


async def reads(asking: Asking, caller: Any, **asked: Any) -> list[pb.AuditedRead]:
    return list((await listed(asking.peer(caller), asking.channel, **asked)).reads)


async def test_each_way_to_read_an_entry_is_written_down(asking: Asking) -> None:
    entry = await a_published(asking)

    async def found() -> bool:
        page = await asking(HUNGARY, "SearchEntries", repository="registers", text="Albo", page={"first": 100})
        return entry.id in {one.id for one in page.entries}

    ways: list[tuple[str, set[str], Callable[[], Awaitable[Any]]]] = [
        ("BatchGetEntries", {"CONTENT"}, lambda: asking.read(HUNGARY, entry.id)),
        ("SearchEntries", {"CONTENT", "LISTED"}, lambda: until(found)),
        ("ListEntryVersions", {"CONTENT"}, lambda: asking(HUNGARY, "ListEntryVersions", id=entry.id)),
    ]
    for method, parts, way in ways:
        await way()
        read = (await reads(asking, administrator(HUNGARY), id=entry.id, user_id=HUNGARY.user_id))[0]
        assert (method_of(read), parts_of(read, entry.id)) == (method, parts)
    # Its owner knows from where it was read.
    told = await reads(asking, administrator(ITALY), id=entry.id)
    assert {(one.country_code, one.authority_id, one.user_id) for one in told if one.country_code == "HU"} == {
        ("HU", "", "")
    }
    await fetch(asking, HUNGARY)
    read = (await reads(asking, administrator(HUNGARY), user_id=HUNGARY.user_id))[0]
    assert (method_of(read), parts_of(read, "registers")) == ("ExportEntries", {"CONTENT", "EXPORT"})


async def test_the_answer_to_a_command_that_is_repeated_is_read_once_more(asking: Asking) -> None:
    entry, again = await a_published(asking), common_pb2.Command(idempotency_key=f"again-{uuid.uuid4()}")
    for _ in range(2):
        await asking.do(ITALY, "WithdrawEntry", id=entry.id, reason="over", command=again)
    found = await reads(asking, administrator(ITALY), id=entry.id, user_id=ITALY.user_id)
    assert [method_of(one) for one in found].count("WithdrawEntry") == 2
    assert len({one.things[0].revision for one in found[:2]}) == 1


async def test_whose_personal_data_are_in_an_export_is_written_down_entry_by_entry(asking: Asking) -> None:
    name = Field(code="name", label=WORDS, type=ValueType.TEXT, personal=True, mandatory=True)
    kept = Retention(erased_after_months=36)
    await publish(asking, a_definition(name, code="holders", audience=MODULE, retention=kept), "holders")
    made = await asking.do(
        ITALY, "CreateEntry", repository="holders", values=field_values({"name": written("Anna Rossi")})
    )
    await asking.do(ITALY, "PublishEntry", id=made.id)

    async def is_in_it() -> bool:
        return made.id.encode() in (await fetch(asking, HUNGARY, repository="holders"))[1]

    await until(is_in_it)
    read = (await reads(asking, administrator(HUNGARY), id=made.id))[0]
    assert (method_of(read), parts_of(read, made.id)) == ("ExportEntries", {"CONTENT", "PERSONAL_DATA", "EXPORT"})
    told = await reads(asking, administrator(ITALY), id=made.id)
    assert "HU" in {one.country_code for one in told}


async def test_who_asks_for_a_draft_of_others_is_written_down(asking: Asking) -> None:
    draft = await a_draft(asking)
    assert await asking.read(HUNGARY, draft.id) is None
    with pytest.raises(NotFound):
        await asking(HUNGARY, "ListEntryVersions", id=draft.id)
    found = await reads(asking, administrator(HUNGARY), id=draft.id)
    assert [(method_of(one), one.refused, parts_of(one, draft.id)) for one in found] == [
        ("ListEntryVersions", "NOT_FOUND", {"WITHHELD"}),
        ("BatchGetEntries", "", {"WITHHELD"}),
    ]
    assert await reads(asking, administrator(an_editor("HU", authority=doctors("FR"))), id=draft.id) == []


def test_what_is_public_leaves_no_row_and_what_is_not_says_whether_it_is_personal() -> None:
    def a_definition(visibility: Visibility, *, personal: bool = False, own: Visibility | None = None) -> Definition:
        field = Field(code="name", label={"en": "Name"}, type=ValueType.TEXT, personal=personal)
        rules = {"name": FieldRule(audience=Audience(visibility=own))} if own else {}
        audience = Audience(visibility=visibility)
        return Definition(
            code="names", version=1, title={}, description={}, audience=audience, fields=(field,), rules=rules
        )

    entry = an_entry(Status.PUBLISHED)
    assert entry.published
    entry = an_entry(Status.PUBLISHED, published=_saying(entry.published, {"name": Value(codes=("A",))}))
    public, imi = Visibility.PUBLIC, Visibility.ALL_IMI
    assert auditing.parts(entry, a_definition(public)) == ()
    assert auditing.parts(entry, a_definition(imi)) == (Part.CONTENT,)
    assert auditing.parts(entry, a_definition(public, own=imi)) == (Part.CONTENT,)
    assert auditing.parts(entry, a_definition(public, personal=True)) == (Part.CONTENT, Part.PERSONAL_DATA)
    assert auditing.parts(an_entry(Status.DRAFT), a_definition(public)) == (Part.CONTENT,)
    assert auditing.known(entry, entry.owner_id) is Known.COUNTRIES
    assert auditing.known(entry, "aut_other") is Known.NOTHING


def _saying(version: Any, values: Any) -> Any:
    return type(version)(**{**{name: getattr(version, name) for name in version.__slots__}, "values": values})
