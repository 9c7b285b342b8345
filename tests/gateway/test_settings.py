"""What an operator may say of the gateway's limits."""

import pytest
from pydantic import ValidationError

from gateway.settings import GatewaySettings

RATES = ("rate_people", "rate_addresses")


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize(("said", "means"), [("none", ""), ("None", ""), ("9/hour", "9/hour"), ("", "default")])
def test_a_rate_is_one_or_none(monkeypatch: pytest.MonkeyPatch, name: str, said: str, means: str) -> None:
    monkeypatch.setenv(name.upper(), said)
    default = GatewaySettings.model_fields[name].default
    assert getattr(GatewaySettings(), name) == (default if means == "default" else means)


@pytest.mark.parametrize("name", RATES)
def test_what_is_no_rate_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name.upper(), "lots")
    with pytest.raises(ValidationError, match=f"{name}\n.*or none"):
        GatewaySettings()
