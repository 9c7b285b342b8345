"""What the tests of the deployment need besides Python: ``eval "$(python -m deploy.tools)"``, then ``pytest tests/deploy/tools``.

Helm is built, and the schema of Compose files is found, with Go; both are kept in the cache (`deploy.servers.cache`).
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.servers.cache import kept

HELM = "helm.sh/helm/v3/cmd/helm"
HELM_VERSION = "v3.22.0"
COMPOSE = "github.com/compose-spec/compose-go/v2"
COMPOSE_VERSION = "v2.16.2"
SCHEMA = "compose-spec.json"
WITHIN_S = 1_800


class NotMade(Exception):
    """A tool cannot be had; the message says what is missing or what went wrong."""


def helm() -> Path:
    """Helm, built if it is not there yet: some minutes on two cores."""
    folder = kept(
        f"helm-{HELM_VERSION}",
        lambda made: print(_go("install", f"{HELM}@{HELM_VERSION}", GOBIN=str(made)), end="", file=sys.stderr),
    )
    return folder / "helm"


def compose_schema() -> Path:
    """The JSON schema that the Compose specification has for Compose files."""

    def make(made: Path) -> None:
        module = json.loads(_go("mod", "download", "-json", f"{COMPOSE}@{COMPOSE_VERSION}"))
        shutil.copyfile(Path(module["Dir"]) / "schema" / SCHEMA, made / SCHEMA)

    return kept(f"compose-schema-{COMPOSE_VERSION}", make) / SCHEMA


def _go(*arguments: str, **environment: str) -> str:
    """What Go prints; it keeps its own copies in its module cache as well."""
    program = shutil.which("go")
    if program is None:
        raise NotMade("Go is needed to build Helm, and there is no `go` on the PATH: install it, then try again.")
    done = subprocess.run(  # noqa: S603
        [program, *arguments],
        env={**os.environ, **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise NotMade(f"go {shlex.join(arguments)} ended with {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout


def main() -> None:
    """Print the settings that the tests read."""
    try:
        found = {"HELM": helm(), "COMPOSE_SCHEMA": compose_schema()}
    except NotMade as reason:
        print(reason, file=sys.stderr)
        raise SystemExit(1) from None
    for name, path in found.items():
        print(f"export {name}={shlex.quote(str(path))}")


if __name__ == "__main__":
    main()
