"""How fast texts are translated: from the memory, through an engine that takes no time, and from what was translated before.

``python -m bench.translations``: the translation service alone on embedded engines, in a process of its own, asked over gRPC; texts
of some 100 characters. The engine speaks LibreTranslate's protocol and writes each word backwards: what real ones need themselves is
measured with them (`bench.apertium`).
"""

import asyncio
import itertools
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from grpc import aio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.figures import machine, memory_kb, percentile, show
from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from deploy.servers import free_ports
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from vocabulary.roles import LegislativeRole

IN_A_CALL = (1, 20, 100)
AT_ONCE = (1, 8)
IMPORTED_AT_ONCE = 2_000
PUBLIC = common_pb2.DATA_CLASS_PUBLIC
_WORD = re.compile(r"<[^>]*>|&\w+;|[^\W\d_]+")
SENTENCE = "Il titolo numero {} è stato rilasciato dal registro nazionale ed è valido fino alla fine dell'anno."


class System:
    """The service, and the Commission's person who asks."""

    def __init__(self, keys: Path, channel: aio.Channel) -> None:
        signer = Signer(KeyRing(keys), "gateway")
        caller = Caller(
            user_id="usr_1", authority_id="aut_1", country="EU", language="en",
            legislative_roles={"*": LegislativeRole.COMMISSION},
        )  # fmt: skip
        self.stub = TranslationServiceStub(channel)
        self._peer = Peer("translation", lambda: signer.for_person(caller))

    async def remember(self, texts: Sequence[str]) -> None:
        """Put *texts* into the memory, as files of translations."""
        for start in range(0, len(texts), IMPORTED_AT_ONCE):
            units = "".join(
                f'<tu><tuv xml:lang="it"><seg>{text}</seg></tuv><tuv xml:lang="hu"><seg>{text.upper()}</seg></tuv></tu>'
                for text in texts[start : start + IMPORTED_AT_ONCE]
            )
            request = pb.ImportMemoryRequest(
                command=common_pb2.Command(idempotency_key=f"import {start}"),
                format=pb.EXCHANGE_FORMAT_TMX,
                content=f'<tmx version="1.4"><header srclang="it"/><body>{units}</body></tmx>'.encode(),
                data_class=PUBLIC,
            )
            await self._peer.call(self.stub.ImportMemory, request)

    async def translate(self, texts: Sequence[str]) -> float:
        """How long one call about *texts* took; raises AssertionError unless all were translated."""
        segments = [
            pb.Segment(text=common_pb2.FreeText(text=text, language="it", data_class=PUBLIC), target_language="hu")
            for text in texts
        ]
        request = pb.TranslateRequest(segments=segments, languages=["hu"])
        began = time.perf_counter()
        answer = await self._peer.call(self.stub.Translate, request)
        took = time.perf_counter() - began
        assert all(one.status == pb.TRANSLATION_STATUS_TRANSLATED for one in answer.translations)
        return took


@asynccontextmanager
async def engine(folder: Path) -> AsyncIterator[Path]:
    """An engine that takes no time, and the file of providers that names it."""

    async def languages(_: Request) -> JSONResponse:
        return JSONResponse([{"code": "it", "name": "Italian", "targets": ["hu"]}])

    async def translate(request: Request) -> JSONResponse:
        asked = (await request.json())["q"]
        given = [asked] if isinstance(asked, str) else asked
        turned = [_WORD.sub(_turned, text) for text in given]
        return JSONResponse({"translatedText": turned[0] if isinstance(asked, str) else turned})

    app = Starlette(routes=[Route("/languages", languages), Route("/translate", translate, methods=["POST"])])
    port = next(free_ports(folder / "engine"))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    file = folder / "providers.toml"
    file.write_text(
        f'[[provider]]\nname = "bench"\nkind = "libretranslate"\nurl = "http://127.0.0.1:{port}"\ndata_class = "PUBLIC"\nat_once = 8\n'
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield file
    finally:
        server.should_exit = True
        await serving


def _turned(word: re.Match[str]) -> str:
    return word.group() if word.group()[0] in "<&" else word.group()[::-1]


@asynccontextmanager
async def running(folder: Path, providers: Path) -> AsyncIterator[tuple[System, int]]:
    """The service in a process of its own, and its process id."""
    address = f"127.0.0.1:{next(free_ports(folder))}"
    environment = {
        **os.environ,
        "DATA_DIR": str(folder),
        "LISTEN_ADDRESS": address,
        "LOG_LEVEL": "error",
        "DIRECTORY_ADDRESS": "127.0.0.1:1",
        "MT_PROVIDERS": str(providers),
        "MT_WAIT_S": "10",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.translation", env=environment)
    try:
        async with open_channel(address) as channel:
            await asyncio.wait_for(channel.channel_ready(), 60)
            yield System(folder / "keys", channel), process.pid
    finally:
        process.terminate()
        await process.wait()


async def measure(system: System, texts: Sequence[str], in_a_call: int, at_once: int) -> tuple[object, ...]:
    """A row: *texts* asked for again and again, so many in a call and so many calls at once."""
    calls = [texts[start : start + in_a_call] for start in range(0, len(texts), in_a_call)]
    waiting, seconds = iter(calls), list[float]()

    async def work() -> None:
        for call in waiting:
            seconds.append(await system.translate(call))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    whole = time.perf_counter() - began
    p50, p99 = (f"{percentile(seconds, share) * 1000:.1f}" for share in (0.5, 0.99))
    return in_a_call, at_once, p50, p99, f"{len(texts) / whole:.0f}"


async def run(texts: int) -> None:
    head = ("from", "texts in a call", "calls at once", "p50 ms", "p99 ms", "texts/s")
    rows: list[tuple[object, ...]] = []
    known = [SENTENCE.format(number) for number in range(texts)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with engine(folder) as providers, running(folder, providers) as (system, pid):
            await system.remember(known)
            # The detector is loaded when it is first needed.
            await system.translate(["Il registro è aperto."])
            for in_a_call, at_once in itertools.product(IN_A_CALL, AT_ONCE):
                rows.append(("memory", *await measure(system, known, in_a_call, at_once)))
            for number, (in_a_call, at_once) in enumerate(itertools.product(IN_A_CALL, AT_ONCE)):
                new = [f"{text} Confermato nel registro {number}." for text in known[: texts // 4]]
                rows.append(("engine", *await measure(system, new, in_a_call, at_once)))
            for in_a_call, at_once in itertools.product(IN_A_CALL, AT_ONCE):
                rows.append(("cache", *await measure(system, new, in_a_call, at_once)))
            memory = memory_kb(pid) / 1024
    show(f"Translations, {memory:.0f} MiB, {machine()}", head, rows)


def main(
    texts: Annotated[int, typer.Option(help="Different texts; a fourth of them through the engine.")] = 2_000,
) -> None:
    """Measure."""
    asyncio.run(run(texts))


if __name__ == "__main__":
    typer.run(main)
