"""Whatever becomes of a request or an alert, those whom it concerns hear it as it happens, without asking."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.gateway.clients import SSE, WEBSOCKET, Client, Data, eventually
from tests.gateway.exchanges import ANSWERS, a_draft, alert_values, text
from tests.journeys.acting import STATUS, Scene, a_scene

REQUESTS = "subscription { requestChanges { cursor action status request { id } } }"
ALERTS = "subscription { alertStream { cursor entry { kind alert { id } } } }"
HISTORY = "query ($id: ID!) { request(id: $id) { history { action from to } } }"


@pytest.fixture
async def scene(data: Path) -> AsyncIterator[Scene]:
    async with a_scene(data) as made:
        yield made


@asynccontextmanager
async def hearing(client: Client, transport: str, subscription: str) -> AsyncIterator[list[Data]]:
    """What *client* hears, from the time at which it is sure to hear everything."""
    heard: list[Data] = []
    open_ = asyncio.Event()

    async def listen() -> None:
        async with client.listening(transport, subscription) as items:
            async for item in items:
                (said,) = item["data"].values()
                open_.set()
                heard.append(said)

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(30):
        await open_.wait()
    try:
        yield heard
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.parametrize("transport", [SSE, WEBSOCKET])
async def test_every_step_of_a_request_comes_to_both_sides_as_it_is_taken(scene: Scene, transport: str) -> None:
    """From its sending to its closing, each once and in order (row 57)."""
    italy, hungary = scene.as_("it-handler"), scene.as_("hu-handler")
    id_ = (await italy.do("createRequest", "request { id }", draft=a_draft()))["id"]
    async with hearing(italy, transport, REQUESTS) as asking, hearing(hungary, transport, REQUESTS) as answering:
        for who, mutation, fields in (
            (italy, "sendRequest", {}),
            (hungary, "acceptRequest", {}),
            (hungary, "answerRequest", {"answers": ANSWERS}),
            (italy, "requestMoreInformation", {"text": text("E il titolo?"), "questions": [{"code": "PQ5"}]}),
            (hungary, "giveMoreInformation", {"answers": [{"questionCode": "PQ5", "value": {"codes": ["FULL"]}}]}),
            (italy, "closeRequest", {}),
        ):
            await who.do(mutation, "request { status }", id=id_, **fields)
        history = (await italy.ask(HISTORY, id=id_))["request"]["history"]
        taken = [(one["action"], one["to"]) for one in history if one["action"] not in ("CREATE", "EDIT")]
        assert {"SENT", "ACCEPTED", "ANSWERED", "MORE_INFO_REQUESTED", "CLOSED"} <= {to for _, to in taken}
        for heard in (asking, answering):

            async def is_told(heard: list[Data] = heard) -> bool | None:
                return any(one["status"] == "CLOSED" for one in heard) or None

            await eventually(is_told)
            said = [(one["action"], one["status"]) for one in heard if one["request"] and one["request"]["id"] == id_]
            # The draft may have been made known just before or just after they began to listen.
            assert [step for step in said if step[0] != "CREATE"] == taken


async def test_every_change_of_an_alert_comes_to_its_country_as_it_happens(scene: Scene) -> None:
    """What people do and what happens by itself, each once and in order (row 57)."""
    author, sender, receiver = (scene.as_(user) for user in ("it-alerts", "it-coordinator", "hu-alerts"))
    values = alert_values(establishment={"references": ["HU"]})
    where = {"code": "provider", "value": {"text": text("Ponteggi srl")}}
    id_ = (await author.do("createAlert", "alert { id }", typeId="services:1", values=values))["id"]
    async with (
        hearing(author, WEBSOCKET, ALERTS) as writing,
        hearing(sender, SSE, ALERTS) as sending,
        hearing(receiver, WEBSOCKET, ALERTS) as receiving,
    ):
        await author.do("submitAlert", STATUS, id=id_)

        async def is_heard() -> bool | None:
            return any(one["entry"] for one in sending) or None

        # Returned, it is its author's alone again: whoever had not heard of it by then is not told any more.
        await eventually(is_heard)
        await sender.do("returnAlert", STATUS, id=id_, reason=text("manca il luogo"))
        await author.do("submitAlert", STATUS, id=id_)
        await sender.do("broadcastAlert", STATUS, id=id_, countries=["HU", "FR"])
        await sender.do("correctAlert", STATUS, id=id_, values=[*values, where], reason=text("luogo"))
        await receiver.do("proposeAlertClosure", STATUS, id=id_)
        await scene.as_("fr-coordinator").do("objectToAlertClosure", STATUS, id=id_, reason=text("Non", "FR"))
        scene.clock.ahead = timedelta(days=22)
        await scene.until("hu-alerts", id_, "BROADCAST")
        await receiver.do("proposeAlertClosure", STATUS, id=id_)
        scene.clock.ahead = timedelta(days=44)
        await scene.until("hu-alerts", id_, "CLOSED")
        ending = ["CORRECTED", "CLOSURE_PROPOSED", "OBJECTED", "CLOSURE_REJECTED", "CLOSURE_PROPOSED", "CLOSED"]
        for heard, beginning in (
            (writing, ["RETURNED"]),
            (sending, ["SUBMITTED", "SUBMITTED"]),
            (receiving, ["BROADCAST"]),
        ):

            async def is_told(heard: list[Data] = heard) -> bool | None:
                return any(one["entry"] and one["entry"]["kind"] == "CLOSED" for one in heard) or None

            await eventually(is_told)
            entries = [one["entry"] for one in heard if one["entry"]]
            said = [one["kind"] for one in entries if one["alert"]["id"] == id_ and one["kind"] != "ESCALATED"]
            assert said == [*beginning, *ending], heard
