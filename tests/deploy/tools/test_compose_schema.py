"""The compose file is one, by the specification's own schema."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.deploy.test_compose import FILE


@pytest.fixture(scope="module")
def validator(compose_schema: Path) -> Any:
    schema = json.loads(compose_schema.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def test_the_file_is_valid(validator: Any) -> None:
    validator.validate(FILE)


@pytest.mark.parametrize(
    "where", [("services", "gateway"), ("services", "kafka", "healthcheck"), ("networks", "inside")]
)
def test_a_key_that_there_is_not_would_be_seen(validator: Any, where: tuple[str, ...]) -> None:
    wrong = copy.deepcopy(FILE)
    place = wrong
    for name in where:
        place = place[name]
    place["restarts"] = "always"
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(wrong)
