"""What is counted, for whom: numbers that add up, of what concerns the person who asks, a moment after it is stored."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.caller import Caller
from engines.events import Events
from protos.directory.v1 import statistics_pb2 as pb
from services.directory import tallies, wire
from services.directory.domain import statistics
from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.domain.coordination import Person
from services.directory.domain.invitations import Invitation
from services.directory.domain.statistics import Scope, count, counted, narrowed, scope
from services.directory.domain.users import RoleInModule
from services.directory.reference import Reference
from services.directory.settings import DirectorySettings
from tests.directory.bodies import (
    ALERTS,
    a_coordinator,
    a_draft,
    a_registrar,
    a_user,
    an_access,
    an_administrator,
    an_authority,
    somebody,
    stored,
)
from tests.directory.conftest import FREE_PORT, Asking, running
from tests.directory.staff import NIMIC, added, as_caller, do
from vocabulary.participants import Level, Status
from vocabulary.refusals import Forbidden, Invalid, Unavailable
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LIMIC, SDIMIC = a_registrar(LegislativeRole.LIMIC), a_registrar(LegislativeRole.SDIMIC)
COMMISSION = a_registrar(LegislativeRole.COMMISSION, UserRole.VIEWER)
AREAS = ("services", "firearms", "e-commerce")
PLACES = {"IT": ["", "IT-62", "IT-RM", "IT-25"], "HU": ["", "HU-BU"]}
ABOVE = {"IT-RM": ["IT-62"]}


def territories(country: str, region: str) -> list[str]:
    return [*([region] if region else []), *ABOVE.get(region, []), country]


@st.composite
def bodies(draw: st.DrawFn) -> Authority:
    country = draw(st.sampled_from(list(PLACES)))
    parts = tuple(
        replace(
            an_access(f"{area}/alerts"),
            status=AccessStatus.ACTIVE,
        )
        for area in draw(st.lists(st.sampled_from(AREAS), unique=True))
    )
    waiting = tuple(
        replace(
            an_access(f"{area}/requests"), status=draw(st.sampled_from([AccessStatus.REQUESTED, AccessStatus.REFUSED]))
        )
        for area in draw(st.lists(st.sampled_from(AREAS), unique=True))
    )
    status = draw(st.sampled_from(Status))
    expires = NOW + timedelta(days=draw(st.integers(-2, 2)))
    invited = Invitation(email="a@b", language="it", code_hash="x", expires_at=expires)
    return an_authority(
        country=country,
        region=draw(st.sampled_from(PLACES[country])),
        level=draw(st.sampled_from(Level)),
        status=status,
        access=parts,
        inactive_access=waiting,
        invitation=invited if status is Status.INVITED else None,
        administrators=tuple(draw(st.lists(st.sampled_from(["usr_0", "usr_1"]), unique=True))),
        former_users=tuple(draw(st.lists(st.sampled_from(["usr_2", "usr_3"]), unique=True))),
    )


roles = st.builds(
    RoleInModule,
    module=st.sampled_from(["*", *(f"{area}/alerts" for area in AREAS)]),
    role=st.sampled_from([role for role in UserRole if role is not UserRole.LOCAL_DATA_ADMINISTRATOR]),
)
workers = st.dictionaries(st.sampled_from(["usr_0", "usr_1", "usr_2", "usr_3"]), st.lists(roles, max_size=3))
scopes = st.builds(
    Scope,
    authority_id=st.sampled_from(["", "", "aut_0"]),
    country=st.sampled_from(["", "IT", "HU"]),
    territory=st.sampled_from(["", "", "IT", "IT-62"]),
    areas=st.none() | st.sets(st.sampled_from(AREAS)).map(frozenset),
)


@given(st.lists(st.tuples(bodies(), workers), max_size=6), scopes)
def test_numbers_are_those_of_counting_one_by_one(told: list[tuple[Authority, Any]], within: Scope) -> None:
    known = {f"aut_{number}": body for number, (body, _) in enumerate(told)}
    people = {f"aut_{number}": held for number, (_, held) in enumerate(told)}
    found = count(
        {id_: counted(one, territories(one.country, one.region)) for id_, one in known.items()}, people, within, NOW
    )
    seen = {id_: one for id_, one in known.items() if belongs(id_, one, within)}
    active = {id_: one for id_, one in seen.items() if one.status is Status.ACTIVE}
    assert found.authorities == len(seen) == sum(found.statuses.values())
    assert found.statuses == Counter(one.status for one in seen.values())
    assert sum(found.levels.values()) == sum(found.countries.values()) == len(active)
    assert found.invitations_pending + found.invitations_expired == found.statuses.get(Status.INVITED, 0)
    assert found.invitations_expired == sum(
        one.invitation is not None and one.invitation.expires_at <= NOW for one in seen.values()
    )
    wanted = within.areas if within.areas is not None else set(AREAS)
    for area in AREAS:
        takes_part = [one for one in active.values() if area in {part.area for part in one.access}]
        assert found.areas.get(area, 0) == (len(takes_part) if area in wanted else 0)
    assert found.access_requests == sum(
        part.status is AccessStatus.REQUESTED and part.area in wanted
        for one in active.values()
        for part in one.inactive_access
    )
    staff = [
        (id_, held)
        for id_, one in active.items()
        for user_id, held in people[id_].items()
        if user_id not in one.former_users
    ]
    assert found.users == len(staff)
    for role in UserRole:
        if role is UserRole.LOCAL_DATA_ADMINISTRATOR:
            assert found.roles.get(role, 0) == sum(len(one.administrators) for one in active.values())
        else:
            holders = [
                1
                for _, held in staff
                if any(one.role is role and (one.module == "*" or one.area in wanted) for one in held)
            ]
            assert found.roles.get(role, 0) == len(holders)


def belongs(id_: str, one: Authority, within: Scope) -> bool:
    """Whether somebody with this scope counts the authority: written apart from the rule."""
    if within.authority_id and id_ != within.authority_id:
        return False
    if within.country and one.country != within.country:
        return False
    if within.territory and within.territory not in territories(one.country, one.region):
        return False
    if within.areas is None or within.authority_id:
        return True
    return any(part.area in within.areas for part in one.all_access)


def a_person(own: Authority | None, held: UserRole, module: str = ALERTS) -> Person:
    return Person(user_id="usr_1", authority_id="aut_1", authority=own, user_roles={module: {held}})


@pytest.mark.parametrize("role", LegislativeRole)
@pytest.mark.parametrize("user_role", UserRole)
def test_a_coordinator_counts_in_its_areas_and_territory(role: LegislativeRole, user_role: UserRole) -> None:
    person = a_person(a_coordinator(role), user_role)
    if role is LegislativeRole.COMMISSION:
        assert scope(person) == Scope()
    elif user_role is UserRole.COORDINATOR and role in COORDINATING:
        everywhere = role in (LegislativeRole.NIMIC, LegislativeRole.SDIMIC)
        assert scope(person) == Scope(
            country="IT",
            territory="IT-62" if role is LegislativeRole.SDIMIC else "IT",
            areas=None if everywhere else frozenset({"services"}),
        )
    elif user_role is UserRole.SUPERVISOR:
        assert scope(person) == Scope(authority_id="aut_1", country="IT")
    else:
        with pytest.raises(Forbidden):
            scope(person)


def test_administrators_count_their_own_authority_as_long_as_it_names_them_and_is_active() -> None:
    office = an_authority(administrators=("usr_1",))
    assert scope(a_person(office, UserRole.LOCAL_DATA_ADMINISTRATOR, "")) == Scope(authority_id="aut_1", country="IT")
    for other in (
        replace(office, administrators=("usr_2",)),
        replace(office, status=Status.SUSPENDED),
        replace(office, former_users=("usr_1",), administrators=("usr_2",)),
        None,
    ):
        with pytest.raises(Forbidden):
            scope(a_person(other, UserRole.LOCAL_DATA_ADMINISTRATOR, ""))
    gone = replace(a_coordinator(LegislativeRole.COMMISSION), former_users=("usr_1",))
    with pytest.raises(Forbidden):
        scope(a_person(gone, UserRole.COORDINATOR, "*"))


@pytest.mark.parametrize(
    ("given_scope", "country", "area", "field"),
    [
        (Scope(), "HU", "firearms", ""),
        (Scope(country="IT", territory="IT"), "IT", "firearms", ""),
        (Scope(country="IT", territory="IT"), "HU", "", "country"),
        (Scope(country="IT", areas=frozenset({"services"})), "", "services", ""),
        (Scope(country="IT", areas=frozenset({"services"})), "", "firearms", "area"),
        (Scope(authority_id="aut_1", country="IT"), "HU", "", "country"),
        (Scope(authority_id="aut_1", country="IT"), "IT", "firearms", ""),
    ],
)
def test_one_narrows_within_what_is_ones_own(given_scope: Scope, country: str, area: str, field: str) -> None:
    if field:
        with pytest.raises(Forbidden) as refused:
            narrowed(given_scope, country, area)
        assert refused.value.field == field
        return
    found = narrowed(given_scope, country, area)
    assert (found.authority_id, found.territory) == (given_scope.authority_id, given_scope.territory)
    assert (found.country, found.areas) == (
        country or given_scope.country,
        frozenset({area}) if area else given_scope.areas,
    )


@pytest.fixture(scope="module")
async def counting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A directory of which everything is known."""
    settings = DirectorySettings(data_dir=tmp_path_factory.mktemp("counting"), listen_address=FREE_PORT)
    asked = replace(an_access("firearms/requests", LegislativeRole.COMPETENT_AUTHORITY), status=AccessStatus.REQUESTED)
    office = an_authority(administrators=("usr_1", "usr_2"), inactive_access=(asked,))
    soon = datetime.now(UTC) + timedelta(days=1)

    def invited(expires_at: datetime, code: str) -> Authority:
        invitation = Invitation(email="a@b", language="it", code_hash=code, expires_at=expires_at)
        return replace(office, status=Status.INVITED, invitation=invitation, administrators=())

    bodies = {
        "aut_nimic": a_coordinator(LegislativeRole.NIMIC),
        "aut_limic": a_coordinator(LegislativeRole.LIMIC),
        "aut_sdimic": a_coordinator(LegislativeRole.SDIMIC),
        "aut_eu": a_coordinator(LegislativeRole.COMMISSION),
        "aut_office": office,
        "aut_suspended": replace(office, status=Status.SUSPENDED),
        "aut_invited": invited(soon, "a"),
        "aut_expired": invited(soon - timedelta(days=2), "b"),
        "aut_rome": an_authority(region="IT-RM", level=Level.LOCAL),
        "aut_firearms": an_authority(access=(an_access("firearms/alerts"),)),
        "aut_hungary": an_authority(country="HU"),
    }
    users = {f"usr_{name}": a_user("aut_office", name) for name in ("1", "2", "3")}
    await stored(settings, bodies, {**users, "usr_4": replace(a_user("aut_office", "4"), active=False)})
    async with running(settings) as found:
        yield found


