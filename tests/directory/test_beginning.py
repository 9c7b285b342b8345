"""A directory in which nobody is registered begins with the Commission, and with one person there, from whom all others follow."""

from pathlib import Path

import pytest

from chassis.settings import CannotStart
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import people_pb2
from services.directory.beginning import COMMISSION_ID, FIRST_ID, begin
from services.directory.settings import DirectorySettings
from tests.chassis.waiting import until
from tests.directory.bodies import ISSUER, a_coordinator, a_draft, a_user, an_access, stored
from tests.directory.conftest import FREE_PORT, running
from tests.directory.staff import ADMINISTRATOR, a_signin, added, as_caller, do, signs_in
from vocabulary import languages
from vocabulary.roles import LegislativeRole

FIRST = people_pb2.SignIn(issuer=ISSUER, subject="first")
COORDINATOR = pb.RoleInModule(module="*", role=pb.USER_ROLE_COORDINATOR)


def settings_of(data: Path, first: str = f"{ISSUER} first") -> DirectorySettings:
    return DirectorySettings(data_dir=data, listen_address=FREE_PORT, first_signin=first)


async def test_whoever_signs_in_first_registers_a_national_coordinator_who_registers_others(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    await begin(settings)
    async with running(settings) as asking:
        first = await signs_in(asking, FIRST)
        assert first is not None
        assert list(first.roles) == [COORDINATOR, ADMINISTRATOR]
        registrar = as_caller(first, "EU")
        await do(asking, registrar, "EditUser", id=first.id, name="Registrar")
        draft = a_draft(an_access("services/requests", LegislativeRole.NIMIC))
        nimic = await asking.do(registrar, "RegisterAuthority", authority=draft)
        there = await added(asking, registrar, nimic.id, roles=[COORDINATOR], administrator=True, signin=a_signin())
        office = await asking.do(as_caller(there), "RegisterAuthority", authority=a_draft())
        assert office.status == pb.AUTHORITY_STATUS_ACTIVE

        async def is_found() -> bool:
            found = await asking(registrar, "SearchAuthorities", text="Europos Komisija", language="lt")
            return [one.id for one in found.authorities] == [COMMISSION_ID]

        await until(is_found)
        (commission,) = await asking.read(COMMISSION_ID)
        assert set(commission.official_name.texts) == set(languages.ALL)


async def test_where_there_is_a_commission_nothing_is_done(tmp_path: Path) -> None:
    for data, bodies in (
        (tmp_path / "new", {}),
        (tmp_path / "old", {"aut_eu": a_coordinator(LegislativeRole.COMMISSION)}),
    ):
        settings = settings_of(data)
        await stored(settings, bodies)
        await begin(settings)
        async with running(settings) as asking:
            before = await asking.read(COMMISSION_ID, "aut_eu")
            assert len(before) == 1
            await begin(settings_of(data, f"{ISSUER} second"))
            assert await asking.read(COMMISSION_ID, "aut_eu") == before
            assert await signs_in(asking, people_pb2.SignIn(issuer=ISSUER, subject="second")) is None
            assert (await signs_in(asking, FIRST) is None) is bool(bodies)


async def test_ended_halfway_it_is_gone_on_with_for_the_same_person_only(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    await stored(settings, {}, {FIRST_ID: a_user(COMMISSION_ID, "first")})
    with pytest.raises(CannotStart, match="begun with"):
        await begin(settings_of(tmp_path, f"{ISSUER} second"))
    await begin(settings)
    async with running(settings) as asking:
        first = await signs_in(asking, FIRST)
        assert first is not None
        assert ADMINISTRATOR in first.roles


async def test_a_sign_in_that_is_somebodys_begins_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    await stored(settings, {}, {"usr_else": a_user("aut_else", "first")})
    with pytest.raises(CannotStart):
        await begin(settings)
    async with running(settings) as asking:
        assert not await asking.read(COMMISSION_ID)


@pytest.mark.parametrize("given", ["", "https://login.example", "x" * 300 + " y", "https://login.example \x07"])
async def test_what_is_no_sign_in_is_refused_in_words(tmp_path: Path, given: str) -> None:
    with pytest.raises(CannotStart, match="FIRST_SIGNIN names who"):
        await begin(settings_of(tmp_path, given))
    assert not list(tmp_path.iterdir())
