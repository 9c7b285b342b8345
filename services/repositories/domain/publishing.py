"""Whether a definition can be published: every text in 24 languages, every code known, no field read by more than its repository.

What is checked here holds for as long as the definition exists, so that nothing that reads it later has to ask.
"""

from collections.abc import Iterable
from typing import Any

from services.repositories.domain.audiences import ROLES, Audience, Visibility, is_wider
from services.repositories.domain.definitions import Definition
from vocabulary import countries
from vocabulary.forms import NAME, SLUG, TEXT_LIMIT, TITLE_LIMIT, check_code, check_field, check_text, check_unique
from vocabulary.refusals import Invalid
from vocabulary.values import REFERRING, Field, ValueType

FIELDS_LIMIT = 100
NAMED_LIMIT = 100
MONTHS_LIMIT = 1_200
# Whoever reads a repository, and seven others for some of its fields. Each is one more part of every search.
CIRCLES_LIMIT = 8

_SEARCHED = frozenset(ValueType) - {ValueType.DOCUMENT, ValueType.STATEMENT}
# What an audience of each kind names, and where it stands.
_NAMES = {
    "countries": (Visibility.COUNTRY, "countries"),
    "roles": (Visibility.ROLE, "roles"),
    "authorities": (Visibility.EXPLICIT, "authorityIds"),
    "authority_fields": (Visibility.EXPLICIT, "authorityFields"),
}


def check_definition(definition: Definition, *, at: str) -> None:
    """Raises Invalid naming the first thing that keeps *definition* from being published."""
    check_code(SLUG, definition.code, f"{at}.code")
    if definition.version < 1:
        raise Invalid("versions begin with 1", field=f"{at}.version", reason="OUT_OF_RANGE")
    check_text(definition.title, TITLE_LIMIT, f"{at}.title")
    check_text(definition.description, TEXT_LIMIT, f"{at}.description")
    check_text(definition.legal_basis, TITLE_LIMIT, f"{at}.legalBasis")
    if not 1 <= len(definition.fields) <= FIELDS_LIMIT:
        raise Invalid(f"a repository has 1 to {FIELDS_LIMIT} fields", field=f"{at}.fields", reason="OUT_OF_RANGE")
    for index, field in enumerate(definition.fields):
        _check_field(field, f"{at}.fields[{index}]")
    check_unique((one.code for one in definition.fields), [f"{at}.fields[{i}].code" for i in _places(definition)])
    _check_placed(definition, at)
    _check_roles(definition, at)
    _check_retention(definition, at)
    _check_audience(definition.audience, definition, f"{at}.audience")
    for index in _places(definition):
        _check_rule(definition, definition.fields[index], f"{at}.fields[{index}]")
    _check_circles(definition, at)


def check_next(new: Definition, known: Iterable[Definition], *, at: str) -> None:
    """Raises Invalid unless *new* is the first of its code among the *known* ones, or the next version of it.

    A field that stays keeps its type: what was written in it is read as it was.
    """
    earlier = {one.version: one for one in known if one.code == new.code}
    expected = max(earlier, default=0) + 1
    if new.version != expected:
        raise Invalid(f"the next version of {new.code} is {expected}", field=f"{at}.version", reason="VERSION")
    if not earlier:
        return
    last = earlier[new.version - 1]
    if (new.area, new.kind) != (last.area, last.kind):
        raise Invalid(
            f"{new.code} is about {last.area or 'the area that an entry names'}",
            field=f"{at}.areaCode",
            reason="OTHER_AREA",
        )
    types = {one.code: one.type for one in (*last.retired, *last.fields)}
    for index, field in enumerate(new.fields):
        if types.get(field.code, field.type) is not field.type:
            raise Invalid(
                f"{field.code} is a {types[field.code]}; another type needs another code",
                field=f"{at}.fields[{index}].type",
                reason="OTHER_TYPE",
            )


def _places(definition: Definition) -> range:
    return range(len(definition.fields))


def _check_field(field: Field, at: str) -> None:
    check_code(NAME, field.code, f"{at}.code")
    check_field(field, at)
    if field.type is ValueType.STATEMENT and field.mandatory:
        raise Invalid(f"{field.code}: a statement cannot be filled in", field=f"{at}.mandatory", reason="WRONG_TYPE")
    if field.searchable and field.type not in _SEARCHED:
        raise Invalid(f"{field.code}: a {field.type} is not searched", field=f"{at}.searchable", reason="WRONG_TYPE")
    if field.many and field.type not in REFERRING:
        raise Invalid(f"{field.code}: only references are many", field=f"{at}.many", reason="WRONG_TYPE")


