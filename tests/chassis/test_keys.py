"""A process makes its key once, keeps it to itself, and trusts the public ones it finds."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from chassis.keys import KeyRing


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_key_is_its_owners_alone_and_the_public_half_everybodys(tmp_path: Path) -> None:
    KeyRing(tmp_path / "keys").private("directory")
    assert mode(tmp_path / "keys" / "directory.private.jwk") == 0o600
    assert mode(tmp_path / "keys" / "directory.public.jwk") == 0o644
    private = json.loads((tmp_path / "keys" / "directory.private.jwk").read_text())
    public = json.loads((tmp_path / "keys" / "directory.public.jwk").read_text())
    assert (public["kty"], public["crv"], public["x"]) == ("OKP", "Ed25519", private["x"])
    assert "d" in private
    assert "d" not in public


@pytest.mark.parametrize("attempt", range(5))
def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path, attempt: int) -> None:
    racers = 12
    start = Barrier(racers)

    def made(_: int) -> str:
        start.wait()
        return str(KeyRing(tmp_path).private("gateway").as_dict(private=True)["d"])

    with ThreadPoolExecutor(racers) as pool:
        keys = set(pool.map(made, range(racers)))
    assert len(keys) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway.private.jwk", "gateway.public.jwk"]
    public = KeyRing(tmp_path).public("gateway")
    assert public
    assert public.as_dict(private=False)["x"] == KeyRing(tmp_path).private("gateway").as_dict(private=False)["x"]


def test_a_key_that_is_there_is_used_and_never_made_again(tmp_path: Path) -> None:
    """As in a cluster, where the private key alone is mounted."""
    first = KeyRing(tmp_path).private("alerts").as_dict(private=True)
    (tmp_path / "alerts.public.jwk").unlink()
    before = (tmp_path / "alerts.private.jwk").read_bytes()
    assert KeyRing(tmp_path).private("alerts").as_dict(private=True) == first
    assert (tmp_path / "alerts.private.jwk").read_bytes() == before
    assert json.loads((tmp_path / "alerts.public.jwk").read_text())["x"] == first["x"]


def test_a_public_key_that_comes_later_is_found(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    assert keys.public("requests") is None
    KeyRing(tmp_path).private("requests")
    assert keys.public("requests") is not None


@pytest.mark.parametrize("name", ["", ".", "..", "../outside/evil", "a/b", "evil.private", "a\x00b", "evil\n", "-x"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    for folder in ("outside", "keys", "keys/a"):
        KeyRing(tmp_path / folder).private("evil")
    keys = KeyRing(tmp_path / "keys")
    (tmp_path / "keys" / ".public.jwk").write_bytes((tmp_path / "keys" / "evil.public.jwk").read_bytes())
    (tmp_path / "keys" / "a" / "b.public.jwk").write_bytes((tmp_path / "keys" / "evil.public.jwk").read_bytes())
    assert keys.public("evil") is not None
    assert keys.public(name) is None


def test_a_secret_is_the_same_for_all_who_have_the_key_and_another_one_for_each_key(tmp_path: Path) -> None:
    secret = KeyRing(tmp_path).secret("directory")
    assert KeyRing(tmp_path).secret("directory") == secret
    assert KeyRing(tmp_path).secret("requests") != secret
    assert secret not in (tmp_path / "directory.public.jwk").read_bytes()
    assert len(secret) >= 32


def test_what_a_name_had_before_is_kept_beside_and_believes_no_caller(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    old, secret = ring.private("receipts"), ring.secret("receipts")
    assert ring.former("receipts") == ring.former_secrets("receipts") == []
    for half in ("private", "public"):
        (tmp_path / f"receipts.{half}.jwk").rename(tmp_path / f"receipts-2026.{half}.jwk")
    KeyRing(tmp_path).private("receipts_of_another")
    new = KeyRing(tmp_path)
    assert new.private("receipts").thumbprint() != old.thumbprint()
    assert [key.thumbprint() for key in new.former("receipts")] == [old.thumbprint()]
    assert "d" not in new.former("receipts")[0].as_dict(private=False)
    assert new.former_secrets("receipts") == [secret]
    assert new.public("receipts-2026") is None
