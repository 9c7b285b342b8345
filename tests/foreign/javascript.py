"""Packages of JavaScript for tests: fetched once, by their lock file, into the cache outside of the checkout."""

import shutil
import subprocess
from pathlib import Path

from deploy.servers.cache import fingerprint, kept

NODE = bool(shutil.which("node") and shutil.which("npm"))
_MANIFEST = [Path(__file__).with_name(name) for name in ("package.json", "package-lock.json")]


def packages() -> Path:
    """A folder with `node_modules`, not to be written to."""

    def fetched(folder: Path) -> None:
        for path in _MANIFEST:
            shutil.copy(path, folder)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return kept(f"javascript-{fingerprint(_MANIFEST)}", fetched)
