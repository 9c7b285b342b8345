"""Translations that somebody finds bad, in the queue of those who review.

What is reported stays with its data class: only translators and the Commission read it, for the time that it takes to review it, and
it is erased with the case that it comes from.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from services.translation.domain.translations import Segment, check
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import TEXT_LIMIT, FreeText

COMMENT_LIMIT = 1_000
ENGINE_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. When it is resolved, nothing of its texts is left."""

    source: FreeText
    translation: str
    target_language: str
    engine: str = ""
    comment: str = ""
    area: str = ""
    context: str = ""
    source_id: str = ""
    reporter_id: str = ""
    at: datetime
    resolved_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


def report(
    source: FreeText,
    translation: str,
    target_language: str,
    *,
    engine: str,
    comment: str,
    area: str,
    context: str,
    source_id: str,
    reporter_id: str,
    now: datetime,
) -> Report:
    """A new report; raises Invalid naming the part of the input at fault."""
    if not source.language:
        raise Invalid("say in which language the text is", field="source.language", reason="UNKNOWN_LANGUAGE")
    segment: Segment = check(source, target_language, at="source", area=area, context=context, source_id=source_id)
    if not translation.strip():
        raise Invalid("the translation is empty", field="translation", reason="EMPTY")
    for name, text, limit in (
        ("translation", translation, TEXT_LIMIT * 3),
        ("comment", comment, COMMENT_LIMIT),
        ("engine", engine, ENGINE_LIMIT),
    ):
        if len(text) > limit:
            raise Invalid(f"the text is longer than {limit} characters", field=name, reason="TOO_LONG")
        if any(ord(character) < 32 and character not in "\t\n\r" for character in text):
            raise Invalid("the text contains control characters", field=name, reason="CONTROL_CHARACTER")
    return Report(
        source=replace(source, text=segment.text, language=segment.source_language),
        translation=translation.strip(),
        target_language=segment.target_language,
        engine=engine.strip(),
        comment=comment.strip(),
        area=segment.area,
        context=segment.context,
        source_id=segment.source_id,
        reporter_id=reporter_id,
        at=now,
    )


def resolve(before: Report, now: datetime) -> Report:
    """*before* as dealt with; raises Conflict if it is already."""
    if not before.is_open:
        raise Conflict("the report is resolved already", reason="RESOLVED")
    return emptied(before, now)


def emptied(before: Report, now: datetime) -> Report:
    """What is left of *before* when nothing of its texts may be."""
    return Report(
        source=replace(before.source, text=""),
        translation="",
        target_language=before.target_language,
        engine=before.engine,
        area=before.area,
        context=before.context,
        at=before.at,
        resolved_at=before.resolved_at or now,
    )
