"""How fast a country's file goes in: registered, repeated, changed, foreseen, and taken out again.

``python -m bench.bulk``: one directory on embedded engines, in a process of its own; the client runs on the same machine.
"""

import asyncio
import os
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.figures import console, machine, memory_kb, show
from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from protos.common.v1 import common_pb2
from protos.directory.v1 import bulk_pb2 as pb
from protos.directory.v1.bulk_pb2_grpc import BulkServiceStub
from services.directory.training.authorities import coordinator_id
from vocabulary.roles import UserRole

CHUNK_BYTES = 64 * 1024
START_S = 180.0
COUNTRY = "DE"
NIMIC = Caller(
    user_id="usr_bench",
    authority_id=coordinator_id(COUNTRY, "*"),
    country=COUNTRY,
    language="de",
    user_roles={"*": frozenset({UserRole.COORDINATOR})},
)
COLUMNS = (
    "external_id;level;region;town;email;languages;concepts;official_name.de;informal_name.en;informal_name.fr;"
    "description.de;modules.services/requests;modules.professional-qualifications/requests\r\n"
)


def a_file(rows: int, town: str) -> bytes:
    """A file of *rows* authorities, about 400 bytes each."""
    return (COLUMNS + "".join(_row(number, town) for number in range(rows))).encode()


def _row(number: int, town: str) -> str:
    words = "prüft die Anmeldung von Betrieben und die Anerkennung von Berufsqualifikationen " * 2
    return (
        f"B-{number:05};LOCAL;DE-BE;{town};amt{number}@berlin.example;de en;electrician doctor;Bezirksamt Nummer {number};"
        f"District office number {number};Office de district {number};Das Amt {number} {words};"
        "CA REQUEST_PARTNER;CA REQUEST_PARTNER\r\n"
    )


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over the file."""

    name: str
    counts: str
    seconds: float
    rows: int
    first_s: float
    cpu_s: float
    memory_kb: int


class Directory:
    """The directory that is measured, and its client."""

    def __init__(self, stub: BulkServiceStub, keys: KeyRing, pid: int) -> None:
        signer = Signer(keys, "gateway")
        self._stub = stub
        self._peer = Peer("directory", lambda: signer.for_person(NIMIC))
        self._pid = pid

    async def brought(self, name: str, file: bytes, rows: int, *, dry_run: bool = False) -> Run:
        began, worked = time.perf_counter(), cpu_s(self._pid)
        first_s, peak, summary = 0.0, 0, pb.ImportSummary()
        columns = TextColumn(f"{name:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task(name, total=rows)
            async for message in self._peer.exchange(self._stub.ImportAuthorities, _parts(file, dry_run)):
                first_s = first_s or time.perf_counter() - began
                if message.HasField("progress"):
                    progress.update(bar, completed=message.progress.counts.rows)
                    peak = max(peak, memory_kb(self._pid))
                elif message.HasField("summary"):
                    summary = message.summary
                    progress.update(bar, completed=summary.counts.rows)
        seconds, cpu, counts = time.perf_counter() - began, cpu_s(self._pid) - worked, summary.counts
        outcomes = ("created", "changed", "unchanged", "refused")
        said = ", ".join(f"{getattr(counts, one):,} {one}" for one in outcomes if getattr(counts, one))
        return Run(name, said, seconds, counts.rows, first_s, cpu, max(peak, memory_kb(self._pid)))

    async def taken(self, name: str) -> Run:
        began, worked = time.perf_counter(), cpu_s(self._pid)
        first_s, content = 0.0, b""
        message = pb.ExportAuthoritiesRequest(format=pb.BULK_FORMAT_CSV)
        async for part in self._peer.stream(self._stub.ExportAuthorities, message):
            first_s = first_s or time.perf_counter() - began
            content += part.chunk
        rows = content.count(b"\r\n") - 1
        size = f"{len(content) / 1024 / 1024:.1f} MB"
        seconds, cpu = time.perf_counter() - began, cpu_s(self._pid) - worked
        return Run(name, size, seconds, rows, first_s, cpu, memory_kb(self._pid))


def cpu_s(pid: int) -> float:
    """The processor time that a process has used: what a figure means on a machine that others use too."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")


async def _parts(file: bytes, dry_run: bool) -> AsyncIterator[pb.ImportAuthoritiesRequest]:
    command = common_pb2.Command(idempotency_key=str(uuid.uuid4()))
    header = pb.ImportHeader(command=command, format=pb.BULK_FORMAT_CSV, dry_run=dry_run)
    yield pb.ImportAuthoritiesRequest(header=header)
    for start in range(0, len(file), CHUNK_BYTES):
        yield pb.ImportAuthoritiesRequest(chunk=file[start : start + CHUNK_BYTES])


async def _started(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    """A directory with the training data, in a process of its own, and where it answers."""
    address = f"127.0.0.1:{free_port()}"
    settings = {"DATA_DIR": str(folder), "LISTEN_ADDRESS": address, "TRAINING_DATA": "true"}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.directory", stdout=log, stderr=log, env=settings
        )
    return process, address


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _passes(rows: int) -> Iterator[tuple[str, bytes, bool]]:
    file, moved = a_file(rows, "Berlin"), a_file(rows, "Potsdam")
    yield "dry run", file, True
    yield "registered", file, False
    yield "sent again", file, False
    yield "changed", moved, False


async def measure(rows: int) -> list[Run]:
    """The figures of one file of *rows*, in the order of a country's first days."""
    with tempfile.TemporaryDirectory(prefix="imi-bench-") as made:
        folder = Path(made)
        process, address = await _started(folder)
        try:
            async with open_channel(address) as channel:
                directory = Directory(BulkServiceStub(channel), KeyRing(folder / "keys"), process.pid)
                await _ready(directory)
                runs = [await directory.brought(name, file, rows, dry_run=dry) for name, file, dry in _passes(rows)]
                return [*runs, await directory.taken("exported")]
        finally:
            process.terminate()
            await process.wait()


async def _ready(directory: Directory) -> None:
    """Return once it answers."""
    until = time.monotonic() + START_S
    while True:
        try:
            await directory.taken("ready")
        except Exception:  # whatever keeps it from answering, it is not ready
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.5)
        else:
            return


def main(rows: Annotated[int, typer.Option(help="authorities in the file")] = 10_000) -> None:
    """Measure imports and an export, and print what was found."""
    runs = asyncio.run(measure(rows))
    console.print(f"\n{machine()}; {rows:,} rows, {len(a_file(rows, 'Berlin')) / 1024 / 1024:.1f} MB, embedded engines")
    head = ("pass", "came to", "seconds", "first ms", "CPU ms/row", "memory MB", "rows/s")
    table = [
        (
            run.name,
            run.counts,
            f"{run.seconds:.1f}",
            f"{run.first_s * 1000:.0f}",
            f"{run.cpu_s * 1000 / run.rows:.1f}",
            f"{run.memory_kb / 1024:.0f}",
            f"{run.rows / run.seconds:.0f}",
        )
        for run in runs
    ]
    show("A country's file", head, table)


if __name__ == "__main__":
    typer.run(main)
