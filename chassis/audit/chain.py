"""The chain behind the audit of a service. Pure; docs/audit.md says byte for byte what is hashed, and a change here is a new format.

Rows stand in segments, and each row on the one before it, over all segments. A segment says how far the chain goes at its end, signed.
A segment that is closed has a successor, which was opened before: so the last ones cannot be taken away unnoticed either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chassis.chains import SigningKeys, digest, encoded
from vocabulary.audit import Read

FORMAT = "imi-audit-1"


class State(StrEnum):
    """OPEN: rows are still added. CLOSED: none will be. ERASED: its rows are gone, and how far they went is still said."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    ERASED = "ERASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A read in its place, with the hash of the chain up to it."""

    sequence: int
    read: Read
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Some rows in a row. `previous` is the hash of the row before the first, or the start of the chain.

    Before it has any rows, a segment does not know what it will stand on: `first` is 0 and `previous` empty.
    """

    number: int
    state: State = State.OPEN
    first: int = 0
    count: int = 0
    previous: str = ""
    hash: str = ""
    # When it was opened, and when its last row was read.
    since: str
    until: str
    rows: tuple[Row, ...] = ()
    key: str = ""
    signature: str = ""

    @property
    def last(self) -> int:
        """The sequence of its last row; 0 without rows."""
        return self.first + self.count - 1 if self.count else 0


def start(service: str) -> str:
    """What the first row of a service's chain stands on."""
    return digest(f"{FORMAT}/service", service)


def link(sequence: int, previous: str, read: Read) -> str:
    """The hash of the chain up to *read*, on the row before it."""
    things = [text for one in read.things for text in (one.kind, one.id, str(one.revision), " ".join(one.parts))]
    return digest(
        f"{FORMAT}/row",
        str(sequence),
        previous,
        read.at,
        read.user,
        read.authority,
        read.country,
        read.via,
        read.operation,
        read.trace,
        read.refused,
        str(len(read.things)),
        *things,
    )


def statement(service: str, segment: Segment) -> bytes:
    """What is signed of a segment. That its rows are erased is not: they are when their time has come, and the statement stays."""
    return encoded(
        f"{FORMAT}/head",
        service,
        str(segment.number),
        "OPEN" if segment.state is State.OPEN else "CLOSED",
        str(segment.first),
        str(segment.count),
        segment.previous,
        segment.hash,
        segment.since,
        segment.until,
        segment.key,
    )


def opened(service: str, number: int, at: str, keys: SigningKeys) -> Segment:
    """A segment without rows; the first one stands on the start of the chain."""
    return signed(service, Segment(number=number, since=at, until=at), keys)


def grown(segment: Segment, before: Segment | None, service: str, reads: Sequence[Read]) -> Segment:
    """*segment*, unsigned, with *reads* behind what it has. *before* is the one before it, which is asked for its end only."""
    if not segment.count:
        first = before.last + 1 if before else 1
        previous = before.hash if before else start(service)
        segment = replace(segment, first=first, previous=previous, hash=previous)
    rows, head = [], segment.hash
    for sequence, read in enumerate(reads, segment.first + segment.count):
        head = link(sequence, head, read)
        rows.append(Row(sequence=sequence, read=read, hash=head))
    return replace(
        segment,
        count=segment.count + len(rows),
        hash=head,
        until=max([segment.until, *(one.at for one in reads)]),
        rows=(*segment.rows, *rows),
        key="",
        signature="",
    )


def signed(service: str, segment: Segment, keys: SigningKeys) -> Segment:
    """*segment* with the signature under what it says now."""
    named = replace(segment, key=keys.id)
    return replace(named, signature=keys.signature(statement(service, named)))
