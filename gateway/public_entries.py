"""Public entries as JSON: values by the codes of their fields, what codes and ids stand for beside them, in one language."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams

from gateway.accepted import preferred
from protos.common.v1 import common_pb2
from protos.repositories.v1 import definitions_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from vocabulary import languages
from vocabulary.refusals import Invalid

ORDERS = {
    "": pb.ENTRY_ORDER_UNSPECIFIED,
    "changed": pb.ENTRY_ORDER_CHANGED,
    "country": pb.ENTRY_ORDER_COUNTRY,
    "validTo": pb.ENTRY_ORDER_VALID_TO,
}
# What stands before the code of a field that is filtered by.
FIELD = "field."

# (type, id) → what it is called.
Names = Mapping[tuple[int, str], str]


def repository(found: definitions_pb2.Repository, language: str) -> dict[str, Any]:
    return {
        "code": found.code,
        "version": found.schema_version,
        "title": text_of(found.title, language),
        "description": text_of(found.description, language),
        "legalBasis": text_of(found.legal_basis, language),
        "fields": [_field(field, language) for field in found.fields],
    }


def entry(found: pb.Entry, fields: Mapping[str, common_pb2.Field], names: Names, language: str) -> dict[str, Any]:
    """What is public of *found*, whose repository has these *fields*."""
    version = found.published
    return {
        "id": found.id,
        "repository": found.repository_code,
        "version": version.number,
        "country": found.country_code,
        "authorityId": found.owner_id,
        "publishedAt": version.at.ToJsonString(),
        "validFrom": version.valid_from or None,
        "validTo": version.valid_to or None,
        "values": {
            one.code: _value(one.value, fields[one.code], names, language)
            for one in version.values
            if one.code in fields
        },
        "links": {one.field_code: _link(one) for one in found.links if one.field_code in fields},
    }


def facet(found: pb.Facet) -> dict[str, Any]:
    return {"code": found.code, "values": [{"value": one.value, "count": one.count} for one in found.values]}


def filter_of(asked: QueryParams) -> pb.EntryFilter:
    """``country``, ``area``, ``concept``, ``authority``, ``validOn``; and ``field.<code>``: one of these values, ``from..to``, or with
    a ``*`` at its end, how a text begins.
    """
    fields: dict[str, list[str]] = {}
    for name, value in asked.multi_items():
        if name.startswith(FIELD):
            fields.setdefault(name.removeprefix(FIELD), []).append(value)
    return pb.EntryFilter(
        countries=asked.getlist("country"),
        areas=asked.getlist("area"),
        concepts=asked.getlist("concept"),
        authority_ids=asked.getlist("authority"),
        valid_on=asked.get("validOn", ""),
        fields=[_narrowed(code, values) for code, values in fields.items()],
    )


def sort_of(asked: QueryParams) -> pb.EntrySort:
    """``sort``: an order or the code of a field, with a ``-`` before it the other way round."""
    wanted = asked.get("sort", "")
    name = wanted.removeprefix("-")
    order = ORDERS.get(name, pb.ENTRY_ORDER_FIELD)
    code = name if order == pb.ENTRY_ORDER_FIELD else ""
    return pb.EntrySort(order=order, field_code=code, descending=name != wanted)


def referred(entries: Sequence[pb.Entry], fields: Mapping[str, common_pb2.Field]) -> dict[int, list[str]]:
    """The ids in *entries* by the type of what they are of."""
    found: dict[int, dict[str, None]] = {}
    for one in entries:
        for value in one.published.values:
            if value.code in fields:
                of_type = found.setdefault(fields[value.code].type, {})
                of_type.update(dict.fromkeys(value.value.references.codes))
    return {type_: list(ids) for type_, ids in found.items() if ids}


def text_of(text: common_pb2.LocalizedText, language: str) -> str:
    best = languages.best_text(dict(text.texts), language)
    return best[0] if best else ""


def _link(check: pb.LinkCheck) -> dict[str, Any]:
    """How an address answered when it was last looked at."""
    return {
        "state": pb.LinkState.Name(check.state).removeprefix("LINK_STATE_"),
        "checkedAt": check.checked_at.ToJsonString() if check.HasField("checked_at") else None,
    }


def _field(field: common_pb2.Field, language: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "code": field.code,
        "label": text_of(field.label, language),
        "type": common_pb2.ValueType.Name(field.type).removeprefix("VALUE_TYPE_"),
    }
    if field.choices:
        described["choices"] = [
            {"code": choice.code, "label": text_of(choice.label, language)} for choice in field.choices
        ]
    return described


def _narrowed(code: str, values: Sequence[str]) -> pb.FieldFilter:
    if len(values) == 1:
        (only,) = values
        if ".." in only and "/" not in only:
            low, _, high = only.partition("..")
            return pb.FieldFilter(field_code=code, range=pb.Range(to=high, **{"from": low}))
        if only.endswith("*"):
            return pb.FieldFilter(field_code=code, prefix=only[:-1])
    return pb.FieldFilter(field_code=code, any_of=common_pb2.Codes(codes=values))


def _value(value: common_pb2.Value, field: common_pb2.Field, names: Names, language: str) -> Any:
    match value.WhichOneof("kind"):
        case "codes":
            labels = {choice.code: text_of(choice.label, language) for choice in field.choices}
            return [{"code": code, "label": labels.get(code, code)} for code in value.codes.codes]
        case "references":
            return [{"code": id_, "label": names.get((field.type, id_))} for id_ in value.references.codes]
        case "text":
            return {"text": value.text.text, "language": value.text.language}
        case "money":
            return {"amount": value.money.amount, "currency": value.money.currency}
        case "files":
            return list(value.files.codes)
        case kind:
            return getattr(value, kind or "", None)


def language_of(asked: QueryParams, accepted: str) -> str:
    """The language to answer in: the one named, else the one that the client prefers, else English."""
    named = asked.get("language", "")
    if named:
        found = languages.normalise(named)
        if found is None:
            raise Invalid(f"{named!r} is not a language of the system", field="language", reason="UNKNOWN_LANGUAGE")
        return found
    return preferred(accepted)
