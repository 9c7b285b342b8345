"""An alert as a CAP message: for whoever sees it, in languages of theirs, with the whole line of messages that it amounts to."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from chassis.caller import Caller
from protos.alerts.v1 import cap_pb2 as pb
from protos.alerts.v1.cap_pb2_grpc import CapServiceStub
from services.alerts.cap.content import Case, message, sent
from services.alerts.cap.message import Area, Kind
from services.alerts.cap.message import Status as MessageStatus
from services.alerts.cap.message import written as written_as
from services.alerts.domain.lifecycle import Status
from services.alerts.domain.types import Flow
from tests.alerts.cap_rules import SPACE, faults
from tests.alerts.cast import (
    AUTHORITIES,
    COMMISSION,
    COMMISSION_ID,
    FR_COORDINATOR,
    HU_COORDINATOR,
    IT_COORDINATOR,
    ITALY,
    someone,
)
from tests.alerts.conftest import Asking, another
from tests.alerts.dangers import PERSONAL, TYPE, on_wire, text, written
from tests.alerts.lives import KINDS, lives
from tests.alerts.threads import a_full_alert, an_alert, ruled
from vocabulary import languages
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound
from vocabulary.roles import UserRole


async def xml(asking: Asking, caller: Caller, id_: str, *wanted: str, personal: bool = False) -> bytes:
    stub = CapServiceStub(asking.channel)
    request = pb.RenderCapRequest(id=id_, languages=wanted, with_personal_data=personal)
    parts = [part async for part in asking.peer(caller).stream(stub.RenderCap, request)]
    whole = b"".join(part.chunk for part in parts[1:])
    header = parts[0].header
    assert (header.size_bytes, header.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert faults(whole) == []
    assert header.file_name == f"{text_of(ET.fromstring(whole), 'identifier')}.xml"
    return whole


async def cap(asking: Asking, caller: Caller, id_: str, *wanted: str, personal: bool = False) -> ET.Element:
    return ET.fromstring(await xml(asking, caller, id_, *wanted, personal=personal))


def text_of(element: ET.Element, path: str) -> str:
    return element.findtext("/".join(f"{SPACE}{name}" for name in path.split("/"))) or ""


def all_of(element: ET.Element, path: str) -> list[str]:
    return [one.text or "" for one in element.findall("/".join(f"{SPACE}{name}" for name in path.split("/")))]


async def test_a_broadcast_is_an_alert_to_its_countries_in_each_language_asked_for(asking: Asking) -> None:
    alert = await an_alert(asking)
    found = await cap(asking, HU_COORDINATOR, alert.id, "hu", "el")
    assert text_of(found, "identifier") == f"{alert.number}.1"
    assert text_of(found, "sender") == "aut_it_coordinator"
    assert text_of(found, "sent") == alert.broadcast_at.ToDatetime().strftime("%Y-%m-%dT%H:%M:%S+00:00")
    assert [text_of(found, name) for name in ("status", "msgType", "scope")] == ["Actual", "Alert", "Restricted"]
    assert "IMI" in text_of(found, "restriction")
    assert "Kizárólag" in text_of(found, "restriction")
    assert text_of(found, "references") == ""
    assert text_of(found, "incidents") == alert.number
    hungarian, greek = found.findall(f"{SPACE}info")
    assert (text_of(hungarian, "language"), text_of(greek, "language")) == ("hu", "el")
    assert all_of(hungarian, "category") == ["Health", "Safety"]
    assert [text_of(hungarian, name) for name in ("urgency", "severity", "certainty")] == [
        "Immediate",
        "Severe",
        "Likely",
    ]
    assert text_of(hungarian, "event") == "Szolgáltatásokra vonatkozó riasztás"
    assert text_of(hungarian, "headline") == text_of(greek, "headline") == "Impianti elettrici pericolosi"
    assert text_of(hungarian, "senderName") == "Authority"
    areas = [(text_of(area, "areaDesc"), text_of(area, "geocode/value")) for area in hungarian.findall(f"{SPACE}area")]
    assert areas == [("Magyarország", "HU"), ("Franciaország", "FR")]
    assert text_of(hungarian, "area/geocode/valueName") == "ISO 3166-1"
    lines = text_of(hungarian, "description").splitlines()
    # What somebody wrote says which language it is in; codes, countries and dates are the reader's.
    assert any(line.endswith(" (olasz): Impianti elettrici pericolosi") for line in lines)
    assert any(line.endswith(": Ausztria") for line in lines)
    assert any(line.endswith(": 2026. november 20.") for line in lines)
    assert text_of(greek, "description") != text_of(hungarian, "description")


async def test_every_language_of_the_system_is_a_valid_block(asking: Asking) -> None:
    alert = await an_alert(asking)
    assert all_of(await cap(asking, ITALY, alert.id, "it", "de", "it"), "info/language") == ["it", "de"]
    found = await cap(asking, ITALY, alert.id, *languages.ALL)
    assert all_of(found, "info/language") == list(languages.ALL)
    assert all(all_of(found, "info/description"))
    own = await cap(asking, ITALY, alert.id)
    assert all_of(own, "info/language") == ["en"]
    assert await xml(asking, ITALY, alert.id, "it") == await xml(asking, ITALY, alert.id, "it")


def test_greece_has_the_code_that_others_know_and_a_long_headline_is_cut_short() -> None:
    alert = ruled()
    values = {**alert.values, "subject": written("lungo " * 100)}
    addressed = (replace(alert.addressed[0], country="EL"),)
    case = Case(
        alert=replace(alert, values=values, addressed=addressed),
        kind=TYPE,
        status=MessageStatus.ACTUAL,
        sender_name={"en": "Authority"},
        names={},
    )
    (info,) = message(case, sent(alert), ["el"]).infos
    assert info.areas == (Area(description="Ελλάδα", iso_code="GR"),)
    assert len(info.headline) == 160
    assert info.headline.endswith("…")
    # What the directory does not know any more is shown by its id.
    assert "electrician" in info.description


def test_that_an_appeal_is_pending_is_said_for_as_long_as_it_is() -> None:
    """The update that notes it would otherwise say the same as the message before."""
    alert = ruled()
    for pending in (True, False):
        case = Case(
            alert=replace(alert, appeal_pending=pending),
            kind=TYPE,
            status=MessageStatus.ACTUAL,
            sender_name={"en": "Authority"},
            names={},
        )
        made = message(case, sent(alert), ["en"])
        assert (("imi:appeal", "pending") in made.infos[0].parameters) == pending
        assert faults(written_as(made)) == []


# What the last message of an alert is while it stands here.
LAST = {
    Status.BROADCAST: Kind.ALERT,
    Status.MODIFIED: Kind.UPDATE,
    Status.COMMENTING: Kind.UPDATE,
    Status.CLOSURE_PROPOSED: Kind.UPDATE,
    Status.AMENDED: Kind.UPDATE,
    Status.CLOSED: Kind.CANCEL,
    Status.WITHDRAWN: Kind.CANCEL,
    Status.EXPIRED: Kind.CANCEL,
    Status.REVOKED: Kind.CANCEL,
    Status.BLOCKED: Kind.CANCEL,
    Status.DELETED: Kind.CANCEL,
}


@pytest.mark.parametrize("flow", sorted(Flow))
def test_an_alert_of_every_flow_is_a_valid_message_wherever_it_stands(flow: Flow) -> None:
    """Ended by somebody or by itself, and when its content is erased."""
    for status, alert in lives(flow).items():
        messages = sent(alert)
        if status not in LAST:
            assert messages == [], status
            continue
        case = Case(
            alert=alert, kind=KINDS[flow], status=MessageStatus.ACTUAL, sender_name={"en": "Authority"}, names={}
        )
        made = message(case, messages, ["en", "it"])
        assert faults(written_as(made)) == [], status
        assert (made.kind, len(made.references)) == (LAST[status], len(messages) - 1), status
        # What the system does by itself is said in the name of whoever broadcast it.
        assert made.reference.sender == "aut_it_coordinator" or status is Status.CLOSED
        if status is Status.DELETED:
            assert b"SECRET" not in written_as(made)
            assert made.infos[0].headline == made.infos[0].event


async def test_personal_data_is_in_it_only_when_asked_for_and_for_the_reader_to_see(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    for reader in (ITALY, HU_COORDINATOR, FR_COORDINATOR, COMMISSION):
        assert b"SECRET" not in await xml(asking, reader, alert.id, "it")
        whole = await xml(asking, reader, alert.id, "it", personal=True)
        assert (b"SECRET" in whole) == (reader is not COMMISSION)
        assert b"visto a" not in whole
    assert len(PERSONAL) == (await xml(asking, ITALY, alert.id, "it", personal=True)).count(b"SECRET")


async def test_whoever_sees_the_alert_has_its_message_and_nobody_else(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    for id_ in AUTHORITIES:
        for roles in ((UserRole.VIEWER,), (UserRole.REQUEST_HANDLER,), ()):
            reader = someone(id_, *roles)
            if await asking.read(reader, alert.id):
                assert (UserRole.VIEWER in roles) or id_ == COMMISSION_ID
                await xml(asking, reader, alert.id, personal=True)
                continue
            with pytest.raises(NotFound) as hidden:
                await xml(asking, reader, alert.id)
            with pytest.raises(NotFound) as absent:
                await xml(asking, reader, "alt_nobody")
            assert hidden.value.message == absent.value.message.replace("alt_nobody", alert.id), id_


async def changed(asking: Asking, caller: Caller, method: str, id_: str, **fields: Any) -> ET.Element:
    alert = await asking.do(caller, method, id=id_, **fields)
    return await cap(asking, FR_COORDINATOR, alert.id, "fr")


async def test_what_follows_a_broadcast_refers_to_everything_before_it(asking: Asking) -> None:
    """A correction and a later country are updates, a withdrawal cancels; each reader has the same messages."""
    alert = await an_alert(asking)
    first = await cap(asking, FR_COORDINATOR, alert.id, "fr")
    values = on_wire(subject=written("Impianti elettrici, corretto"))
    second = await changed(asking, IT_COORDINATOR, "CorrectAlert", alert.id, values=values)
    # What a country does about it is no message of the sender's.
    await asking.do(HU_COORDINATOR, "AcknowledgeAlert", id=alert.id)
    third = await changed(asking, IT_COORDINATOR, "AddAlertCountries", alert.id, countries=["AT"])
    last = await changed(asking, IT_COORDINATOR, "WithdrawAlert", alert.id, reason=text("infondata"))
    line = [first, second, third, last]
    assert [text_of(one, "msgType") for one in line] == ["Alert", "Update", "Update", "Cancel"]
    assert [text_of(one, "identifier") for one in line] == [f"{alert.number}.{number}" for number in range(1, 5)]
    for number, one in enumerate(line):
        names = [
            ",".join(text_of(earlier, name) for name in ("sender", "identifier", "sent")) for earlier in line[:number]
        ]
        assert text_of(one, "references") == " ".join(names)
    assert text_of(second, "info/headline") == "Impianti elettrici, corretto"
    assert len(third.findall(f"{SPACE}info/{SPACE}area")) == 3
    again = await cap(asking, ITALY, alert.id, "fr")
    assert [text_of(again, name) for name in ("identifier", "references")] == [
        text_of(last, name) for name in ("identifier", "references")
    ]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED])
async def test_what_was_not_sent_is_no_message(asking: Asking, status: Status) -> None:
    alert = await an_alert(asking, status)
    with pytest.raises(Conflict) as found:
        await xml(asking, ITALY, alert.id)
    assert (found.value.field, found.value.reason) == ("id", "NOT_SENT")


async def test_what_makes_no_sense_is_refused(asking: Asking) -> None:
    alert = await an_alert(asking)
    with pytest.raises(Invalid) as found:
        await xml(asking, ITALY, alert.id, "it", "tlh")
    assert (found.value.field, found.value.reason) == ("languages[1]", "UNKNOWN_LANGUAGE")
    with pytest.raises(Forbidden):
        await xml(asking, Caller(service="requests"), alert.id)


async def test_alerts_of_a_training_system_are_exercises(asking: Asking, tmp_path: Path) -> None:
    settings = asking.settings.model_copy(update={"training_data": True})
    async with another(Asking(asking.channel, settings), tmp_path) as training:
        alert = await an_alert(training)
        assert text_of(await cap(training, ITALY, alert.id), "status") == "Exercise"
