"""Generate the Python of every .proto in this folder: ``python -m protos [TARGET]``.

The generated files are committed beside their sources. With a TARGET folder they are written there instead, which is how
`tests/contracts/test_generated.py` finds out whether the committed ones are current.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The package for systems outside has the messages that it speaks in as its own.
CLIENT = Path("clients/python")
SPOKEN = ("protos/alerts/v1/alerts.proto", "protos/alerts/v1/countries.proto")


def generate(target: Path) -> None:
    """Write the messages and, where there is a service, its stub and servicer below *target*; exits with protoc's error."""
    _generate_own(target)
    _generate_client(target / CLIENT)


def _generate_own(target: Path) -> None:
    sources = sorted((ROOT / "protos").rglob("*.proto"))
    services = [path for path in sources if "\nservice " in path.read_text(encoding="utf-8")]
    _protoc(sources, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    # The services are async only, so the stubs describe just that half.
    _protoc(services, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet,only_async:{target}")


def _generate_client(target: Path) -> None:
    package = target / "imi_client"
    (package / "protos").mkdir(parents=True, exist_ok=True)
    sources = [ROOT / name for name in sorted(_with_imports(SPOKEN))]
    _protoc(sources, f"--python_out={package}", f"--mypy_out=quiet:{package}")
    _protoc([ROOT / SPOKEN[0]], f"--grpc_python_out={package}", f"--mypy_grpc_out=quiet,only_async:{package}")
    for path in (package / "protos").rglob("*_pb2*.py*"):
        if path.suffix != ".pyc":
            code = path.read_text(encoding="utf-8")
            path.write_text(code.replace("from protos.", "from imi_client.protos."), encoding="utf-8")
    status = ROOT / CLIENT / "imi_client/status.proto"
    _protoc([status], f"--python_out={target}", f"--mypy_out=quiet:{target}", root=ROOT / CLIENT)


def _with_imports(names: Iterable[str]) -> set[str]:
    """*names* and whatever of ours they import."""
    found: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r'^import "(protos/[^"]+)";', (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return found


def _protoc(sources: list[Path], *outputs: str, root: Path = ROOT) -> None:
    plugins = Path(sys.executable).parent
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", *outputs, *(str(p.relative_to(root)) for p in sources)],
        cwd=root,
        check=True,
        env={**os.environ, "PATH": f"{plugins}{os.pathsep}{os.environ.get('PATH', '')}"},
    )


if __name__ == "__main__":
    generate(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
