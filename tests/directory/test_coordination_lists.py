"""The lists of those who coordinate: their own links, their areas, their country; and of nobody else's what is not public."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.directory.v1 import registration_pb2 as pb
from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.settings import DirectorySettings
from tests.directory.bodies import a_coordinator, an_access, an_authority, stored
from tests.directory.conftest import FREE_PORT, Asking, running
from vocabulary.participants import Status
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole

FIREARMS = "firearms/requests"
WAITING = (Status.INVITED, Status.REQUESTED, Status.REJECTED)
LISTS = [*Status, "ACCESS_REQUESTED"]


def an_office(status: Status, coordinator: str, module: str = "services/alerts", **changed: Any) -> Authority:
    """An authority with a part that *coordinator* looks after, and one it has asked for."""
    role = changed.pop("role", LegislativeRole.COMPETENT_AUTHORITY)
    part = replace(an_access(module, role), access_coordinator=coordinator)
    asked = replace(part, module=module.partition("/")[0] + "/repository", status=AccessStatus.REQUESTED)
    waits = status in WAITING
    return an_authority(
        f"Ufficio {status} {coordinator}",
        status=status,
        access=() if waits else (part,),
        inactive_access=(asked,),
        validating_coordinator=coordinator,
        **changed,
    )


COORDINATORS = {
    "aut_limic": a_coordinator(LegislativeRole.LIMIC),
    "aut_dimic": a_coordinator(LegislativeRole.DIMIC),
    "aut_nimic": a_coordinator(LegislativeRole.NIMIC),
    "aut_abroad": a_coordinator(LegislativeRole.NIMIC, country="HU"),
    "aut_eu": a_coordinator(LegislativeRole.COMMISSION),
}
OFFICES = {
    f"aut_{status}_{coordinator}".lower(): an_office(status, coordinator)
    for status, coordinator in itertools.product(Status, ("aut_limic", "aut_dimic"))
}
FAR = {f"aut_{status}_firearms".lower(): an_office(status, "aut_nimic", FIREARMS) for status in Status} | {
    "aut_invited_malta": an_office(Status.INVITED, "aut_eu", role=LegislativeRole.NIMIC, country="MT")
}


def somebody(authority_id: str, *modules: str, role: UserRole = UserRole.COORDINATOR) -> Caller:
    return Caller(
        user_id="usr_1",
        authority_id=authority_id,
        user_roles={module: frozenset({role}) for module in modules or ("*",)},
    )


@pytest.fixture(scope="module")
async def lists(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    settings = DirectorySettings(data_dir=tmp_path_factory.mktemp("lists"), listen_address=FREE_PORT)
    await stored(settings, {**COORDINATORS, **OFFICES, **FAR})
    async with running(settings) as asking:
        yield asking


async def listed(lists: Asking, caller: Caller, which: str, **fields: Any) -> list[str]:
    number = pb.CoordinationList.Value(f"COORDINATION_LIST_{which}")
    found = await lists(caller, "ListAuthoritiesToCoordinate", list=number, **fields)
    return [one.id for one in found.authorities]


def of(status: str, *names: str) -> set[str]:
    return {f"aut_{status}_{name}".lower() for name in names}


@pytest.mark.parametrize("which", LISTS)
async def test_each_sees_their_own_links_their_areas_and_their_country(lists: Asking, which: str) -> None:
    status = "ACTIVE" if which == "ACCESS_REQUESTED" else which
    limics, dimics, firearms = of(status, "aut_limic"), of(status, "aut_dimic"), of(status, "firearms")
    coordinators = {"aut_limic", "aut_dimic", "aut_nimic"} if which == "ACTIVE" else set()
    public = which == "ACTIVE"
    expected = {
        "aut_limic": limics | (dimics | coordinators if public else set()),
        "aut_dimic": dimics,
        "aut_nimic": limics | dimics | firearms | coordinators,
        "aut_abroad": {"aut_abroad"} if public else set(),
        "aut_eu": {"aut_nimic", "aut_abroad"} if public else {"aut_invited_malta"} if which == "INVITED" else set(),
    }
    for authority_id, ids in expected.items():
        assert set(await listed(lists, somebody(authority_id), which, page=common_pb2.Page(first=100))) == ids, (
            authority_id
        )


@pytest.mark.parametrize("which", LISTS)
async def test_whoever_acts_in_one_area_sees_what_is_in_it(lists: Asking, which: str) -> None:
    status = "ACTIVE" if which == "ACCESS_REQUESTED" else which
    found = set(await listed(lists, somebody("aut_nimic", FIREARMS), which, page=common_pb2.Page(first=100)))
    assert found == of(status, "firearms")


@pytest.mark.parametrize(
    "caller",
    [
        somebody("aut_limic", role=UserRole.VIEWER),
        somebody("aut_limic", "firearms/requests"),
        somebody("aut_active_aut_limic"),
        somebody("aut_eu", role=UserRole.VIEWER),
        somebody("aut_suspended_aut_limic"),
        somebody("aut_nobody"),
    ],
)
async def test_they_are_for_coordinators(lists: Asking, caller: Caller) -> None:
    with pytest.raises(Forbidden):
        await listed(lists, caller, "ACTIVE")


async def test_they_are_paged_by_name(lists: Asking) -> None:
    caller = somebody("aut_nimic")
    seen: list[str] = []
    after = ""
    while True:
        page = common_pb2.Page(first=2, after=after)
        found = await lists(caller, "ListAuthoritiesToCoordinate", list=pb.COORDINATION_LIST_ACTIVE, page=page)
        seen += [one.official_name.texts["it"] for one in found.authorities]
        if not found.page_info.has_next_page:
            break
        after = found.page_info.cursors[-1]
    assert seen == sorted(seen, key=str.casefold)
    assert len(seen) == len(set(seen)) == 6


async def test_a_list_that_is_none_is_refused_by_name(lists: Asking) -> None:
    with pytest.raises(Invalid) as refused:
        await lists(somebody("aut_nimic"), "ListAuthoritiesToCoordinate")
    assert (refused.value.field, refused.value.reason) == ("list", "UNKNOWN_VALUE")
