"""`deploy.keys` makes what the chart mounts."""

import re
from pathlib import Path

import typer
import yaml
from typer.testing import CliRunner

from chassis.caller import Signer, Verifier
from chassis.keys import KeyRing
from deploy import keys
from tests.deploy.program import DEPLOY, PARTS

VALUES = yaml.safe_load((DEPLOY / "helm/imi/values.yaml").read_text(encoding="utf-8"))


def made(folder: Path) -> list[str]:
    keys.main(folder, release="imi", namespace="imi")
    return keys.commands(folder, "imi", "imi")


def test_each_signer_gets_a_pair_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    made(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert set(first) == {f"{part}.{half}.jwk" for part in keys.SIGNERS for half in ("private", "public")}


def test_the_objects_are_named_as_the_chart_asks_for_them(tmp_path: Path) -> None:
    commands = "\n".join(made(tmp_path))
    assert set(re.findall(r"secret generic (\S+)", commands)) == {f"imi-{part}-key" for part in keys.SIGNERS}
    assert set(re.findall(r"configmap (\S+)", commands)) == {VALUES["keys"]["publicConfigMap"]}
    for path in re.findall(r"--from-file=\S+?=(\S+)", commands):
        assert Path(path).is_file()
    assert "private" not in next(line for line in commands.splitlines() if " configmap " in line)


def test_with_its_own_key_and_everybodys_public_ones_a_part_signs_and_all_verify(tmp_path: Path) -> None:
    made(tmp_path / "all")
    for part in PARTS:
        own = tmp_path / part
        own.mkdir()
        for name in (tmp_path / "all").glob("*.public.jwk"):
            (own / name.name).write_bytes(name.read_bytes())
        if part in keys.SIGNERS:
            (own / f"{part}.private.jwk").write_bytes((tmp_path / "all" / f"{part}.private.jwk").read_bytes())
        own.chmod(0o500)
    token = Signer(KeyRing(tmp_path / "requests"), "requests").for_service()
    for part in PARTS:
        assert Verifier(KeyRing(tmp_path / part)).verify(token).service == "requests"


def test_it_is_a_command(tmp_path: Path) -> None:

    app = typer.Typer()
    app.command()(keys.main)
    shown = CliRunner().invoke(app, [str(tmp_path), "--release", "eu", "--namespace", "market"])
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == keys.commands(tmp_path, "eu", "market")
    assert shown.stdout.startswith("kubectl --namespace market create secret generic eu-gateway-key ")
