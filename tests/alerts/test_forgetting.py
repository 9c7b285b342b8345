"""Translations of an alert's texts are forgotten when it is blocked, erased or deleted, however long their service is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from grpc import aio

from chassis import reactions
from chassis.caller import Verifier, current_caller
from chassis.keys import KeyRing
from chassis.server import Call, serving
from chassis.settings import ServiceSettings
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import (
    TranslationServiceServicer,
    add_TranslationServiceServicer_to_server,
)
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import Flow
from tests.alerts.cast import ITALY
from tests.alerts.conftest import Asking
from tests.alerts.rehearsal import Rehearsal, a_form, a_rehearsal
from tests.chassis.waiting import until
from tests.ports import a_dead_address

SERVICES, PROFESSIONAL = Flow.SERVICES_ALERT, Flow.PROFESSIONAL_ALERT


class Texts(TranslationServiceServicer):
    """Remembers who had what forgotten, under which key."""

    def __init__(self) -> None:
        self.forgotten: list[tuple[str, str, list[str]]] = []

    async def ForgetTexts(  # noqa: N802
        self, request: pb.ForgetTextsRequest, context: Call
    ) -> pb.ForgetTextsResponse:
        caller = current_caller()
        self.forgotten.append((caller.service, request.command.idempotency_key, list(request.source_ids)))
        return pb.ForgetTextsResponse()

    def times(self, id_: str) -> int:
        return sum(id_ in ids for _, _, ids in self.forgotten)


@asynccontextmanager
async def answering(texts: Texts, address: str, settings: ServiceSettings) -> AsyncIterator[None]:
    def register(server: aio.Server) -> None:
        add_TranslationServiceServicer_to_server(texts, server)

    async with serving(register, [], address, Verifier(KeyRing(settings.keys))):
        yield


@asynccontextmanager
async def beside(asking: Asking, folder: Path, address: str) -> AsyncIterator[Rehearsal]:
    """Alerts that find the translation service at *address*."""
    settings = asking.settings.model_copy(update={"translation_address": address, "keys_dir": asking.settings.keys})
    async with a_rehearsal(Asking(asking.channel, settings), folder) as rehearsal:
        yield rehearsal


async def test_what_came_of_the_texts_goes_when_they_do(asking: Asking, tmp_path: Path) -> None:
    texts, address = Texts(), a_dead_address()  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    async with answering(texts, address, asking.settings), beside(asking, tmp_path, address) as rehearsal:
        withdrawn = await rehearsal.an_alert(SERVICES, Status.WITHDRAWN)
        revoked = await rehearsal.an_alert(PROFESSIONAL, Status.REVOKED)
        standing = await rehearsal.an_alert(SERVICES)
        draft = await rehearsal.asking.do(ITALY, "CreateAlert", type_id="services:1", values=a_form(SERVICES))
        await rehearsal.asking.do(ITALY, "DeleteAlertDraft", id=draft.id)
        await until(lambda: _is(texts.times(draft.id) == 1))
        await rehearsal.arranged(withdrawn.id, Action.BLOCK)
        await rehearsal.arranged(revoked.id, Action.ERASE)
        for times, days in ((1, 190), (2, 1_100)):
            await rehearsal.fire(after=timedelta(days=days))
            await until(lambda times=times: _is(texts.times(withdrawn.id) == times))  # type: ignore[misc]
            if times == 1:
                await rehearsal.arranged(withdrawn.id, Action.ERASE)
        await until(lambda: _is(texts.times(revoked.id) == 1))
        assert texts.times(standing.id) == 0
        assert {service for service, _, _ in texts.forgotten} == {"alerts"}
        keys = [key for _, key, _ in texts.forgotten]
        assert len(keys) == len(set(keys))


async def _is(done: bool) -> bool:
    return done


async def test_a_translation_service_that_is_away_is_waited_for_and_holds_nothing_else_up(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "AWAY_PAUSE_S", 0.05)
    texts, address = Texts(), a_dead_address()  # type: ignore[abstract]  # the rest answers UNIMPLEMENTED
    async with beside(asking, tmp_path, address) as rehearsal:
        ids = []
        for _ in range(2):
            draft = await rehearsal.asking.do(ITALY, "CreateAlert", type_id="services:1", values=a_form(SERVICES))
            await rehearsal.asking.do(ITALY, "DeleteAlertDraft", id=draft.id)
            ids.append(draft.id)
        # Everybody else is told as ever.
        alert = await rehearsal.an_alert(SERVICES)
        await rehearsal.until_told("aut_hu_coordinator", alert.id, "BROADCAST")
        assert texts.forgotten == []
        async with answering(texts, address, asking.settings):
            await until(lambda: _is(all(texts.times(id_) for id_ in ids)))


async def test_a_system_without_a_translation_service_has_nothing_to_forget(asking: Asking, tmp_path: Path) -> None:
    async with beside(asking, tmp_path, "none") as rehearsal:
        draft = await rehearsal.asking.do(ITALY, "CreateAlert", type_id="services:1", values=a_form(SERVICES))
        await rehearsal.asking.do(ITALY, "DeleteAlertDraft", id=draft.id)
        alert = await rehearsal.an_alert(SERVICES)
        await asyncio.wait_for(rehearsal.until_told("aut_hu_coordinator", alert.id, "BROADCAST"), 30)
