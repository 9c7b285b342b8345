"""Whoever writes or approves an alert learns of others about the same person, and nothing of alerts that they may not know of."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from chassis.aggregates import Aggregates, Kept
from chassis.caller import Caller, current_caller, set_current
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.server import Call
from chassis.wire import field_values
from engines.documents import open_documents
from engines.events import open_events
from protos.alerts.v1 import alerts_pb2
from protos.alerts.v1 import related_pb2 as pb
from protos.alerts.v1.related_pb2_grpc import RelatedAlertsServiceStub
from services.alerts import storage, wiring
from services.alerts.catalogue import alert_types
from services.alerts.domain import duties, ending, sending
from services.alerts.domain.lifecycle import Action
from services.alerts.hints.identity import NAME, Identities
from services.alerts.hints.index import RELATED, RelatedAlerts
from services.alerts.hints.rpc import RelatedAlertsRpc
from tests.alerts.cast import (
    AUTHORITIES,
    COMMISSION,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HUNGARY,
    IT_COORDINATOR,
    ITALY,
    as_party,
    someone,
)
from tests.alerts.conftest import Asking, running
from tests.alerts.dangers import written
from tests.alerts.kinds import write
from tests.chassis.waiting import until
from vocabulary.refusals import Forbidden, Invalid, Unauthenticated
from vocabulary.roles import UserRole
from vocabulary.values import FreeText, Value

BANS = """
code = "bans"
version = {version}
area = "services"
act = "2005/36/EC"
title = "Ban"

[rules]
flow = "SERVICES_ALERT"
approval = true
recipients = "CHOSEN"
objection_days = 20
identity_fields = ["family-name", "given-name", "birth-date"]

[[fields]]
code = "family-name"
label = "Family name"
type = "TEXT"
personal = true

[[fields]]
code = "given-name"
label = "Given name"
type = "TEXT"
personal = true

[[fields]]
code = "birth-date"
label = "Date of birth"
type = "DATE"
personal = true
"""
FRANCE = someone("aut_fr_labour", UserRole.ALERT_HANDLER)
ROSSI = ("Rossi", "Mario", date(1980, 5, 17))


@pytest.fixture(scope="module")
async def bans(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A service with alerts about persons, in two versions of their form."""
    folder = tmp_path_factory.mktemp("bans")
    (folder / "catalogue").mkdir()
    for version in (1, 2):
        write(folder / "catalogue" / f"bans-v{version}", BANS.format(version=version))
    settings = asking.settings.model_copy(update={"data_dir": folder / "data", "keys_dir": asking.settings.keys})
    async with running(settings, folder / "catalogue") as alone:
        yield alone


def values_of(family: str, given: str, born: date) -> dict[str, Value]:
    return {"family-name": written(family), "given-name": written(given), "birth-date": Value(date=born)}


async def a_ban(
    asking: Asking,
    *countries: str,
    about: tuple[str, str, date] = ROSSI,
    author: Caller = ITALY,
    by: Caller = IT_COORDINATOR,
    submitted: bool = False,
    version: int = 1,
) -> alerts_pb2.Alert:
    """A draft; before its coordinator if it is *submitted*; with *countries*, broadcast to them."""
    values = field_values(values_of(*about))
    alert = await asking.do(author, "CreateAlert", type_id=f"bans:{version}", values=values)
    if countries or submitted:
        alert = await asking.do(author, "SubmitAlert", id=alert.id)
    if countries:
        alert = await asking.do(by, "BroadcastAlert", id=alert.id, countries=countries)
    return alert


async def related(asking: Asking, reader: Caller, *ids: str) -> dict[str, list[str]]:
    stub = RelatedAlertsServiceStub(asking.channel)
    answer = await asking.peer(reader).call(stub.BatchGetRelatedAlerts, pb.BatchGetRelatedAlertsRequest(ids=ids))
    return {one.id: list(one.alert_ids) for one in answer.related}


async def until_related(asking: Asking, reader: Caller, id_: str, others: list[str]) -> None:
    async def found() -> bool:
        return (await related(asking, reader, id_)).get(id_) == others

    await until(found)


def a_person(number: int) -> tuple[str, str, date]:
    """Somebody whom no other test is about."""
    return (f"Rossi {'abcdefghijklmnop'[number]}x", "Mario", date(1980, 5, 17))


async def test_an_author_learns_of_the_own_other_alerts_in_any_spelling_and_version_draft_or_not(bans: Asking) -> None:
    family, given, born = a_person(1)
    sent = await a_ban(bans, "HU", about=(family, given, born))
    draft = await a_ban(bans, about=(given, family.upper(), born), version=2)
    other = await a_ban(bans, about=(family, "Maria", born))
    await until_related(bans, ITALY, draft.id, [sent.id])
    await until_related(bans, ITALY, sent.id, [draft.id])
    assert await related(bans, ITALY, other.id) == {other.id: []}


