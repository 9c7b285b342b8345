"""Alerts on their way, valid unless told otherwise: as the rules make them, and in a running service."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts import storage, wire
from services.alerts.domain import receiving, sending
from services.alerts.domain.alerts import Alert
from services.alerts.domain.lifecycle import Status
from tests.alerts.cast import (
    COMMISSION_ID,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HUNGARY,
    IT_COORDINATOR,
    ITALY,
    as_party,
)
from tests.alerts.conftest import Asking
from tests.alerts.dangers import TYPE, TYPE_ID, a_danger, on_wire, text
from vocabulary.values import FreeText

ADDRESSED = ("HU", "FR")
# The statuses in which these alerts are made; `lives.py` has all of every flow.
BEGUN = (Status.DRAFT, Status.SUBMITTED, Status.BROADCAST)
# Every command of a services alert that begins with an id and leaves it open, and the status in which it is possible.
COMMANDS = {
    "EditAlert": Status.DRAFT,
    "SubmitAlert": Status.DRAFT,
    "ReturnAlert": Status.SUBMITTED,
    "BroadcastAlert": Status.SUBMITTED,
    "AcknowledgeAlert": Status.BROADCAST,
    "DisseminateAlert": Status.BROADCAST,
    "AddAlertInformation": Status.BROADCAST,
    "ApproveAlertInformation": Status.BROADCAST,
}
_AUTHOR = {"aut_it_labour"}
_OWN = {"aut_it_coordinator", "aut_it_region", "aut_it_nimic"}
_ADDRESSED = {f"aut_{country}_{name}" for country in ("hu", "fr") for name in ("coordinator", "region", "nimic")}
# Whose people may know of an alert of aut_it_labour that Hungary passed on to aut_hu_labour: nobody else, not even of Italy.
KNOWN_TO = {
    Status.DRAFT: _AUTHOR,
    Status.SUBMITTED: _AUTHOR | _OWN,
    Status.BROADCAST: _AUTHOR | _OWN | _ADDRESSED | {"aut_hu_labour", COMMISSION_ID},
}
WIRE_STATUS = {status: pb.AlertStatus.Value(f"ALERT_STATUS_{status}") for status in Status}


def fields_of(method: str, id_: str) -> dict[str, Any]:
    """What a command of *method* says beside its key, for Hungary where it is about a country."""
    extra: dict[str, dict[str, Any]] = {
        "EditAlert": {"values": on_wire()},
        "ReturnAlert": {"reason": text("troppo vago")},
        "BroadcastAlert": {"countries": ADDRESSED},
        "DisseminateAlert": {"authority_ids": ["aut_hu_labour"]},
        "AddAlertInformation": {"text": text("visto a Budapest")},
        "ApproveAlertInformation": {"information_id": "inf_nobody"},
    }
    return {"id": id_, **extra.get(method, {})}


async def an_alert(
    asking: Asking, status: Status = Status.BROADCAST, *, author: Caller = ITALY, by: Caller = IT_COORDINATOR
) -> pb.Alert:
    """An alert that came to *status* the shortest way."""
    alert = await asking.do(author, "CreateAlert", type_id=TYPE_ID, values=on_wire())
    if status is not Status.DRAFT:
        alert = await asking.do(author, "SubmitAlert", id=alert.id)
    if status is Status.BROADCAST:
        alert = await asking.do(by, "BroadcastAlert", **fields_of("BroadcastAlert", alert.id))
    return alert


async def a_full_alert(asking: Asking) -> pb.Alert:
    """Broadcast; acknowledged and passed on in Hungary only; Italy and Hungary have information to approve."""
    id_ = (await an_alert(asking)).id
    await asking.do(HU_COORDINATOR, "AcknowledgeAlert", id=id_)
    await asking.do(HU_COORDINATOR, "DisseminateAlert", **fields_of("DisseminateAlert", id_))
    await asking.do(HUNGARY, "AddAlertInformation", id=id_, text=text("visto a Budapest"))
    return await asking.do(ITALY, "AddAlertInformation", id=id_, text=text("visto a Roma"))


async def last_changed(asking: Asking, witness: Caller = ITALY) -> Any:
    """The alert on top of the list of *witness*: whatever is changed or made rises there, with a new revision."""
    return await asking(witness, "ListAlerts", page=common_pb2.Page(first=1))


async def information_id(asking: Asking, reader: Caller, id_: str) -> str:
    """The last piece of information that *reader* sees."""
    alert = await asking.read(reader, id_)
    assert alert is not None
    return alert.information[-1].id


def steps(countries: Sequence[str] = ADDRESSED, *, returned: bool = True) -> list[Alert]:
    """What the rules make, step by step, of a danger in Italy: *returned* once, then broadcast to *countries*."""
    author, coordinator = as_party(ITALY), as_party(IT_COORDINATOR)
    made = [sending.create("AL-1", TYPE, a_danger(), author)]
    made.append(sending.submit(made[-1], TYPE, author))
    if returned:
        made.append(sending.send_back(made[-1], TYPE, said("troppo vago"), coordinator))
        made.append(sending.submit(made[-1], TYPE, author))
    return [*made, sending.broadcast(made[-1], TYPE, countries, coordinator)]


def ruled(status: Status = Status.BROADCAST) -> Alert:
    """The last of these steps in *status*."""
    return next(alert for alert in reversed(steps()) if alert.status is status)


async def store(settings: ServiceSettings, threads: dict[str, list[Alert]]) -> None:
    """Alerts by id, each as it is after its steps, with the events that every step owes, for a service that does not run."""
    async with (
        open_documents(settings.documents("alerts"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        kept = storage.alerts(documents, Outbox("alerts", documents, events, clock))
        owing = []
        for id_, made in threads.items():
            told = [wire.changed(id_, 1, None, made[0])]
            told += [wire.changed(id_, number, *pair) for number, pair in enumerate(pairwise(made), 2)]
            owing.append((id_, made[-1], told))
        await kept.load(owing)


def acknowledged() -> Alert:
    """Broadcast, and acknowledged by both countries."""
    alert = receiving.acknowledge(ruled(), TYPE, as_party(HU_COORDINATOR))
    return receiving.acknowledge(alert, TYPE, as_party(FR_COORDINATOR))


def said(words: str, language: str = "it") -> FreeText:
    return FreeText(text=words, language=language)
