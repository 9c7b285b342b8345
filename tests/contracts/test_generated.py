"""Files that are made from others are current."""

import subprocess
import sys
from pathlib import Path

import pytest

from chassis.catalogues.files import folders, rendered
from services.directory.data.__main__ import TARGET
from services.directory.data.__main__ import rendered as territories

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_protobuf_code_is_current(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "protos", str(tmp_path)], cwd=ROOT, check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*_pb2*")}
    kept = {
        path.relative_to(ROOT): path.read_bytes()
        for folder in ("protos", "clients")
        for path in (ROOT / folder).rglob("*_pb2*.py*")
        if path.suffix != ".pyc"
    }
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == [], "run `make protos`"


def test_the_countries_and_regions_are_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == territories(), "run `python -m services.directory.data`"


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_the_catalogues_are_in_step_with_their_sources(folder: Path) -> None:
    stale = [path.name for path, content in rendered(folder).items() if path.read_bytes() != content]
    assert stale == [], "run `make catalogue`"
