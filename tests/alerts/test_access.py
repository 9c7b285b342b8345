"""Each RPC for each role of each authority's people: done, refused, or unknown (access matrix)."""

from collections.abc import Mapping
from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from services.alerts.domain.lifecycle import Status
from tests.alerts.cast import AUTHORITIES, COMMISSION, COMMISSION_ID, HU_COORDINATOR, HU_REGION, ITALY, someone
from tests.alerts.conftest import Asking, command
from tests.alerts.dangers import TYPE_ID, on_wire
from tests.alerts.threads import BEGUN, COMMANDS, KNOWN_TO, a_full_alert, an_alert, fields_of, information_id
from tests.cells import cell
from vocabulary.refusals import Forbidden, NotFound
from vocabulary.roles import UserRole

READ = {UserRole.VIEWER, UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR}
WRITE = {UserRole.ALERT_HANDLER, UserRole.COORDINATOR}
DISPATCH = {UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR}
COORDINATE = {UserRole.COORDINATOR}

# The authorities, and what each is to an alert of aut_it_labour that is addressed to Hungary and France, acknowledged by
# Hungary and passed on to aut_hu_labour.
AUTHOR, COLLEAGUE, OWN, OWN_NIMIC = "aut_it_labour", "aut_it_trade", "aut_it_coordinator", "aut_it_nimic"
HUNGARY, HU_NIMIC, TOLD, NOT_TOLD = "aut_hu_coordinator", "aut_hu_nimic", "aut_hu_labour", "aut_hu_trade"
FRANCE, FR_NIMIC, AUSTRIA, NO_ALERTS = "aut_fr_coordinator", "aut_fr_nimic", "aut_at_coordinator", "aut_hu_requests"
PARTIES = [
    AUTHOR, COLLEAGUE, OWN, OWN_NIMIC, HUNGARY, HU_NIMIC, TOLD, NOT_TOLD, FRANCE, FR_NIMIC, AUSTRIA, NO_ALERTS, COMMISSION_ID,
]  # fmt: skip

# Who may give each command, in which roles. Hungary has acknowledged already, and France may therefore not yet pass on.
MAY: dict[str, tuple[set[str], set[UserRole]]] = {
    "EditAlert": ({AUTHOR}, WRITE),
    "SubmitAlert": ({AUTHOR}, WRITE),
    "ReturnAlert": ({OWN, OWN_NIMIC}, COORDINATE),
    "BroadcastAlert": ({OWN, OWN_NIMIC}, COORDINATE),
    "AcknowledgeAlert": ({FRANCE, FR_NIMIC}, DISPATCH),
    "DisseminateAlert": ({HUNGARY, HU_NIMIC}, DISPATCH),
    "AddAlertInformation": ({AUTHOR, OWN, OWN_NIMIC, HUNGARY, HU_NIMIC, TOLD, FRANCE, FR_NIMIC}, WRITE | DISPATCH),
    "ApproveAlertInformation": ({OWN, OWN_NIMIC, HUNGARY, HU_NIMIC}, COORDINATE),
}
LEFT_OUT = {"AcknowledgeAlert": {HUNGARY, HU_NIMIC}, "DisseminateAlert": {FRANCE, FR_NIMIC}}
LEFT_OUT["ApproveAlertInformation"] = LEFT_OUT["DisseminateAlert"]


async def prepared(asking: Asking, status: Status) -> str:
    alert = await (a_full_alert(asking) if status is Status.BROADCAST else an_alert(asking, status))
    return alert.id


@pytest.fixture(scope="module")
async def untouched(asking: Asking) -> Mapping[Status, str]:
    """An alert in each status, for refusals, which change nothing."""
    return {status: await prepared(asking, status) for status in BEGUN}


async def fields_for(asking: Asking, authority_id: str, method: str, id_: str) -> dict[str, Any]:
    fields = fields_of(method, id_)
    if method == "DisseminateAlert":
        fields["authority_ids"] = [NOT_TOLD]
    if method == "ApproveAlertInformation":
        country = AUTHORITIES[authority_id].country
        fields["information_id"] = await information_id(asking, HU_COORDINATOR if country == "HU" else ITALY, id_)
    return fields


@pytest.mark.parametrize("method", COMMANDS)
@pytest.mark.parametrize("authority_id", PARTIES)
async def test_each_command_is_for_those_it_belongs_to(
    asking: Asking, untouched: Mapping[Status, str], method: str, authority_id: str
) -> None:
    """Others who know of the alert are refused; to whoever does not, it does not exist."""
    if authority_id in LEFT_OUT.get(method, ()):
        return
    status = COMMANDS[method]
    sides, roles = MAY[method]
    for role in UserRole:
        caller = someone(authority_id, role)
        if authority_id in sides and role in roles:
            id_ = await prepared(asking, status)
            before = await asking.read(ITALY, id_)
            assert before is not None
            after = await asking.do(caller, method, **await fields_for(asking, authority_id, method, id_))
            assert after.revision == before.revision + 1
        else:
            fields = await fields_for(asking, authority_id, method, untouched[status])
            known = authority_id in KNOWN_TO[status] and role in READ
            with pytest.raises(Forbidden if known else NotFound):
                await asking.do(caller, method, **fields)


