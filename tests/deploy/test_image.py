"""The image holds what the parts need, and nothing else."""

import fnmatch
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from deploy.servers.maven import ELASTICSEARCH_VERSION
from engines.search.elasticsearch_queries import ANALYZERS
from tests.deploy.program import DEPLOY, PARTS, ROOT, SERVICES, is_module

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def instructions(word: str) -> list[str]:
    """What follows each *word* in the Dockerfile, in one line."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    return re.findall(rf"^{word} (.*)$", joined, re.MULTILINE)


def copied() -> list[str]:
    """The paths of the checkout that go into the image."""
    own = [line.split() for line in instructions("COPY") if not line.startswith(("--from", "requirements/"))]
    return [source for *sources, _ in own for source in sources]


def test_every_room_is_copied_and_of_deploy_only_the_tool_for_keys() -> None:
    rooms = set(PROJECT["tool"]["importlinter"]["root_packages"]) - {"deploy"}
    assert set(copied()) == rooms | {"deploy/__init__.py", "deploy/keys.py"}


def test_what_is_copied_is_all_that_the_parts_need(tmp_path: Path) -> None:
    for source in copied():
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(ROOT / source)
    parts = [f"services.{name}.__main__" for name in SERVICES]
    tools = ["gateway.__main__", "gateway.issue_token", "chassis.dead_letters", "deploy.keys"]
    done = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(parts + tools)}, gateway; print(gateway.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "gateway/__init__.py")


def test_the_builder_gets_what_is_copied_and_nothing_else() -> None:
    rules = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert allowed == {*copied(), "requirements/cluster.txt"}
    assert "**/__pycache__" in rules
    assert not any(fnmatch.fnmatch(path, rule) for path in allowed for rule in rules[1:] if rule[0] != "!")


def test_dependencies_are_the_locked_ones_with_their_hashes() -> None:
    assert "requirements/cluster.txt /requirements.txt" in instructions("COPY")
    install = next(line for line in instructions("RUN") if " install --no-cache-dir " in line)
    assert "--require-hashes -r /requirements.txt" in install
    locked = (ROOT / "requirements/cluster.txt").read_text(encoding="utf-8")
    assert "--hash=sha256:" in locked
    drivers = {re.split(r"[\[>]", driver)[0] for driver in PROJECT["project"]["optional-dependencies"]["cluster"]}
    assert drivers <= set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))


def test_it_runs_as_nobody_in_particular_and_the_command_chooses_the_part() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert instructions("ENTRYPOINT") == ['["python", "-m"]']
    assert instructions("CMD") == ['["gateway"]']
    assert all(is_module(part if part == "gateway" else f"services.{part}") for part in PARTS)


def test_both_stages_have_the_same_python_which_is_the_one_that_is_labelled() -> None:
    assert [line.split()[0] for line in instructions("FROM")] == ["python:${PYTHON}"] * 2
    (python,) = re.findall(r"^ARG PYTHON=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert f'org.opencontainers.image.base.name="python:{python}"' in DOCKERFILE


def test_versions_agree() -> None:
    version = PROJECT["project"]["version"]
    chart = yaml.safe_load((DEPLOY / "helm/imi/Chart.yaml").read_text(encoding="utf-8"))
    assert f"VERSION={version}" in instructions("ARG")
    assert chart["appVersion"] == version


def test_elasticsearch_is_the_one_that_is_tested_with_the_analyzer_of_polish() -> None:
    lines = (DEPLOY / "elasticsearch.Dockerfile").read_text(encoding="utf-8").splitlines()
    assert f"FROM elasticsearch:{ELASTICSEARCH_VERSION}" in lines
    assert "RUN bin/elasticsearch-plugin install --batch analysis-stempel" in lines
    assert ANALYZERS["pl"] == "polish"
