"""Play the example: ``python -m deploy.demo``, or ``make demo``."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from chassis import telemetry
from chassis.keys import KeyRing, key_ring
from chassis.settings import read
from deploy.demo import alert, family, repository, request
from deploy.demo.client import NotAsExpected, signed_in
from deploy.demo.stage import Stage
from deploy.embedded import system
from gateway.settings import GatewaySettings
from gateway.tokens import DevelopmentTokens

USERS = (
    "it-handler", "hu-handler", "hu-nurses", "hu-dentists", "hu-qualifications", "it-alerts", "it-coordinator", "hu-alerts",
)  # fmt: skip


@asynccontextmanager
async def _gateway(stage: Stage, settings: GatewaySettings) -> AsyncIterator[tuple[str, KeyRing]]:
    """A running gateway and the keys of its sign-ins: the one at `GATEWAY_URL`, or one of our own in a temporary folder."""
    if settings.gateway_url:
        stage.note(f"using the system at {settings.gateway_url}")
        yield settings.gateway_url.rstrip("/"), key_ring(settings)
        return
    stage.note("starting the five services and the gateway in a temporary folder …")
    with tempfile.TemporaryDirectory(prefix="imi-demo-") as folder:
        async with system(Path(folder), port=0) as url:
            yield url, KeyRing(Path(folder) / "keys", training=settings.training)


async def play() -> None:
    """The whole example; raises NotAsExpected at the first thing that is not as it should be."""
    stage = Stage()
    async with AsyncExitStack() as stack:
        url, keys = await stack.enter_async_context(_gateway(stage, read(GatewaySettings)))
        tokens = DevelopmentTokens(keys)
        users = {name: await stack.enter_async_context(signed_in(url, tokens.issue(name))) for name in USERS}
        await request.play(stage, users["it-handler"], users["hu-handler"])
        hungary = [users[name] for name in ("hu-handler", "hu-nurses", "hu-dentists", "hu-qualifications")]
        await family.play(stage, family.Cast(users["it-handler"], *hungary))
        await alert.play(stage, users["it-alerts"], users["it-coordinator"], users["hu-alerts"])
        await repository.play(stage, users["hu-handler"], users["it-handler"])
        stage.console.print("\n[bold green]Everything was as expected.[/]")


def main() -> None:
    """Play the example exchange on a system of its own, or on the one at GATEWAY_URL; exit with 1 if anything is not right."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    telemetry.configure_logging("error")
    try:
        asyncio.run(play())
    except NotAsExpected as failure:
        print(f"\nNot as expected. It should have been that {failure}.", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
