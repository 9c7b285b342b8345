"""People over gRPC: who is added, changed and removed; what they then are to the gateway; what is refused, changing nothing."""

import asyncio
import itertools
import uuid
from typing import Any

import pytest

from engines.events import Event, open_events
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import people_pb2
from protos.directory.v1.events_pb2 import UserChanged
from services.directory.domain.users import NAME_LIMIT, SIGNIN_LIMIT
from services.directory.rpc import people_reading
from tests.directory.bodies import ALERTS, ISSUER, a_registrar, an_administrator, somebody
from tests.directory.conftest import Asking, command
from tests.directory.staff import (
    ADMINISTRATOR,
    HANDLER,
    NIMIC,
    VIEWER,
    a_signin,
    added,
    administrators_of,
    an_office,
    as_caller,
    do,
    given,
    people_of,
    refused,
    signs_in,
    somebody_new,
)
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Stale
from vocabulary.roles import LegislativeRole, UserRole

LONG = "x" * (NAME_LIMIT + 1)


async def test_an_administrator_adds_a_colleague_who_signs_in_with_their_roles(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    new = somebody_new(
        office, name="  Signor Nuovo ", languages=["FR-be", "fr", "it"], roles=[HANDLER, VIEWER, HANDLER]
    )
    made = await do(small, admin, "AddUser", **new)
    assert made.id.startswith("usr_")
    assert made == pb.User(
        id=made.id,
        revision=1,
        authority_id=office,
        name="Signor Nuovo",
        language="it",
        languages=["fr", "it"],
        roles=[HANDLER, VIEWER],
        active=True,
    )
    assert await signs_in(small, new["signin"]) == made
    assert made in await people_of(small, office, admin)


async def test_an_addition_sent_again_gives_the_first_answer_and_no_second_person(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    new = somebody_new(office, command=command())
    made = await do(small, admin, "AddUser", **new)
    await do(small, admin, "EditUser", id=made.id, name="Altra")
    assert await do(small, admin, "AddUser", **new) == made
    assert len(await people_of(small, office)) == 2
    with pytest.raises(Conflict) as reused:
        await do(small, admin, "AddUser", **{**new, "name": "Terza"})
    assert (reused.value.field, reused.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")


async def test_a_sign_in_is_somebodys_alone(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    elsewhere, (other,) = await an_office(small)
    made = await added(small, admin, office, signin=(signin := a_signin()))
    for caller, where in ((admin, office), (other, elsewhere)):
        before = await people_of(small, where)
        found = await refused(small, caller, Conflict, "AddUser", **somebody_new(where, signin=signin))
        assert found == ("signin", "SIGNIN_TAKEN")
        assert await people_of(small, where) == before
    assert await signs_in(small, signin) == made


UNFIT_PARTS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "  "}, "name", "NAME"),
    ({"name": LONG}, "name", "NAME"),
    ({"name": "Anna\x1b[2J"}, "name", "CONTROL_CHARACTER"),
    ({"language": "tlh"}, "language", "UNKNOWN_LANGUAGE"),
    ({"language": ""}, "language", "UNKNOWN_LANGUAGE"),
    ({"languages": ["it", "tlh"]}, "languages[1]", "UNKNOWN_LANGUAGE"),
    (
        {"roles": [HANDLER, pb.RoleInModule(module=ALERTS, role=pb.USER_ROLE_SUPERVISOR)]},
        "roles[1]",
        "ROLE_DOES_NOT_FIT",
    ),
    ({"roles": [pb.RoleInModule(module=ALERTS, role=pb.USER_ROLE_COORDINATOR)]}, "roles[0]", "ROLE_DOES_NOT_FIT"),
    ({"roles": [pb.RoleInModule(module="firearms/alerts", role=pb.USER_ROLE_VIEWER)]}, "roles[0]", "ROLE_DOES_NOT_FIT"),
    ({"roles": [pb.RoleInModule(module="", role=pb.USER_ROLE_VIEWER)]}, "roles[0]", "ROLE_DOES_NOT_FIT"),
    ({"roles": [pb.RoleInModule(module=ALERTS)]}, "roles[0].role", "UNKNOWN_VALUE"),
    ({"roles": [HANDLER, ADMINISTRATOR]}, "roles[1].role", "ADMINISTRATOR"),
    ({"roles": [HANDLER] * 201}, "roles", "TOO_MANY"),
]


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        *UNFIT_PARTS,
        ({"signin": people_pb2.SignIn(subject="x")}, "signin.issuer", "SIGNIN"),
        ({"signin": people_pb2.SignIn(issuer=ISSUER)}, "signin.subject", "SIGNIN"),
        ({"signin": people_pb2.SignIn(issuer="a b", subject="c")}, "signin.issuer", "SIGNIN"),
        ({"signin": people_pb2.SignIn(issuer=ISSUER, subject="x\n")}, "signin.subject", "SIGNIN"),
        ({"signin": people_pb2.SignIn(issuer=ISSUER, subject="x" * (SIGNIN_LIMIT + 1))}, "signin.subject", "SIGNIN"),
    ],
)
async def test_what_is_wrong_with_a_new_colleague_is_refused_by_name(
    small: Asking, changed: dict[str, Any], field: str, reason: str
) -> None:
    office, (admin,) = await an_office(small)
    for administrator in (False, True):
        new = somebody_new(office, administrator=administrator, **changed)
        assert await refused(small, admin, Invalid, "AddUser", **new) == (field, reason)
    assert len(await people_of(small, office)) == 1
    assert await administrators_of(small, office) == {admin.user_id}


