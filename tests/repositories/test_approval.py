"""Entries of a repository whose entries are approved, over gRPC: four eyes, and who learns what on the way."""

from typing import Any

import pytest

from chassis.wire import field_values
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import FieldRule
from tests.builders import the_commission
from tests.repositories.conftest import Asking, a_person, an_approver, an_editor, command
from tests.repositories.registers import a_draft, a_published, on_wire, says, written
from tests.repositories.test_publishing import FIELDS, MODULE, a_definition, publish
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Stale
from vocabulary.roles import UserRole

ITALY, HUNGARY = an_editor("IT"), an_editor("HU")
COORDINATOR, ABROAD = an_approver("IT"), an_approver("HU")
COLLEAGUE = a_person("IT", UserRole.VIEWER)
VALUES = field_values({"name": written("Elenco")})


@pytest.fixture(scope="module")
async def approved(asking: Asking) -> str:
    """The code of a repository that asks for approval."""
    await publish(asking, a_definition(*FIELDS, code="approved", approval=True, audience=MODULE), "approved")
    return "approved"


async def a_submitted(asking: Asking, code: str) -> pb.Entry:
    made = await asking.do(ITALY, "CreateEntry", repository=code, values=VALUES)
    return await asking.do(ITALY, "SubmitEntry", id=made.id)


async def test_another_authority_approves_or_sends_it_back(asking: Asking, approved: str) -> None:
    waiting = await a_submitted(asking, approved)
    assert waiting.status == pb.ENTRY_STATUS_PENDING_APPROVAL
    seen = await asking.read(COORDINATOR, waiting.id)
    assert seen
    assert (says(seen.draft.values), list(seen.history)) == (says(VALUES), [])
    for other in (HUNGARY, ABROAD, COLLEAGUE, the_commission()):
        assert await asking.read(other, waiting.id) is None
    listed = (await asking(COORDINATOR, "ListPendingEntries", repository=approved)).entries
    assert waiting.id in [one.id for one in listed]
    assert not (await asking(ABROAD, "ListPendingEntries", repository=approved)).entries
    with pytest.raises(Forbidden):
        await asking(ITALY, "ListPendingEntries", repository=approved)

    given = command()
    returned = await asking.do(COORDINATOR, "ReturnEntry", command=given, id=waiting.id, reason="quale?")
    assert (returned.status, returned.HasField("draft")) == (pb.ENTRY_STATUS_DRAFT, False)
    assert await asking.do(COORDINATOR, "ReturnEntry", command=given, id=waiting.id, reason="quale?") == returned
    assert await asking.read(COORDINATOR, waiting.id) is None
    own = await asking.read(ITALY, waiting.id)
    assert own
    assert own.return_reason == "quale?"
    await asking.do(ITALY, "SubmitEntry", id=waiting.id)
    published = await asking.do(COORDINATOR, "ApproveEntry", id=waiting.id)
    assert (published.status, published.published.number) == (pb.ENTRY_STATUS_PUBLISHED, 1)
    assert await asking.read(HUNGARY, waiting.id) is not None
    own = await asking.read(ITALY, waiting.id)
    assert own
    steps = [(one.action, one.authority_id, one.reason) for one in own.history]
    assert steps == [
        (pb.ENTRY_ACTION_CREATE, ITALY.authority_id, ""),
        (pb.ENTRY_ACTION_SUBMIT, ITALY.authority_id, ""),
        (pb.ENTRY_ACTION_RETURN, COORDINATOR.authority_id, "quale?"),
        (pb.ENTRY_ACTION_SUBMIT, ITALY.authority_id, ""),
        (pb.ENTRY_ACTION_APPROVE, COORDINATOR.authority_id, ""),
    ]


