"""`deploy.tools` says what is missing."""

from pathlib import Path

import pytest

from deploy import tools


def test_without_go_it_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMI_CACHE", str(tmp_path / "cache"))
    with pytest.raises(tools.NotMade, match="Go is needed"):
        tools.helm()
    with pytest.raises(tools.NotMade, match="Go is needed"):
        tools.compose_schema()
    assert not [path for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")]


def test_what_is_there_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMI_CACHE", str(tmp_path))
    (tmp_path / f"helm-{tools.HELM_VERSION}").mkdir()
    (tmp_path / f"compose-schema-{tools.COMPOSE_VERSION}").mkdir()
    tools.main()
    assert capsys.readouterr().out.splitlines() == [
        f"export HELM={tmp_path.resolve()}/helm-{tools.HELM_VERSION}/helm",
        f"export COMPOSE_SCHEMA={tmp_path.resolve()}/compose-schema-{tools.COMPOSE_VERSION}/compose-spec.json",
    ]
