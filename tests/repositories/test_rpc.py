"""Entries over gRPC: written by their owner's editors, read by whom it may concern, refused by name otherwise."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from tests.builders import QUALIFICATIONS, doctors, the_commission
from tests.repositories.conftest import MODULE, Asking, a_person, an_editor, command
from tests.repositories.registers import a_draft, a_published, on_wire, refers, says, written
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from vocabulary.roles import UserRole, WorkflowRole
from vocabulary.values import LINK_LIMIT, TEXT_LIMIT, FreeText, Value

ITALY, HUNGARY = an_editor("IT"), an_editor("HU")
WRITES = ("EditEntry", "PublishEntry", "WithdrawEntry", "DeleteEntryDraft")


def fields_of(method: str, id_: str) -> dict[str, Any]:
    """What a valid command of *method* says beside its key."""
    extra: dict[str, dict[str, Any]] = {
        "EditEntry": {"values": on_wire("Albo corretto")},
        "WithdrawEntry": {"reason": "soppresso"},
    }
    return {"id": id_, **extra.get(method, {})}


async def read(asking: Asking, id_: str) -> pb.Entry | None:
    """The entry as Italy reads it, without what only reads say."""
    found = await asking.read(ITALY, id_)
    if found:
        found.ClearField("links")
    return found


async def refused(asking: Asking, caller: Caller, method: str, kind: type[Refusal], **fields: Any) -> Refusal:
    """How *method* refuses, having changed and made nothing."""
    before = await asking(ITALY, "ListOwnEntries", repository="registers")
    with pytest.raises(kind) as found:
        await asking.do(caller, method, **fields)
    assert type(found.value) is kind
    assert await asking(ITALY, "ListOwnEntries", repository="registers") == before
    return found.value


async def test_a_register_lives_from_draft_to_withdrawal(asking: Asking) -> None:
    draft = await a_draft(asking)
    assert draft.id.startswith("ent_")
    assert (draft.status, draft.revision, draft.owner_id) == (pb.ENTRY_STATUS_DRAFT, 1, doctors("IT"))
    assert (draft.country_code, draft.repository_code) == ("IT", "registers")
    assert says(draft.draft.values) == says(on_wire())
    assert not draft.HasField("published")
    first = await asking.do(ITALY, "PublishEntry", id=draft.id)
    assert (first.status, first.published.number) == (pb.ENTRY_STATUS_PUBLISHED, 1)
    assert says(first.published.values) == says(on_wire())
    assert not first.HasField("draft")
    edited = await asking.do(ITALY, "EditEntry", id=draft.id, values=on_wire("Albo nuovo"), reason="trasloco")
    assert edited.published == first.published
    assert (edited.status, edited.draft.number, edited.draft.reason) == (pb.ENTRY_STATUS_PUBLISHED, 2, "trasloco")
    second = await asking.do(ITALY, "PublishEntry", id=draft.id)
    assert (second.published.number, list(second.earlier)) == (2, [first.published])
    assert says(second.published.values) == says(on_wire("Albo nuovo"))
    gone = await asking.do(ITALY, "WithdrawEntry", id=draft.id, reason="soppresso")
    assert (gone.status, gone.HasField("published")) == (pb.ENTRY_STATUS_WITHDRAWN, False)
    assert list(gone.earlier) == [second.published, first.published]
    assert (gone.revision, gone.created_at) == (5, draft.created_at)
    assert await asking.read(ITALY, draft.id) == gone


async def test_what_a_person_wrote_stays_as_written_and_declared(asking: Asking) -> None:
    personal = Value(text=FreeText(text="  Albo dei medici ", language="IT-it"))
    draft = await a_draft(asking, name=personal)
    text = draft.draft.values[0].value.text
    assert (text.text, text.language, text.data_class) == ("Albo dei medici", "it", common_pb2.DATA_CLASS_PERSONAL)


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize("method", ["CreateEntry", *WRITES])
async def test_only_repository_editors_write(asking: Asking, method: str, role: UserRole) -> None:
    """Every role, in the module of the entry's area; `Edit repository entry` of the access matrix."""
    fields: dict[str, Any] = {"repository": "registers", "values": on_wire()}
    if method in WRITES:
        entry = await a_published(asking)
        await asking.do(ITALY, "EditEntry", id=entry.id, values=on_wire("Albo nuovo"))
        fields = fields_of(method, entry.id)
    if role is UserRole.REPOSITORY_EDITOR:
        assert (await asking.do(a_person("IT", role), method, **fields)).owner_id == doctors("IT")
    else:
        await refused(asking, a_person("IT", role), method, Forbidden, **fields)


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(an_editor("IT", modules=("services/repository",)), id="editor in another area"),
        pytest.param(an_editor("IT", modules=(f"{QUALIFICATIONS}/requests",)), id="editor in another kind of module"),
        pytest.param(
            Caller(
                user_id="usr_reader",
                authority_id=doctors("IT"),
                country="IT",
                user_roles={MODULE: frozenset({UserRole.REPOSITORY_EDITOR})},
                workflow_roles={MODULE: frozenset({WorkflowRole.REPOSITORY_READER})},
            ),
            id="the authority only reads",
        ),
        pytest.param(the_commission(), id="the Commission"),
    ],
)
async def test_an_editor_needs_the_role_in_a_module_where_the_authority_edits(asking: Asking, caller: Caller) -> None:
    found = await refused(asking, caller, "CreateEntry", Forbidden, repository="registers", values=on_wire())
    elsewhere = "services/repository" in caller.user_roles
    assert found.field == ("values[2].value.references[0]" if elsewhere else "")