async def test_whoever_approves_what_is_for_others_is_told_again_that_it_was_done(asking: Asking) -> None:
    audience = Audience(visibility=Visibility.EXPLICIT, authority_fields=("holder",))
    await publish(asking, a_definition(*FIELDS, code="confided", approval=True, audience=audience), "confided")
    entry, given = await a_submitted(asking, "confided"), command()
    approved = await asking.do(COORDINATOR, "ApproveEntry", command=given, id=entry.id)
    assert (approved.status, approved.HasField("published")) == (pb.ENTRY_STATUS_PUBLISHED, False)
    assert await asking.do(COORDINATOR, "ApproveEntry", command=given, id=entry.id) == approved
    assert await asking.read(COORDINATOR, entry.id) is None


async def test_readers_stay_on_the_old_version_until_the_new_one_is_approved(asking: Asking, approved: str) -> None:
    entry = await a_submitted(asking, approved)
    await asking.do(COORDINATOR, "ApproveEntry", id=entry.id)
    before = await asking.read(HUNGARY, entry.id)
    assert before
    newer = field_values({"name": written("Elenco nuovo")})
    await asking.do(ITALY, "EditEntry", id=entry.id, values=newer)
    waiting = await asking.do(ITALY, "SubmitEntry", id=entry.id)
    assert waiting.status == pb.ENTRY_STATUS_UPDATE_PENDING
    # Not a byte shows that a new version is on its way.
    assert await asking.read(HUNGARY, entry.id) == before
    assert before.status == pb.ENTRY_STATUS_PUBLISHED
    after = await asking.do(COORDINATOR, "ApproveEntry", id=entry.id)
    assert says(after.published.values) == says(newer)
    seen = await asking.read(HUNGARY, entry.id)
    assert seen
    assert (seen.published.number, seen.revision) == (2, 2)


async def test_what_was_changed_since_it_was_read_is_decided_by_nobody(asking: Asking, approved: str) -> None:
    """Whoever says which revision they have read does not approve, send back or publish another content than that."""
    read = await a_submitted(asking, approved)
    seen = await asking.read(COORDINATOR, read.id)
    assert seen
    assert seen.revision == read.revision
    swapped = field_values({"name": written("Tutt'altro")})
    await asking.do(ITALY, "EditEntry", id=read.id, values=swapped)
    waiting = await asking.do(ITALY, "SubmitEntry", id=read.id)
    draft = await asking.do(ITALY, "CreateEntry", repository="registers", values=on_wire("Albo"))
    edited = await asking.do(ITALY, "EditEntry", id=draft.id, values=on_wire("Altro"))
    for caller, method, entry, stale, reason in (
        (COORDINATOR, "ApproveEntry", waiting, read.revision, ""),
        (COORDINATOR, "ReturnEntry", waiting, read.revision, "quale?"),
        (ITALY, "PublishEntry", edited, draft.revision, ""),
    ):
        fields = {"id": entry.id, **({"reason": reason} if reason else {})}
        with pytest.raises(Stale) as refused:
            await asking.do(caller, method, command=command(revision=stale), **fields)
        assert (refused.value.code, refused.value.reason, refused.value.field) == (
            "CONFLICT",
            "STALE_REVISION",
            "revision",
        )
        assert await asking.read(ITALY, entry.id) == entry
    published = await asking.do(ITALY, "PublishEntry", command=command(revision=edited.revision), id=edited.id)
    assert published.status == pb.ENTRY_STATUS_PUBLISHED
    after = await asking.do(COORDINATOR, "ApproveEntry", command=command(revision=waiting.revision), id=read.id)
    assert says(after.published.values) == says(swapped)
    # So it is with a new version of what is published: its approver sees the revision that counts, other than readers.
    await asking.do(ITALY, "EditEntry", id=read.id, values=VALUES)
    await asking.do(ITALY, "SubmitEntry", id=read.id)
    seen = await asking.read(COORDINATOR, read.id)
    assert seen
    await asking.do(COORDINATOR, "ApproveEntry", command=command(revision=seen.revision), id=read.id)


