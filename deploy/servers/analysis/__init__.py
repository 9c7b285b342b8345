"""The Elasticsearch plug-in `eu-languages`: what production has built in and the distribution for tests has not.

The analyzers and filters go by their production names, so an index is declared once for both. It uses the stable plug-in API,
whose list of components Elasticsearch's own scanner writes.
"""

import os
import shutil
from pathlib import Path

from deploy.servers import java
from deploy.servers.cache import fingerprint
from deploy.servers.maven import ANALYSIS, ELASTICSEARCH_VERSION, fetched

NAME = "eu-languages"
_SOURCES = sorted(Path(__file__).parent.rglob("*.java"))
_DESCRIPTION = f"""\
name={NAME}
description=Language analyzers that the distribution for tests lacks
version=1.0.0
elasticsearch.version={ELASTICSEARCH_VERSION}
java.version={java.AT_LEAST}
"""


def version() -> str:
    """Changes when the plug-in does."""
    return fingerprint([*_SOURCES, Path(__file__)])


def build(distribution: Path, plugin: Path) -> None:
    """Build the plug-in against the Elasticsearch in *distribution*, into the folder *plugin*."""
    shutil.copytree(fetched(ANALYSIS), plugin)
    classes = plugin / "classes"
    jars = java.class_path(distribution / "lib", plugin)
    java.compile_classes(_SOURCES, class_path=jars, into=classes)
    scanner = os.pathsep.join([str(classes), jars, java.class_path(distribution / "lib" / "tools" / "plugin-cli")])
    list_of_components = plugin / "named_components.json"
    java.run("java", "-cp", scanner, "org.elasticsearch.plugin.scanner.NamedComponentScanner", list_of_components)
    java.run("jar", "--create", "--file", plugin / f"{NAME}.jar", "-C", classes, ".")
    shutil.rmtree(classes)
    (plugin / "stable-plugin-descriptor.properties").write_text(_DESCRIPTION, encoding="utf-8")
