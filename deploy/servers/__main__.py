"""``python -m deploy.servers``: the engines in the foreground until Ctrl-C; with ``fetch``, only what they need is brought here."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from chassis import process
from deploy.servers import NotFetched, NotStarted, ToolMissing, fetch, running
from deploy.servers.python import packages

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def up(
    context: typer.Context,
    folder: Annotated[Path, typer.Option(help="The folder for their data and logs.")] = Path(".data/servers"),
) -> None:
    """Start Kafka, the MongoDB-compatible server and Elasticsearch, print the settings that use them, stop on Ctrl-C."""
    if context.invoked_subcommand is None:
        process.run(lambda: _announced(folder))


@app.command(name="fetch")
def fetch_only() -> None:
    """Download and build what the servers and the tests beside them need, and start nothing."""
    fetch()
    packages("ctranslate2")


@asynccontextmanager
async def _announced(folder: Path) -> AsyncIterator[None]:
    async with running(folder) as servers:
        for name, url in servers.settings.items():
            print(f"export {name}='{url}'", flush=True)
        yield


def main() -> None:
    """Run the command; what the user can mend is said without a traceback."""
    try:
        app()
    except* (ToolMissing, NotFetched, NotStarted) as group:
        print(*group.exceptions, sep="\n", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
