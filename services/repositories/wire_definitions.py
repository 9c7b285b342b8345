"""Definitions ↔ protobuf, and nothing else."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from chassis import forms, wire
from chassis.wire import VALUE_TYPE, EnumOnWire, few, localized, localized_from
from protos.common.v1 import common_pb2
from protos.repositories.v1 import definitions_pb2 as pb
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import Definition, FieldRule, Retention
from vocabulary.forms import TEXT_LIMIT
from vocabulary.refusals import Invalid
from vocabulary.roles import UserRole
from vocabulary.values import Field, decimal

VISIBILITY = EnumOnWire(Visibility, pb.Visibility)
_PREFIX = "REPOSITORY_ROLE_"


def repository(definition: Definition, wanted: Collection[str], shown: Collection[str] | None = None) -> pb.Repository:
    """*definition*; with *shown*, without the fields that are not among these codes."""
    fields = [one for one in definition.fields if shown is None or one.code in shown]
    kept = definition.retention
    return pb.Repository(
        id=definition.id,
        code=definition.code,
        schema_version=definition.version,
        title=localized(definition.title, wanted),
        description=localized(definition.description, wanted),
        legal_basis=localized(definition.legal_basis, wanted),
        visibility=VISIBILITY.to_wire(definition.visibility),
        audience=_audience(definition.audience),
        fields=[wire.field(one, wanted) for one in fields],
        field_rules=[_rule(one.code, definition.rule(one.code)) for one in fields],
        editor_roles=map(_role, definition.editor_roles),
        approval=definition.approval,
        retention=pb.Retention(
            archived_after_months=kept.archived_after_months or 0, erased_after_months=kept.erased_after_months or 0
        ),
        module=definition.kind,
        area_code=definition.area,
    )


def definition_from(message: pb.DefinitionDraft, *, at: str) -> Definition:
    """The definition that *message* describes; raises Invalid for an unknown language, type, role or list, and for no number."""
    kept = message.retention
    editors, fields = few(message.editor_roles, at=f"{at}.editorRoles"), few(message.fields, at=f"{at}.fields")
    roles = tuple(_role_from(one, f"{at}.editorRoles[{index}]") for index, one in enumerate(editors))
    return Definition(
        code=message.code,
        version=message.version,
        title=_texts(message.title, f"{at}.title"),
        description=_texts(message.description, f"{at}.description"),
        legal_basis=_texts(message.legal_basis, f"{at}.legalBasis"),
        area=message.area_code,
        audience=_audience_from(message.audience, f"{at}.audience"),
        editor_roles=roles or (UserRole.REPOSITORY_EDITOR,),
        approval=message.approval,
        retention=Retention(
            archived_after_months=kept.archived_after_months or None,
            erased_after_months=kept.erased_after_months or None,
        ),
        fields=tuple(_field_from(one, f"{at}.fields[{index}]") for index, one in enumerate(fields)),
        rules=_rules_from(message, at),
    )


def _rule(code: str, rule: FieldRule) -> pb.FieldRule:
    return pb.FieldRule(
        field_code=code,
        audience=_audience(rule.audience) if rule.audience else None,
        translatable=rule.translatable,
    )


def _audience(audience: Audience) -> pb.Audience:
    return pb.Audience(
        visibility=VISIBILITY.to_wire(audience.visibility),
        countries=audience.countries,
        roles=map(_role, audience.roles),
        authority_ids=audience.authorities,
        authority_fields=audience.authority_fields,
    )


def _audience_from(message: pb.Audience, at: str) -> Audience:
    listed = enumerate(few(message.roles, at=f"{at}.roles"))
    return Audience(
        visibility=VISIBILITY.from_wire(message.visibility, field=f"{at}.visibility"),
        countries=tuple(message.countries),
        roles=tuple(_role_from(one, f"{at}.roles[{index}]") for index, one in listed),
        authorities=tuple(message.authority_ids),
        authority_fields=tuple(message.authority_fields),
    )


def _role(role: UserRole) -> Any:
    return pb.RepositoryRole.Value(f"{_PREFIX}{role.value}")


def _role_from(number: int, at: str) -> UserRole:
    known: Mapping[int, str] = {value: name for name, value in pb.RepositoryRole.items() if value}
    if number not in known:
        raise Invalid(
            f"this must be one of {', '.join(name.removeprefix(_PREFIX) for name in known.values())}",
            field=at,
            reason="UNKNOWN_VALUE",
        )
    return UserRole(known[number].removeprefix(_PREFIX))


def _field_from(message: pb.FieldDraft, at: str) -> Field:
    kind = VALUE_TYPE.from_wire(message.type, field=f"{at}.type")
    return Field(
        code=message.code,
        label=_texts(message.label, f"{at}.label"),
        help=_texts(message.help, f"{at}.help"),
        type=kind,
        choices=forms.choices_from(message.code, kind, message.choice_list, message.choices, at=at),
        mandatory=message.mandatory,
        personal=message.personal,
        many=message.many,
        minimum=_bound(message.minimum, f"{at}.minimum") if message.HasField("minimum") else None,
        maximum=_bound(message.maximum, f"{at}.maximum") if message.HasField("maximum") else None,
        searchable=message.searchable,
    )


def _rules_from(message: pb.DefinitionDraft, at: str) -> dict[str, FieldRule]:
    return {
        one.code: FieldRule(
            audience=_audience_from(one.audience, f"{at}.fields[{index}].audience")
            if one.HasField("audience")
            else None,
            translatable=one.translatable,
        )
        for index, one in enumerate(message.fields)
    }


def _bound(text: str, at: str) -> Decimal:
    return decimal(text, at=at)


def _texts(message: common_pb2.LocalizedText, at: str) -> dict[str, str]:
    return localized_from(message, at=at, limit=TEXT_LIMIT)
