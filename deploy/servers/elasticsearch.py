"""Elasticsearch: the real server, in the distribution that is published for tests, with our plug-in `analysis`.

It refuses to run as root, and then runs as `nobody`. That user can often not even enter the folders above the data (a home, a
test's temporary folder), so it keeps one capability: to pass file permissions.
"""

import json
import os
import shutil
from pathlib import Path
from zipfile import ZipFile

import httpx

from deploy.servers import analysis, java
from deploy.servers.cache import kept
from deploy.servers.maven import ELASTICSEARCH, ELASTICSEARCH_VERSION, ToolMissing, download
from deploy.servers.server import Command, connects

_LOGGING = Path(__file__).with_name("log4j2.properties")
_OPTIONS = f"""\
-Xms768m
-Xmx768m
{chr(10).join(java.QUICK)}
-XX:-AlwaysPreTouch
-Djava.io.tmpdir=${{ES_TMPDIR}}
--add-modules=jdk.incubator.vector
-XX:+ExitOnOutOfMemoryError
"""


class Elasticsearch:
    """See `deploy.servers.server.Program`."""

    name = "elasticsearch"
    title = f"Elasticsearch {ELASTICSEARCH_VERSION}"

    def fetch(self) -> None:
        _home()

    def command(self, folder: Path, port: int, inner_port: int) -> Command:
        config = folder / "config"
        temporary = folder / "temporary"
        for each in (config, temporary):
            each.mkdir(exist_ok=True)
        settings = _settings(folder, port, inner_port)
        # JSON is YAML.
        (config / "elasticsearch.yml").write_text(json.dumps(settings, indent=1), encoding="utf-8")
        (config / "jvm.options").write_text(_OPTIONS, encoding="utf-8")
        shutil.copyfile(_LOGGING, config / "log4j2.properties")
        environment = {
            "ES_JAVA_HOME": str(java.java_home()),
            "ES_PATH_CONF": str(config),
            "ES_TMPDIR": str(temporary),
            "ES_JAVA_OPTS": "",
            "CLI_JAVA_OPTS": " ".join(java.QUICK),
        }
        return Command([*_unprivileged(), str(_home() / "bin" / "elasticsearch")], environment)

    async def answers(self, port: int) -> bool:
        if not await connects(port):
            return False
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/_cluster/health?wait_for_status=yellow&timeout=1s")
            except httpx.HTTPError:
                return False
        return answer.status_code == httpx.codes.OK


def _home() -> Path:
    """The distribution with the plug-in in it."""
    plain = kept(f"elasticsearch-{ELASTICSEARCH_VERSION}", _unpack)

    def equip(folder: Path) -> None:
        shutil.copytree(plain, folder, copy_function=os.link, dirs_exist_ok=True)
        analysis.build(plain, folder / "plugins" / analysis.NAME)

    return kept(f"elasticsearch-{ELASTICSEARCH_VERSION}-{analysis.version()}", equip)


def _unpack(folder: Path) -> None:
    archives = folder.parent / "archives"
    archives.mkdir()
    download(ELASTICSEARCH, archives)
    [archive] = archives.iterdir()
    with ZipFile(archive) as contents:
        contents.extractall(folder)
    top = folder / f"elasticsearch-{ELASTICSEARCH_VERSION}"
    for entry in top.iterdir():
        entry.rename(folder / entry.name)
    top.rmdir()
    for script in (folder / "bin").iterdir():
        script.chmod(0o755)


def _unprivileged() -> list[str]:
    """What to put before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ToolMissing("setpriv is not on the PATH: install util-linux, or do not run this as root")
    return [
        *(setpriv, "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
        *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"),
        # Otherwise asking beforehand whether a file may be read says no, and it is not even tried.
        "--securebits=+no_setuid_fixup",
    ]


def _settings(folder: Path, port: int, inner_port: int) -> dict[str, object]:
    return {
        "cluster.name": "imi-development",
        "node.name": "imi-development",
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": inner_port,
        "discovery.type": "single-node",
        "xpack.security.enabled": False,
        # A full disk of the developer's must not make indexes read-only.
        "cluster.routing.allocation.disk.threshold_enabled": False,
    }
