"""Nobody registers uninvited: the code, what the invitee sees and says, and how they become the first user."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import open_documents
from engines.events import open_events
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import registration_pb2
from services.directory import storage
from services.directory.applicants import Applicants
from services.directory.domain.applying import first_user, first_user_id, over_since
from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.domain.history import Change, Command
from services.directory.domain.invitations import LIFETIME, Applicant, code, code_hash, issued
from services.directory.forgetting import Forgetting
from services.directory.settings import DirectorySettings
from tests.directory.bodies import (
    ALERTS,
    ISSUER,
    a_coordinator,
    a_draft,
    a_registrar,
    a_user,
    an_access,
    an_authority,
    in_languages,
    somebody,
    stored,
)
from tests.directory.conftest import FREE_PORT, Asking, command, running
from tests.gateway.clients import eventually
from vocabulary.participants import Status
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from vocabulary.roles import LegislativeRole, UserRole

LIMIC = a_registrar(LegislativeRole.LIMIC)
NIMIC = a_registrar(LegislativeRole.NIMIC)
COMMISSION = a_registrar(LegislativeRole.COMMISSION)
GATEWAY = "gateway"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SECRET = b"secret"


def test_a_code_is_the_same_each_time_and_another_one_for_each_authority_number_and_key() -> None:
    one = code(SECRET, "aut_1", 1)
    assert re.fullmatch(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}", one)
    assert code(SECRET, "aut_1", 1) == one
    others = {code(SECRET, "aut_1", 2), code(SECRET, "aut_2", 1), code(SECRET, "aut_11", 1), code(b"other", "aut_1", 1)}
    assert len({one, *others}) == 5


def test_a_code_may_be_typed_in_small_letters_and_without_its_hyphens() -> None:
    one = code(SECRET, "aut_1", 1)
    for typed in (one.lower(), one.replace("-", ""), one.replace("-", " "), f" {one} "):
        assert code_hash(typed) == code_hash(one)
    assert code_hash(one[:-1]) != code_hash(one)


def test_an_invitation_may_be_accepted_for_thirty_days() -> None:
    now = datetime(2026, 2, 1, tzinfo=UTC)
    assert timedelta(days=30) == LIFETIME
    assert issued("x", "a@b.example", "it", now).expires_at == datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """Coordinators, a user, and an authority whose invitation has expired."""
    settings = DirectorySettings(data_dir=tmp_path_factory.mktemp("office"), listen_address=FREE_PORT)
    late = an_authority(
        status=Status.INVITED,
        access=(),
        validating_coordinator="aut_limic",
        inactive_access=(replace(an_access(), status=AccessStatus.REQUESTED, access_coordinator="aut_limic"),),
        invitation=issued("LATE", "tardi@ufficio.example", "it", LONG_AGO),
    )
    bodies = {
        "aut_nimic": a_coordinator(LegislativeRole.NIMIC),
        "aut_limic": a_coordinator(LegislativeRole.LIMIC),
        "aut_eu": a_coordinator(LegislativeRole.COMMISSION),
        "aut_office": an_authority(administrators=("usr_known",)),
        "aut_late": late,
    }
    await stored(settings, bodies, {"usr_known": a_user("aut_office", "known")})
    async with running(settings) as asking:
        yield asking


async def invited(
    office: Asking, by: Caller = LIMIC, draft: registration_pb2.AuthorityDraft | None = None, **fields: Any
) -> registration_pb2.IssuedInvitation:
    given = {"email": "invitato@ufficio.example", "language": "it", "command": command(), **fields}
    answer = await office(by, "InviteAuthority", authority=draft or a_draft(), **given)
    found: registration_pb2.IssuedInvitation = answer.invitation
    return found


def accepting(code_: str, subject: str = "anna", **changed: Any) -> dict[str, Any]:
    return {
        "command": command(),
        "issuer": ISSUER,
        "subject": subject,
        "code": code_,
        "applicant": pb.Applicant(name="Anna", language="it", languages=["it", "en"]),
        **changed,
    }


async def registered(office: Asking, subject: str, by: Caller = LIMIC, **draft: Any) -> str:
    """The id of an authority that somebody has registered by invitation."""
    given = await invited(office, by, a_draft(**draft))
    await office(GATEWAY, "RegisterByInvitation", **accepting(given.code, subject))
    return given.authority.id


async def resolved(office: Asking, subject: str) -> Any:
    return await office(GATEWAY, "ResolveUser", issuer=ISSUER, subject=subject)


async def how_unknown(office: Asking, subject: str) -> str:
    """Why somebody cannot sign in."""
    with pytest.raises(Unauthenticated) as refused:
        await resolved(office, subject)
    return refused.value.reason


async def test_an_invitation_is_a_draft_with_its_parts_asked_for_and_a_code(office: Asking) -> None:
    given = await invited(office)
    drafted = given.authority
    assert drafted.status == pb.AUTHORITY_STATUS_INVITED
    assert not drafted.access
    (part,) = drafted.inactive_access
    assert (part.module, part.status) == (ALERTS, pb.ACCESS_STATUS_REQUESTED)
    assert part.access_coordinator_id == drafted.validating_coordinator_id == "aut_limic"
    assert (drafted.invitation.email, drafted.invitation.number) == ("invitato@ufficio.example", 1)
    expires_at = given.expires_at.ToDatetime(tzinfo=UTC)
    assert timedelta(days=29) < expires_at - datetime.now(UTC) <= timedelta(days=30)
    assert pb.DIRECTORY_COMMAND_RENEW_INVITATION in drafted.actions


async def test_the_code_is_kept_nowhere_and_yet_said_again_to_whoever_repeats_the_command(office: Asking) -> None:
    given = command()
    first = await invited(office, command=given)
    assert await invited(office, command=given) == first
    plain = first.code.replace("-", "")
    for file in office.settings.data_dir.resolve().rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert first.code.encode() not in content
            assert plain.encode() not in content
    assert first.code == code(KeyRing(office.settings.keys).secret("directory"), first.authority.id, 1)


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"email": "imi"}, "email", "NOT_AN_EMAIL"),
        ({"email": ""}, "email", "NOT_AN_EMAIL"),
        ({"language": "tlh"}, "language", "UNKNOWN_LANGUAGE"),
        ({"draft": a_draft(languages=[])}, "authority.languages", "EMPTY"),
        ({"draft": a_draft(concept_ids=["wizard"])}, "authority.concepts[0]", "UNKNOWN_CONCEPT"),
        ({"draft": a_draft(access=[])}, "authority.access", "EMPTY"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_refused_by_name(
    office: Asking, changed: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await invited(office, **changed)
    assert (refused.value.field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize("role", LegislativeRole)
async def test_everybody_invites_whom_they_may_register(office: Asking, role: LegislativeRole) -> None:
    for by, may in (
        (LIMIC, {LegislativeRole.COMPETENT_AUTHORITY, LegislativeRole.DIMIC}),
        (COMMISSION, {LegislativeRole.NIMIC}),
    ):
        place: dict[str, Any] = {"country_code": "IT" if by is LIMIC else "MT"}
        if role is LegislativeRole.SDIMIC:
            place = {"level": pb.AUTHORITY_LEVEL_REGIONAL, "region_code": "IT-62"}
        draft = a_draft(an_access(ALERTS, role), **place)
        if role in may:
            assert await invited(office, by, draft)
        else:
            with pytest.raises(Forbidden):
                await invited(office, by, draft)


async def test_the_invitee_sees_the_draft_who_invites_and_until_when(office: Asking) -> None:
    given = await invited(office)
    shown = (await office(GATEWAY, "GetInvitation", code=given.code.lower(), languages=["it"])).invitation
    assert shown.authority.official_name.texts["it"] == "Ufficio nuovo"
    assert [one.module for one in shown.authority.inactive_access] == [ALERTS]
    assert shown.invited_by.id == "aut_limic"
    assert shown.expires_at == given.expires_at
    assert dict(shown.country.name.texts) == {"it": "Italia"}
    assert [one.code for one in shown.areas] == ["services"]
    assert [one.id for one in shown.concepts] == ["electrician"]
    assert shown.authority.invitation.email == "", "they know it"


async def test_who_was_invited_and_who_has_applied_is_for_those_who_deal_with_them(office: Asking) -> None:
    id_ = await registered(office, "private")
    for caller in (LIMIC, NIMIC):
        (inside,) = await office.seen(caller, id_)
        assert (inside.applicant.name, inside.invitation.email) == ("Anna", "invitato@ufficio.example")
    (commission,) = await office.seen(COMMISSION, id_)
    assert commission.inactive_access
    assert not commission.HasField("applicant")
    assert not commission.HasField("invitation")
    assert await office.seen(somebody("aut_office"), id_) == []


async def closed_codes(office: Asking) -> dict[str, str]:
    """Codes that nobody can register with, by what is wrong with them."""
    used, renewed, withdrawn = [await invited(office) for _ in range(3)]
    await office(GATEWAY, "RegisterByInvitation", **accepting(used.code, f"user {used.code}"))
    await office(LIMIC, "RenewInvitation", command=command(), id=renewed.authority.id)
    await office.do(LIMIC, "WithdrawInvitation", id=withdrawn.authority.id, reason="a mistake")
    codes = {"used": used.code, "renewed": renewed.code, "withdrawn": withdrawn.code}
    return {**codes, "expired": "LATE", "unknown": code(SECRET, "aut_1", 1), "empty": "", "long": "X" * 10_000}


async def test_unknown_used_and_expired_codes_are_refused_in_the_same_words(office: Asking) -> None:
    refusals = set()
    for name, one in (await closed_codes(office)).items():
        for method, fields in (("GetInvitation", {"code": one}), ("RegisterByInvitation", accepting(one, name))):
            with pytest.raises(NotFound) as refused:
                await office(GATEWAY, method, **fields)
            refusals.add((refused.value.message, refused.value.field, refused.value.reason))
        assert await how_unknown(office, name) == "UNKNOWN_USER"
    ((message, field, reason),) = refusals
    assert (field, reason) == ("code", "INVITATION")
    assert "code" in message


@pytest.mark.parametrize("caller", [LIMIC, NIMIC, COMMISSION, "requests", "directory"])
async def test_only_the_gateway_speaks_for_invitees(office: Asking, caller: Caller | str) -> None:
    given = await invited(office)
    for method, fields in (("GetInvitation", {"code": given.code}), ("RegisterByInvitation", accepting(given.code))):
        with pytest.raises(Forbidden):
            await office(caller, method, **fields)


async def test_what_the_invitee_corrects_is_changed_and_the_rest_stays_as_drafted(office: Asking) -> None:
    given = await invited(office)
    answer = await office(
        GATEWAY,
        "RegisterByInvitation",
        **accepting(
            given.code,
            "corrector",
            contact=pb.Contact(email="imi@giusto.example"),
            official_name=in_languages(it="Ufficio giusto"),
            languages=["it", "fr"],
        ),
    )
    after = answer.authority
    assert after.status == pb.AUTHORITY_STATUS_REQUESTED
    assert dict(after.official_name.texts) == {"it": "Ufficio giusto"}
    assert (list(after.languages), after.contact.email) == (["it", "fr"], "imi@giusto.example")
    assert dict(after.informal_name.texts) == {"en": "New office"}
    assert list(after.concept_ids) == ["electrician"]
    assert after.applicant == pb.Applicant(name="Anna", language="it", languages=["it", "en"])


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"applicant": pb.Applicant(name=" ", language="it")}, "applicant.name", "NAME"),
        ({"applicant": pb.Applicant(name="Anna", language="tlh")}, "applicant.language", "UNKNOWN_LANGUAGE"),
        ({"contact": pb.Contact(email="imi")}, "contact.email", "NOT_AN_EMAIL"),
        ({"contact": pb.Contact(email="imi@ufficio.example,altri@ufficio.example")}, "contact.email", "NOT_AN_EMAIL"),
        ({"official_name": in_languages()}, "officialName", "EMPTY"),
        ({"languages": ["tlh"]}, "languages[0]", "UNKNOWN_LANGUAGE"),
        ({"no_languages": True}, "languages", "EMPTY"),
        ({"subject": ""}, "subject", "SIGNIN"),
    ],
)
async def test_what_is_wrong_with_a_registration_is_refused_by_name_and_the_code_stays_good(
    office: Asking, changed: dict[str, Any], field: str, reason: str
) -> None:
    given = await invited(office)
    with pytest.raises(Invalid) as refused:
        await office(GATEWAY, "RegisterByInvitation", **{**accepting(given.code, "careless"), **changed})
    assert (refused.value.field, refused.value.reason) == (field, reason)
    assert (await office.read(given.authority.id))[0].status == pb.AUTHORITY_STATUS_INVITED
    assert await office(GATEWAY, "GetInvitation", code=given.code)


async def test_a_registration_sent_again_gives_the_first_answer(office: Asking) -> None:
    given = await invited(office)
    fields = accepting(given.code, "patient")
    first = await office(GATEWAY, "RegisterByInvitation", **fields)
    assert await office(GATEWAY, "RegisterByInvitation", **fields) == first


async def test_of_two_who_have_the_code_one_registers(office: Asking) -> None:
    given = await invited(office)
    found = await asyncio.gather(
        *(office(GATEWAY, "RegisterByInvitation", **accepting(given.code, f"racer {number}")) for number in range(8)),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in found) == 1
    assert {type(one) for one in found if isinstance(one, BaseException)} == {NotFound}


async def test_a_sign_in_that_is_somebodys_is_refused_before_anything_is_done(office: Asking) -> None:
    given = await invited(office)
    with pytest.raises(Conflict) as refused:
        await office(GATEWAY, "RegisterByInvitation", **accepting(given.code, "known"))
    assert refused.value.reason == "SIGNIN_TAKEN"
    await registered(office, "twice")
    with pytest.raises(Conflict) as refused:
        await office(GATEWAY, "RegisterByInvitation", **accepting(given.code, "twice"))
    assert refused.value.reason == "SIGNIN_TAKEN"
    assert await office(GATEWAY, "GetInvitation", code=given.code)


async def test_once_validated_the_applicant_is_the_first_user_and_administers(office: Asking) -> None:
    id_ = await registered(office, "first")
    assert await how_unknown(office, "first") == "UNKNOWN_USER"
    after = await office.do(LIMIC, "ValidateAuthority", id=id_)
    assert after.status == pb.AUTHORITY_STATUS_ACTIVE
    assert [(one.module, one.status) for one in after.access] == [(ALERTS, pb.ACCESS_STATUS_ACTIVE)]
    assert not after.inactive_access
    found = await resolved(office, "first")
    assert (found.user.name, found.user.language, list(found.user.languages)) == ("Anna", "it", ["it", "en"])
    assert found.authority.id == id_
    assert list(found.user.roles) == [pb.RoleInModule(role=pb.USER_ROLE_LOCAL_DATA_ADMINISTRATOR)]


async def test_a_validation_makes_nothing_active_that_is_not_theirs_to_give(settings: DirectorySettings) -> None:
    """Whoever invited it may coordinate less since, and others act in fewer areas than whoever invited."""
    gone = replace(an_access("firearms/requests"), status=AccessStatus.REQUESTED, access_coordinator="aut_limic")
    applied = an_applied()
    bodies = {
        "aut_nimic": a_coordinator(LegislativeRole.NIMIC),
        "aut_limic": a_coordinator(LegislativeRole.LIMIC),
        "aut_new": replace(applied, inactive_access=(*applied.inactive_access, gone)),
    }
    await stored(settings, bodies)
    everywhere = replace(NIMIC, user_roles={"*": frozenset({UserRole.COORDINATOR})})
    async with running(settings) as asking:
        for caller in (LIMIC, NIMIC):
            (seen,) = await asking.seen(caller, "aut_new")
            assert list(seen.actions) == [pb.DIRECTORY_COMMAND_REJECT]
            with pytest.raises(Forbidden) as refused:
                await asking.do(caller, "ValidateAuthority", id="aut_new")
            assert refused.value.field == "id"
        assert await how_unknown(asking, "anna") == "UNKNOWN_USER"
        (seen,) = await asking.seen(everywhere, "aut_new")
        assert pb.DIRECTORY_COMMAND_VALIDATE in seen.actions
        await asking.do(everywhere, "ValidateAuthority", id="aut_new")
        assert (await resolved(asking, "anna")).authority.id == "aut_new"


async def test_a_validation_sent_again_gives_the_first_answer_and_no_second_user(office: Asking) -> None:
    id_ = await registered(office, "again")
    given = command()
    first = await office.do(LIMIC, "ValidateAuthority", command=given, id=id_)
    user = (await resolved(office, "again")).user
    assert await office.do(LIMIC, "ValidateAuthority", command=given, id=id_) == first
    assert (await resolved(office, "again")).user == user


async def test_a_post_that_was_taken_in_the_meantime_keeps_an_invitation_from_becoming_active(office: Asking) -> None:
    post = an_access(ALERTS, LegislativeRole.LIMIC)
    given = await invited(office, NIMIC, a_draft(post))
    await office(GATEWAY, "RegisterByInvitation", **accepting(given.code, "latecomer"))
    with pytest.raises(Conflict) as refused:
        await office.do(NIMIC, "ValidateAuthority", id=given.authority.id)
    assert (refused.value.field, refused.value.reason) == ("id", "POST_TAKEN")
    assert (await office.read(given.authority.id))[0].status == pb.AUTHORITY_STATUS_REQUESTED
    assert await how_unknown(office, "latecomer") == "AUTHORITY_NOT_ACTIVE"


async def test_whoever_is_rejected_is_a_stranger_again_and_may_be_invited_elsewhere(office: Asking) -> None:
    id_ = await registered(office, "rejected")
    after = await office.do(LIMIC, "RejectAuthority", id=id_, reason=" not competent ")
    assert (after.status, after.reason) == (pb.AUTHORITY_STATUS_REJECTED, "not competent")
    assert await how_unknown(office, "rejected") == "UNKNOWN_USER"
    second = await registered(office, "rejected")
    await office.do(LIMIC, "ValidateAuthority", id=second)
    assert (await resolved(office, "rejected")).authority.id == second


async def forget(office: Asking, days: int) -> None:
    """Forget so many days later whom it is time to."""
    async with (
        open_documents(office.settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(office.settings.events) as events,
    ):
        outbox = Outbox("directory", documents, events, clock)
        authorities, users = storage.authorities(documents, outbox), storage.users(documents, outbox)
        ahead, kept = timedelta(days=days), office.settings.done_retention
        await Forgetting(authorities, Applicants(authorities, users), kept, lambda: clock() + ahead).forget_all()


async def in_store(office: Asking, id_: str) -> str:
    """All that is stored of an authority."""
    async with open_documents(office.settings.documents("directory"), storage.COLLECTIONS) as documents:
        return str(await documents.get(storage.AUTHORITIES, id_))


async def test_who_was_invited_and_who_has_applied_is_forgotten_weeks_after_it_was_decided(office: Asking) -> None:
    """The first user is one like any other by then, who is rejected a stranger; whoever waits still waits."""
    validated, rejected, waits = [await registered(office, f"forgotten {number}") for number in range(3)]
    invitee = (await invited(office)).authority.id
    await office.do(LIMIC, "ValidateAuthority", id=validated)
    await office.do(LIMIC, "RejectAuthority", id=rejected, reason="no")
    await forget(office, 29)
    for id_ in (validated, rejected, waits):
        assert {"invitato@ufficio.example", "forgotten"} <= set((await in_store(office, id_)).replace("'", " ").split())
    await forget(office, 31)
    for id_ in (validated, rejected):
        said = await in_store(office, id_)
        assert "invitato" not in said
        assert "Anna" not in said
        (seen,) = await office.seen(LIMIC, id_)
        assert (seen.HasField("applicant"), seen.HasField("invitation")) == (False, False)
    assert (await resolved(office, "forgotten 0")).user.name == "Anna"
    assert await how_unknown(office, "forgotten 1") == "UNKNOWN_USER"
    (seen,) = await office.seen(LIMIC, waits)
    assert seen.applicant.name == "Anna"
    assert "invitato" in await in_store(office, invitee)
    await office.do(LIMIC, "ValidateAuthority", id=waits)
    assert (await resolved(office, "forgotten 2")).authority.id == waits
    before = await office.read(validated, rejected)
    await forget(office, 31)
    assert await office.read(validated, rejected) == before


def test_who_has_applied_is_forgotten_though_the_authority_is_changed_all_the_time() -> None:
    day = timedelta(days=1)
    history = tuple(
        Change(at=LONG_AGO + day * number, command=done)
        for number, done in ((0, Command.REGISTER_BY_INVITATION), (10, Command.VALIDATE), (20, Command.EDIT))
    )
    active = an_authority(applicant=APPLICANT, history=history)
    for days, expected in ((20, 20), (160, 160), (161, 160), (5_000, 160)):
        assert over_since(active, LONG_AGO + day * days) == LONG_AGO + day * expected
    assert over_since(replace(active, applicant=None), LONG_AGO) is None
    assert over_since(replace(active, status=Status.REQUESTED), LONG_AGO) is None
    assert over_since(replace(active, history=()), LONG_AGO) == LONG_AGO


async def test_whom_nobody_invites_any_more_is_forgotten_weeks_after_the_invitation_has_expired(office: Asking) -> None:
    """It can be renewed later, for somebody who is named then."""
    id_ = (await invited(office, email="scaduto@ufficio.example")).authority.id
    await forget(office, 59)
    assert "scaduto" in await in_store(office, id_)
    await forget(office, 61)
    assert "scaduto" not in await in_store(office, id_)
    (seen,) = await office.seen(LIMIC, id_)
    assert (seen.status, seen.invitation.number, seen.invitation.email) == (pb.AUTHORITY_STATUS_INVITED, 1, "")
    with pytest.raises(Invalid) as refused:
        await office(LIMIC, "RenewInvitation", command=command(), id=id_)
    assert (refused.value.field, refused.value.reason) == ("email", "NOT_AN_EMAIL")
    answer = await office(LIMIC, "RenewInvitation", command=command(), id=id_, email="ora@ufficio.example")
    await forget(office, 59)
    assert "ora@ufficio.example" in await in_store(office, id_)
    await office(GATEWAY, "RegisterByInvitation", **accepting(answer.invitation.code, "later"))
    await forget(office, 61)
    assert "Anna" in await in_store(office, id_)


async def test_of_a_validation_and_a_rejection_at_once_one_wins_and_the_sign_in_goes_with_it(office: Asking) -> None:
    for number in range(5):
        subject = f"contested {number}"
        id_ = await registered(office, subject)
        await asyncio.gather(
            office.do(LIMIC, "ValidateAuthority", id=id_),
            office.do(NIMIC, "RejectAuthority", id=id_, reason="not competent"),
            return_exceptions=True,
        )
        (after,) = await office.read(id_)
        if after.status == pb.AUTHORITY_STATUS_ACTIVE:
            assert (await resolved(office, subject)).authority.id == id_
        else:
            assert after.status == pb.AUTHORITY_STATUS_REJECTED
            again = await registered(office, subject)
            await office.do(LIMIC, "ValidateAuthority", id=again)
            assert (await resolved(office, subject)).authority.id == again


APPLICANT = Applicant(name="Anna", language="it", signin=f"{ISSUER} anna")


def an_applied(status: Status = Status.REQUESTED) -> Authority:
    part = replace(an_access(), status=AccessStatus.REQUESTED, access_coordinator="aut_limic")
    return an_authority(
        status=status, access=(), inactive_access=(part,), validating_coordinator="aut_limic", applicant=APPLICANT
    )


@pytest.mark.parametrize("command_name", ["ValidateAuthority", "RejectAuthority"])
async def test_what_a_crash_left_between_the_user_and_the_authority_is_mended_by_the_next_command(
    settings: DirectorySettings, command_name: str
) -> None:
    bodies = {"aut_limic": a_coordinator(LegislativeRole.LIMIC), "aut_new": an_applied()}
    await stored(settings, bodies, {first_user_id("aut_new", APPLICANT): first_user("aut_new", APPLICANT)})
    async with running(settings) as asking:
        assert await how_unknown(asking, "anna") == "AUTHORITY_NOT_ACTIVE"
        reason = {"reason": "not competent"} if command_name == "RejectAuthority" else {}
        await asking.do(LIMIC, command_name, id="aut_new", **reason)
        if not reason:
            assert (await resolved(asking, "anna")).authority.id == "aut_new"
            return

        async def freed() -> bool | None:
            return await how_unknown(asking, "anna") == "UNKNOWN_USER" or None

        assert await eventually(freed)


async def test_a_sign_in_left_behind_by_a_rejection_is_free_for_the_next_invitation(
    settings: DirectorySettings,
) -> None:
    bodies = {"aut_limic": a_coordinator(LegislativeRole.LIMIC), "aut_old": an_applied(Status.REJECTED)}
    await stored(settings, bodies, {first_user_id("aut_old", APPLICANT): first_user("aut_old", APPLICANT)})
    async with running(settings) as asking:
        id_ = await registered(asking, "anna")
        await asking.do(LIMIC, "ValidateAuthority", id=id_)
        assert (await resolved(asking, "anna")).authority.id == id_


async def test_a_sign_in_that_became_somebodys_in_the_meantime_keeps_the_authority_from_becoming_active(
    settings: DirectorySettings,
) -> None:
    bodies = {
        "aut_limic": a_coordinator(LegislativeRole.LIMIC),
        "aut_new": an_applied(),
        "aut_office": an_authority(administrators=("usr_anna",)),
    }
    await stored(settings, bodies, {"usr_anna": a_user("aut_office", "anna")})
    async with running(settings) as asking:
        with pytest.raises(Conflict) as refused:
            await asking.do(LIMIC, "ValidateAuthority", id="aut_new")
        assert refused.value.reason == "SIGNIN_TAKEN"
        assert (await asking.read("aut_new"))[0].status == pb.AUTHORITY_STATUS_REQUESTED
        assert (await resolved(asking, "anna")).authority.id == "aut_office"


@pytest.fixture
def settings(tmp_path: Any) -> DirectorySettings:
    return DirectorySettings(data_dir=tmp_path, listen_address=FREE_PORT)


async def test_every_step_is_in_the_record_and_told_to_the_others(office: Asking) -> None:
    id_ = await registered(office, "recorded")
    await office.do(LIMIC, "ValidateAuthority", id=id_)
    await office.do(LIMIC, "SuspendAuthority", id=id_, reason="merged")
    async with (
        open_documents(office.settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(office.settings.events) as events,
    ):
        kept = await storage.authorities(documents, Outbox("directory", documents, events, clock)).get(id_)
    assert kept is not None
    made = [(change.command, change.user_id, change.authority_id, change.reason) for change in kept.state.history]
    assert made == [
        ("INVITE", LIMIC.user_id, "aut_limic", ""),
        ("REGISTER_BY_INVITATION", "", "", ""),
        ("VALIDATE", LIMIC.user_id, "aut_limic", ""),
        ("SUSPEND", LIMIC.user_id, "aut_limic", "merged"),
    ]
    assert "invitation" in kept.state.history[0].fields
    assert "status" in kept.state.history[-1].fields


async def test_an_invitation_that_has_expired_is_renewed_for_another_invitee_and_accepted(office: Asking) -> None:
    answer = await office(LIMIC, "RenewInvitation", command=command(), id="aut_late", email="ora@ufficio.example")
    given = answer.invitation
    state = given.authority.invitation
    assert (state.number, state.email, state.language) == (2, "ora@ufficio.example", "it")
    assert given.expires_at.ToDatetime(tzinfo=UTC) > datetime.now(UTC) + timedelta(days=29)
    answer = await office(GATEWAY, "RegisterByInvitation", **accepting(given.code, "late"))
    assert answer.authority.status == pb.AUTHORITY_STATUS_REQUESTED


@pytest.mark.parametrize("status", [Status.DEREGISTERED, Status.SUSPENDED])
async def test_the_people_of_an_authority_that_is_no_more_may_come_back_with_another(
    settings: DirectorySettings, status: Status
) -> None:
    bodies = {
        "aut_limic": a_coordinator(LegislativeRole.LIMIC),
        "aut_old": an_authority(status=status, administrators=("usr_anna",)),
    }
    await stored(settings, bodies, {"usr_anna": a_user("aut_old", "anna")})
    async with running(settings) as asking:
        if status is Status.SUSPENDED:
            given = await invited(asking)
            with pytest.raises(Conflict) as refused:
                await asking(GATEWAY, "RegisterByInvitation", **accepting(given.code))
            assert refused.value.reason == "SIGNIN_TAKEN"
            assert await how_unknown(asking, "anna") == "AUTHORITY_NOT_ACTIVE"
            return
        assert await how_unknown(asking, "anna") == "UNKNOWN_USER"
        id_ = await registered(asking, "anna")
        await asking.do(LIMIC, "ValidateAuthority", id=id_)
        assert (await resolved(asking, "anna")).authority.id == id_