@pytest.mark.parametrize("id_", ["aut_nobody", "aut_applicant"])
async def test_what_is_not_to_be_known_of_is_not_found_in_the_same_words(small: Asking, id_: str) -> None:
    stranger = an_administrator("aut_hungary", "HU")
    said = set()
    for method, fields in (
        ("AddUser", somebody_new(id_, command=command())),
        ("ListUsers", {"authority_id": id_}),
        ("ListChanges", {"authority_id": id_}),
    ):
        with pytest.raises(NotFound) as found:
            await small(stranger, method, **fields)
        assert found.value.field == "authorityId"
        said.add(found.value.message.replace(id_, "it"))
    assert said == {"there is no authority 'it'"}


@pytest.mark.parametrize("caller", [NIMIC, somebody("aut_office", UserRole.ALERT_HANDLER)])
async def test_somebody_who_is_not_there_is_not_found(small: Asking, caller: Any) -> None:
    for method in ("EditUser", "DeactivateUser"):
        assert await refused(small, caller, NotFound, method, id="usr_nobody") == ("id", "NOT_FOUND")


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ({"name": " Altra "}, {"name": "Altra"}),
        ({"language": "DE-at"}, {"language": "de"}),
        ({"languages": ["no", "de"]}, {"languages": ["nb", "de"]}),
        ({"languages": []}, {"languages": []}),
        ({"roles": [VIEWER]}, {"roles": [VIEWER]}),
        ({"roles": []}, {"roles": []}),
        ({"administrator": True}, {"roles": [HANDLER, ADMINISTRATOR]}),
        ({"administrator": False}, {}),
        ({"name": "Altra", "roles": [], "administrator": True}, {"name": "Altra", "roles": [ADMINISTRATOR]}),
        ({}, {}),
    ],
)
async def test_what_is_said_of_somebody_is_changed_and_the_rest_stays(
    small: Asking, part: dict[str, Any], shown: dict[str, Any]
) -> None:
    office, (admin,) = await an_office(small)
    before = await added(small, admin, office, signin=(signin := a_signin()))
    after = await do(small, admin, "EditUser", id=before.id, **given(part))
    assert after.revision == before.revision + 1
    for name in pb.User.DESCRIPTOR.fields_by_name:
        if name != "revision":
            assert getattr(after, name) == shown.get(name, getattr(before, name)), name
    assert await signs_in(small, signin) == after


@pytest.mark.parametrize(("part", "field", "reason"), UNFIT_PARTS)
async def test_what_is_wrong_with_an_edit_is_refused_by_name_and_nothing_of_it_is_done(
    small: Asking, part: dict[str, Any], field: str, reason: str
) -> None:
    office, (admin,) = await an_office(small)
    colleague = await added(small, admin, office, administrator=True)
    for more in ({}, {"administrator": False}):
        changed = given({**part, **more})
        found = await refused(small, admin, Invalid, "EditUser", id=colleague.id, **changed)
        assert found == (field, reason)
    assert colleague in await people_of(small, office)


async def test_an_edit_of_what_somebody_else_has_changed_is_refused_whole(small: Asking) -> None:
    office, (admin, second) = await an_office(small, 2)
    (seen,) = (one for one in await people_of(small, office) if one.id == second.user_id)
    now = await do(small, admin, "EditUser", id=seen.id, command=command(revision=seen.revision), name="Prima")
    for method, fields in (
        ("EditUser", {"name": "Altra"}),
        ("EditUser", {"administrator": False}),
        ("EditUser", {"name": "Altra", "administrator": True}),
        ("DeactivateUser", {}),
    ):
        stale = command(revision=seen.revision)
        assert await refused(small, admin, Stale, method, id=seen.id, command=stale, **fields) == (
            "revision",
            "STALE_REVISION",
        )
    assert now in await people_of(small, office)
    done = await do(
        small, admin, "EditUser", id=now.id, command=command(revision=now.revision), name="Poi", administrator=False
    )
    assert (done.name, list(done.roles)) == ("Poi", [HANDLER])


