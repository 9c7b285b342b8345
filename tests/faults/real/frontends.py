"""Frontends in front of all gateways: exchanges through GraphQL, with the same ledger as those that go to the service itself."""

import asyncio
from typing import Any

import httpx

from deploy.demo.client import key
from tests.faults.desk import PAUSE_S, Ledger
from tests.faults.real.ledger import ACTIONS
from tests.gateway.exchanges import ANSWERS, a_draft

# Who does each step of an exchange, with which mutation, and what it says besides.
STEPS: list[tuple[str, str, dict[str, Any]]] = [
    ("it-handler", "createRequest", {"draft": a_draft()}),
    ("it-handler", "sendRequest", {}),
    ("hu-handler", "acceptRequest", {}),
    ("hu-handler", "answerRequest", {"answers": ANSWERS}),
    ("it-handler", "closeRequest", {}),
]
USERS = {who for who, _, _ in STEPS}


class Frontend:
    """Asks one gateway after the other, as a load balancer would: one that takes no connection is passed over."""

    def __init__(self, http: httpx.AsyncClient, urls: list[str], tokens: dict[str, str], ledger: Ledger) -> None:
        self._http = http
        self._urls = urls
        self._tokens = tokens
        self._ledger = ledger
        self._turn = 0

    async def exchange(self) -> None:
        """One exchange from its creation to its closure."""
        id_: dict[str, str] = {}
        for (who, mutation, says), action in zip(STEPS, ACTIONS, strict=True):
            changed = await self._done(who, mutation, {"idempotencyKey": key(), **says, **id_})
            id_ = {"id": changed["id"]}
            self._ledger.note(changed["id"], action)

    async def _done(self, who: str, mutation: str, given: dict[str, Any]) -> dict[str, str]:
        """What a mutation changed. It is sent again under its key until it succeeds; that is noted, but for refused connections."""
        kind = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ request {{ id }} }} }}"
        headers = {"authorization": f"Bearer {self._tokens[who]}"}
        while True:
            self._turn += 1
            url = self._urls[self._turn % len(self._urls)]
            try:
                body = {"query": document, "variables": {"input": given}}
                response = await self._http.post(f"{url}/graphql", json=body, headers=headers)
            except httpx.ConnectError:
                await asyncio.sleep(PAUSE_S)
                continue
            except httpx.TransportError as broken:
                self._ledger.again.append(f"{mutation}: {broken!r}")
                continue
            answer: dict[str, Any] = (
                response.json() if response.status_code == httpx.codes.OK else {"errors": response.text}
            )
            if "errors" in answer:
                self._ledger.again.append(f"{mutation}: {response.status_code} {answer['errors']}")
                continue
            changed: dict[str, str] = answer["data"][mutation]["request"]
            return changed
