"""What Helm makes of the chart is valid Kubernetes, and what Helm cannot make sense of is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from tests.deploy.tools.chart import KUBERNETES, SETS, Refused, Render, of_kind

SCALED_OBJECT = json.loads(Path(__file__).with_name("scaledobject.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_lint(run: Callable[..., str], values: dict[str, Any]) -> None:
    assert "0 chart(s) failed" in run("lint", "--strict", values=values)


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_every_manifest_is_valid(render: Render, values: dict[str, Any], kubernetes: str) -> None:
    manifests = render(values, kubernetes)
    assert len(manifests) == len({(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests})
    for manifest in manifests:
        if manifest["kind"] == "ScaledObject":
            jsonschema.Draft202012Validator(SCALED_OBJECT).validate(manifest)
        else:
            kubernetes_validate.validate(manifest, kubernetes, strict=True)


def test_a_field_that_there_is_not_would_be_seen(render: Render) -> None:
    for kind, where in (("Deployment", ("spec", "strategy")), ("NetworkPolicy", ("spec",))):
        wrong = json.loads(json.dumps(next(iter(of_kind(render({}), kind).values()))))
        place = wrong
        for name in where:
            place = place[name]
        place["bogus"] = 1
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, KUBERNETES[1], strict=True)


def test_a_value_that_is_misspelt_is_refused(render: Render) -> None:
    with pytest.raises(Refused, match="replica"):
        render({"common": {"replica": 3}})
    with pytest.raises(Refused, match=r"audience"):
        render({"signIn": {"issuer": "https://login.example"}})
