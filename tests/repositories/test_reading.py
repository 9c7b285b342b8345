"""Reading entries and definitions: everybody sees what is published, editors of the owner the rest."""

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from tests.builders import doctors, the_commission
from tests.repositories.conftest import Asking, a_person, an_editor
from tests.repositories.registers import a_draft, a_published, a_register, on_wire
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import UserRole

ITALY, HUNGARY = an_editor("IT"), an_editor("HU")
COLLEAGUE = a_person("IT", UserRole.VIEWER)


@pytest.mark.parametrize("role", UserRole)
async def test_only_repository_editors_list_what_their_authority_prepares(asking: Asking, role: UserRole) -> None:
    caller = a_person("IT", role)
    if role is UserRole.REPOSITORY_EDITOR:
        assert await asking(caller, "ListOwnEntries", repository="registers")
    else:
        with pytest.raises(Forbidden):
            await asking(caller, "ListOwnEntries", repository="registers")


async def test_reads_leave_out_what_one_may_not_know_of(asking: Asking) -> None:
    draft, published = await a_draft(asking), await a_published(asking)
    prepared, withdrawn = await a_published(asking), await a_published(asking)
    await asking.do(ITALY, "EditEntry", id=prepared.id, values=on_wire("Segreto"))
    await asking.do(ITALY, "WithdrawEntry", id=withdrawn.id, reason="soppresso")
    ids = [prepared.id, "ent_nobody", draft.id, withdrawn.id, published.id, published.id, ""]

    async def seen(caller: Caller) -> list[tuple[str, bool]]:
        found = (await asking(caller, "BatchGetEntries", ids=ids)).entries
        return [(entry.id, entry.HasField("draft")) for entry in found]

    everybody = [(prepared.id, False), (published.id, False)]
    for reader in (HUNGARY, the_commission(), a_person("HU"), an_editor("IT", authority=doctors("HU"))):
        assert await seen(reader) == everybody
    assert await seen(COLLEAGUE) == [(prepared.id, False), (withdrawn.id, False), (published.id, False)]
    assert await seen(ITALY) == [
        (prepared.id, True), (draft.id, True), (withdrawn.id, False), (published.id, False),
    ]  # fmt: skip


async def test_only_people_read_entries(asking: Asking) -> None:
    nobody = Caller(authority_id=doctors("IT"))
    for method in ("BatchGetEntries", "SearchEntries", "ListOwnEntries", "CreateEntry"):
        with pytest.raises(Forbidden):
            await asking(nobody, method)


async def test_definitions_are_read_in_the_languages_wanted(asking: Asking) -> None:
    listed = (await asking(COLLEAGUE, "ListRepositories", languages=["hu", "it"])).repositories
    read = await asking(COLLEAGUE, "BatchGetRepositories", ids=["registers", "nothing"], languages=["hu", "it"])
    assert {"derogations", "professional-cards", "registers", "requirements"} <= {one.code for one in listed}
    (registers,) = read.repositories
    assert registers.id == "registers"
    registers.id = "registers:1"
    assert registers in listed
    assert set(registers.title.texts) == set(registers.fields[0].label.texts) == {"hu", "it"}
    assert registers.title.texts["it"] == "Repertorio dei registri"
    assert [field.code for field in registers.fields][:2] == list(a_register())[:2]
    assert registers.legal_basis.texts["hu"] == "2006/123/EK irányelv, 28. cikk (7) bekezdés"
    with pytest.raises(Invalid) as found:
        await asking(COLLEAGUE, "ListRepositories", languages=["it", "ru"])
    assert (found.value.field, found.value.reason) == ("languages[1]", "UNKNOWN_LANGUAGE")


async def test_own_entries_are_listed_the_last_changed_first(asking: Asking) -> None:
    slovenia = an_editor("SI")
    made = [(await a_draft(asking, "SI")).id for _ in range(5)]
    await asking.do(slovenia, "EditEntry", id=made[1], values=on_wire("Nov register"))
    await asking.do(slovenia, "DeleteEntryDraft", id=made[3])
    expected = [made[1], made[4], made[2], made[0]]
    found: list[str] = []
    after, more = "", True
    while more:
        page = common_pb2.Page(first=2, after=after)
        answer = await asking(slovenia, "ListOwnEntries", repository="registers", page=page)
        found += [entry.id for entry in answer.entries]
        assert all(entry.HasField("draft") for entry in answer.entries)
        assert len(answer.page_info.cursors) == len(answer.entries)
        after, more = answer.page_info.cursors[-1], answer.page_info.has_next_page
    assert found == expected
    assert not (await asking(an_editor("LU"), "ListOwnEntries", repository="registers")).entries


@pytest.mark.parametrize("method", ["ListOwnEntries", "SearchEntries"])
@pytest.mark.parametrize(
    ("page", "field", "reason"),
    [
        (common_pb2.Page(first=101), "first", "PAGE_SIZE"),
        (common_pb2.Page(first=-1), "first", "PAGE_SIZE"),
        (common_pb2.Page(after="nonsense"), "after", "CURSOR"),
        (common_pb2.Page(after="WyJhdXRob3JpdGllcyIsIDFd"), "after", "CURSOR"),
    ],
)
async def test_an_unfit_page_is_refused(
    asking: Asking, method: str, page: common_pb2.Page, field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as found:
        await asking(ITALY, method, repository="registers", page=page)
    assert (found.value.field, found.value.reason) == (field, reason)


async def test_a_batch_has_a_limit(asking: Asking) -> None:
    for method in ("BatchGetEntries", "BatchGetRepositories"):
        with pytest.raises(Invalid) as found:
            await asking(ITALY, method, ids=[f"ent_{number}" for number in range(1001)])
        assert (found.value.field, found.value.reason) == ("ids", "TOO_MANY")