@pytest.mark.parametrize("method", ["ApproveEntry", "ReturnEntry"])
async def test_nobody_else_decides(asking: Asking, approved: str, method: str) -> None:
    entry = await a_submitted(asking, approved)
    fields: dict[str, Any] = {"id": entry.id, "reason": "x"} if method == "ReturnEntry" else {"id": entry.id}
    own_coordinator = a_person("IT", UserRole.COORDINATOR)
    for caller, kind in ((ITALY, Forbidden), (HUNGARY, NotFound), (ABROAD, NotFound), (own_coordinator, NotFound)):
        with pytest.raises(kind):
            await asking.do(caller, method, **fields)
    assert await asking.read(ITALY, entry.id) == entry


async def test_what_is_not_asked_for_is_not_there(asking: Asking, approved: str) -> None:
    waiting = await a_submitted(asking, approved)
    with pytest.raises(Conflict) as refused:
        await asking.do(ITALY, "PublishEntry", id=waiting.id)
    assert refused.value.reason == "OTHER_REPOSITORY"
    with pytest.raises(Conflict) as refused:
        await asking.do(ITALY, "SubmitEntry", id=(await a_draft(asking)).id)
    assert refused.value.reason == "OTHER_REPOSITORY"


async def test_the_actions_told_are_those_that_the_reader_has(asking: Asking, approved: str) -> None:
    entry = await a_submitted(asking, approved)

    async def possible(caller: Any) -> list[int] | None:
        found = (await asking(caller, "BatchGetEntryActions", ids=[entry.id])).actions
        return [one.action for one in found[0].actions if one.possible] if found else None

    assert await possible(ITALY) == [pb.ENTRY_ACTION_EDIT, pb.ENTRY_ACTION_DELETE_DRAFT]
    assert await possible(COORDINATOR) == [pb.ENTRY_ACTION_RETURN, pb.ENTRY_ACTION_APPROVE]
    assert await possible(HUNGARY) is None
    (told,) = (await asking(ITALY, "BatchGetEntryActions", ids=[entry.id])).actions
    approving = next(one for one in told.actions if one.action == pb.ENTRY_ACTION_APPROVE)
    with pytest.raises(Forbidden) as refused:
        await asking.do(ITALY, "ApproveEntry", id=entry.id)
    assert (approving.code, approving.reason, approving.message) == (
        "FORBIDDEN",
        refused.value.reason,
        refused.value.message,
    )


async def a_history(asking: Asking, count: int) -> pb.Entry:
    entry = await a_published(asking)
    for number in range(2, count + 1):
        await asking.do(ITALY, "EditEntry", id=entry.id, values=on_wire(f"Albo {number}"))
        entry = await asking.do(ITALY, "PublishEntry", id=entry.id)
    return entry


async def test_versions_are_listed_compared_and_gone_back_to(asking: Asking) -> None:
    entry = await a_history(asking, 4)
    numbers: list[int] = []
    after, more = "", True
    while more:
        page = {"first": 3, "after": after}
        answer = await asking(HUNGARY, "ListEntryVersions", id=entry.id, page=page)
        numbers += [one.number for one in answer.versions]
        after, more = answer.page_info.cursors[-1], answer.page_info.has_next_page
    assert numbers == [4, 3, 2, 1]
    diff = await asking(HUNGARY, "DiffEntry", id=entry.id, **{"from": 2, "to": 4})
    (name,) = diff.differences
    assert (name.field_code, name.before.text.text, name.after.text.text) == ("name", "Albo 2", "Albo 4")
    assert not (await asking(HUNGARY, "DiffEntry", id=entry.id, **{"from": 3, "to": 3})).differences
    back = await asking.do(ITALY, "RevertEntry", id=entry.id, version=2, reason="errore")
    assert (back.draft.number, back.draft.reverts_to, back.draft.reason) == (5, 2, "errore")
    # A draft is one more version to its owner, and to nobody else.
    own = await asking(ITALY, "DiffEntry", id=entry.id, **{"from": 2, "to": 5})
    assert not own.differences
    for number in (0, 5, 99):
        with pytest.raises(NotFound) as refused:
            await asking(HUNGARY, "DiffEntry", id=entry.id, **{"from": 2, "to": number})
        assert refused.value.field == "to"
    published = await asking.do(ITALY, "PublishEntry", id=entry.id)
    assert says(published.published.values) == says(on_wire("Albo 2"))
    with pytest.raises(Invalid) as unknown:
        await asking.do(ITALY, "RevertEntry", id=entry.id, version=5)
    assert (unknown.value.field, unknown.value.reason) == ("version", "UNKNOWN_VERSION")


