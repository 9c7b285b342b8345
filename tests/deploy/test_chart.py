"""The chart says of each part what the program says."""

import re
from typing import Any

import jsonschema
import pytest
import yaml

from chassis.outbox import topic
from chassis.projection import Projection
from chassis.reactions import Reactions
from chassis.server import DRAIN_S
from deploy.keys import SIGNERS
from engines.kafka import DEFAULT_PARTITIONS
from gateway import wiring
from services.alerts.reactions import deliver
from services.directory.search.index import AUTHORITIES
from services.repositories.search.contents import ENTRIES
from services.requests.reactions import fill_inboxes
from tests.deploy.program import (
    DEPLOY,
    PARTS,
    SERVICES,
    called_by,
    engines_of,
    gateway_paths,
    lets_in,
    port_of,
    signs,
    variables_of,
)

CHART = DEPLOY / "helm/imi"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in sorted((CHART / "templates").iterdir())}
NOTHING: Any = None


def test_every_part_is_there() -> None:
    assert set(VALUES["parts"]) == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_parts_facts_are_the_programs(part: str) -> None:
    about = VALUES["parts"][part]
    assert about["port"] == port_of(part)
    assert set(about["engines"]) == engines_of(part)
    assert set(about["calls"]) == called_by(part)
    assert about["signs"] is signs(part)
    assert about.get("letsIn", False) is lets_in(part)


def test_keys_are_made_for_those_who_sign() -> None:
    assert set(SIGNERS) == {part for part in PARTS if signs(part)}


def _followed(service: str, index: Any) -> Reactions:
    return Projection[Any](NOTHING, index, NOTHING, NOTHING).follow(NOTHING, service, "anything")


def test_lag_is_measured_where_the_program_reads() -> None:
    readers = {
        "directory": _followed("directory", AUTHORITIES),
        "repositories": _followed("repositories", ENTRIES),
        "requests": fill_inboxes(NOTHING, NOTHING),
        "alerts": deliver(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
    }
    assert {part for part in PARTS if "lag" in VALUES["parts"][part]} == set(readers)
    for part, reader in readers.items():
        lag = VALUES["parts"][part]["lag"]
        assert lag["group"] == reader._group
        assert [lag["topic"]] == list(reader._topics) == [topic(part)]


def test_no_more_replicas_than_partitions_to_read() -> None:
    common = VALUES["common"]["autoscaling"]
    for part in SERVICES:
        scaling = {**common, **VALUES["parts"][part].get("autoscaling", {})}
        assert 2 <= scaling["minReplicas"] <= scaling["maxReplicas"] <= DEFAULT_PARTITIONS


def test_every_variable_of_a_template_is_a_setting_of_whom_it_is_for() -> None:
    everyone = set.intersection(*map(variables_of, PARTS))
    services = set.intersection(*map(variables_of, SERVICES))
    deployments = set(re.findall(r"- name: ([A-Z_]+)$", TEMPLATES["deployments.yaml"], re.MULTILINE))
    assert deployments <= set.union(*map(variables_of, PARTS))
    assert deployments - services <= variables_of("gateway") | variables_of("directory")
    assert set(re.findall(r"- name: ([A-Z_]+)$", TEMPLATES["prepare.yaml"], re.MULTILINE)) <= everyone
    assert "{{ upper . }}_ADDRESS" in TEMPLATES["deployments.yaml"]


def test_probes_and_routes_from_outside_are_answered() -> None:
    paths = gateway_paths()
    asked = set(re.findall(r"path: (/health/[a-z]+)", TEMPLATES["deployments.yaml"]))
    assert asked == {"/health/live"}
    assert VALUES["parts"]["gateway"]["readyPath"] in paths
    assert asked <= paths
    routed = set(re.findall(r'"(/[a-z]+)"', TEMPLATES["ingress.yaml"]))
    assert (
        routed
        == {"/graphql", "/files", "/requests", "/alerts", "/receipts", "/directory", "/repositories", "/public"}
        <= {f"/{path.split('/')[1]}" for path in paths if path}
    )
    assert VALUES["parts"]["gateway"]["podAnnotations"]["prometheus.io/path"] in paths


def test_a_part_has_the_time_it_takes_to_let_its_calls_through() -> None:
    common = VALUES["common"]
    drain = max(DRAIN_S, wiring.DRAIN_S)
    assert common["terminationGracePeriodSeconds"] > common["preStopSeconds"] + drain


def test_the_user_is_the_images() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^USER (.*)$", image, re.MULTILINE)) == {"10001:10001"}
    assert set(re.findall(r"(?:runAsUser|runAsGroup|fsGroup): (\d+)", TEMPLATES["_helpers.tpl"])) == {"10001"}


def test_every_value_is_used() -> None:
    text = "\n".join(TEMPLATES.values())
    for name, value in VALUES.items():
        if name in ("common", "parts"):
            continue
        for path in [f"{name}.{inner}" for inner in value] if isinstance(value, dict) else [name]:
            short = path.rpartition(".")[2]
            used = rf"Values\.{re.escape(path)}\b|\$(?:image|policy)\.{short}\b"
            assert re.search(used, text), path
    for name in {*VALUES["common"], *(name for part in VALUES["parts"].values() for name in part)}:
        assert re.search(rf"\$?(?:part|calling|other|parts \.part\))\.{name}\b|\.{name} -}}}}", text), name


def test_the_values_are_as_their_schema_says() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(VALUES)
    assert set(SCHEMA["properties"]) == {*VALUES, "global"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"replicas": 3},
        {"common": {"replica": 3}},
        {"parts": {**VALUES["parts"], "request": VALUES["parts"]["requests"]}},
        {"image": {"repository": ""}},
        {"signIn": {"issuer": "https://issuer.example"}},
        {"logLevel": "INFO"},
        {"common": {"env": {"LOG_LEVEL": "debug"}}},
        {"keda": {"bootstrapServers": "kafka"}},
        {"networkPolicy": {"gatewayFrom": [{}]}},
    ],
)
def test_the_schema_refuses_what_would_not_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate({**VALUES, **wrong})


def test_every_value_has_a_comment_or_stands_with_one() -> None:
    """A line of values.yaml at the first two levels is explained in the comment above it, or shares that of the line above."""
    lines = (CHART / "values.yaml").read_text(encoding="utf-8").splitlines()
    explained = False
    for number, line in enumerate(lines, start=1):
        if not line:
            explained = False
        elif line.lstrip().startswith("#"):
            explained = True
        elif re.match(r"[a-zA-Z]+:", line):
            explained = explained or line.endswith(":")
            assert explained, f"line {number}: {line}"
