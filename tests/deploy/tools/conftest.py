"""These tests need Helm and the schema of Compose files: ``eval "$(python -m deploy.tools)"`` says where they are."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.tools.chart import CHART, KUBERNETES, NAMESPACE, Refused, Render


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave this folder's tests out where the tools are not named."""
    if collection_path.name.startswith("test_") and not {"HELM", "COMPOSE_SCHEMA"} <= os.environ.keys():
        return True
    return None


@pytest.fixture(scope="session")
def helm() -> Path:
    return Path(os.environ["HELM"])


@pytest.fixture(scope="session")
def compose_schema() -> Path:
    return Path(os.environ["COMPOSE_SCHEMA"])


@pytest.fixture(scope="session")
def run(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Helm, with a home of its own and values from a file."""
    home = tmp_path_factory.mktemp("helm")

    def command(word: str, *arguments: str, values: dict[str, Any]) -> str:
        file = home / "values.yaml"
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        done = subprocess.run(
            [str(helm), word, *arguments, str(CHART), "--namespace", NAMESPACE, "--values", str(file)],
            env={**os.environ, **{f"HELM_{kind}_HOME": str(home) for kind in ("CACHE", "CONFIG", "DATA")}},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Refused(done.stderr + done.stdout)
        return done.stdout

    return command


@pytest.fixture(scope="session")
def render(run: Callable[..., str]) -> Render:
    """The manifests of a release called imi, each rendered once."""
    made: dict[str, list[dict[str, Any]]] = {}

    def rendered(values: dict[str, Any], kubernetes: str = KUBERNETES[0]) -> list[dict[str, Any]]:
        key = json.dumps([values, kubernetes])
        if key not in made:
            text = run("template", "imi", "--kube-version", kubernetes, values=values)
            made[key] = [manifest for manifest in yaml.safe_load_all(text) if manifest]
        return made[key]

    return rendered
