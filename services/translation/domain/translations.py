"""What is asked about a segment of text, and what can be answered.

Every segment gets an answer, and an honest one: its translation, or the reason why there is none, and never a copy of the
source passed off as a translation. What a machine says is never an answer of its author and decides nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.translation.domain.memory import Entry
from vocabulary import languages
from vocabulary.values import DataClass, FreeText, free_text


class Status(StrEnum):
    """How a segment was answered."""

    TRANSLATED = "TRANSLATED"
    IDENTITY = "IDENTITY"
    UNAVAILABLE = "UNAVAILABLE"


class Reason(StrEnum):
    """Why there is no translation. The reader is told in words: each has its notice."""

    NO_ENGINE = "NO_ENGINE"
    PAIR_UNSUPPORTED = "PAIR_UNSUPPORTED"
    POLICY_BLOCKED = "POLICY_BLOCKED"
    UNDETERMINED_LANGUAGE = "UNDETERMINED_LANGUAGE"
    QUOTA = "QUOTA"
    TIMEOUT = "TIMEOUT"
    VALIDATION_FAILED = "VALIDATION_FAILED"


class Tier(StrEnum):
    """How far a translation can be trusted, best first."""

    HUMAN_REVIEWED = "HUMAN_REVIEWED"
    MEMORY_EXACT = "MEMORY_EXACT"
    NEURAL = "NEURAL"
    RULE_BASED = "RULE_BASED"
    PIVOT = "PIVOT"


MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A text to translate. Its source language is empty as long as nobody has declared or detected it."""

    text: str
    source_language: str
    target_language: str
    data_class: DataClass = DataClass.PERSONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The answer about one segment. `at` is when the translation was made, or else when the answer was given."""

    segment: Segment
    status: Status
    at: datetime
    text: str = ""
    reason: Reason | None = None
    tier: Tier | None = None
    engine: str = ""


def check(text: FreeText, target_language: str, *, at: str) -> Segment:
    """The segment that asks for *text* in *target_language*; raises Invalid naming the part of the input at fault."""
    target = languages.require(target_language, field=f"{at}.targetLanguage")
    # An undeclared language is detected later; until then the target stands in, as a free text has one of our languages.
    checked = free_text(text if text.language else replace(text, language=target), at=f"{at}.text")
    return Segment(
        text=checked.text,
        source_language=checked.language if text.language else "",
        target_language=target,
        data_class=checked.data_class,
    )


def identity(segment: Segment, now: datetime) -> Translation | Reason:
    """The text itself, if the reader reads the language it was written in."""
    if segment.source_language != segment.target_language:
        return Reason.NO_ENGINE
    return Translation(segment=segment, status=Status.IDENTITY, at=now, text=segment.text)


def recalled(segment: Segment, entry: Entry | None) -> Translation | Reason:
    """What the memory's *entry* for the segment says, if there is one."""
    if entry is None:
        return Reason.NO_ENGINE
    return Translation(
        segment=segment,
        status=Status.TRANSLATED,
        at=entry.current.at,
        text=entry.current.text.text,
        tier=Tier.HUMAN_REVIEWED,
        engine=MEMORY,
    )


def unavailable(segment: Segment, reason: Reason, now: datetime) -> Translation:
    """That there is no translation, and why."""
    return Translation(segment=segment, status=Status.UNAVAILABLE, at=now, reason=reason)