async def numbers(counting: Asking, caller: Caller, **fields: Any) -> pb.DirectoryStatistics:
    found: pb.DirectoryStatistics = (await counting(caller, "GetDirectoryStatistics", **fields)).statistics
    return found


def by(counts: Any, what: str = "value") -> dict[Any, int]:
    return {getattr(one, what): one.count for one in counts}


ADMIN = replace(an_administrator("aut_office"), user_id="usr_1")


async def test_each_counts_what_concerns_them(counting: Asking) -> None:
    everything = await numbers(counting, COMMISSION)
    assert (everything.authorities, everything.invitations_pending, everything.invitations_expired) == (11, 1, 1)
    assert by(everything.countries) == {"EU": 1, "HU": 1, "IT": 6}
    assert by(everything.statuses, "status") == {
        wire.STATUS.to_wire(status): number
        for status, number in {Status.ACTIVE: 8, Status.INVITED: 2, Status.SUSPENDED: 1}.items()
    }
    assert by(everything.areas) == {"services": 6, "firearms": 1}
    assert everything.access_requests == 1
    assert everything.users == 3
    assert by(everything.roles, "role") == {
        wire.USER_ROLE.to_wire(UserRole.ALERT_HANDLER): 3,
        wire.USER_ROLE.to_wire(UserRole.LOCAL_DATA_ADMINISTRATOR): 9,
    }
    assert (await numbers(counting, NIMIC)).authorities == 9
    assert (await numbers(counting, LIMIC)).authorities == 8
    assert by((await numbers(counting, LIMIC)).areas) == {"services": 5}
    regional = await numbers(counting, SDIMIC)
    assert (regional.authorities, by(regional.countries)) == (2, {"IT": 2}), "itself and Rome, which lies in its region"
    own = await numbers(counting, ADMIN)
    assert (own.authorities, own.users, own.access_requests, by(own.countries)) == (1, 3, 1, {"IT": 1})
    supervisor = somebody("aut_firearms", UserRole.SUPERVISOR, module="firearms/requests")
    assert (await numbers(counting, supervisor)).authorities == 1


