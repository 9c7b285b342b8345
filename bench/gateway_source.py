"""The services behind a gateway that is measured: one process that answers from memory (`bench/gateway_queries.py`).

The real services, on the same two cores, would be measured with it. ``python -m bench.gateway_source`` says on which port it answers.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc

from bench.gateway_queries import answer

NAMES = ("DIRECTORY", "REQUESTS", "ALERTS", "TRANSLATION", "REPOSITORIES")


class _Every(grpc.GenericRpcHandler):
    """Answers every method, byte for byte."""

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method.rpartition("/")[2]

        async def answered(request: bytes, _context: Any) -> bytes:
            return answer(method, request)

        return grpc.unary_unary_rpc_method_handler(answered)


async def serve() -> None:
    """Answer until the input ends."""
    server = aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    server.add_generic_rpc_handlers((_Every(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


@asynccontextmanager
async def source() -> AsyncIterator[tuple[str, Mapping[str, str]]]:
    """The process: its address, and the same as a gateway's settings."""
    program = (sys.executable, "-m", "bench.gateway_source")
    process = await asyncio.create_subprocess_exec(*program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = f"127.0.0.1:{int(await process.stdout.readline())}"
        yield address, {f"{name}_ADDRESS": address for name in NAMES}
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve())