async def test_edits_at_the_same_time_are_all_kept(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    colleague = await added(small, admin, office)
    parts: list[dict[str, Any]] = [{"name": "Altra"}, {"language": "de"}, {"languages": ["de"]}, {"roles": [VIEWER]}]
    await asyncio.gather(*(do(small, admin, "EditUser", id=colleague.id, **given(part)) for part in parts))
    (now,) = (one for one in await people_of(small, office) if one.id == colleague.id)
    assert (now.revision, now.name, now.language, list(now.languages), list(now.roles)) == (
        5, "Altra", "de", ["de"], [VIEWER],
    )  # fmt: skip


async def test_the_last_administrator_cannot_be_removed(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    colleague = await added(small, admin, office)
    before = await people_of(small, office)
    for caller in (admin, NIMIC):
        for method, fields in (
            ("EditUser", {"administrator": False}),
            ("EditUser", {"name": "Altra", "administrator": False}),
            ("DeactivateUser", {"reason": "va via"}),
        ):
            found = await refused(small, caller, Conflict, method, id=admin.user_id, **fields)
            assert found == ("", "LAST_ADMINISTRATOR")
    assert await people_of(small, office) == before
    await do(small, admin, "EditUser", id=colleague.id, administrator=True)
    gone = await do(small, admin, "DeactivateUser", id=admin.user_id)
    assert not gone.active
    assert await administrators_of(small, office) == {colleague.id}
    assert await refused(small, NIMIC, Conflict, "DeactivateUser", id=colleague.id) == ("", "LAST_ADMINISTRATOR")


WAYS: list[tuple[str, dict[str, Any]]] = [("EditUser", {"administrator": False}), ("DeactivateUser", {})]


@pytest.mark.parametrize(("first", "second"), list(itertools.product(WAYS, WAYS)))
async def test_of_two_administrators_who_remove_each_other_one_is_left(
    small: Asking, first: tuple[str, dict[str, Any]], second: tuple[str, dict[str, Any]]
) -> None:
    for _ in range(5):
        office, (one, other) = await an_office(small, 2)
        found = await asyncio.gather(
            do(small, one, first[0], id=other.user_id, **first[1]),
            do(small, other, second[0], id=one.user_id, **second[1]),
            return_exceptions=True,
        )
        (refusal,) = (each for each in found if isinstance(each, Exception))
        assert isinstance(refusal, Conflict | Forbidden)
        left = await administrators_of(small, office)
        assert len(left) == 1
        assert {each.id for each in await people_of(small, office)} >= left


async def test_of_many_who_leave_at_once_one_administrator_stays(small: Asking) -> None:
    office, people = await an_office(small, 6)
    found = await asyncio.gather(
        *(do(small, one, "DeactivateUser", id=one.user_id) for one in people), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in found) == 1
    (left,) = await people_of(small, office)
    assert await administrators_of(small, office) == {left.id}
    assert len(await people_of(small, office, former=True)) == 5


async def test_whoever_administers_no_more_does_nothing_more_with_a_token_that_says_so(small: Asking) -> None:
    office, (admin, removed, left) = await an_office(small, 3)
    await do(small, admin, "EditUser", id=removed.user_id, administrator=False)
    await do(small, admin, "DeactivateUser", id=left.user_id)
    for caller in (removed, left):
        for method, fields in (
            ("AddUser", somebody_new(office)),
            ("EditUser", {"id": admin.user_id, "name": "Altra"}),
            ("DeactivateUser", {"id": admin.user_id}),
        ):
            assert await refused(small, caller, Forbidden, method, **fields) == ("", "FORBIDDEN")
        for method in ("ListUsers", "ListChanges"):
            with pytest.raises(Forbidden):
                await small(caller, method, authority_id=office)
    assert await administrators_of(small, office) == {admin.user_id}


async def test_whoever_has_left_signs_in_no_more_keeps_their_name_and_may_come_back_elsewhere(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    elsewhere, (other,) = await an_office(small)
    made = await added(small, admin, office, signin=(signin := a_signin()))
    given_key = command()
    gone = await do(small, admin, "DeactivateUser", command=given_key, id=made.id, reason="in pensione")
    assert (gone.active, gone.name, gone.revision) == (False, made.name, 2)
    assert await do(small, admin, "DeactivateUser", command=given_key, id=made.id, reason="in pensione") == gone
    assert await signs_in(small, signin) is None
    assert await people_of(small, office, former=True) == [gone]
    assert made.id not in {one.id for one in await people_of(small, office)}
    assert list((await small(admin, "BatchGetUsers", ids=[made.id])).users) == [gone]
    for method, fields in (("DeactivateUser", {}), ("EditUser", {"name": "x"}), ("EditUser", {"administrator": True})):
        assert await refused(small, admin, Conflict, method, id=made.id, **fields) == ("", "USER_NOT_ACTIVE")
    assert await refused(small, as_caller(made), Conflict, "SetLanguages", language="it") == ("", "USER_NOT_ACTIVE")
    again = await added(small, other, elsewhere, signin=signin)
    assert again.id != made.id
    assert await signs_in(small, signin) == again


async def test_whoever_has_left_is_shown_nobody_more_by_a_token_that_is_still_good(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    made = await added(small, admin, office)
    asked = {"ids": [admin.user_id, made.id]}
    assert len((await small(as_caller(made), "BatchGetUsers", **asked)).users) == 2
    await do(small, admin, "DeactivateUser", id=made.id)
    assert not (await small(as_caller(made), "BatchGetUsers", **asked)).users
    assert len((await small(admin, "BatchGetUsers", **asked)).users) == 2
    assert len((await small("requests", "BatchGetUsers", **asked)).users) == 2


async def test_a_reason_may_be_given_and_is_not_too_long(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    made = await added(small, admin, office)
    found = await refused(small, admin, Invalid, "DeactivateUser", id=made.id, reason="x" * 2_001)
    assert found == ("reason", "TOO_LONG")
    assert made in await people_of(small, office)


async def test_everybody_says_for_themselves_which_languages_they_understand(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    made = await added(small, admin, office, signin=(signin := a_signin()), roles=[])
    after = await do(small, as_caller(made), "SetLanguages", language="NL-be", languages=["fr", "NL", "nl"])
    assert (after.language, list(after.languages), after.revision) == ("nl", ["fr", "nl"], 2)
    assert await signs_in(small, signin) == after
    for fields, field in (
        ({"language": "tlh"}, "language"),
        ({"language": ""}, "language"),
        ({"language": "it", "languages": ["it", "tlh"]}, "languages[1]"),
    ):
        found = await refused(small, as_caller(made), Invalid, "SetLanguages", **fields)
        assert found == (field, "UNKNOWN_LANGUAGE")
    assert await refused(small, somebody(office, name="else"), NotFound, "SetLanguages", language="it") == (
        "id",
        "NOT_FOUND",
    )
    assert await signs_in(small, signin) == after


async def test_each_change_of_somebody_is_told_by_ids(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    made = await added(small, admin, office)
    with pytest.raises(Invalid):
        await do(small, admin, "EditUser", id=made.id, name="")
    await do(small, admin, "EditUser", id=made.id, name="Altra")
    await do(small, as_caller(made), "SetLanguages", language="fr")
    await do(small, admin, "DeactivateUser", id=made.id)
    told: list[Event] = []
    async with (
        asyncio.timeout(10),
        open_events(small.settings.events) as events,
        events.join(f"test-{uuid.uuid4()}", ["imi.directory.v1"]) as member,
    ):
        while len(told) < 4:
            told += [one.event for one in await member.poll() if one.event.subject == made.id]
    assert {event.type for event in told} == {UserChanged.DESCRIPTOR.full_name}
    assert [UserChanged.FromString(event.data) for event in told] == [
        UserChanged(user_id=made.id, authority_id=office)
    ] * 4


async def test_at_one_authority_work_so_many_people_and_no_more(small: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    office, (admin,) = await an_office(small)
    monkeypatch.setattr(people_reading, "PEOPLE_LIMIT", 2)
    made = await added(small, admin, office)
    assert await refused(small, admin, Conflict, "AddUser", **somebody_new(office)) == ("", "TOO_MANY")
    await do(small, admin, "DeactivateUser", id=made.id)
    assert await added(small, admin, office)


async def test_services_change_nobody(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    for service in ("gateway", "requests", "alerts"):
        for method, fields in (
            ("AddUser", somebody_new(office)),
            ("EditUser", {"id": admin.user_id, "name": "x"}),
            ("DeactivateUser", {"id": admin.user_id}),
            ("SetLanguages", {"language": "it"}),
        ):
            assert await refused(small, service, Forbidden, method, **fields) == ("", "FORBIDDEN")


COMMISSION = a_registrar(LegislativeRole.COMMISSION)


async def test_the_commission_manages_the_people_of_national_coordinators_only(small: Asking) -> None:
    office, _ = await an_office(small)
    made = await added(small, COMMISSION, "aut_nimic", roles=[], administrator=True)
    await do(small, COMMISSION, "DeactivateUser", id=(await added(small, COMMISSION, "aut_nimic", roles=[])).id)
    assert made.id in {one.id for one in await people_of(small, "aut_nimic", COMMISSION)}
    assert await refused(small, COMMISSION, Forbidden, "AddUser", **somebody_new(office)) == ("", "FORBIDDEN")
