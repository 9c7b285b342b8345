"""Reading alerts over gRPC: what does not concern one does not exist, in no answer and in no refusal."""

from typing import Any

import pytest

from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.catalogue import alert_types
from services.alerts.domain.lifecycle import Status
from tests.alerts.cast import (
    AT_COORDINATOR,
    COMMISSION,
    HU_COORDINATOR,
    IT_COORDINATOR,
    ITALY,
    someone,
)
from tests.alerts.conftest import Asking, command
from tests.alerts.dangers import TYPE_ID, text
from tests.alerts.threads import (
    BEGUN,
    COMMANDS,
    an_alert,
    fields_of,
    last_changed,
)
from vocabulary.refusals import Invalid, NotFound
from vocabulary.roles import UserRole

# For each status somebody who may not know, though another of the country may.
STRANGERS = {
    Status.DRAFT: [IT_COORDINATOR, HU_COORDINATOR, COMMISSION, someone("aut_it_labour", UserRole.REQUEST_HANDLER)],
    Status.SUBMITTED: [HU_COORDINATOR, someone("aut_it_trade", *UserRole), someone("aut_it_coordinator"), COMMISSION],
    Status.BROADCAST: [AT_COORDINATOR, someone("aut_hu_trade", *UserRole), someone("aut_fr_labour", *UserRole)],
}


@pytest.mark.parametrize("status", BEGUN)
@pytest.mark.parametrize("method", COMMANDS)
async def test_to_a_command_what_one_may_not_know_of_does_not_exist(
    asking: Asking, method: str, status: Status
) -> None:
    """The refusal is, word for word, that for an id that nobody has, whatever else is wrong with the command."""
    alert = await an_alert(asking, status)
    unfit = {
        "values": [common_pb2.FieldValue(code="colour")],
        "countries": ["XX"],
        "text": text(""),
        "reason": text(""),
    }
    plain = fields_of(method, alert.id)
    faulty = {name: unfit.get(name, value) for name, value in plain.items()}
    before = await last_changed(asking)
    for stranger in STRANGERS[status]:
        for fields in (plain, {**faulty, "command": command(revision=77)}):
            with pytest.raises(NotFound) as hidden:
                await asking.do(stranger, method, **fields)
            with pytest.raises(NotFound) as absent:
                await asking.do(stranger, method, **{**fields, "id": "alt_nobody"})
            assert (hidden.value.message, hidden.value.field) == (f"there is no alert {alert.id!r}", "id")
            assert absent.value.message == hidden.value.message.replace(alert.id, "alt_nobody")
            assert (absent.value.field, absent.value.reason) == (hidden.value.field, hidden.value.reason)
    assert await last_changed(asking) == before


@pytest.mark.parametrize("status", BEGUN)
async def test_to_a_read_what_one_may_not_know_of_does_not_exist(asking: Asking, status: Status) -> None:
    """Neither by its id, nor in a list, nor as one more page."""
    alert = await an_alert(asking, status)
    for stranger in STRANGERS[status]:
        hidden = await asking(stranger, "BatchGetAlerts", ids=[alert.id])
        assert hidden == await asking(stranger, "BatchGetAlerts", ids=["alt_nobody"]) == pb.BatchGetAlertsResponse()
        before = await asking(stranger, "ListAlerts", page=common_pb2.Page(first=1))
        hidden = await an_alert(asking, status)
        assert await asking(stranger, "ListAlerts", page=common_pb2.Page(first=1)) == before
        assert hidden.id not in str(await asking(stranger, "ListAlerts", page=common_pb2.Page(first=100)))


async def test_a_batch_gives_what_there_is_in_the_order_asked_for(asking: Asking) -> None:
    first, second, hidden = [await an_alert(asking) for _ in range(3)]
    secret = await an_alert(asking, Status.DRAFT)
    ids = [second.id, "alt_nobody", secret.id, first.id, first.id, "", hidden.id]
    found = (await asking(HU_COORDINATOR, "BatchGetAlerts", ids=ids)).alerts
    assert [alert.id for alert in found] == [second.id, first.id, hidden.id]


@pytest.mark.parametrize("method", ["BatchGetAlerts", "BatchGetAlertTypes"])
async def test_a_batch_has_a_limit(asking: Asking, method: str) -> None:
    ids = [f"alt_{number}" for number in range(1001)]
    assert await asking(ITALY, method, ids=[*ids[1:], ids[1]])
    with pytest.raises(Invalid) as found:
        await asking(ITALY, method, ids=ids)
    assert (found.value.field, found.value.reason) == ("ids", "TOO_MANY")


UNFIT_PAGES: list[tuple[common_pb2.Page, str, str]] = [
    (common_pb2.Page(first=101), "first", "PAGE_SIZE"),
    (common_pb2.Page(first=-1), "first", "PAGE_SIZE"),
    (common_pb2.Page(after="nonsense"), "after", "CURSOR"),
    (common_pb2.Page(after="WyJhdXRob3JpdGllcyIsIDFd"), "after", "CURSOR"),
]


@pytest.mark.parametrize("method", ["ListAlerts", "ReadInbox"])
@pytest.mark.parametrize(("page", "field", "reason"), UNFIT_PAGES)
async def test_an_unfit_page_is_refused(
    asking: Asking, method: str, page: common_pb2.Page, field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as found:
        await asking(ITALY, method, page=page)
    assert (found.value.field, found.value.reason) == (field, reason)


async def test_types_are_read_in_the_languages_wanted(asking: Asking) -> None:
    listed = (await asking(ITALY, "ListAlertTypes", languages=["hu", "it"])).alert_types
    assert [one.id for one in listed] == list(alert_types())
    read = await asking(ITALY, "BatchGetAlertTypes", ids=["nothing:1", TYPE_ID, TYPE_ID], languages=["hu", "it"])
    (one,) = read.alert_types
    assert one in listed
    assert (one.id, one.code, one.version, one.area_code) == (TYPE_ID, "services", 1, "services")
    assert set(one.title.texts) == set(one.fields[0].label.texts) == {"hu", "it"}


@pytest.mark.parametrize(("method", "fields"), [("ListAlertTypes", {}), ("BatchGetAlertTypes", {"ids": [TYPE_ID]})])
async def test_types_are_not_read_in_an_unknown_language(asking: Asking, method: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as found:
        await asking(ITALY, method, languages=["it", "ru"], **fields)
    assert (found.value.field, found.value.reason) == ("languages[1]", "UNKNOWN_LANGUAGE")