async def test_one_may_ask_for_a_country_and_an_area(counting: Asking) -> None:
    assert (await numbers(counting, COMMISSION, country="HU")).authorities == 1
    assert by((await numbers(counting, COMMISSION, country="EU")).countries) == {"EU": 1}
    firearms = await numbers(counting, COMMISSION, area="firearms")
    assert by(firearms.areas) == {"firearms": 1}
    assert by((await numbers(counting, NIMIC, country="IT", area="services")).areas) == {"services": 5}
    for caller, fields, field, kind in (
        (NIMIC, {"country": "HU"}, "country", Forbidden),
        (LIMIC, {"area": "firearms"}, "area", Forbidden),
        (ADMIN, {"country": "HU"}, "country", Forbidden),
        (COMMISSION, {"country": "GR"}, "country", Invalid),
        (COMMISSION, {"area": "wizardry"}, "area", Invalid),
    ):
        with pytest.raises(kind) as refused:
            await numbers(counting, caller, **fields)
        assert refused.value.field == field


@pytest.mark.parametrize("role", [role for role in UserRole if role is not UserRole.SUPERVISOR])
async def test_the_others_count_nothing(counting: Asking, role: UserRole) -> None:
    for caller in (somebody("aut_office", role), a_registrar(LegislativeRole.NIMIC, role, name="other")):
        if caller.authority_id == "aut_nimic" and role is UserRole.COORDINATOR:
            continue
        with pytest.raises(Forbidden):
            await numbers(counting, caller)
    for service in ("gateway", "requests"):
        with pytest.raises(Forbidden):
            await counting(service, "GetDirectoryStatistics")