async def test_nobody_learns_of_an_alert_that_they_may_not_know_of(bans: Asking) -> None:
    """Neither its id, nor that there is one: what a coordinator knows, its authorities do not, until they are told."""
    about = a_person(2)
    theirs = await a_ban(bans, "IT", about=about, author=HUNGARY, by=HU_COORDINATOR)
    elsewhere = await a_ban(bans, "AT", about=about, author=FRANCE, by=FR_COORDINATOR)
    ours = await a_ban(bans, about=about, submitted=True)
    await until_related(bans, IT_COORDINATOR, ours.id, [theirs.id])
    besides = await a_ban(bans, about=about, author=FRANCE)
    await until_related(bans, FRANCE, besides.id, [elsewhere.id])
    await until_related(bans, FRANCE, elsewhere.id, [besides.id])
    # By now all of them are found; what the author and France are told is all that there is to tell them.
    assert await related(bans, ITALY, ours.id) == {ours.id: []}
    assert await related(bans, FRANCE, elsewhere.id, ours.id, theirs.id) == {elsewhere.id: [besides.id]}
    await bans.do(IT_COORDINATOR, "AcknowledgeAlert", id=theirs.id)
    await bans.do(IT_COORDINATOR, "DisseminateAlert", id=theirs.id, authority_ids=["aut_it_labour"])
    assert await related(bans, ITALY, ours.id) == {ours.id: [theirs.id]}


async def test_who_receives_an_alert_or_sees_it_without_personal_data_is_told_nothing(bans: Asking) -> None:
    about = a_person(3)
    first, second = [await a_ban(bans, "HU", about=about) for _ in range(2)]
    await until_related(bans, IT_COORDINATOR, first.id, [second.id])
    for reader in (HU_COORDINATOR, COMMISSION, FRANCE):
        assert await related(bans, reader, first.id, second.id) == {}
    nobody = someone("aut_it_coordinator")
    assert await related(bans, nobody, first.id) == {}


async def test_whoever_asks_is_told_only_of_alerts_that_they_see_whole(bans: Asking) -> None:
    """Authority by authority, whatever their part."""
    about = a_person(4)
    made = [
        await a_ban(bans, "HU", "FR", about=about),
        await a_ban(bans, "IT", about=about, author=HUNGARY, by=HU_COORDINATOR),
        await a_ban(bans, about=about, submitted=True),
        await a_ban(bans, about=about),
    ]
    ids = [alert.id for alert in made]
    await until_related(bans, ITALY, ids[3], [ids[2], ids[0]])
    await until_related(bans, ITALY, ids[2], [ids[3], ids[0]])
    await until_related(bans, IT_COORDINATOR, ids[2], [ids[1], ids[0]])
    for id_ in AUTHORITIES:
        reader = someone(id_, *UserRole)
        seen = (await bans(reader, "BatchGetAlerts", ids=ids)).alerts
        whole = {alert.id for alert in seen if alert.view == alerts_pb2.ALERT_VIEW_FULL}
        found = await related(bans, reader, *ids, "alt_nobody")
        assert set(found) <= whole, id_
        for alert, others in found.items():
            assert set(others) == whole - {alert}, id_


