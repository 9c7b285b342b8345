"""Whether the parts of a form can be published: texts in all languages, codes that are codes, fields that can be filled in."""

import re
from collections.abc import Iterable, Sequence

from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import CHOOSING, Field, LocalizedText, ValueType

TITLE_LIMIT, TEXT_LIMIT = 500, 2_000
CHOICES_LIMIT = 100

SLUG = re.compile(r"[a-z][a-z0-9-]{0,63}")
CODE = re.compile(r"[A-Z][A-Za-z0-9_]{0,31}")
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_CHOICE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_EXAMPLES = {SLUG: "posting-of-workers", CODE: "PQ1", NAME: "holder", _CHOICE: "NOT_GENUINE"}


def check_text(text: LocalizedText, limit: int, at: str) -> None:
    """Raises Invalid unless *text* is there in all 24 official languages, and in each no longer than *limit*."""
    if missing := languages.missing(text):
        raise Invalid(
            f"the text lacks these languages: {', '.join(missing)}",
            field=f"{at}.{missing[0]}",
            reason="MISSING_LANGUAGE",
        )
    for code, one in sorted(text.items()):
        languages.require(code, field=f"{at}.{code}")
        if len(one) > limit:
            raise Invalid(f"the text is longer than {limit} characters", field=f"{at}.{code}", reason="TOO_LONG")


def check_code(pattern: re.Pattern[str], code: str, at: str) -> None:
    """Raises Invalid for a *code* that is not written as *pattern* has it."""
    if not pattern.fullmatch(code):
        raise Invalid(f"{code!r} is not a code such as {_EXAMPLES[pattern]}", field=at, reason="NOT_A_CODE")


def check_unique(codes: Iterable[str], places: Sequence[str]) -> None:
    """Raises Invalid for the first of *codes*, each of which stands at one of *places*, that was there before."""
    seen: set[str] = set()
    for code, place in zip(codes, places, strict=True):
        if code in seen:
            raise Invalid(f"there are two called {code}", field=place, reason="REPEATED")
        seen.add(code)


def check_field(field: Field, at: str, *, label: str = "label") -> None:
    """Raises Invalid naming the first thing that keeps *field* from being filled in; its text stands under *label*."""
    check_text(field.label, TEXT_LIMIT, f"{at}.{label}")
    if field.help:
        check_text(field.help, TEXT_LIMIT, f"{at}.help")
    if (field.type in CHOOSING) is not bool(field.choices):
        must = "needs" if field.type in CHOOSING else "takes no"
        raise Invalid(f"{field.code}: a {field.type} {must} choices", field=f"{at}.choices", reason="CHOICES")
    if len(field.choices) > CHOICES_LIMIT:
        raise Invalid(f"{field.code} has more than {CHOICES_LIMIT} choices", field=f"{at}.choices", reason="TOO_MANY")
    for index, choice in enumerate(field.choices):
        check_code(_CHOICE, choice.code, f"{at}.choices[{index}].code")
        check_text(choice.label, TITLE_LIMIT, f"{at}.choices[{index}].label")
    check_unique((one.code for one in field.choices), [f"{at}.choices[{i}].code" for i in range(len(field.choices))])
    bounds = (field.minimum, field.maximum)
    if field.type is not ValueType.NUMBER and bounds != (None, None):
        raise Invalid(f"{field.code}: only numbers have bounds", field=f"{at}.minimum", reason="WRONG_TYPE")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        raise Invalid(f"{field.code}: no number lies within its bounds", field=f"{at}.maximum", reason="OUT_OF_RANGE")
