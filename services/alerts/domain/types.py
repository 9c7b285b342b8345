"""What kinds of alerts there are: on which act each rests, and what its form asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from vocabulary.roles import ALERTS, module
from vocabulary.values import Field, LocalizedText, Value, check_form


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertType:
    """A form in one version. Never changes once it is used: a change is a new version."""

    code: str
    version: int
    area: str
    act: str
    title: LocalizedText
    fields: tuple[Field, ...]

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
