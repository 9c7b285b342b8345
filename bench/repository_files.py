"""A file of entries into a repositories service and out of it, in a process of its own; see `bench.repositories`."""

import asyncio
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bench.bulk import START_S, Run, cpu_s, free_port
from bench.figures import memory_kb
from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from protos.common.v1 import common_pb2
from protos.repositories.v1 import transfer_pb2 as pb
from protos.repositories.v1.transfer_pb2_grpc import TransferServiceStub
from services.directory.training.authorities import national_id
from vocabulary.roles import UserRole, WorkflowRole

CHUNK_BYTES = 64 * 1024
AREA = "professional-qualifications"
MODULE = f"{AREA}/repository"
EDITOR = Caller(
    user_id="usr_bench",
    authority_id=national_id("IT", AREA, "doctor"),
    country="IT",
    language="it",
    user_roles={MODULE: frozenset({UserRole.REPOSITORY_EDITOR})},
    workflow_roles={MODULE: frozenset({WorkflowRole.REPOSITORY_EDITOR})},
)


def a_file(rows: int, what: str) -> bytes:
    """A file of *rows* registers."""
    head = "entry.id;name;url;area;holder;subjects;content;public;fee;conditions\r\n"
    lines = (
        f"B-{row:05};{what} numero {row};https://albo.example/{row};{AREA};{EDITOR.authority_id};doctor midwife;"
        f"PERSONS SANCTIONS;YES;12.50 EUR;{'Su richiesta scritta, con marca da bollo ' * 4}\r\n"
        for row in range(rows)
    )
    return (head + "".join(lines)).encode()


class Repositories:
    """The service that is measured, and its client."""

    def __init__(self, stub: TransferServiceStub, keys: KeyRing, pid: int) -> None:
        signer = Signer(keys, "gateway")
        self._stub = stub
        self._peer = Peer("repositories", lambda: signer.for_person(EDITOR))
        self._pid = pid

    async def brought(self, name: str, file: bytes, *, dry_run: bool = False) -> Run:
        began, worked = time.perf_counter(), cpu_s(self._pid)
        first_s, peak, summary = 0.0, 0, pb.EntryImportSummary()
        async for message in self._peer.exchange(self._stub.ImportEntries, _parts(file, dry_run)):
            first_s = first_s or time.perf_counter() - began
            if message.HasField("progress"):
                peak = max(peak, memory_kb(self._pid))
            elif message.HasField("summary"):
                summary = message.summary
        seconds, cpu, counts = time.perf_counter() - began, cpu_s(self._pid) - worked, summary.counts
        outcomes = ("created", "changed", "unchanged", "refused")
        said = ", ".join(f"{getattr(counts, one):,} {one}" for one in outcomes if getattr(counts, one))
        return Run(name, said, seconds, counts.rows, first_s, cpu, max(peak, memory_kb(self._pid)))

    async def taken(self, name: str, format_: pb.TransferFormat.ValueType) -> Run:
        began, worked = time.perf_counter(), cpu_s(self._pid)
        first_s, size = 0.0, 0
        message = pb.ExportEntriesRequest(format=format_, repository="registers")
        async for part in self._peer.stream(self._stub.ExportEntries, message):
            first_s = first_s or time.perf_counter() - began
            size += len(part.chunk)
        seconds, cpu = time.perf_counter() - began, cpu_s(self._pid) - worked
        return Run(name, f"{size / 1024 / 1024:.1f} MB", seconds, 0, first_s, cpu, memory_kb(self._pid))


async def _parts(file: bytes, dry_run: bool) -> AsyncIterator[pb.ImportEntriesRequest]:
    command = common_pb2.Command(idempotency_key=str(uuid.uuid4()))
    yield pb.ImportEntriesRequest(
        header=pb.EntryImportHeader(
            command=command, repository="registers", format=pb.TRANSFER_FORMAT_CSV, dry_run=dry_run, publish=True
        )
    )
    for start in range(0, len(file), CHUNK_BYTES):
        yield pb.ImportEntriesRequest(chunk=file[start : start + CHUNK_BYTES])


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """A directory with training data and a repositories service; where the second one answers, and its process."""
    addresses = {name: f"127.0.0.1:{free_port()}" for name in ("directory", "repositories")}
    shared = {"DATA_DIR": str(folder), "TRAINING_DATA": "true", "DIRECTORY_ADDRESS": addresses["directory"]}
    processes = []
    try:
        for name, address in addresses.items():
            with (folder / f"{name}.log").open("wb") as log:
                made = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", f"services.{name}"),
                    stdout=log,
                    stderr=log,
                    env={**shared, "LISTEN_ADDRESS": address},
                )
            processes.append(made)
        yield addresses["repositories"], processes[-1].pid
    finally:
        for process in processes:
            process.terminate()
            await process.wait()


BROUGHT = ("dry run", "published", "sent again", "changed")


async def transfer(rows: int) -> tuple[int, list[Run]]:
    """A file in as a dry run, for good, again, changed, and everything out; and the memory before."""
    with tempfile.TemporaryDirectory(prefix="imi-bench-") as made:
        folder = Path(made)
        async with started(folder) as (address, pid), open_channel(address) as channel:
            service = Repositories(TransferServiceStub(channel), KeyRing(folder / "keys"), pid)
            await _ready(service)
            await _copied(folder)
            before_kb = memory_kb(pid)
            file, changed = a_file(rows, "Albo"), a_file(rows, "Registro")
            runs = []
            for name, content in zip(BROUGHT, (file, file, file, changed), strict=True):
                runs.append(await service.brought(name, content, dry_run=name == "dry run"))
            for name, format_ in (
                ("to CSV", pb.TRANSFER_FORMAT_CSV),
                ("to JSON Lines", pb.TRANSFER_FORMAT_JSON_LINES),
                ("to XLSX", pb.TRANSFER_FORMAT_XLSX),
            ):
                runs.append(replace(await service.taken(name, format_), rows=rows))
            return before_kb, runs


async def _copied(folder: Path) -> None:
    """Return once the service has its copy of the directory: that takes long, and only once."""
    until = time.monotonic() + START_S
    while "directory_copied" not in (folder / "repositories.log").read_text(errors="replace"):
        if time.monotonic() > until:
            raise TimeoutError("the directory was not copied")
        await asyncio.sleep(0.5)


async def _ready(service: Repositories) -> None:
    """Return once it takes a row: the directory knows what that refers to."""
    until = time.monotonic() + START_S
    while True:
        try:
            found = await service.brought("ready", a_file(1, "Albo"), dry_run=True)
            await service.taken("ready", pb.TRANSFER_FORMAT_CSV)
            if "refused" not in found.counts:
                return
        except Exception:  # whatever keeps it from answering, it is not ready
            if time.monotonic() > until:
                raise
        await asyncio.sleep(0.5)
