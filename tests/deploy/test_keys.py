"""`deploy.keys` makes what the chart mounts."""

import re
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from chassis.audit.writing import name_of_keys
from chassis.caller import Signer, Verifier
from chassis.keys import KeyRing
from deploy import keys
from services.alerts.hints import identity as related
from services.alerts.receipts import keys as receipts
from services.alerts.webhooks import signing
from tests.cells import cell
from tests.deploy.program import DEPLOY, PARTS
from vocabulary.parts import SERVICES

VALUES = yaml.safe_load((DEPLOY / "helm/imi/values.yaml").read_text(encoding="utf-8"))


def made(folder: Path) -> list[str]:
    keys.main(folder, release="imi", namespace="imi")
    return keys.commands(folder, "imi", "imi")


def test_each_signer_gets_a_pair_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    made(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    names = [*keys.SIGNERS, *(name for more in keys.MORE.values() for name in more)]
    assert set(first) == {f"{name}.{half}.jwk" for name in names for half in ("private", "public")}


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


def test_what_alerts_have_keys_for_is_made_and_mounted_and_no_caller_is_believed_by_it(tmp_path: Path) -> None:
    """With these files, all of them read-only, receipts and webhooks are signed, and related alerts are found."""
    made(tmp_path / "all")
    assert keys.MORE["alerts"] == (receipts.NAME, related.NAME, signing.NAME, name_of_keys("alerts"))
    own = tmp_path / "alerts"
    own.mkdir()
    for path in (tmp_path / "all").glob("*.public.jwk"):
        (own / path.name).write_bytes(path.read_bytes())
    for name in ("alerts", *keys.MORE["alerts"]):
        (own / f"{name}.private.jwk").write_bytes((tmp_path / "all" / f"{name}.private.jwk").read_bytes())
    own.chmod(0o500)
    ring = KeyRing(own)
    assert receipts.ReceiptKeys(ring).published()[0]["kid"] == receipts.ReceiptKeys(KeyRing(tmp_path / "all")).id
    assert related.Identities.of(ring)
    assert ring.secret(signing.NAME) == KeyRing(tmp_path / "all").secret(signing.NAME)
    posing = Signer(ring, receipts.NAME).for_service()
    assert Verifier(KeyRing(own)).verify(posing).service == receipts.NAME  # and there is nothing that this one may call


def test_each_part_with_an_audit_has_a_key_to_sign_it_with() -> None:
    for part in PARTS:
        with cell(part):
            assert VALUES["parts"][part].get("moreKeys", []) == list(keys.MORE.get(part, ()))
            audited = part in SERVICES and part != "translation"
            assert (name_of_keys(part) in keys.MORE.get(part, ())) is audited


def test_what_was_put_aside_when_a_key_was_changed_comes_into_the_cluster_again(tmp_path: Path) -> None:
    """As docs/operating.md has it: otherwise earlier receipts could not be verified any more, and related alerts not be found."""
    made(tmp_path)
    old = receipts.ReceiptKeys(KeyRing(tmp_path)).id
    (tmp_path / f"{receipts.NAME}.public.jwk").rename(tmp_path / f"{receipts.NAME}-2026.public.jwk")
    (tmp_path / f"{receipts.NAME}.private.jwk").unlink()
    for name in (related.NAME, "translation"):
        (tmp_path / f"{name}.private.jwk").rename(tmp_path / f"{name}-2026.private.jwk")
        (tmp_path / f"{name}.public.jwk").unlink()
    commands = made(tmp_path)
    (public,) = [line for line in commands if " configmap " in line]
    (secret,) = [line for line in commands if " imi-alerts-key " in line]
    (sealing,) = [line for line in commands if " imi-translation-key " in line]
    assert f"--from-file=translation-2026.private.jwk={tmp_path}/translation-2026.private.jwk" in sealing
    assert f"--from-file={receipts.NAME}-2026.public.jwk={tmp_path / receipts.NAME}-2026.public.jwk" in public
    assert f"--from-file={related.NAME}-2026.private.jwk={tmp_path / related.NAME}-2026.private.jwk" in secret
    assert "-2026" not in "".join(line for line in commands if line not in (public, secret, sealing))
    assert [key["kid"] for key in receipts.ReceiptKeys(KeyRing(tmp_path)).published()][1:] == [old]


def test_halves_that_do_not_go_together_are_not_brought_into_a_cluster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path)
    capsys.readouterr()
    (tmp_path / "requests.private.jwk").unlink()
    with pytest.raises(typer.Exit):
        keys.main(tmp_path)
    said = capsys.readouterr()
    assert said.out == ""
    assert "requests.public.jwk is not the public half" in said.err


def test_it_is_a_command(tmp_path: Path) -> None:

    app = typer.Typer()
    app.command()(keys.main)
    shown = CliRunner().invoke(app, [str(tmp_path), "--release", "eu", "--namespace", "market"])
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == keys.commands(tmp_path, "eu", "market")
    assert shown.stdout.startswith("kubectl --namespace market create secret generic eu-gateway-key ")
