"""The package stands alone: it imports what it declares, and nothing of this project."""

import ast
import sys
import tomllib
from pathlib import Path

CLIENT = Path(__file__).resolve().parents[2] / "clients/python"
# Top-level packages by the distribution they come from.
COMES_FROM = {"grpc": "grpcio", "google": "protobuf", "cryptography": "cryptography"}


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


def test_it_imports_what_it_declares_and_itself() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {one.partition(">")[0] for one in project["dependencies"]}
    extras = {one.partition(">")[0] for some in project["optional-dependencies"].values() for one in some}
    for path in sorted((CLIENT / "imi_client").rglob("*.py")):
        allowed = needed | extras if "receipts" in path.parts else needed
        foreign = imported(path) - {"imi_client"}
        assert {COMES_FROM.get(name, name) for name in foreign} <= allowed, path
