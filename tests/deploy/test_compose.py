"""The compose file names what there is: modules, variables, addresses, ports and probes."""

import ast
import asyncio
import os
import re
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio

from chassis.server import DRAIN_S
from chassis.settings import ServiceSettings, read
from deploy.servers.maven import KAFKA_VERSION
from engines.kafka import Cluster
from gateway import wiring
from gateway.settings import GatewaySettings
from services.translation.providers.settings import read_providers
from tests.deploy.program import (
    DEPLOY,
    PARTS,
    ROOT,
    SERVICES,
    called_by,
    engines_of,
    gateway_paths,
    is_module,
    lets_in,
    port_of,
    settings_of,
    variables_of,
)

FILE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CONTAINERS: dict[str, dict[str, Any]] = FILE["services"]
ENGINES = ("kafka", "mongo", "elasticsearch")
# What is started only with its profile.
OPTIONAL = ("apertium",)
PREPARATIONS = tuple(f"prepare-{service}" for service in SERVICES)


def environment(container: str) -> dict[str, str]:
    """What a container's program reads, with nothing set for `${NAME:-default}`."""
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        for name, value in CONTAINERS[container]["environment"].items()
    }


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


def test_every_part_is_there_once_with_a_preparation_for_each_service() -> None:
    assert set(CONTAINERS) == {*ENGINES, *PARTS, *PREPARATIONS, *OPTIONAL}
    assert {name: about["profiles"] for name, about in CONTAINERS.items() if "profiles" in about} == {
        name: [name] for name in OPTIONAL
    }


