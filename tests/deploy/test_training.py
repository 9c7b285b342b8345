"""A training system has a store of its own wherever a real one has its, and begins anew at a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.keys import KeyRing, key_ring
from chassis.settings import ServiceSettings
from deploy import keys
from gateway.settings import GatewaySettings
from tests.cells import cell

ROOT = Path(__file__).parents[2]


def settings(**given: object) -> ServiceSettings:
    return ServiceSettings.model_validate({"training": True, **given})


def test_its_data_are_elsewhere_and_invented() -> None:
    assert settings().data_dir == Path(".training")
    assert settings().training_data
    assert GatewaySettings.model_validate({"training": True}).data_dir == Path(".training")
    assert settings(data_dir="/other").data_dir == Path("/other")
    assert ServiceSettings.model_validate({"training": False}).data_dir == Path(".data")


def test_on_the_same_servers_it_has_databases_indexes_and_topics_of_its_own() -> None:
    urls = {
        "documents_url": "mongodb://host:27017/imi-{service}",
        "search_url": "elasticsearch://host:9200/imi-{service}?shards=1",
        "files_url": "gridfs://host:27017/imi-{service}",
        "events_url": "kafka://host:9092?partitions=12",
    }
    here, real = settings(**urls), ServiceSettings.model_validate(urls)
    assert here.documents("alerts") == "mongodb://host:27017/imi-training-alerts"
    assert here.search("alerts") == "elasticsearch://host:9200/imi-training-alerts?shards=1"
    assert here.files("alerts") == "gridfs://host:27017/imi-training-alerts"
    assert here.events == "kafka://host:9092?partitions=12&prefix=training."
    assert settings(events_url="kafka://host:9092?prefix=x.").events == "kafka://host:9092?prefix=training.x."
    assert settings(events_url="sqlite:////var/events.db").events == "sqlite:////var/training-events.db"
    for name in ("documents", "search", "files"):
        with cell(name):
            assert "training" not in getattr(real, name)("alerts")
    assert real.events == urls["events_url"]


def test_what_would_bring_both_together_is_refused() -> None:
    issuer = {"oidc_issuer": "https://sign-in.example"}
    mail = {"smtp_url": "smtp://localhost", "mail_from": "imi@imi.example", "public_url": "https://imi.example"}
    for name, given in {
        "write {service} in DOCUMENTS_URL": {"training": True, "documents_url": "mongodb://host/imi"},
        "ends in -training": {"training": True, **issuer, "oidc_audience": "imi"},
        "and of no other": {"training": False, **issuer, "oidc_audience": "imi-training"},
        "writes to nobody": {"training": True, **mail},
        "has invented data": {"training": True, "training_data": False},
    }.items():
        with cell(name), pytest.raises(ValidationError, match=name.replace("{", r"\{")):
            ServiceSettings.model_validate(given)
    assert settings(**issuer, oidc_audience="imi-training").oidc_audience == "imi-training"


def test_its_keys_are_made_as_its_own(tmp_path: Path) -> None:
    keys.main(tmp_path, training=True)
    assert KeyRing(tmp_path, training=True).audience == "imi-training"
    (configmap,) = [one for one in keys.commands(tmp_path, "imi", "imi") if " configmap " in one]
    assert f"--from-file=training={tmp_path / 'training'}" in configmap


def reset(data: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DATA_DIR": str(data)}
    return subprocess.run(
        [sys.executable, "-m", "deploy.training", "reset"],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_it_begins_anew_and_nothing_real_is_removed(tmp_path: Path) -> None:
    real, trainee = tmp_path / "real", tmp_path / "training"
    KeyRing(real / "keys").private("gateway")
    (real / "events.db").touch()
    refused = reset(real)
    assert refused.returncode == 1
    assert "nothing was removed" in refused.stderr
    assert (real / "events.db").exists()
    key_ring(settings(data_dir=trainee)).private("gateway")
    assert reset(trainee).returncode == 0
    assert not trainee.exists()
    assert reset(trainee).returncode == 0