def _check_placed(definition: Definition, at: str) -> None:
    """Every entry belongs to an area: who reads and who writes it hangs on that."""
    placing = [one for one in definition.fields if one.type is ValueType.AREA]
    if definition.area:
        check_code(SLUG, definition.area, f"{at}.areaCode")
    elif not any(one.mandatory for one in placing):
        raise Invalid(
            "a repository has an area, or a mandatory field that says it", field=f"{at}.areaCode", reason="MISSING"
        )


def _check_roles(definition: Definition, at: str) -> None:
    if not definition.editor_roles:
        raise Invalid("somebody has to write the entries", field=f"{at}.editorRoles", reason="EMPTY")
    for index, role in enumerate(definition.editor_roles):
        if role not in ROLES:
            raise Invalid(
                f"{role} is no role in a repository", field=f"{at}.editorRoles[{index}]", reason="UNKNOWN_VALUE"
            )


def _check_retention(definition: Definition, at: str) -> None:
    kept = definition.retention
    for name, months in (
        ("archivedAfterMonths", kept.archived_after_months),
        ("erasedAfterMonths", kept.erased_after_months),
    ):
        if months is not None and not 1 <= months <= MONTHS_LIMIT:
            raise Invalid(
                f"it is kept for 1 to {MONTHS_LIMIT} months", field=f"{at}.retention.{name}", reason="OUT_OF_RANGE"
            )
    archived, erased = kept.archived_after_months, kept.erased_after_months
    if archived is not None and erased is not None and erased < archived:
        raise Invalid(
            "it is erased before it is archived", field=f"{at}.retention.erasedAfterMonths", reason="OUT_OF_ORDER"
        )
    if definition.personal and erased is None:
        raise Invalid(
            "personal data are not kept for ever", field=f"{at}.retention.erasedAfterMonths", reason="PERSONAL_DATA"
        )


def _check_rule(definition: Definition, field: Field, at: str) -> None:
    rule = definition.rule(field.code)
    if rule.translatable and field.type is not ValueType.TEXT:
        raise Invalid(f"{field.code}: only texts are translated", field=f"{at}.translatable", reason="WRONG_TYPE")
    if rule.audience is None:
        return
    _check_audience(rule.audience, definition, f"{at}.audience")
    if is_wider(rule.audience, definition.audience):
        raise Invalid(
            f"{field.code} would be read by people who do not read the repository",
            field=f"{at}.audience",
            reason="WIDER_THAN_REPOSITORY",
        )


def _check_circles(definition: Definition, at: str) -> None:
    """No field is for so many other people than the fields before it that it could not be searched for them."""
    found = {definition.circle}
    for index, field in enumerate(definition.fields):
        found.add(definition.circle_of(field))
        if len(found) > CIRCLES_LIMIT:
            raise Invalid(
                f"{field.code} would be for other people than {CIRCLES_LIMIT - 1} audiences of fields and the repository's own",
                field=f"{at}.fields[{index}].audience",
                reason="TOO_MANY",
            )


def _check_audience(audience: Audience, definition: Definition, at: str) -> None:
    for name, (visibility, where) in _NAMES.items():
        given: tuple[Any, ...] = getattr(audience, name)
        if given and audience.visibility is not visibility:
            raise Invalid(
                f"only {visibility} names {name.replace('_', ' ')}", field=f"{at}.{where}", reason="OTHER_VISIBILITY"
            )
        if len(given) > NAMED_LIMIT:
            raise Invalid(f"an audience names at most {NAMED_LIMIT}", field=f"{at}.{where}", reason="TOO_MANY")
        check_unique(map(str, given), [f"{at}.{where}[{index}]" for index in range(len(given))])
    for index, country in enumerate(audience.countries):
        countries.require(country, field=f"{at}.countries[{index}]")
    for index, role in enumerate(audience.roles):
        if role not in ROLES:
            raise Invalid(f"{role} is no role in a repository", field=f"{at}.roles[{index}]", reason="UNKNOWN_VALUE")
    types = {one.code: one.type for one in definition.fields}
    for index, code in enumerate(audience.authority_fields):
        if types.get(code) is not ValueType.AUTHORITY:
            raise Invalid(
                f"{code!r} is not a field that names authorities",
                field=f"{at}.authorityFields[{index}]",
                reason="UNKNOWN_FIELD",
            )
    if audience.visibility is Visibility.ROLE and not audience.roles:
        raise Invalid("say which roles read it", field=f"{at}.roles", reason="EMPTY")
    if audience.visibility is Visibility.EXPLICIT and not (audience.authorities or audience.authority_fields):
        raise Invalid("say which authorities read it", field=f"{at}.authorityIds", reason="EMPTY")