@pytest.mark.parametrize("container", [*PARTS, *PREPARATIONS])
def test_it_runs_a_part_of_the_image_locked_down(container: str) -> None:
    about = CONTAINERS[container]
    module, *words = about["command"]
    assert module.rpartition(".")[2] == container.removeprefix("prepare-")
    assert is_module(module)
    assert words == (["prepare"] if container in PREPARATIONS else [])
    assert (DEPLOY / about["build"]["context"] / about["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert about["read_only"]
    assert about["cap_drop"] == ["ALL"]
    assert about["deploy"]["resources"]["limits"]["memory"]
    assert about["restart"] == ("no" if container in PREPARATIONS else "unless-stopped")


@pytest.mark.parametrize("container", [*PARTS, *PREPARATIONS])
def test_its_variables_are_settings_and_their_values_right(container: str, monkeypatch: pytest.MonkeyPatch) -> None:
    part = container.removeprefix("prepare-")
    given = environment(container)
    # What stands for all of them is given to all of them, needed or not.
    assert set(given) <= variables_of(part) | {"DOCUMENTS_URL", "SEARCH_URL", "FILES_URL"}
    assert set(given) >= engines_of(part)
    if container in PARTS:
        assert set(given) >= {f"{called.upper()}_ADDRESS" for called in called_by(part)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read(settings_of(part))
    if container in SERVICES:
        assert isinstance(settings, ServiceSettings)
        assert settings.listening(part) == f"0.0.0.0:{port_of(part)}"
    if container == "gateway":
        assert isinstance(settings, GatewaySettings)
        assert (settings.gateway_host, settings.gateway_port) == ("0.0.0.0", port_of("gateway"))
        assert not settings.oidc_issuer
    assert ("OIDC_ISSUER" in given) is (container in PARTS and lets_in(part))


def test_services_are_found_by_a_name_that_stands_for_all_their_replicas() -> None:
    for service in SERVICES:
        assert environment("gateway")[f"{service.upper()}_ADDRESS"] == f"dns:///{service}:{port_of(service)}"
        assert "container_name" not in CONTAINERS[service]


def test_engines_are_the_containers_beside_and_make_do_with_one_node() -> None:
    given = environment("requests")
    schemes = {"DOCUMENTS_URL": "mongodb", "FILES_URL": "gridfs", "SEARCH_URL": "elasticsearch", "EVENTS_URL": "kafka"}
    for name, scheme in schemes.items():
        parts = urlsplit(given[name])
        assert parts.scheme == scheme
        assert parts.hostname in ENGINES
    assert Cluster.of(given["EVENTS_URL"]).replication == 1
    assert "replicas=0" in given["SEARCH_URL"]
    for name in ("DOCUMENTS_URL", "FILES_URL"):
        assert "{service}" in given[name]
        assert f"replicaSet={CONTAINERS['mongo']['command'][1]}" in given[name]
    assert CONTAINERS["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert (
        given["EVENTS_URL"]
        .removeprefix("kafka://")
        .startswith(CONTAINERS["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://"))
    )


def test_only_the_gateway_can_be_reached_and_only_from_this_machine() -> None:
    assert {name: about["ports"] for name, about in CONTAINERS.items() if "ports" in about} == {
        "gateway": [f"127.0.0.1:{port_of('gateway')}:{port_of('gateway')}"]
    }
    assert FILE["networks"]["inside"] == {"internal": True}
    assert {name for name, about in CONTAINERS.items() if about["networks"] != ["inside"]} == {
        part for part in PARTS if lets_in(part)
    }


def test_each_waits_for_what_it_needs() -> None:
    for service in SERVICES:
        assert CONTAINERS[service]["depends_on"] == {
            f"prepare-{service}": {"condition": "service_completed_successfully"}
        }
        assert CONTAINERS[f"prepare-{service}"]["depends_on"] == {
            engine: {"condition": "service_healthy"} for engine in ENGINES
        }
    assert CONTAINERS["gateway"]["depends_on"] == {service: {"condition": "service_healthy"} for service in SERVICES}
    assert all("test" in CONTAINERS[name]["healthcheck"] for name in (*ENGINES, *PARTS, *OPTIONAL))


def test_it_is_a_training_system_whose_parts_share_their_keys() -> None:
    assert environment("directory")["TRAINING_DATA"] == environment("alerts")["TRAINING_DATA"] == "true"
    assert all(CONTAINERS[part]["volumes"] == ["keys:/keys"] for part in PARTS)
    assert "KEYS_DIR=/keys" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert set(FILE["volumes"]) == {"keys", *ENGINES}


def test_a_part_has_the_time_it_takes_to_let_its_calls_through() -> None:
    for part in PARTS:
        assert seconds(CONTAINERS[part]["stop_grace_period"]) > max(DRAIN_S, wiring.DRAIN_S)


def test_no_password_is_in_the_file() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)password|secret:|://[^/\s]+:[^/\s]+@", text)


@pytest.mark.parametrize(
    ("status", "code"), [(health_pb2.HealthCheckResponse.SERVING, 0), (health_pb2.HealthCheckResponse.NOT_SERVING, 1)]
)
async def test_the_health_check_of_services_sees_whether_one_serves(status: Any, code: int) -> None:
    health = health_aio.HealthServicer()
    await health.set("", status)
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        assert await _checked(port) == code
    finally:
        await server.stop(None)


async def test_the_health_check_of_services_sees_that_none_is_there() -> None:
    assert await _checked(1) == 1


async def _checked(port: int) -> int:
    direct, python, option, code = CONTAINERS["requests"]["healthcheck"]["test"]
    assert (direct, python, option) == ("CMD", "python", "-c")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        env={**os.environ, "LISTEN_ADDRESS": f"0.0.0.0:{port}"},
        stderr=subprocess.DEVNULL,
    )
    return await process.wait()


def test_the_health_check_of_the_gateway_asks_what_the_gateway_answers() -> None:
    direct, python, option, code = CONTAINERS["gateway"]["healthcheck"]["test"]
    assert (direct, python, option) == ("CMD", "python", "-c")
    ast.parse(code)
    (address,) = re.findall(r'"http://127\.0\.0\.1:(\d+)(/[^"]*)"', code)
    assert int(address[0]) == port_of("gateway")
    assert address[1] in gateway_paths()


def test_the_page_for_operators_names_the_file() -> None:
    assert "deploy/compose.yaml" in (ROOT / "docs/operating.md").read_text(encoding="utf-8")


def test_apertium_is_locked_down_and_found_where_its_settings_say() -> None:
    about = CONTAINERS["apertium"]
    assert about["networks"] == ["inside"]
    assert about["read_only"]
    assert about["cap_drop"] == ["ALL"]
    assert about["deploy"]["resources"]["limits"]["memory"]
    assert (
        DEPLOY / about["build"]["context"] / about["build"]["dockerfile"]
    ).resolve() == DEPLOY / "apertium.Dockerfile"
    [provider] = read_providers(DEPLOY / FILE["configs"]["providers"]["file"])
    address = urlsplit(provider.url)
    assert (address.hostname, f"--port {address.port}") == (
        "apertium",
        " ".join(
            re.findall(r'"(--port)", "([0-9]+)"', (DEPLOY / "apertium.Dockerfile").read_text(encoding="utf-8"))[0]
        ),
    )
    assert CONTAINERS["translation"]["configs"] == [{"source": "providers", "target": "/providers.toml"}]
    # Nothing is translated unless somebody asks for it.
    assert environment("translation")["MT_PROVIDERS"] == ""
