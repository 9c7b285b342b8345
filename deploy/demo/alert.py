"""The alert: Italy warns Hungary and France; Hungary listens live, and misses nothing when its connection breaks."""

import asyncio
from collections.abc import AsyncGenerator

from deploy.demo.client import TIMEOUT_S, Data, NotAsExpected, User, expect, key
from deploy.demo.stage import Stage

STREAM = """
subscription ($after: String) {
  alertStream(after: $after, language: HU) {
    cursor
    entry { kind alert { id number type { title } country { name } values {
      field { code label } value { choices { label } concepts { label } text { original } } } } }
  }
}
"""


async def play(stage: Stage, author: User, coordinator: User, hungary: User) -> None:
    """Two alerts: one arrives live, one after a deliberate disconnect."""
    stage.act("A services alert: Hungary listens live, Italy warns")
    async with hungary.listening(STREAM) as items:
        opened = await _next(items)
        expect(opened["entry"] is None, "the stream opens with a watermark to resume from")
        first = await broadcast(stage, author, coordinator, "Ascensore di cantiere senza freno di emergenza")
        heard = await _entry(items)
        cursor = heard["cursor"]
    expect(heard["entry"]["alert"]["id"] == first, "the first alert arrives on the live stream")
    _show(stage, heard)
    stage.act("Hungary's connection breaks; the next alert is not lost")
    second = await broadcast(stage, author, coordinator, "Quadri elettrici falsificati in alberghi")
    async with hungary.listening(STREAM, after=cursor) as items:
        resumed = await _entry(items)
    expect(resumed["entry"]["alert"]["id"] == second, "the second alert arrives by resuming after the cursor")
    _show(stage, resumed)
    acknowledged = await hungary.ask(
        """mutation ($input: AcknowledgeAlertInput!) {
          acknowledgeAlert(input: $input) { alert { countries { country { code } acknowledgedAt } } } }""",
        input={"idempotencyKey": key(), "id": second},
    )
    told = {c["country"]["code"]: c["acknowledgedAt"] for c in acknowledged["acknowledgeAlert"]["alert"]["countries"]}
    expect(told["HU"] and not told["FR"], "Hungary has acknowledged, France not yet")
    stage.note("Hungary has acknowledged; France has not yet.")


async def broadcast(stage: Stage, author: User, coordinator: User, subject: str) -> str:
    """The id of an alert that its author wrote and its coordinator broadcast."""
    values = [
        {"code": "subject", "value": {"text": {"text": subject, "language": "IT"}}},
        {"code": "activity", "value": {"references": ["construction"]}},
        {"code": "danger", "value": {"codes": ["SAFETY"]}},
        {"code": "risk", "value": {"codes": ["HIGH"]}},
        {"code": "facts", "value": {"text": {"text": "Verificato in un’ispezione a Torino.", "language": "IT"}}},
    ]
    created = await author.ask(
        "mutation ($input: CreateAlertInput!) { createAlert(input: $input) { alert { id number } } }",
        input={"idempotencyKey": key(), "typeId": "services:1", "values": values},
    )
    alert = created["createAlert"]["alert"]
    await author.ask(
        "mutation ($input: SubmitAlertInput!) { submitAlert(input: $input) { alert { status } } }",
        input={"idempotencyKey": key(), "id": alert["id"]},
    )
    sent = await coordinator.ask(
        "mutation ($input: BroadcastAlertInput!) { broadcastAlert(input: $input) { alert { status } } }",
        input={"idempotencyKey": key(), "id": alert["id"], "countries": ["HU", "FR"]},
    )
    expect(sent["broadcastAlert"]["alert"]["status"] == "BROADCAST", "the alert is BROADCAST")
    stage.say("IT", f"allerta {alert['number']}", [subject, "→ approvata dal coordinatore, inviata a HU e FR"])
    return str(alert["id"])


def _show(stage: Stage, item: Data) -> None:
    alert = item["entry"]["alert"]
    rows = [("", f"{alert['type']['title']} · {alert['country']['name']}")]
    for one in alert["values"]:
        value = one["value"]
        labels = [c["label"] for c in (value["choices"] or value["concepts"] or ())]
        rows.append((one["field"]["label"], ", ".join(labels) or (value["text"] or {}).get("original", "")))
    stage.table("HU", f"riasztás {alert['number']}", rows)


async def _entry(items: AsyncGenerator[Data, None]) -> Data:
    """The next item that is not a watermark."""
    while (item := await _next(items))["entry"] is None:
        continue
    return item


async def _next(items: AsyncGenerator[Data, None]) -> Data:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            item: Data = (await anext(items))["alertStream"]
            return item
    except (TimeoutError, StopAsyncIteration) as error:
        raise NotAsExpected("the live stream brings the next entry in time") from error
