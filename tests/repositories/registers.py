"""Entries of the directory of registers, valid unless told otherwise: in the domain, on the wire, in a running service."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chassis.wire import field_values, field_values_from
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.catalogue import definitions
from services.repositories.domain.audiences import held
from services.repositories.domain.entries import Actor, Entry, Version
from services.repositories.domain.lifecycle import Status
from tests.builders import QUALIFICATIONS, doctors
from tests.repositories.conftest import Asking, an_editor
from vocabulary.roles import UserRole
from vocabulary.values import DataClass, FreeText, Value

REGISTERS = definitions()["registers:1"]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def written(text: str, language: str = "it") -> Value:
    return Value(text=FreeText(text=text, language=language, data_class=DataClass.PUBLIC))


def refers(*references: str) -> Value:
    return Value(references=references)


def a_register(title: str = "Albo dei medici", /, **changed: Value | None) -> dict[str, Value]:
    """The values of a register of doctors; a field changed to None is left out."""
    values: Mapping[str, Value | None] = {
        "name": written(title),
        "url": Value(link="https://albo.example/medici"),
        "area": refers(QUALIFICATIONS),
        "holder": refers(doctors("IT")),
        "subjects": refers("doctor"),
        "content": Value(codes=("PERSONS", "SANCTIONS")),
        "public": Value(codes=("YES",)),
        **changed,
    }
    return {code: value for code, value in values.items() if value}


def on_wire(title: str = "Albo dei medici", /, **changed: Value | None) -> list[common_pb2.FieldValue]:
    return field_values(a_register(title, **changed))


def says(values: Iterable[common_pb2.FieldValue]) -> dict[str, Value]:
    """What values on the wire say, whatever is said of them besides."""
    return field_values_from(list(values), at="values")


def an_actor(authority_id: str = "aut_owner", *areas: str, country: str = "IT", user: str = "usr_one") -> Actor:
    """An editor of qualifications unless other areas are given."""
    chosen = frozenset(areas or {QUALIFICATIONS})
    roles = [(area, UserRole.REPOSITORY_EDITOR) for area in sorted(chosen)]
    keys = held(authority_id, country, roles, is_commission=False)
    return Actor(authority_id=authority_id, country=country, user_id=user, areas=chosen, keys=keys, now=NOW)


def no_editor(authority_id: str = "aut_owner") -> Actor:
    """Somebody there with another role in the module."""
    return replace(an_actor(authority_id, user="usr_other"), areas=frozenset())


def an_approver(authority_id: str = "aut_coordinator", *, country: str = "IT") -> Actor:
    """A coordinator of qualifications."""
    keys = held(authority_id, country, [(QUALIFICATIONS, UserRole.COORDINATOR)], is_commission=False)
    return Actor(
        authority_id=authority_id,
        country=country,
        user_id="usr_coordinator",
        approves=frozenset({QUALIFICATIONS}),
        keys=keys,
        now=NOW,
    )


def a_version(number: int = 1, **changed: Any) -> Version:
    fields = {"number": number, "schema_version": 1, "values": a_register(f"Albo {number}"), "at": NOW}
    return Version(**{**fields, **changed})


def an_entry(status: Status = Status.DRAFT, **changed: Any) -> Entry:
    """An entry of `aut_owner`: complete in its draft, published once, with a second version on its way, or ended after that."""
    first, second = a_version(), a_version(2)
    ended = {"earlier": (first,), "ended_at": NOW}
    versions: dict[Status, dict[str, Any]] = {
        Status.DRAFT: {"draft": first},
        Status.PENDING_APPROVAL: {"draft": first},
        Status.PUBLISHED: {"published": first},
        Status.UPDATE_PENDING: {"published": first, "draft": second},
        Status.WITHDRAWN: {**ended, "withdrawal_reason": "chiuso"},
        Status.EXPIRED: ended,
        Status.ARCHIVED: ended,
        Status.DELETED: {"ended_at": NOW},
    }
    fields = {
        "repository": "registers",
        "owner_id": "aut_owner",
        "country": "IT",
        "created_at": NOW,
        "changed_at": NOW,
        **versions[status],
    }
    return Entry(status=status, **{**fields, **changed})


async def a_draft(asking: Asking, country: str = "IT", **changed: Value | None) -> pb.Entry:
    return await asking.do(an_editor(country), "CreateEntry", repository="registers", values=on_wire(**changed))


async def a_published(asking: Asking) -> pb.Entry:
    return await asking.do(an_editor("IT"), "PublishEntry", id=(await a_draft(asking)).id)
