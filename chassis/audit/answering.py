"""One call and its audit: what a person is about to be shown is accepted first, and what they are refused is written down as well."""

from contextlib import suppress
from typing import Any

from chassis import telemetry
from chassis.audit import noting
from chassis.audit.writing import Audit
from chassis.caller import Caller
from chassis.chains import instant
from vocabulary.audit import Part, Read, Thing, Via
from vocabulary.refusals import Forbidden, NotFound, Refusal, Unavailable

# The ids in a question, where it has any: what somebody asks for whom it is refused.
ASKED = ("id", "ids", "authority_id")
ASKED_LIMIT = 100


class Answering:
    """The answer to one call. A call of a service, or of a service without an audit, leaves no row."""

    def __init__(self, audit: Audit | None, method: str, caller: Caller, *, direct: bool) -> None:
        self._audit = audit if caller.user_id else None
        self._method = method
        self._caller = caller
        self._via = Via.SERVICE if direct else Via.GATEWAY
        self._noting = noting.begin()
        if self._audit is not None and not noting.reads(method):
            # The answer to a command is content, too; and nothing is done of which the answer could not be given.
            self._audit.require_open()

    async def given(self) -> None:
        """Have written down what was noted since the last time; raises Unavailable (AUDIT) if it cannot be: then nothing may leave."""
        if self._audit is None or not self._noting.things:
            return
        grave = self._noting.grave
        row = self._audit.accept(self._row(self._noting.take()))
        if grave:
            await self._audit.written(row)

    def refused(self, refusal: Refusal, request: Any) -> None:
        """Have written down that what is asked in *request* is not this caller's to read."""
        if self._audit is None or not noting.is_to_read(self._method) or not isinstance(refusal, NotFound | Forbidden):
            return
        things = tuple(
            Thing(kind, id_, 0, (Part.WITHHELD,)) for id_ in _asked(request) if (kind := noting.kind_of(id_))
        )
        # What is not shown need not wait until it can be written down.
        with suppress(Unavailable):
            self._audit.accept(self._row(things, refusal.reason))

    def _row(self, things: tuple[Thing, ...], refused: str = "") -> Read:
        assert self._audit is not None
        return Read(
            at=instant(self._audit.now()),
            user=self._caller.user_id,
            authority=self._caller.authority_id,
            country=self._caller.country,
            via=self._via,
            operation=self._method.lstrip("/"),
            trace=telemetry.trace_id(),
            refused=refused,
            things=things,
        )


def _asked(request: Any) -> list[str]:
    found: list[str] = []
    for name in ASKED:
        value = getattr(request, name, "")
        found += [value] if isinstance(value, str) else list(value)[:ASKED_LIMIT]
    return found
