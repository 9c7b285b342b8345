"""The scanner for malware: what it says of a content, or why it says nothing.

A scanner never fails: one that is away, slow or makes no sense leaves a content *not scanned*, with the reason, and it is for the
caller to go on with that and to ask again.
"""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from engines import UnknownEngine


class State(StrEnum):
    """What is known of a content."""

    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    NOT_SCANNED = "NOT_SCANNED"


# Why a content was not scanned.
OFF, AWAY, SLOW, UNREADABLE, TOO_LARGE = "OFF", "AWAY", "SLOW", "UNREADABLE", "TOO_LARGE"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scanner says; *detail* is the name of what it found, or the reason why it did not look."""

    state: State
    detail: str = ""


class Scanner(Protocol):
    """A scanner."""

    @property
    def is_on(self) -> bool:
        """Whether it may scan later what it does not scan now."""
        ...

    async def scan(self, content: AsyncIterable[bytes]) -> Scanned:
        """What there is in *content*; raises only what *content* raises."""
        ...


class NoScanner:
    """See `Scanner`. Says of everything that it was not scanned."""

    is_on = False

    async def scan(self, content: AsyncIterable[bytes]) -> Scanned:  # noqa: ARG002  # it does not look
        return Scanned(State.NOT_SCANNED, OFF)


def open_scanner(url: str) -> Scanner:
    """The scanner that *url* names, ``clamd://host:port``; an empty one scans nothing."""
    if not url:
        return NoScanner()
    if urlsplit(url).scheme == "clamd":
        from engines.scanning.clamd import Clamd

        return Clamd.of(url)
    raise UnknownEngine("scanner", url, ["clamd"])
