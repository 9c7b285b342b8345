"""Sends files to a directory and takes files from it, for whoever is named."""

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from protos.common.v1 import common_pb2
from protos.directory.v1 import bulk_pb2 as pb
from protos.directory.v1.bulk_pb2_grpc import BulkServiceStub
from services.directory.domain.authorities import Authority
from services.directory.domain.users import User
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from tests.directory.bodies import a_coordinator, a_registrar, an_access, an_authority, stored
from tests.directory.conftest import FREE_PORT, Asking
from vocabulary.participants import Status
from vocabulary.roles import LegislativeRole, WorkflowRole

CSV, JSON = pb.BULK_FORMAT_CSV, pb.BULK_FORMAT_JSON_LINES
CREATED, CHANGED = pb.IMPORT_OUTCOME_CREATED, pb.IMPORT_OUTCOME_CHANGED
UNCHANGED, REFUSED = pb.IMPORT_OUTCOME_UNCHANGED, pb.IMPORT_OUTCOME_REFUSED
NIMIC = a_registrar(LegislativeRole.NIMIC)


@dataclass(slots=True)
class Report:
    """What an import answered."""

    rows: list[pb.ImportedRow] = field(default_factory=list)
    progress: list[pb.ImportProgress] = field(default_factory=list)
    summary: pb.ImportSummary | None = None

    @property
    def outcomes(self) -> list[str]:
        return [pb.ImportOutcome.Name(row.outcome).removeprefix("IMPORT_OUTCOME_") for row in self.rows]

    @property
    def refusals(self) -> list[tuple[int, str, str]]:
        """Row, reason and field of each that was refused."""
        return [(row.row, row.refusal.reason, row.refusal.field) for row in self.rows if row.outcome == REFUSED]

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """Rows, created, changed, unchanged, refused."""
        assert self.summary is not None
        found = self.summary.counts
        return found.rows, found.created, found.changed, found.unchanged, found.refused


class Bulk:
    """The bulk service of a running directory; `asking` is the rest of it."""

    def __init__(self, asking: Asking, stub: BulkServiceStub) -> None:
        self.asking = asking
        self.stub = stub
        self._keys = KeyRing(asking.settings.keys)
        self._gateway = Signer(self._keys, "gateway")

    def peer(self, caller: Caller | str = NIMIC) -> Peer:
        if isinstance(caller, str):
            return Peer("directory", Signer(self._keys, caller).for_service)
        return Peer("directory", lambda: self._gateway.for_person(caller))

    async def send(
        self,
        content: str | bytes | Iterable[bytes],
        format_: pb.BulkFormat.ValueType = CSV,
        *,
        caller: Caller | str = NIMIC,
        **header: Any,
    ) -> Report:
        """What comes of importing a file."""
        if isinstance(content, str):
            content = content.encode()
        chunks = [content] if isinstance(content, bytes) else content
        report = Report()
        async for message in self.peer(caller).exchange(self.stub.ImportAuthorities, parts(chunks, format_, **header)):
            match message.WhichOneof("part"):
                case "row":
                    report.rows.append(message.row)
                case "progress":
                    report.progress.append(message.progress)
                case "summary":
                    report.summary = message.summary
        return report

    async def fetch(self, caller: Caller | str = NIMIC, **request: Any) -> tuple[pb.ExportHeader, bytes]:
        """A file of the directory."""
        header, content = pb.ExportHeader(), b""
        message = pb.ExportAuthoritiesRequest(**{"format": CSV, **request})
        async for part in self.peer(caller).stream(self.stub.ExportAuthorities, message):
            content += part.chunk
            if part.HasField("header"):
                header = part.header
        return header, content


async def parts(
    chunks: Iterable[bytes], format_: pb.BulkFormat.ValueType, key: str = "", **header: Any
) -> AsyncIterator[pb.ImportAuthoritiesRequest]:
    command = common_pb2.Command(idempotency_key=key or str(uuid.uuid4()))
    yield pb.ImportAuthoritiesRequest(header=pb.ImportHeader(**{"command": command, "format": format_, **header}))
    for chunk in chunks:
        yield pb.ImportAuthoritiesRequest(chunk=chunk)


def a_file(*rows: dict[str, str], separator: str = ",") -> str:
    """CSV with the columns of the first row, whose cells need no quotation marks."""
    return "\n".join(separator.join(line) for line in [list(rows[0]), *(row.values() for row in rows)]) + "\n"


def a_row(key: str = "K1", **changed: str) -> dict[str, str]:
    """A row that registers a national authority in Italy, unless told otherwise; ``__`` in a name stands for a dot."""
    row = {
        "external_id": key,
        "level": "NATIONAL",
        "region": "",
        "languages": "it en",
        "email": "imi@nuovo.example",
        "town": "Torino",
        "concepts": "electrician",
        "official_name.it": f"Ufficio {key}",
        "informal_name.en": f"Office {key}",
        "modules.services/alerts": "CA ALERT_AUTHORITY",
    }
    return {**row, **{name.replace("__", "."): text for name, text in changed.items()}}


BODIES: dict[str, Authority] = {
    "aut_nimic": an_authority(
        "Coordinatore nazionale",
        access=(an_access("services/requests", LegislativeRole.NIMIC, WorkflowRole.REQUEST_PARTNER),),
    ),
    "aut_limic": a_coordinator(LegislativeRole.LIMIC),
    "aut_dimic": a_coordinator(LegislativeRole.DIMIC),
    "aut_sdimic": a_coordinator(LegislativeRole.SDIMIC),
    "aut_eu": a_coordinator(LegislativeRole.COMMISSION),
    "aut_office": an_authority("Ufficio lanterna", concepts=("electrician",), administrators=("usr_two",)),
    "aut_suspended": an_authority("Ufficio sospeso", status=Status.SUSPENDED),
    "aut_applicant": an_authority("Ufficio in attesa", status=Status.REQUESTED),
    "aut_hungary": an_authority("x", country="HU", official_name={"hu": "Világítótorony Hivatal"}),
}


@asynccontextmanager
async def a_directory(
    folder: Path, bodies: dict[str, Authority] | None = None, users: dict[str, User] | None = None
) -> AsyncIterator[Bulk]:
    """A directory of its own, with the coordinators of Italy and some others."""
    settings = DirectorySettings(data_dir=folder, listen_address=FREE_PORT)
    await stored(settings, BODIES if bodies is None else bodies, users)
    async with running(settings) as bulk:
        yield bulk


@asynccontextmanager
async def running(settings: DirectorySettings) -> AsyncIterator[Bulk]:
    async with directory(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        yield Bulk(Asking(channel, settings), BulkServiceStub(channel))


def reasons(report: Report) -> Sequence[str]:
    return [reason for _, reason, _ in report.refusals]
