"""An import of drafts: each line is a CreateRequest, under the line's own key; a dry run parts from it where it would be stored."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import islice

from chassis.aggregates import Aggregates, CommandKey
from chassis.caller import Caller
from chassis.imports import Incoming
from protos.requests.v1 import drafts_pb2 as pb
from protos.requests.v1 import requests_pb2
from services.requests.bulk.lines import DraftReader, Line
from services.requests.domain.identity import warnings
from services.requests.domain.requests import Request
from services.requests.rpc.drafting import Drafting
from vocabulary import ids
from vocabulary.refusals import Conflict, Invalid, Refusal, Unavailable

LINES_MAX = 10_000
AT_ONCE = 16
# What a refusal quotes of the file may be long; then it ends early.
QUOTED_MAX = 500


def incoming() -> Incoming[Line]:
    """What takes a file of drafts."""
    return Incoming(DraftReader(), most=LINES_MAX, called="drafts", reason="TOO_MANY_LINES")


class Importing:
    """An import under way."""

    def __init__(self, drafting: Drafting, requests: Aggregates[Request], caller: Caller, *, dry_run: bool) -> None:
        self._drafting = drafting
        self._requests = requests
        self._caller = caller
        self._dry_run = dry_run
        # Key → the line that has it.
        self._seen: dict[str, int] = {}

    async def results(self, lines: Iterable[Line]) -> AsyncIterator[pb.ImportedDraft]:
        """What each of *lines* came to, in their order. Raises Unavailable if the store or the directory is away."""
        remaining = iter(lines)
        while some := list(islice(remaining, AT_ONCE)):
            doing = [self._result(line, self._repeats(line)) for line in some]
            # Each ends before a failure is told: nothing goes on behind an import that is over.
            ended = await asyncio.gather(*doing, return_exceptions=True)
            for one in ended:
                if isinstance(one, BaseException):
                    raise one
                yield one

    def _repeats(self, line: Line) -> int:
        """The earlier line with the same key; 0 if there is none."""
        if not line.key:
            return 0
        earlier = self._seen.setdefault(line.key, line.number)
        return earlier if earlier != line.number else 0

    async def _result(self, line: Line, repeats: int) -> pb.ImportedDraft:
        report = pb.ImportedDraft(line=line.number, key=line.key[:QUOTED_MAX])
        try:
            if repeats:
                raise Invalid(f"line {repeats} has the same key", field="key", reason="REPEATED")
            if line.request is None:
                raise line.fault or Invalid("the line is not a JSON object", reason="JSON")
            await self._do(line.request, report)
        except Unavailable:
            raise
        except Refusal as refusal:
            _refuse(report, refusal)
        return report

    async def _do(self, request: requests_pb2.CreateRequestRequest, report: pb.ImportedDraft) -> None:
        command = CommandKey.of(request, self._caller)
        id_ = command.new_id(ids.REQUEST)
        there = await self._requests.get(id_)
        made = await self._requests.answered(id_, command, requests_pb2.CreateRequestResponse)
        if made is not None:
            report.outcome = pb.DRAFT_OUTCOME_UNCHANGED
            report.request_id, report.number = made.request.id, made.request.number
            return
        if there is not None:
            raise Conflict(
                "this key made a request of which the first answer is not kept any more; give another one",
                field="key",
                reason="ALREADY_EXISTS",
            )
        report.outcome = pb.DRAFT_OUTCOME_CREATED
        if self._dry_run:
            _, new = await self._drafting.drafted(request, self._caller)
            report.request_id, report.number = id_, new.number
            report.warnings.extend(one.field for one in warnings(new.draft))
        else:
            stored = (await self._drafting.created(request, self._caller)).request
            report.request_id, report.number = stored.id, stored.number
            report.warnings.extend(one.field for one in stored.warnings)


def count(counts: pb.ImportDraftsCounts, report: pb.ImportedDraft) -> None:
    """Add *report* to *counts*."""
    name = pb.DraftOutcome.Name(report.outcome).removeprefix("DRAFT_OUTCOME_").lower()
    setattr(counts, name, getattr(counts, name) + 1)
    counts.lines += 1


def _refuse(report: pb.ImportedDraft, refusal: Refusal) -> None:
    report.outcome = pb.DRAFT_OUTCOME_REFUSED
    report.refusal.code = refusal.code
    report.refusal.reason = refusal.reason
    # What the command calls its idempotency key is the line's key.
    report.refusal.field = ("key" if refusal.field == "idempotencyKey" else refusal.field)[:QUOTED_MAX]
    report.refusal.message = refusal.message[:QUOTED_MAX]
