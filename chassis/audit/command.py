"""The audit on the command line: ``python -m services.requests audit verify``, ``… audit export``; and offline, of an export:
``python -m chassis.audit verify FILE --keys KEYS``.

`verify` prints how far the chain goes, or the first row that does not fit, and then ends with 1.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from chassis.audit.chain import Segment
from chassis.audit.segments import AUDIT, Segments
from chassis.audit.verifying import Fault, Verifying, verify
from chassis.audit.writing import name_of_keys
from chassis.chains import published
from chassis.keys import key_ring
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents

FAULT_EXIT_CODE = 1
FORMAT = "imi-audit-1"

Command = Callable[[ServiceSettings], Awaitable[None]]


def commands(service: str) -> dict[str, Command]:
    """The commands of a service that has an audit."""
    return {"audit verify": partial(_verify, service=service), "audit export": partial(_export, service=service)}


async def _verify(settings: ServiceSettings, service: str) -> None:
    before = clock() - timedelta(days=settings.audit_retention_days)
    keys = published(key_ring(settings), name_of_keys(service))
    verifying = Verifying(service, {key["kid"]: key for key in keys}, erased_before=before)
    async with open_documents(settings.documents(service), [AUDIT]) as documents:
        said(await verify(Segments(service, documents).all(), verifying), verifying)


async def _export(settings: ServiceSettings, service: str) -> None:
    keys = published(key_ring(settings), name_of_keys(service))
    print(json.dumps({"format": FORMAT, "service": service, "keys": keys}))
    async with open_documents(settings.documents(service), [AUDIT]) as documents:
        async for segment in Segments(service, documents).all():
            print(msgspec.json.encode(segment).decode())


def verify_export(
    lines: Iterable[str], keys: Path | None, kept: Path | None, erased_before: datetime | None = None
) -> tuple[Fault | None, Verifying]:
    """What is wrong with an export, and how far its chain goes. Without *keys*, those are believed that stand in it; without
    *erased_before*, rows may be erased whenever they were read.
    """
    rest = iter(lines)
    header = json.loads(next(rest))
    if header.get("format") != FORMAT:
        raise ValueError("this is no export of an audit")
    service = str(header["service"])
    believed = json.loads(keys.read_text(encoding="utf-8"))["keys"] if keys else header["keys"]
    known = remembered(kept, service) if kept else {}
    verifying = Verifying(service, {key["kid"]: key for key in believed}, known, erased_before)
    for line in rest:
        if fault := verifying.take(msgspec.json.decode(line, type=Segment)):
            return fault, verifying
    return verifying.end(), verifying


def remembered(path: Path, service: str) -> Mapping[int, str]:
    """How far the chain of *service* went once, by a file of JSON Lines: `audit_head` in its log, or kept answers of `auditHead`."""
    found: dict[int, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            said: Any = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("service") == service and {"length", "hash"} <= said.keys():
            found[int(said["length"])] = str(said["hash"])
    return found


def said(fault: Fault | None, verifying: Verifying) -> None:
    """Print what was found; exits with 1 for a fault."""
    if fault is not None:
        print(f"the audit of {verifying.service} does not hold: {fault}", file=sys.stderr)
        raise SystemExit(FAULT_EXIT_CODE)
    erased = f", {verifying.erased} of them erased in time" if verifying.erased else ""
    print(f"the audit of {verifying.service} holds: {verifying.length} rows{erased}; the last hash is {verifying.hash}")