async def test_what_has_ended_is_its_owners_and_then_its_editors(asking: Asking) -> None:
    entry = await a_history(asking, 2)
    with pytest.raises(Conflict):
        await asking.do(ITALY, "ArchiveEntry", id=entry.id)
    await asking.do(ITALY, "WithdrawEntry", id=entry.id, reason="soppresso")
    for method, fields in (("ListEntryVersions", {}), ("DiffEntry", {"from": 1, "to": 2})):
        for caller, there in ((ITALY, True), (COLLEAGUE, True), (HUNGARY, False), (the_commission(), False)):
            if there:
                assert await asking(caller, method, id=entry.id, **fields)
                continue
            with pytest.raises(NotFound) as refused:
                await asking(caller, method, id=entry.id, **fields)
            assert refused.value.message == f"there is no entry {entry.id!r}"
    archived = await asking.do(ITALY, "ArchiveEntry", id=entry.id)
    assert archived.status == pb.ENTRY_STATUS_ARCHIVED
    assert await asking.read(COLLEAGUE, entry.id) is None
    assert await asking.read(ITALY, entry.id) == archived


async def test_days_of_validity_are_kept_with_their_version(asking: Asking) -> None:
    made = await asking.do(
        ITALY, "CreateEntry", repository="registers", values=on_wire(), valid_from="2026-01-01", valid_to="2099-12-31"
    )
    assert (made.draft.valid_from, made.draft.valid_to) == ("2026-01-01", "2099-12-31")
    for field, fields, reason in (
        ("validFrom", {"valid_from": "yesterday"}, "NOT_A_DATE"),
        ("validTo", {"valid_to": "2026-02-30"}, "NOT_A_DATE"),
        ("validTo", {"valid_from": "2026-02-02", "valid_to": "2026-02-01"}, "OUT_OF_ORDER"),
    ):
        with pytest.raises(Invalid) as refused:
            await asking.do(ITALY, "EditEntry", id=made.id, values=on_wire(), **fields)
        assert (refused.value.field, refused.value.reason) == (field, reason)
    await asking.do(ITALY, "EditEntry", id=made.id, values=on_wire(), valid_to="2020-01-01")
    with pytest.raises(Invalid) as refused:
        await asking.do(ITALY, "PublishEntry", id=made.id)
    assert (refused.value.field, refused.value.reason) == ("validTo", "PAST_DATE")


async def test_a_field_for_some_is_absent_for_others_in_reads_versions_and_comparisons(asking: Asking) -> None:
    rules = {"born": FieldRule(audience=MODULE)}
    await publish(asking, a_definition(*FIELDS, code="partly", rules=rules), "partly")
    values = on_wire()[:0] + field_values({"name": written("Uno")})
    made = await asking.do(ITALY, "CreateEntry", repository="partly", values=values)
    await asking.do(ITALY, "PublishEntry", id=made.id)
    both = [*values, {"code": "born", "value": {"date": "1990-01-01"}}]
    await asking.do(ITALY, "EditEntry", id=made.id, values=both)
    await asking.do(ITALY, "PublishEntry", id=made.id)
    outsider = an_editor("HU", modules=("services/repository",))
    for caller, codes in ((HUNGARY, ["name", "born"]), (outsider, ["name"]), (the_commission(), ["name", "born"])):
        entry = await asking.read(caller, made.id)
        assert entry
        assert [one.code for one in entry.published.values] == codes
        newest = (await asking(caller, "ListEntryVersions", id=made.id)).versions[0]
        assert [one.code for one in newest.values] == codes
        diff = await asking(caller, "DiffEntry", id=made.id, **{"from": 1, "to": 2})
        assert [one.field_code for one in diff.differences] == codes[1:]
