"""Packages of JavaScript for tests: fetched once, by their lock file, into the cache outside of the checkout."""

import shutil
import subprocess
from pathlib import Path

from deploy.servers.cache import fingerprint, kept

NODE = bool(shutil.which("node") and shutil.which("npm"))
_HERE = Path(__file__).parent


def packages(manifest: Path = _HERE) -> Path:
    """A folder with the `node_modules` of the package in the folder *manifest*, not to be written to."""
    files = [manifest / name for name in ("package.json", "package-lock.json")]

    def fetched(folder: Path) -> None:
        for path in files:
            shutil.copy(path, folder)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return kept(f"javascript-{fingerprint(files)}", fetched)