@pytest.mark.parametrize("method", WRITES)
async def test_another_authority_does_not_write(asking: Asking, method: str) -> None:
    entry = await a_published(asking)
    await refused(asking, HUNGARY, method, Forbidden, **fields_of(method, entry.id))
    same_country = an_editor("IT", authority=doctors("HU"))
    await refused(asking, same_country, method, Forbidden, **fields_of(method, entry.id))


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("status", ["draft", "withdrawn", "deleted"])
async def test_what_one_may_not_know_of_does_not_exist(asking: Asking, method: str, status: str) -> None:
    """The refusal is, word for word, that for an id that nobody has."""
    entry = await (a_published if status == "withdrawn" else a_draft)(asking)
    if status == "deleted":
        await asking.do(ITALY, "DeleteEntryDraft", id=entry.id)
    if status == "withdrawn":
        await asking.do(ITALY, "WithdrawEntry", id=entry.id, reason="soppresso")
    hidden = await refused(asking, HUNGARY, method, NotFound, **fields_of(method, entry.id))
    absent = await refused(asking, HUNGARY, method, NotFound, **fields_of(method, "ent_nobody"))
    assert hidden.message == f"there is no entry {entry.id!r}"
    assert absent.message == "there is no entry 'ent_nobody'"
    assert (hidden.field, hidden.reason) == (absent.field, absent.reason) == ("id", "NOT_FOUND")


def the(**changed: Value) -> Callable[[], list[common_pb2.FieldValue]]:
    return lambda: on_wire(**changed)


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        (lambda: [*on_wire(), common_pb2.FieldValue(code="colour")], "values[7].value", "EMPTY"),
        (the(colour=written("rosso")), "values[7].code", "UNKNOWN_FIELD"),
        (lambda: [*on_wire(), on_wire()[0]], "values[7].code", "REPEATED"),
        (the(name=refers("doctor")), "values[0].value", "WRONG_TYPE"),
        (the(name=written(" ")), "values[0].value.text.text", "EMPTY"),
        (the(name=written("x" * (TEXT_LIMIT + 1))), "values[0].value.text.text", "TOO_LONG"),
        (the(name=written("x", "ru")), "values[0].value.text.language", "UNKNOWN_LANGUAGE"),
        (the(url=Value(link="ftp://albo.example")), "values[1].value.link", "NOT_A_LINK"),
        (the(url=Value(link="https://" + "x" * LINK_LIMIT)), "values[1].value.link", "NOT_A_LINK"),
        (the(area=refers("fishing")), "values[2].value.references[0]", "UNKNOWN_AREA"),
        (the(area=refers(QUALIFICATIONS, "services")), "values[2].value.references", "TOO_MANY"),
        (the(holder=refers("aut_nobody")), "values[3].value.references[0]", "UNKNOWN_AUTHORITY"),
        (the(subjects=refers("doctor", "wizard")), "values[4].value.references[1]", "UNKNOWN_CONCEPT"),
        (the(subjects=refers("doctor", "doctor")), "values[4].value.references", "REPEATED"),
        (the(content=Value(codes=("PERSONS", "GHOSTS"))), "values[5].value.codes[1]", "UNKNOWN_CHOICE"),
        (the(content=Value(codes=())), "values[5].value.codes", "EMPTY"),
        (the(public=Value(codes=("YES", "NO"))), "values[6].value.codes", "TOO_MANY"),
        (the(languages=refers("it", "ru")), "values[7].value.references[1]", "UNKNOWN_LANGUAGE"),
    ],
)
async def test_an_unfit_value_is_refused_by_name(
    asking: Asking, values: Callable[[], list[common_pb2.FieldValue]], field: str, reason: str
) -> None:
    entry = await a_draft(asking)
    for method, fields in (("CreateEntry", {"repository": "registers"}), ("EditEntry", {"id": entry.id})):
        found = await refused(asking, ITALY, method, Invalid, **fields, values=values())
        assert (found.field, found.reason) == (field, reason)


