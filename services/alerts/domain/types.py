"""What kinds of alerts there are: on which act each rests, what its form asks, and which rules it goes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vocabulary.roles import ALERTS, module
from vocabulary.values import Field, LocalizedText, Value, check_form


class Flow(StrEnum):
    """Which lifecycle an alert has."""

    SERVICES_ALERT = "SERVICES_ALERT"
    PROFESSIONAL_ALERT = "PROFESSIONAL_ALERT"
    NOTIFICATION = "NOTIFICATION"


class Audience(StrEnum):
    """Which countries are warned: those that the sender picks, or every other one."""

    CHOSEN = "CHOSEN"
    ALL = "ALL"


# IMI Regulation, Article 14(4): after the end of the exchange, not after blocking.
ERASED_AFTER_MONTHS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRules:
    """What a type of alert has of the stages, deadlines and duties that alerts can have; None or empty: it has none.

    Days are calendar days, except those of a standstill, which are working days. `standstill_days` do not run where
    `urgent_field` is answered with yes. After `retention_months` what has ended is blocked; six are the general limit of the IMI
    Regulation, Article 14(1), unless the act on which the type rests says otherwise.
    """

    flow: Flow
    approval: bool
    recipients: Audience
    acknowledge_days: int | None = None
    objection_days: int | None = None
    comment_days: int | None = None
    decision_field: str = ""
    decision_days: int | None = None
    standstill_days: int | None = None
    urgent_field: str = ""
    expiry_field: str = ""
    erase_days: int | None = None
    establishment_field: str = ""
    headline_field: str = ""
    severity_field: str = ""
    identity_fields: tuple[str, ...] = ()
    retention_months: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertType:
    """A form in one version, with its rules. Never changes once it is used: a change is a new version."""

    code: str
    version: int
    area: str
    act: str
    title: LocalizedText
    fields: tuple[Field, ...]
    rules: TypeRules

    @property
    def id(self) -> str:
        return f"{self.code}:{self.version}"

    @property
    def module(self) -> str:
        return module(self.area, ALERTS)

    def check(self, values: Mapping[str, Value], *, complete: bool) -> dict[str, Value]:
        """*values*, each checked; raises Invalid naming the one at fault, or the fields that *complete* finds missing."""
        return check_form(self.fields, values, at="values", complete=complete)

    def without_personal_data(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """*values* without those that hold data of natural persons."""
        personal = {field.code for field in self.fields if field.personal}
        return {code: value for code, value in values.items() if code not in personal}

    def standstill(self, values: Mapping[str, Value]) -> int | None:
        """The working days for which the measure that *values* describe must wait; None if it need not."""
        urgent = values.get(self.rules.urgent_field)
        return None if urgent and urgent.codes == ("YES",) else self.rules.standstill_days
