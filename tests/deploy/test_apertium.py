"""Apertium as it is deployed and as it is fetched: the same pairs, and clear words where it cannot be had."""

import re
from pathlib import Path

import pytest

from deploy.servers import ALL_KINDS, KINDS, fetch
from deploy.servers.apertium import PACKAGES
from deploy.servers.debian import unpack
from deploy.servers.maven import NotFetched, ToolMissing
from deploy.servers.python import packages
from services.translation.providers.settings import Kind, read_providers
from tests.deploy.program import DEPLOY
from vocabulary.values import DataClass

DOCKERFILE = (DEPLOY / "apertium.Dockerfile").read_text(encoding="utf-8")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that programs are looked for in, with nothing in it; and a cache of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("IMI_CACHE", str(tmp_path / "cache"))
    return folder


def a_program(path: Path, *lines: str) -> None:
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)


def is_empty(cache: Path) -> bool:
    return not [path for path in cache.iterdir() if not path.name.startswith(".")]


def test_the_image_has_the_pairs_that_are_tested() -> None:
    installed = set(re.findall(r"^ +(apertium-\S+)", DOCKERFILE, re.MULTILINE))
    programs = {"apertium-lex-tools", "apertium-recursive", "apertium-separable"}  # come along as dependencies
    assert installed == {package for package in PACKAGES if package.startswith("apertium-")} - programs
    assert "USER 65534:65534" in DOCKERFILE


def test_its_settings_allow_it_what_stays_in_the_house() -> None:
    [provider] = read_providers(DEPLOY / "apertium.toml")
    assert (provider.kind, provider.data_class) == (Kind.APERTIUM, DataClass.SPECIAL_CATEGORY)


def test_it_is_fetched_with_the_others_and_started_only_where_it_is_asked_for() -> None:
    assert set(ALL_KINDS) - set(KINDS) == {"apertium"}


def test_without_apt_it_says_so_and_leaves_nothing(tools: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="apt-get is not on the PATH"):
        fetch(["apertium"])
    assert is_empty(tmp_path / "cache")
    a_program(tools / "apt-get")
    with pytest.raises(ToolMissing, match="dpkg-deb"):
        fetch(["apertium"])


def test_packages_that_cannot_be_had_are_told_with_apts_own_words(tools: Path, tmp_path: Path) -> None:
    a_program(tools / "dpkg-deb")
    a_program(tools / "apt-get", f'echo "$@" >> {tmp_path}/asked', "echo E: Unable to locate package", "exit 100")
    with pytest.raises(NotFetched, match="apt-get said:\nE: Unable to locate package"):
        fetch(["apertium"])
    assert is_empty(tmp_path / "cache")
    # Not found in the lists of the system, so lists of our own were to be brought.
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[-1 - ("download" in line) * len(PACKAGES)] for line in asked] == ["download", "update"]
    assert "Dir::State::lists=" in asked[1]


def test_with_lists_of_our_own_it_is_tried_again(tools: Path, tmp_path: Path) -> None:
    a_program(tools / "dpkg-deb", 'echo "$2 $3" >> ' + f"{tmp_path}/unpacked")
    a_program(
        tools / "apt-get",
        'case "$*" in *Dir::State*download*) : > one.deb; : > two.deb ;; *update*) ;; *) exit 100 ;; esac',
    )
    (tmp_path / "into").mkdir()
    unpack("Something", ["one", "two"], tmp_path / "into")
    unpacked = (tmp_path / "unpacked").read_text().splitlines()
    assert [Path(line.split()[0]).name for line in unpacked] == ["one.deb", "two.deb"]
    assert {line.split()[1] for line in unpacked} == {str(tmp_path / "into")}


def test_python_packages_that_cannot_be_had_are_told_with_pips_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMI_CACHE", str(tmp_path / "cache"))
    a_program(tmp_path / "python", "echo ERROR: no matching distribution", "exit 1")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(NotFetched, match="pip said:\nERROR: no matching distribution"):
        packages("ctranslate2")
    assert is_empty(tmp_path / "cache")
