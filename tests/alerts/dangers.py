"""What alerts warn of, valid unless told otherwise: in the domain, and on the wire."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from chassis.wire import field_values
from protos.common.v1 import common_pb2
from services.alerts.catalogue import alert_types
from vocabulary.values import FreeText, Value

AREA = "services"
TYPE_ID = "services:1"
TYPE = alert_types()[TYPE_ID]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERSONAL = ("provider", "facts", "measures")


def text(words: str, language: str = "it") -> common_pb2.FreeText:
    return common_pb2.FreeText(text=words, language=language)


def written(words: str, language: str = "it") -> Value:
    return Value(text=FreeText(text=words, language=language))


def refers(*references: str) -> Value:
    return Value(references=references)


def chosen(*codes: str) -> Value:
    return Value(codes=codes)


def a_danger(**changed: Value | None) -> dict[str, Value]:
    """Every field of the services alert; one changed to None is left out."""
    values: Mapping[str, Value | None] = {
        "subject": written("Impianti elettrici pericolosi"),
        "activity": refers("electrician"),
        "provider": written("Mario SECRET"),
        "establishment": refers("AT"),
        "danger": chosen("HEALTH", "SAFETY"),
        "risk": chosen("HIGH"),
        "facts": written("SECRET: cavi scoperti"),
        "measures": written("SECRET: cantiere chiuso"),
        "since": Value(date=date(2026, 11, 20)),
        **changed,
    }
    return {code: value for code, value in values.items() if value}


def on_wire(**changed: Value | None) -> list[common_pb2.FieldValue]:
    return field_values(a_danger(**changed))
