"""Every part started alone, as it is at scale: five services and the gateway, each a process of its own."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from chassis.keys import KeyRing
from gateway.tokens import DevelopmentTokens
from tests.gateway.clients import TIMEOUT_S, Client
from tests.gateway.exchanges import a_request, an_alert
from tests.gateway.running import SERVICES
from tests.journeys.processes import Process, a_process, until_ready
from tests.ports import a_dead_address, a_free_port


async def test_six_processes_are_one_system_and_each_stops_in_order(data: Path, tmp_path: Path) -> None:
    addresses = {name: a_dead_address() for name in SERVICES}
    port = str(a_free_port())
    url = f"http://127.0.0.1:{port}"
    environment = {
        "DATA_DIR": str(data),
        "TRAINING_DATA": "true",
        "GATEWAY_PORT": port,
        **{f"{name.upper()}_ADDRESS": address for name, address in addresses.items()},
    }
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_S))
        parts: dict[str, Process] = {}
        for name, address in addresses.items():
            started = a_process(f"services.{name}", tmp_path / name, LISTEN_ADDRESS=address, **environment)
            parts[name] = await stack.enter_async_context(started)
        parts["gateway"] = await stack.enter_async_context(a_process("gateway", tmp_path / "gateway", **environment))
        await until_ready(http, url, *parts.values())
        italy, hungary, author, coordinator = (
            Client(http, url, tokens.issue(user))
            for user in ("it-handler", "hu-handler", "it-alerts", "it-coordinator")
        )
        id_ = await a_request(italy, hungary, "ANSWERED")
        closed = await italy.do(
            "closeRequest",
            """request { status answers { value { choices { label } } }
                         justification { text(language: HU) { original notice } } }""",
            id=id_,
        )
        assert closed["status"] == "CLOSED"
        assert closed["answers"][0]["value"]["choices"] == [{"label": "Autentico"}]
        assert closed["justification"]["text"]["notice"]
        assert await an_alert(author, coordinator, "HU")
        codes = {name: await parts[name].stopped() for name in reversed(parts)}
    assert codes == dict.fromkeys(parts, 0), {name: parts[name].said() for name, code in codes.items() if code}
    assert not [name for name, part in parts.items() if "Traceback" in part.said()]
