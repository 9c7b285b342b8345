"""What is asked about a segment of text, and what can be answered.

Every segment gets an answer, and an honest one: its translation, the reason why there is none, or the job that is at it, and never a
copy of the source passed off as a translation. What a machine says is never an answer of its author and decides nothing.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.translation.domain.pairs import Pair
from services.translation.domain.placeholders import without_parts
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import DataClass, FreeText, free_text

_AREA = re.compile(r"[a-z][a-z0-9-]{0,63}")
_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_SOURCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


class Status(StrEnum):
    """How a segment was answered."""

    TRANSLATED = "TRANSLATED"
    IDENTITY = "IDENTITY"
    PENDING = "PENDING"
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
    ENGINE_FAILED = "ENGINE_FAILED"
    AS_WRITTEN = "AS_WRITTEN"


class Tier(StrEnum):
    """How far a translation can be trusted, best first."""

    HUMAN_REVIEWED = "HUMAN_REVIEWED"
    MEMORY_EXACT = "MEMORY_EXACT"
    NEURAL = "NEURAL"
    RULE_BASED = "RULE_BASED"
    PIVOT = "PIVOT"


MEMORY = "memory"
TERMINOLOGY = "terminology"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A text to translate. Its source language is empty as long as nobody has declared or detected it.

    The area gives it its terms, the context says where it stands, and the source what it belongs to and is erased with; each may be
    empty. The tenant is who asks: what is made of personal texts stays theirs. A text that is withheld is not translated, for that
    reason. What is for everybody is read by whoever has not signed in.
    """

    text: str
    source_language: str
    target_language: str
    data_class: DataClass = DataClass.PERSONAL
    area: str = ""
    context: str = ""
    source_id: str = ""
    tenant: str = ""
    withheld: Reason | None = None
    is_for_everybody: bool = False

    @property
    def pair(self) -> Pair:
        return Pair(self.source_language, self.target_language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The answer about one segment. `at` is when the translation was made, or else when the answer was given.

    `low_confidence` and `similarity` are absent where nobody has translated it back.
    """

    segment: Segment
    status: Status
    at: datetime
    text: str = ""
    reason: Reason | None = None
    tier: Tier | None = None
    engine: str = ""
    pivot: tuple[str, ...] = ()
    job_id: str = ""
    low_confidence: bool | None = None
    similarity: float | None = None
    missed_terms: tuple[str, ...] = ()


def check(
    text: FreeText, target_language: str, *, at: str, area: str = "", context: str = "", source_id: str = ""
) -> Segment:
    """The segment that asks for *text* in *target_language*; raises Invalid naming the part of the input at fault."""
    target = languages.require(target_language, field=f"{at}.targetLanguage")
    # An undeclared language is detected later; until then the target stands in, as a free text has one of our languages.
    checked = free_text(text if text.language else replace(text, language=target), at=f"{at}.text")
    area, context = check_place(area, context, at=f"{at}.")
    if source_id and not _SOURCE_ID.fullmatch(source_id):
        raise Invalid("what a text belongs to is named by its id", field=f"{at}.sourceId", reason="SOURCE_ID")
    return Segment(
        text=checked.text,
        source_language=checked.language if text.language else "",
        target_language=target,
        data_class=checked.data_class,
        area=area,
        context=context,
        source_id=source_id,
    )


def check_place(area: str, context: str, *, at: str = "") -> tuple[str, str]:
    """The area and the context; raises Invalid for what cannot be one."""
    if area and not _AREA.fullmatch(area):
        raise Invalid("an area of legislation is written such as posting-of-workers", field=f"{at}area", reason="AREA")
    if context and not _CONTEXT.fullmatch(context):
        raise Invalid(
            "a context is written such as requests.answer, with at most 100 characters",
            field=f"{at}context",
            reason="CONTEXT",
        )
    return area, context


def for_nobody(segment: Segment) -> Segment:
    """*segment* as it is translated for whoever has not signed in: only what everybody reads is."""
    if segment.data_class is DataClass.PUBLIC:
        return replace(segment, is_for_everybody=True)
    return replace(segment, withheld=Reason.POLICY_BLOCKED)


def identity(segment: Segment, now: datetime) -> Translation | Reason:
    """The text itself, if the reader reads the language it was written in, or if there is no word in it."""
    if segment.source_language != segment.target_language and any(map(str.isalpha, without_parts(segment.text))):
        return segment.withheld or Reason.NO_ENGINE
    return Translation(segment=segment, status=Status.IDENTITY, at=now, text=segment.text)


def unavailable(segment: Segment, reason: Reason, now: datetime, job_id: str = "") -> Translation:
    """That there is no translation, and why."""
    return Translation(segment=segment, status=Status.UNAVAILABLE, at=now, reason=reason, job_id=job_id)


def pending(segment: Segment, job_id: str, now: datetime) -> Translation:
    """That a job is at it."""
    return Translation(segment=segment, status=Status.PENDING, at=now, job_id=job_id)