@pytest.mark.parametrize("code", ["", "Registers", "certificates"])
async def test_an_unknown_repository_is_refused(asking: Asking, code: str) -> None:
    for method, fields in (("CreateEntry", {"command": command()}), ("SearchEntries", {}), ("ListOwnEntries", {})):
        with pytest.raises(Invalid) as found:
            await asking(ITALY, method, repository=code, **fields)
        assert (found.value.field, found.value.reason) == ("repository", "UNKNOWN_REPOSITORY")


async def test_what_is_incomplete_is_not_published(asking: Asking) -> None:
    draft = await asking.do(ITALY, "CreateEntry", repository="registers")
    found = await refused(asking, ITALY, "PublishEntry", Invalid, id=draft.id)
    assert (found.field, found.reason) == ("values", "MISSING_FIELD")
    await asking.do(ITALY, "EditEntry", id=draft.id, values=on_wire())
    assert (await asking.do(ITALY, "PublishEntry", id=draft.id)).status == pb.ENTRY_STATUS_PUBLISHED


async def test_nothing_is_published_twice(asking: Asking) -> None:
    entry = await a_published(asking)
    found = await refused(asking, ITALY, "PublishEntry", Conflict, id=entry.id)
    assert found.reason == "NOTHING_PREPARED"


@pytest.mark.parametrize("method", WRITES)
async def test_nothing_is_written_after_withdrawal(asking: Asking, method: str) -> None:
    entry = await a_published(asking)
    await asking.do(ITALY, "WithdrawEntry", id=entry.id, reason="soppresso")
    found = await refused(asking, ITALY, method, Conflict, **fields_of(method, entry.id))
    assert found.reason == "TRANSITION"


@pytest.mark.parametrize(("reason", "why"), [("x" * 1001, "TOO_LONG"), ("  ", "EMPTY"), ("", "EMPTY")])
async def test_an_unfit_reason_is_refused(asking: Asking, reason: str, why: str) -> None:
    entry = await a_published(asking)
    found = await refused(asking, ITALY, "WithdrawEntry", Invalid, id=entry.id, reason=reason)
    assert (found.field, found.reason) == ("reason", why)


@pytest.mark.parametrize("method", WRITES)
async def test_a_stale_revision_is_refused(asking: Asking, method: str) -> None:
    entry = await a_published(asking)
    await asking.do(ITALY, "EditEntry", id=entry.id, values=on_wire("Albo nuovo"))
    fields = fields_of(method, entry.id)
    found = await refused(asking, ITALY, method, Stale, command=command(revision=2), **fields)
    assert (found.field, found.reason) == ("revision", "STALE_REVISION")
    assert (await asking.do(ITALY, method, command=command(revision=3), **fields)).revision == 4


@pytest.mark.parametrize("method", ["CreateEntry", *WRITES])
async def test_the_same_key_again_gives_the_same_answer_and_no_second_effect(asking: Asking, method: str) -> None:
    given = command()
    fields: dict[str, Any] = {"repository": "registers", "values": on_wire()}
    if method in WRITES:
        entry = await a_published(asking)
        await asking.do(ITALY, "EditEntry", id=entry.id, values=on_wire("Albo nuovo"))
        fields = fields_of(method, entry.id)
    first = await asking.do(ITALY, method, command=given, **fields)
    assert await asking.do(ITALY, method, command=given, **fields) == first
    assert await read(asking, first.id) == first


@pytest.mark.parametrize("method", ["CreateEntry", "EditEntry", "WithdrawEntry"])
async def test_another_command_under_the_same_key_is_refused(asking: Asking, method: str) -> None:
    given = command(str(uuid.uuid4()))
    creating = method == "CreateEntry"
    id_ = "" if creating else (await a_published(asking)).id
    fields = {"repository": "registers", "values": on_wire()} if creating else fields_of(method, id_)
    first = await asking.do(ITALY, method, command=given, **fields)
    other = {"reason": "altro"} if method == "WithdrawEntry" else {"values": on_wire("Altro")}
    with pytest.raises(Conflict) as found:
        await asking.do(ITALY, method, command=given, **{**fields, **other})
    assert (found.value.field, found.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")
    assert await read(asking, first.id) == first


@pytest.mark.parametrize("key", ["", "x" * 129])
async def test_every_command_needs_a_key(asking: Asking, key: str) -> None:
    draft = await a_draft(asking)
    unkeyed = common_pb2.Command(idempotency_key=key)
    for method in WRITES:
        found = await refused(asking, ITALY, method, Invalid, command=unkeyed, **fields_of(method, draft.id))
        assert (found.field, found.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY")
