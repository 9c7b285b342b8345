"""What a report consists of, before it is on pages."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Subheading:
    """Begins a part of a section: a question, a step."""

    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A value under its label; a label may be empty."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody wrote, as they wrote it, with a note that names the language."""

    label: str
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Gist:
    """What machine translation makes of the quote before it: marked as such, with the notice what it is worth."""

    mark: str
    text: str
    notice: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the report says of itself."""

    text: str


Block = Heading | Subheading | Fact | Quote | Gist | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report. *foot* stands below each page and has the places ``{page}`` and ``{pages}``; *at* is when the case last changed."""

    title: str
    language: str
    at: datetime
    foot: str
    blocks: tuple[Block, ...]