async def test_many_alerts_about_one_subject_are_each_read_once(bans: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked about at once: not the others again for each."""
    made = [(await a_ban(bans, about=a_person(8))).id for _ in range(6)]
    for id_ in made:
        await until_related(bans, ITALY, id_, [other for other in made[::-1] if other != id_])
    read: list[str] = []
    get_many = Aggregates.get_many

    async def counted(alerts: Aggregates[Any], ids: Sequence[str]) -> Any:
        with suppress(Unauthenticated):  # what the service reads by itself
            current_caller()
            read.extend(id_ for id_ in ids if id_ in made)
        return await get_many(alerts, ids)

    monkeypatch.setattr(Aggregates, "get_many", counted)
    found = await related(bans, ITALY, *made)
    assert {id_: set(others) for id_, others in found.items()} == {id_: set(made) - {id_} for id_ in made}
    # Those that are asked about, and those that they are related to.
    assert sorted(read) == sorted(made * 2)


async def test_a_correction_and_an_edit_are_about_whom_they_say_now(bans: Asking) -> None:
    before, after = a_person(5), a_person(6)
    first, second = await a_ban(bans, about=before), await a_ban(bans, "HU", about=before)
    await until_related(bans, ITALY, first.id, [second.id])
    await bans.do(ITALY, "EditAlert", id=first.id, values=field_values(values_of(*after)))
    assert await related(bans, ITALY, first.id) == {first.id: []}
    await until_related(bans, ITALY, second.id, [])
    await bans.do(IT_COORDINATOR, "CorrectAlert", id=second.id, values=field_values(values_of(*after)))
    await until_related(bans, ITALY, first.id, [second.id])
    await bans.do(ITALY, "EditAlert", id=first.id, values=[])
    assert await related(bans, ITALY, first.id) == {first.id: []}
    await until_related(bans, ITALY, second.id, [])


async def test_what_makes_no_sense_is_refused(bans: Asking) -> None:
    with pytest.raises(Invalid) as found:
        await related(bans, ITALY, *(f"alt_{number}" for number in range(1001)))
    assert (found.value.field, found.value.reason) == ("ids", "TOO_MANY")
    with pytest.raises(Forbidden):
        await related(bans, Caller(service="requests"), "alt_1")


async def test_erasing_what_an_alert_says_erases_what_it_is_found_under(bans: Asking, tmp_path: Path) -> None:
    types = alert_types(bans.settings.data_dir.parent / "catalogue")
    async with (
        open_documents(bans.settings.documents("alerts"), storage.COLLECTIONS) as documents,
        open_events(bans.settings.events) as events,
    ):
        alerts = storage.alerts(documents, Outbox("alerts", documents, events, clock))
        index = RelatedAlerts(documents, types, Identities.of(KeyRing(bans.settings.keys)))
        made = await a_ban(bans, about=a_person(7))
        kept = await alerts.get(made.id)
        assert kept is not None
        await index.keep([kept])
        stored = await documents.get(RELATED, made.id)
        assert stored is not None
        assert stored.body["hashes"]
        erased = Kept(kept.id, kept.revision + 1, replace(kept.state, values={}))
        await index.keep([erased])
        # What was stored of an earlier revision does not come back, in whatever order it is told of.
        await index.keep([kept])
        await index.keep([kept], anew=True)
        stored = await documents.get(RELATED, made.id)
        assert stored is not None
        assert stored.body["hashes"] == []


async def test_what_is_blocked_is_related_to_nothing_though_nobody_has_heard_of_that_yet(
    bans: Asking, tmp_path: Path
) -> None:
    """Its hashes are there until its event comes, however long that takes."""
    kind = alert_types(bans.settings.data_dir.parent / "catalogue")["bans:1"]
    author, coordinator = as_party(ITALY), as_party(IT_COORDINATOR)
    draft = sending.create("AL-1", kind, values_of(*ROSSI), author)
    sent = sending.broadcast(sending.submit(draft, kind, author), kind, ["HU"], coordinator)
    ended = ending.withdraw(sent, kind, FreeText(text="infondata", language="it"), coordinator)
    blocked = duties.done(ended, kind, Action.BLOCK, duties.due(ended, kind)[Action.BLOCK])
    async with (
        open_documents(f"sqlite:///{tmp_path / 'alerts.db'}", storage.COLLECTIONS) as documents,
        open_events(f"sqlite:///{tmp_path / 'events.db'}") as events,
    ):
        alerts = storage.alerts(documents, Outbox("alerts", documents, events, clock))
        index = RelatedAlerts(documents, {kind.id: kind}, Identities.of(KeyRing(bans.settings.keys)))
        before = {"alt_draft": draft, "alt_sent": sent, "alt_blocked": ended}
        await alerts.load([(id_, alert, []) for id_, alert in {**before, "alt_blocked": blocked}.items()])
        await index.keep([Kept(id_, 1, alert) for id_, alert in before.items()])
        asked = pb.BatchGetRelatedAlertsRequest(ids=["alt_draft"])
        set_current(ITALY)
        try:
            found = await RelatedAlertsRpc(alerts, index, clock).BatchGetRelatedAlerts(asked, cast("Call", None))
        finally:
            set_current(None)
        assert [list(one.alert_ids) for one in found.related] == [["alt_sent"]]


async def test_hashes_are_made_anew_with_a_new_key_while_they_are_used(asking: Asking, tmp_path: Path) -> None:
    catalogue, keys = tmp_path / "catalogue", tmp_path / "keys"
    catalogue.mkdir()
    keys.mkdir()
    write(catalogue / "bans-v1", BANS.format(version=1))
    for path in asking.settings.keys.iterdir():
        (keys / path.name).write_bytes(path.read_bytes())
    settings = asking.settings.model_copy(update={"data_dir": tmp_path / "data", "keys_dir": keys})
    async with running(settings, catalogue) as alone:
        first, second = [await a_ban(alone) for _ in range(2)]
        await until_related(alone, ITALY, first.id, [second.id])
    (keys / f"{NAME}.private.jwk").rename(keys / f"{NAME}-2026.private.jwk")
    (keys / f"{NAME}.public.jwk").unlink()
    async with running(settings, catalogue) as alone:
        third = await a_ban(alone)
        await until_related(alone, ITALY, third.id, [second.id, first.id])
    await wiring.rebuild_related(settings, catalogue)
    (keys / f"{NAME}-2026.private.jwk").unlink()
    async with running(settings, catalogue) as alone:
        assert await related(alone, ITALY, first.id) == {first.id: [third.id, second.id]}