async def test_refusals_have_changed_nothing(asking: Asking, untouched: Mapping[Status, str]) -> None:
    """After every refusal above."""
    for status, revision in ((Status.DRAFT, 1), (Status.SUBMITTED, 2), (Status.BROADCAST, 7)):
        alert = await asking.read(ITALY, untouched[status])
        assert alert is not None
        assert alert.revision == revision


@pytest.mark.parametrize("role", UserRole)
async def test_handlers_and_coordinators_of_authorities_that_take_part_create(asking: Asking, role: UserRole) -> None:
    fields = {"type_id": TYPE_ID, "values": on_wire()}
    for authority_id in PARTIES:
        caller = someone(authority_id, role)
        with cell(authority_id):
            if role in WRITE and authority_id not in (NO_ALERTS, COMMISSION_ID):
                assert (await asking.do(caller, "CreateAlert", **fields)).author_id == authority_id
            else:
                colleague, newest = someone(authority_id, UserRole.VIEWER), common_pb2.Page(first=1)
                before = await asking(colleague, "ListAlerts", page=newest)
                with pytest.raises(Forbidden):
                    await asking.do(caller, "CreateAlert", **fields)
                assert await asking(colleague, "ListAlerts", page=newest) == before


@pytest.mark.parametrize("status", BEGUN)
@pytest.mark.parametrize("authority_id", PARTIES)
async def test_an_alert_is_read_by_those_it_concerns_in_any_role_that_reads(
    asking: Asking, untouched: Mapping[Status, str], status: Status, authority_id: str
) -> None:
    for role in UserRole:
        found = await asking.read(someone(authority_id, role), untouched[status])
        assert (found is not None) is (authority_id in KNOWN_TO[status] and role in READ)


@pytest.mark.parametrize("role", UserRole)
async def test_an_inbox_is_read_by_people_with_a_role_in_alerts_at_an_authority_that_takes_part(
    asking: Asking, role: UserRole
) -> None:
    for authority_id in PARTIES:
        caller = someone(authority_id, role)
        with cell(authority_id):
            if role in READ and authority_id not in (NO_ALERTS, COMMISSION_ID):
                await asking(caller, "ReadInbox")
                watching = asking.watch(caller)
                assert not (await anext(watching)).HasField("entry")
                await watching.aclose()
            else:
                with pytest.raises(Forbidden):
                    await asking(caller, "ReadInbox")
                with pytest.raises(Forbidden):
                    await anext(asking.watch(caller))


NOBODYS: dict[str, dict[str, Any]] = {
    "BatchGetAlerts": {"ids": ["alt_nobody"]},
    "ListAlerts": {},
    "ReadInbox": {},
    "CreateAlert": {"command": command(), "type_id": TYPE_ID},
    **{method: {"command": command(), **fields_of(method, "alt_nobody")} for method in COMMANDS},
}


@pytest.mark.parametrize("method", NOBODYS)
@pytest.mark.parametrize("service", ["directory", "requests", "gateway"])
async def test_a_service_is_no_person(asking: Asking, method: str, service: str) -> None:
    with pytest.raises(Forbidden, match="only a person"):
        await asking(Caller(service=service), method, **NOBODYS[method])


async def test_a_service_does_not_watch_an_inbox_but_reads_types(asking: Asking) -> None:
    with pytest.raises(Forbidden, match="only a person"):
        await anext(asking.watch(Caller(service="gateway")))
    assert (await asking(Caller(service="gateway"), "ListAlertTypes")).alert_types
    assert (await asking(Caller(service="gateway"), "BatchGetAlertTypes", ids=[TYPE_ID])).alert_types


async def test_the_commission_reads_and_does_nothing_else(asking: Asking, untouched: Mapping[Status, str]) -> None:
    everything = someone(COMMISSION_ID, *UserRole)
    for method, status in COMMANDS.items():
        with pytest.raises(Forbidden if status is Status.BROADCAST else NotFound):
            await asking.do(everything, method, **fields_of(method, untouched[status]))
    assert await asking.read(COMMISSION, untouched[Status.BROADCAST]) is not None


async def test_a_role_in_every_module_is_a_role_in_alerts(asking: Asking, untouched: Mapping[Status, str]) -> None:
    """As the national coordinators of the training data hold it."""
    nimic = someone("aut_it_nimic", UserRole.COORDINATOR, module="*")
    assert await asking.read(nimic, untouched[Status.SUBMITTED]) is not None
    assert await asking.do(nimic, "ReturnAlert", **fields_of("ReturnAlert", await prepared(asking, Status.SUBMITTED)))


async def test_roles_add_up(asking: Asking) -> None:
    """A coordinator's person may do in one role what their other role does not allow."""
    id_ = (await an_alert(asking)).id
    both = someone("aut_hu_region", UserRole.VIEWER, UserRole.ALERT_DISSEMINATOR)
    assert await asking.do(both, "AcknowledgeAlert", id=id_)
    with pytest.raises(Forbidden):
        await asking.do(both, "ApproveAlertInformation", **fields_of("ApproveAlertInformation", id_))
    with pytest.raises(NotFound):
        await asking.do(HU_REGION, "ApproveAlertInformation", **fields_of("ApproveAlertInformation", id_))
