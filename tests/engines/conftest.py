"""The engines that each promise is held against: the embedded ones always, the real ones where a run has started them.

``make engines-test`` starts real servers and says in the environment where they are.
"""

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

# Kind → how to name something empty on each engine of that kind, given a folder and a name that is used once.
Place = Callable[[Path, str], str]
_EMBEDDED: dict[str, Place] = {
    "documents": lambda folder, _: f"sqlite:///{folder}/documents.db",
    "events": lambda folder, _: f"sqlite:///{folder}/events.db",
    "search": lambda folder, _: f"tantivy:///{folder}/index",
    "files": lambda folder, _: f"folder:///{folder}/files",
}
_REAL: dict[str, Place] = {
    "documents": lambda _, name: os.environ["REAL_DOCUMENTS_URL"].replace("{service}", name),
    "events": lambda _, name: f"{os.environ['REAL_EVENTS_URL']}?partitions=3&replication=1&prefix={name}.",
    "search": lambda _, name: f"{os.environ['REAL_SEARCH_URL'].replace('{service}', name)}?replicas=0",
    "files": lambda _, name: os.environ["REAL_FILES_URL"].replace("{service}", name),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that takes an engine's `url` runs on each engine of the kind that its module is about."""
    if "url" in metafunc.fixturenames:
        kind = metafunc.module.KIND
        real = [_REAL[kind]] if f"REAL_{kind.upper()}_URL" in os.environ else []
        metafunc.parametrize(
            "url", [_EMBEDDED[kind], *real], ids=["embedded", *(["real"] if real else [])], indirect=True
        )


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an engine is that has nothing in it."""
    place: Place = request.param
    return place(tmp_path, f"t{uuid.uuid4().hex[:12]}")
