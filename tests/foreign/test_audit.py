"""GraphQL over HTTP as specified: the public audits find nothing."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.foreign.javascript import NODE, packages
from tests.gateway.clients import Client

As = Callable[[str], Client]
PROGRAM = Path(__file__).with_name("audit.mjs")

pytestmark = [
    pytest.mark.skipif(not NODE, reason="Node and npm are not on the PATH"),
    # The packages are fetched when they are first used.
    pytest.mark.timeout(300),
]


async def test_the_audits_of_graphql_over_http_find_no_failure_and_give_no_warning(as_: As, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(packages(), tmp_path / "javascript"))
    program = shutil.copy(PROGRAM, folder)
    client = as_("it-handler")
    environment = {**os.environ, "URL": f"{client.url}/graphql", "TOKEN": client.token}
    done = await asyncio.to_thread(
        subprocess.run, ["node", program], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) > 50
    # What servers MAY do, this one need not: that a document itself can stand in the address of a GET.
    found = {f"{one['id']} {one['name']}": one["reason"] for one in results if one["status"] not in ("ok", "notice")}
    assert not found
    noted = {one["id"] for one in results if one["status"] == "notice"}
    assert noted <= {"5A70", "D6D5", "6A70"}
