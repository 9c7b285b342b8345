"""Logs are JSON lines that say which trace they belong to, and a trace goes on across processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from chassis import telemetry

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import logging, structlog
from chassis import telemetry
telemetry.configure_logging("info")
log = structlog.get_logger("ours")
log.debug("too_quiet")
with telemetry.span("{parent}", method="/imi.x/Y"):
    log.info("inside", outcome="OK", ms=1.5, text="é\\n\\"")
    logging.getLogger("a.library").warning("of a %s", "library")
    for noisy in ("httpx", "httpcore.connection"):
        logging.getLogger(noisy).info("noise")
try:
    raise ValueError("what went wrong")
except ValueError:
    log.exception("fault")
log.info("outside")
"""


def lines_of(program: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_with_its_level_its_time_and_its_trace() -> None:
    lines = lines_of(PROGRAM.format(parent=PARENT))
    assert [line["event"] for line in lines] == ["inside", "of a library", "fault", "outside"]
    inside, library, fault, outside = lines
    assert (inside["trace_id"], inside["method"], inside["outcome"]) == (TRACE, "/imi.x/Y", "OK")
    assert inside["text"] == 'é\n"'
    assert library["trace_id"] == TRACE
    assert "trace_id" not in outside
    assert [line["level"] for line in lines] == ["info", "warning", "error", "info"]
    assert "ValueError: what went wrong" in str(fault["exception"])
    assert all(str(line["timestamp"]).endswith("Z") for line in lines)


def test_a_trace_goes_on_with_a_step_of_its_own() -> None:
    with telemetry.span(PARENT):
        version, trace, step, flags = telemetry.traceparent().split("-")
        assert (version, trace, flags) == ("00", TRACE, "01")
        assert step != "b7ad6b7169203331"
        with telemetry.span(telemetry.traceparent()):
            inner = telemetry.traceparent().split("-")
            assert inner[1] == TRACE
            assert inner[2] != step
        assert telemetry.traceparent().split("-")[2] == step
    assert telemetry.traceparent() == ""


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "nonsense",
        f"00-{TRACE}",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"ff-{TRACE}-b7ad6b7169203331-01",
        PARENT[:-1],
        f"{PARENT}-more",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_where_there_is_no_trace_a_new_one_begins(nonsense: str) -> None:
    begun = set()
    for _ in range(3):
        with telemetry.span(nonsense):
            begun.add(telemetry.traceparent().split("-")[1])
    assert len(begun) == 3
    assert begun.isdisjoint({TRACE, "0" * 32})


def test_what_a_later_version_says_besides_is_passed_over() -> None:
    with telemetry.span(f"01{PARENT[2:]}-more"):
        version, trace, _, flags = telemetry.traceparent().split("-")
        assert (version, trace, flags) == ("00", TRACE, "01")
        assert telemetry.trace_id() == TRACE
    assert telemetry.trace_id() == ""


def test_lines_inside_a_span_carry_its_facts_and_lines_after_it_do_not() -> None:
    log = structlog.get_logger()
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        with telemetry.span(PARENT, group="g"):
            log.info("inside")
        log.info("outside")
    assert (lines[0]["trace_id"], lines[0]["group"]) == (TRACE, "g")
    assert {"trace_id", "group"}.isdisjoint(lines[1])


def test_a_field_of_metadata_is_text_or_nothing() -> None:
    metadata: dict[str, str | bytes] = {"a": "text", "a-bin": b"\xff"}
    assert [telemetry.metadata_value(metadata, name) for name in ("a", "a-bin", "b")] == ["text", "", ""]
