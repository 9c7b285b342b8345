"""The engines that each promise is held against: the real ones in a run that starts them, the embedded ones in every other."""

import uuid
from pathlib import Path

import pytest

from deploy.servers import Servers
from tests.conftest import REAL

# What only a real server can show.
collect_ignore = (
    []
    if REAL
    else [
        f"test_{name}.py"
        for name in (
            "apertium",
            "apertium_service",
            "country_rights",
            "country_topics",
            "ctranslate2",
            "elasticsearch",
            "kafka",
            "mongo_faults",
        )
    ]
)

EMBEDDED = {
    "documents": "sqlite:///{folder}/documents.db",
    "events": "sqlite:///{folder}/events.db",
    "search": "tantivy:///{folder}/index",
    "files": "folder:///{folder}/files",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that takes an engine's `url` runs on the run's engine of the kind that its module is about."""
    if "url" in metafunc.fixturenames:
        metafunc.parametrize("url", ["real" if REAL else "embedded"], indirect=True)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers | None) -> str:
    """Where an engine is that has nothing in it."""
    kind: str = request.module.KIND
    if request.param == "embedded":
        return EMBEDDED[kind].replace("{folder}", str(tmp_path))
    assert servers is not None
    name = f"t{uuid.uuid4().hex[:12]}"
    where = servers.settings[f"{kind.upper()}_URL"].replace("{service}", name)
    return f"{where}&prefix={name}." if kind == "events" else where
