"""The people of an authority, the record of what was done, and the languages to write in: page by page, for those they concern."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from chassis.caller import Caller
from chassis.process import clock
from protos.directory.v1 import directory_pb2 as pb
from services.directory.domain.history import CHANGES_A_DAY, Change, Command, with_change
from services.directory.domain.record import record
from services.directory.domain.users import User, speaks
from services.directory.settings import DirectorySettings
from tests.directory.bodies import (
    ALERTS,
    a_coordinator,
    a_registrar,
    a_user,
    an_administrator,
    an_authority,
    somebody,
    stored,
)
from tests.directory.conftest import FREE_PORT, Asking, command, running
from tests.directory.staff import (
    HANDLER,
    NIMIC,
    added,
    an_office,
    as_caller,
    do,
    given,
    people_of,
)
from vocabulary import pages
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound
from vocabulary.roles import LegislativeRole, UserRole

NIMICS = pb.RoleInModule(module="*", role=pb.USER_ROLE_COORDINATOR)
COMMISSION = a_registrar(LegislativeRole.COMMISSION)


async def pages_of(small: Asking, caller: Caller, method: str, first: int, **fields: Any) -> list[Any]:
    """Every page of a list."""
    found, after = [], ""
    while True:
        page = await small(caller, method, page={"first": first, "after": after}, **fields)
        items = list(page.users if method == "ListUsers" else page.changes)
        assert len(items) == len(page.page_info.cursors)
        found.append(items)
        if not page.page_info.has_next_page:
            return found
        assert len(items) == first
        after = page.page_info.cursors[-1]


async def test_people_are_listed_by_name_without_gap_or_repetition(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    for name in ("Zita", "Ada", "Ada", "Mara", "Čeněk"):
        await added(small, admin, office, name=name)
    whole = await people_of(small, office)
    assert [one.name for one in whole] == ["Ada", "Ada", "Amministratrice 0", "Mara", "Zita", "Čeněk"]
    for first in (1, 2, 3, 6):
        found = await pages_of(small, admin, "ListUsers", first, authority_id=office)
        assert [one for page in found for one in page] == whole
    assert await people_of(small, office, former=True) == []
    for one in whole[:2]:
        await do(small, admin, "DeactivateUser", id=one.id)
    assert await people_of(small, office) == whole[2:]
    assert {one.id for one in await people_of(small, office, former=True)} == {one.id for one in whole[:2]}


@pytest.mark.parametrize("method", ["ListUsers", "ListChanges"])
@pytest.mark.parametrize(
    ("page", "field", "reason"),
    [
        ({"first": 101}, "first", "PAGE_SIZE"),
        ({"first": -1}, "first", "PAGE_SIZE"),
        ({"after": "x"}, "after", "CURSOR"),
        ({"after": pages.cursor("else", "a", "b")}, "after", "CURSOR"),
        ({"after": pages.cursor("changes", "yesterday", "aut_1", 0)}, "after", "CURSOR"),
        ({"after": pages.cursor("changes", "2026-01-01", "aut_1", 0)}, "after", "CURSOR"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    small: Asking, method: str, page: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await small(NIMIC, method, authority_id="aut_office", page=page)
    assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_the_record_says_what_was_done_by_whom_to_whom_and_why_the_newest_first(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    made = await added(small, admin, office, name="Mara")
    await small.do(admin, "EditAuthority", id=office, languages=["mt"])
    await do(small, admin, "EditUser", id=made.id, **given({"name": "Maria", "roles": []}))
    await do(small, as_caller(made), "SetLanguages", language="fr", languages=["fr"])
    await do(small, NIMIC, "EditUser", id=made.id, administrator=True)
    await do(small, NIMIC, "DeactivateUser", id=made.id, reason=" in pensione ")
    names = {admin.user_id: "Amministratrice 0", made.id: "Maria", NIMIC.user_id: ""}
    told = (await small(admin, "ListChanges", authority_id=office)).changes
    seen = [
        (
            pb.DirectoryCommand.Name(one.command).removeprefix("DIRECTORY_COMMAND_"),
            one.user_id,
            one.subject_id,
            list(one.fields),
            one.reason,
        )
        for one in told
    ]
    person = ["name", "language", "signin", "roles", "languages", "active"]
    assert seen == [
        ("DEACTIVATE_USER", NIMIC.user_id, made.id, ["active", "administrators"], "in pensione"),
        ("EDIT_USER", NIMIC.user_id, made.id, ["administrators"], ""),
        ("SET_LANGUAGES", made.id, made.id, ["language", "languages"], ""),
        ("EDIT_USER", admin.user_id, made.id, ["name", "roles"], ""),
        ("EDIT", admin.user_id, "", ["languages"], ""),
        ("ADD_USER", admin.user_id, made.id, person, ""),
        ("ADD_USER", NIMIC.user_id, admin.user_id, ["administrators"], ""),
        ("ADD_USER", NIMIC.user_id, admin.user_id, person, ""),
        ("REGISTER", NIMIC.user_id, "", list(told[-1].fields), ""),
    ]
    for one in told:
        assert one.user_name == names[one.user_id]
        assert one.subject_name == names.get(one.subject_id, "")
        assert one.authority_id == (office if one.user_id != NIMIC.user_id else "aut_nimic")
    moments = [one.at.ToDatetime(tzinfo=UTC) for one in told]
    assert moments == sorted(moments, reverse=True)
    for first in (1, 3, 4, 10):
        found = await pages_of(small, admin, "ListChanges", first, authority_id=office)
        assert [one for page in found for one in page] == list(told)


async def test_what_is_done_while_one_turns_the_pages_moves_nothing(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    for number in range(4):
        await small.do(admin, "EditAuthority", id=office, contact=pb.Contact(town=f"Città {number}"))
    whole = (await small(admin, "ListChanges", authority_id=office)).changes
    first = await small(admin, "ListChanges", authority_id=office, page={"first": 3})
    await small.do(admin, "EditAuthority", id=office, languages=["el"])
    rest = await small(admin, "ListChanges", authority_id=office, page={"after": first.page_info.cursors[-1]})
    assert [*first.changes, *rest.changes] == list(whole)


async def test_a_refused_command_and_a_repeated_one_leave_no_second_trace(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    before = len((await small(admin, "ListChanges", authority_id=office)).changes)
    made = await added(small, admin, office)
    same = command()
    for _ in range(2):
        await do(small, admin, "DeactivateUser", command=same, id=made.id)
    with pytest.raises(Invalid):
        await added(small, admin, office, name="")
    assert len((await small(admin, "ListChanges", authority_id=office)).changes) == before + 2


async def test_the_record_is_for_its_administrators_and_its_coordinators(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    for caller in (admin, NIMIC):
        assert (await small(caller, "ListChanges", authority_id=office)).changes
    handler = as_caller(await added(small, admin, office, roles=[HANDLER]))
    others: list[Caller | str] = [
        handler,
        an_administrator(office),
        an_administrator("aut_hungary", "HU"),
        a_registrar(LegislativeRole.LIMIC),
        a_registrar(LegislativeRole.NIMIC, UserRole.VIEWER, name="viewer"),
        COMMISSION,
        "requests",
    ]
    for other in others:
        for method in ("ListChanges", "ListUsers"):
            with pytest.raises(Forbidden):
                await small(other, method, authority_id=office)
    assert (await small(COMMISSION, "ListChanges", authority_id="aut_nimic")).page_info.cursors == []
    with pytest.raises(NotFound):
        await small(handler, "ListChanges", authority_id="aut_applicant")


async def test_who_only_looks_after_a_part_is_told_of_the_authority_and_not_of_its_people(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    dimic = a_registrar(LegislativeRole.DIMIC)
    with pytest.raises(Forbidden):
        await small(dimic, "ListChanges", authority_id=office)
    await small.do(NIMIC, "ChangeAccess", id=office, module=ALERTS, access_coordinator_id=dimic.authority_id)
    await small.do(admin, "EditAuthority", id=office, languages=["mt"])
    with pytest.raises(Forbidden):
        await small(dimic, "ListUsers", authority_id=office)
    told = (await small(dimic, "ListChanges", authority_id=office)).changes
    assert [one.command for one in told] == [
        pb.DIRECTORY_COMMAND_EDIT,
        pb.DIRECTORY_COMMAND_CHANGE_ACCESS,
        pb.DIRECTORY_COMMAND_REGISTER,
    ]
    assert {(one.user_name, one.subject_id, one.subject_name) for one in told} == {("", "", "")}
    assert len((await small(admin, "ListChanges", authority_id=office)).changes) == 5


moments = st.integers(0, 3).map(lambda hours: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hours))
histories = st.lists(
    st.builds(Change, at=moments, command=st.sampled_from(Command), user_id=st.sampled_from(["usr_1", "usr_2"])),
    max_size=5,
).map(lambda changes: tuple(sorted(changes, key=lambda one: one.at)))


@generated(histories, st.lists(histories, max_size=4))
def test_every_change_stands_in_the_record_once_in_one_order(own: tuple[Change, ...], theirs: list[Any]) -> None:
    people = {f"usr_{number}": a_worker(history) for number, history in enumerate(theirs)}
    found = record("aut_1", an_authority(history=own), people)
    assert len(found) == len(own) + sum(map(len, theirs))
    places = [place for place, _ in found]
    assert places == sorted(set(places), reverse=True)
    for id_, history in {"aut_1": own, **{id_: user.history for id_, user in people.items()}}.items():
        assert [change for place, change in reversed(found) if place.changed == id_] == list(history)


def a_worker(history: tuple[Change, ...]) -> User:
    return User(authority_id="aut_1", name="x", language="it", signin="x", history=history)


async def test_the_record_names_nobody_who_works_elsewhere_but_to_their_colleagues(small: Asking) -> None:
    """People are known to their own authority, and to those above it: never to those below."""
    boss = await added(small, COMMISSION, "aut_nimic", name="Dirigente", roles=[NIMICS])
    office, (admin,) = await an_office(small)
    made = await added(small, as_caller(boss), office, name="Mara")
    names = {}
    for reader in (admin, NIMIC):
        told = (await small(reader, "ListChanges", authority_id=office)).changes
        (one,) = (one for one in told if one.subject_id == made.id)
        names[reader.authority_id] = (one.user_name, one.subject_name, one.user_id, one.authority_id)
    assert names[office] == ("", "Mara", boss.id, "aut_nimic")
    assert names["aut_nimic"] == ("Dirigente", "Mara", boss.id, "aut_nimic")


def test_nobody_changes_one_thing_without_end_and_others_go_on() -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    step = timedelta(hours=24) / CHANGES_A_DAY
    told = tuple(
        Change(at=now + step * number, command=Command.EDIT, user_id="usr_1") for number in range(CHANGES_A_DAY)
    )
    with pytest.raises(Conflict) as refused:
        with_change(told, Change(at=told[-1].at, command=Command.EDIT, user_id="usr_1"))
    assert refused.value.reason == "TOO_MANY"
    other = with_change(told, Change(at=told[-1].at, command=Command.SUSPEND, user_id="usr_2"))
    with pytest.raises(Conflict):
        with_change(other, Change(at=told[-1].at, command=Command.EDIT, user_id="usr_1"))
    later = Change(at=now + timedelta(days=1), command=Command.EDIT, user_id="usr_1")
    assert with_change(other, later) == (*other, later)


async def test_who_fills_the_record_of_their_authority_is_stopped_and_their_coordinator_is_not(tmp_path: Path) -> None:
    settings = DirectorySettings(data_dir=tmp_path, listen_address=FREE_PORT)
    often = Change(at=clock(), command=Command.EDIT, user_id="usr_admin", authority_id="aut_office")
    changes = (often,) * CHANGES_A_DAY
    office = an_authority(history=changes, validating_coordinator="aut_nimic")
    people = {
        "usr_admin": replace(a_user("aut_office", "admin"), history=changes),
        "usr_other": a_user("aut_office", "other"),
    }
    await stored(settings, {"aut_nimic": a_coordinator(LegislativeRole.NIMIC), "aut_office": office}, people)
    async with running(settings) as asking:
        admin = an_administrator("aut_office")
        for method, fields in (
            ("EditAuthority", {"id": "aut_office", "languages": ["mt"]}),
            ("SetLanguages", {"language": "mt"}),
            ("EditUser", {"id": "usr_other", "administrator": True}),
        ):
            with pytest.raises(Conflict) as refused:
                await asking(admin, method, command=command(), **fields)
            assert refused.value.reason == "TOO_MANY"
        await do(asking, NIMIC, "EditUser", id="usr_other", administrator=True)
        await do(asking, NIMIC, "DeactivateUser", id="usr_admin")
        await asking.do(NIMIC, "SuspendAuthority", id="aut_office", reason="too busy")


async def test_the_languages_to_write_in_are_those_both_understand_in_the_order_of_the_reader(small: Asking) -> None:
    office, (admin,) = await an_office(small, languages=["it", "en"])
    french, _ = await an_office(small, languages=["fr", "en", "it"])
    maltese, _ = await an_office(small, languages=["mt", "ga"])
    wanted = [french, "aut_nobody", maltese, "aut_applicant", "aut_suspended"]

    async def best(caller: Caller) -> dict[str, list[str]]:
        found = await small(caller, "BatchSuggestLanguages", ids=wanted)
        return {one.authority_id: list(one.languages) for one in found.suggestions}

    speaker = as_caller(await added(small, admin, office, language="it", languages=["en", "fr"]))
    assert await best(speaker) == {french: ["fr", "en"], maltese: ["mt"]}
    silent = as_caller(await added(small, admin, office, language="fr", languages=[]))
    assert await best(silent) == {french: ["fr", "en", "it"], maltese: ["mt"]}, "their screen's, and their authority's"
    await do(small, silent, "SetLanguages", language="fr", languages=["ga", "mt"])
    assert await best(silent) == {french: ["fr"], maltese: ["mt", "ga"]}
    unknown = somebody(office, name="unknown")
    assert await best(unknown) == {french: ["en", "it"], maltese: ["mt"]}
    with pytest.raises(Forbidden):
        await small("requests", "BatchSuggestLanguages", ids=wanted)
    with pytest.raises(Invalid) as refused:
        await small(speaker, "BatchSuggestLanguages", ids=[f"aut_{number}" for number in range(1_001)])
    assert (refused.value.field, refused.value.reason) == ("ids", "TOO_MANY")


def test_nobody_at_all_speaks_nothing() -> None:
    assert speaks(None, None) == ()
    assert speaks(a_user("aut_1", "x"), None) == ("it",)
