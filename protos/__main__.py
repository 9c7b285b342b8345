"""Generate the Python of every .proto in this folder: ``python -m protos [TARGET]``.

The generated files are committed beside their sources. With a TARGET folder they are written there instead, which is how
`tests/contracts/test_generated.py` finds out whether the committed ones are current.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def generate(target: Path) -> None:
    """Write the messages and, where there is a service, its stub and servicer below *target*; exits with protoc's error."""
    sources = sorted((ROOT / "protos").rglob("*.proto"))
    services = [path for path in sources if "\nservice " in path.read_text(encoding="utf-8")]
    _protoc(sources, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    # The services are async only, so the stubs describe just that half.
    _protoc(services, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet,only_async:{target}")


def _protoc(sources: list[Path], *outputs: str) -> None:
    plugins = Path(sys.executable).parent
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", *outputs, *(str(p.relative_to(ROOT)) for p in sources)],
        cwd=ROOT,
        check=True,
        env={**os.environ, "PATH": f"{plugins}{os.pathsep}{os.environ.get('PATH', '')}"},
    )


if __name__ == "__main__":
    generate(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)