async def test_what_changes_is_counted_a_moment_later(counting: Asking) -> None:
    before = await numbers(counting, NIMIC)
    made = await counting.do(NIMIC, "RegisterAuthority", authority=a_draft())
    admin = await added(counting, NIMIC, made.id, administrator=True)
    colleague = await added(counting, as_caller(admin), made.id)
    await do(counting, as_caller(admin), "DeactivateUser", id=colleague.id)

    async def settled() -> pb.DirectoryStatistics:
        async with asyncio.timeout(10):
            while True:
                now = await numbers(counting, NIMIC)
                if now.authorities == before.authorities + 1 and now.users == before.users + 1:
                    return now
                await asyncio.sleep(0.02)

    now = await settled()
    administers = wire.USER_ROLE.to_wire(UserRole.LOCAL_DATA_ADMINISTRATOR)
    assert by(now.roles, "role")[administers] == by(before.roles, "role")[administers] + 1


class NeverRead:
    """Aggregates that nobody may read."""

    async def find(self, **_: Any) -> list[Any]:
        raise AssertionError("nobody asked")


async def test_a_process_that_nobody_asks_reads_nothing_and_one_that_is_not_ready_says_so(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread: Any = NeverRead()
    counting = tallies.Tallies(reference, unread, unread)
    events: Any = Events
    following = asyncio.create_task(counting.follow(events))
    await asyncio.sleep(0)
    assert not following.done()
    following.cancel()
    monkeypatch.setattr(tallies, "PATIENCE_S", 0.01)
    with pytest.raises(Unavailable) as refused:
        await counting.count(Scope(), NOW)
    assert refused.value.reason == "COUNTING"


def test_statistics_name_nobody() -> None:
    names = {field.name for field in pb.DirectoryStatistics.DESCRIPTOR.fields}
    assert names == set(statistics.Statistics.__dataclass_fields__)
