"""What the README shows is what happens."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from services.directory.training.people import people
from tests.docs.conftest import Running

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ADDRESS = "127.0.0.1:8000"


def block(language: str, containing: str) -> str:
    """The one example of a language that contains something."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in text]
    assert len(found) == 1
    return str(found[0])


def test_the_search_example_answers_as_shown(running: Running) -> None:
    command = block("sh", "curl").replace(ADDRESS, running.address)
    answered = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=running.environment, capture_output=True, check=True, text=True
    )
    assert json.loads(answered.stdout) == json.loads(block("json", "searchAuthorities"))


def test_the_listener_opens_its_stream(running: Running) -> None:
    token = subprocess.run(
        [sys.executable, "-m", "gateway.issue_token", "hu-alerts"],
        cwd=ROOT,
        env=running.environment,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    program = block("python", "alertStream").replace(ADDRESS, running.address)
    environment = {**running.environment, "TOKEN": token, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.kill()
    assert "'entry': None" in first
    assert "'cursor': '" in first


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_modules_and_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|[`(])make (?:-s )?([a-z-]+)", text, re.MULTILINE)) <= targets
    for path in re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|graphql))`", text):
        assert (ROOT / path).exists() or any((ROOT / "services").glob(f"*/{path}")), path
    for module in re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)*)", text):
        assert find_spec(module), module
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {
        re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def test_links_lead_to_headings_and_tables_are_whole() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
            assert anchor in anchors(page.parent / target if target else page), f"{page.name}: {target}#{anchor}"
        # A row that follows no other row is a head, with the line below it that makes it one.
        lines = ["", *text.splitlines(), ""]
        for above, line, below in zip(lines, lines[1:], lines[2:], strict=False):
            if line.startswith("|") and not above.startswith("|"):
                assert re.fullmatch(r"[|: -]+", below), f"{page.name}: {line[:60]}"


def test_the_example_of_public_reading_finds_something(running: Running) -> None:
    page = (ROOT / "docs/repositories.md").read_text(encoding="utf-8")
    (address,) = re.findall(r'curl "http://127.0.0.1:8000(/public/[^"]+)"', page)
    found = httpx.get(f"http://{running.address}{address}", timeout=30).json()
    assert found["total"] == len(found["entries"]) > 0
    assert found["facets"][0]["values"]


def test_the_sample_users_are_those_of_the_training_data() -> None:
    said = README.partition("Sample users for")[2].partition("\n\n")[0]
    users = {user.signin.rpartition(" ")[2] for user in people().values()}
    assert {name for name in re.findall(r"`([a-z-]+)`", said) if name != "viewer"} == users


def test_the_parts_say_what_they_read() -> None:
    modules = re.findall(r"python -m ([a-z_.]+)", block("sh", "services.directory"))
    asked = [
        subprocess.Popen([sys.executable, "-m", module, "--help"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for module in modules
    ]
    assert len(asked) == 6
    for process in asked:
        assert "DATA_DIR" in process.communicate()[0]
        assert process.returncode == 0
