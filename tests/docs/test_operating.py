"""The page for operators says of parts, groups and routes what the program does."""

import re
import sqlite3
from pathlib import Path

from tests.deploy.program import PARTS, ROOT, SERVICES, engines_of, port_of
from tests.docs.conftest import Running

PAGE = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
GROUP = re.compile(rf"`((?:{'|'.join(SERVICES)})-[a-z-]+)`")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def groups_in_the_code() -> set[str]:
    """The groups that are named in so many words: some are joined only where there is a mail server."""
    sources = [
        path.read_text(encoding="utf-8") for name in SERVICES for path in (ROOT / "services" / name).rglob("*.py")
    ]
    said = r'Reactions\(\s*events,\s*"([a-z-]+)"|^GROUP = "([a-z-]+)"'
    return {one or other for text in sources for one, other in re.findall(said, text, re.MULTILINE)}


def groups_that_run(running: Running) -> set[str]:
    """The groups that members of a running system hold."""
    events = Path(running.environment["DATA_DIR"]) / "events.db"
    with sqlite3.connect(f"file:{events}?mode=ro", uri=True) as database:
        return {name for (name,) in database.execute("SELECT name FROM leases")}


def test_every_consumer_group_is_named_and_set_back_after_a_restore(running: Running) -> None:
    groups = groups_in_the_code() | groups_that_run(running)
    # The index of each is built anew after a restore, and goes by a fingerprint.
    indexes = {one for one in groups if re.search(r"-[0-9a-f]{8}$", one)}
    # Copies of the directory are read anew.
    copies = {one for one in groups if one.endswith("-participants")}
    assert len(indexes) == 2
    assert len(copies) == 3
    assert groups - indexes <= set(GROUP.findall(section("Scaling")))
    assert groups - indexes - copies == set(GROUP.findall(section("Backup and restore")))


def test_what_a_part_needs_is_what_it_opens() -> None:
    rows = re.findall(r"^\| (\w+) \| `[\w.]+` \| (\d+) \w+ \| ([\w ,]+) \|", section("What runs"), re.MULTILINE)
    assert {
        part: (int(port), {f"{kind.upper()}_URL" for kind in needs.split(", ")} & ENGINES) for part, port, needs in rows
    } == {part: (port_of(part), engines_of(part)) for part in PARTS}


ENGINES = {"DOCUMENTS_URL", "EVENTS_URL", "SEARCH_URL", "FILES_URL"}


def test_the_ingress_leads_where_the_page_says() -> None:
    template = (ROOT / "deploy/helm/imi/templates/ingress.yaml").read_text(encoding="utf-8")
    said = PAGE.partition("The Ingress leads to")[2].partition("its timeouts")[0]
    assert set(re.findall(r"`(/[a-z]+)`", said)) == set(re.findall(r'"?(/[a-z]+)\b"?', template.partition("paths:")[2]))


def test_what_can_be_built_anew_is_what_the_services_have_commands_for() -> None:
    said = set()
    for line in section("Building anew").splitlines():
        if found := re.search(r"python -m services\.\w+ rebuild (\w+)", line):
            said |= {(service, found[1]) for service in re.findall(r"services\.(\w+)", line)}
    sources = {name: (ROOT / "services" / name / "__main__.py").read_text(encoding="utf-8") for name in SERVICES}
    assert said == {(name, what) for name, text in sources.items() for what in re.findall(r'"(\w+)": rebuild_', text)}
