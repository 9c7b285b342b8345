"""Ctrl-C ends the whole system in order, and what was in it is there when it starts again."""

import signal
from pathlib import Path

import httpx

from chassis.keys import KeyRing
from gateway.tokens import DevelopmentTokens
from tests.gateway.clients import TIMEOUT_S, WEBSOCKET, Client, within
from tests.gateway.exchanges import PDF, a_draft, an_alert, entry_values
from tests.journeys.processes import a_process, until_ready
from tests.ports import a_free_port

STREAM = "subscription ($after: String) { alertStream(after: $after) { cursor entry { alert { id } } } }"


async def test_what_was_written_survives_a_restart_which_waits_for_no_live_stream(data: Path, tmp_path: Path) -> None:
    port = str(a_free_port())
    url = f"http://127.0.0.1:{port}"
    settings = {"DATA_DIR": str(data), "GATEWAY_PORT": port}
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        italy, author, coordinator, hungary = (
            Client(http, url, tokens.issue(user)) for user in ("it-handler", "it-alerts", "it-coordinator", "hu-alerts")
        )
        async with a_process("deploy.embedded", tmp_path / "first", **settings) as system:
            await until_ready(http, url, system)
            sent = await http.post(f"{url}/files", params={"name": "laurea.pdf"}, content=PDF, headers=italy.headers)
            file = sent.json()["id"]
            request = await italy.do("createRequest", "request { id number }", draft=a_draft(fileIds=[file]))
            await italy.do("sendRequest", "request { id }", id=request["id"])
            entry = await italy.do("createEntry", "entry { id }", repository="registers", values=entry_values())
            async with hungary.listening(WEBSOCKET, STREAM) as items:
                cursor = (await within(items))["data"]["alertStream"]["cursor"]
            alert = await an_alert(author, coordinator, "HU")
            async with hungary.socket() as socket:
                await socket.subscribe(STREAM)
                assert (await socket.receive())["type"] == "next"
                assert await system.stopped(signal.SIGINT) == 0, system.said()
                assert await socket.closed() == 1012
            assert "Traceback" not in system.said()
        async with a_process("deploy.embedded", tmp_path / "second", **settings) as system:
            await until_ready(http, url, system)
            found = await italy.ask(
                "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Request { number status files { id } } } }",
                ids=[request["id"], entry["id"]],
            )
            assert found["nodes"] == [{**request, "status": "SENT", "files": [{"id": file}]}, {"id": entry["id"]}]
            assert (await http.get(f"{url}/files/{file}", headers=italy.headers)).content == PDF
            async with hungary.listening(WEBSOCKET, STREAM, after=cursor) as items:
                heard = (await within(items))["data"]["alertStream"]
                while heard["entry"] is None:
                    heard = (await within(items))["data"]["alertStream"]
            assert heard["entry"]["alert"]["id"] == alert
            assert await system.stopped(signal.SIGINT) == 0, system.said()
