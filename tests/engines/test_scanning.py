"""The scanner for malware says what it found, or why it did not look; it never fails."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines import UnknownEngine
from engines.scanning import AWAY, OFF, SLOW, TOO_LARGE, UNREADABLE, Scanned, State, clamd, open_scanner
from tests.engines.clamd import EICAR, Daemon, a_daemon

CLEAN = Scanned(State.CLEAN)
INFECTED = Scanned(State.INFECTED, "Eicar-Test-Signature")


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    async with a_daemon() as running:
        yield running


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def scanned(daemon: Daemon, *parts: bytes) -> Scanned:
    return await open_scanner(daemon.url).scan(chunks(*parts))


async def test_what_is_clean_and_what_is_not_is_told_apart(daemon: Daemon) -> None:
    assert await scanned(daemon, b"a diploma") == CLEAN
    assert await scanned(daemon, b"before ", EICAR, b" after") == INFECTED
    assert daemon.scanned == [b"a diploma", b"before " + EICAR + b" after"]


async def test_the_content_arrives_as_it_is_however_it_is_cut(daemon: Daemon) -> None:
    content = bytes(range(256)) * 2000 + EICAR
    parts = [content[start : start + 7777] for start in range(0, len(content), 7777)]
    assert await scanned(daemon, b"", *parts, b"") == INFECTED
    assert daemon.scanned == [content]


async def test_nothing_is_clean(daemon: Daemon) -> None:
    assert await scanned(daemon) == CLEAN


async def test_many_are_scanned_at_once(daemon: Daemon) -> None:
    scanner = open_scanner(daemon.url)
    contents = [EICAR if n % 2 else b"x" * n for n in range(40)]
    found = await asyncio.gather(*(scanner.scan(chunks(content)) for content in contents))
    assert found == [INFECTED if n % 2 else CLEAN for n in range(40)]


async def test_a_daemon_that_is_away_has_not_scanned_and_scans_when_it_is_back() -> None:
    async with a_daemon() as gone:
        port = gone.port
    scanner = open_scanner(f"clamd://127.0.0.1:{port}")
    assert await scanner.scan(chunks(EICAR)) == Scanned(State.NOT_SCANNED, AWAY)
    async with a_daemon(port):
        assert await scanner.scan(chunks(EICAR)) == INFECTED


async def test_a_slow_daemon_is_not_waited_for_for_ever(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clamd, "TIMEOUT_S", 0.1)
    daemon.slow_s = 1
    began = time.monotonic()
    assert await scanned(daemon, b"x") == Scanned(State.NOT_SCANNED, SLOW)
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize("after", [1, 100_000, 3_000_000])
async def test_a_daemon_that_hangs_up_midway_has_not_scanned(daemon: Daemon, after: int) -> None:
    daemon.hangs_up_after = after
    assert await scanned(daemon, *[b"x" * 50_000] * 100) == Scanned(State.NOT_SCANNED, AWAY)


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\0",
        b"\xff\xfe\0",
        b"stream: OK",
        b"stream: Eicar-Test-Signat",
        b"stream: OK\0stream: OK\0",
        b"stream:  FOUND\0",
        b"OK\0",
        b"\0",
        b"x" * 100_000 + b"\0",
        b"INSTREAM: Can't allocate memory ERROR\0",
    ],
)
async def test_an_answer_that_makes_no_sense_is_no_scan(daemon: Daemon, answer: bytes) -> None:
    daemon.answer = answer
    assert await scanned(daemon, b"x") == Scanned(State.NOT_SCANNED, UNREADABLE)


async def test_what_is_larger_than_the_daemon_takes_is_not_scanned(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.stream_max_bytes = 100_000
    found = await scanned(daemon, *[b"x" * 50_000] * 4)
    assert found.state is State.NOT_SCANNED
    assert found.detail in (TOO_LARGE, AWAY)  # what it says may be lost when it hangs up on what is still being sent
    monkeypatch.setattr(clamd, "SIZE_LIMIT_BYTES", 10)
    assert await scanned(daemon, b"x" * 11) == Scanned(State.NOT_SCANNED, TOO_LARGE)
    assert daemon.scanned == []


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\0\n\r"), min_size=1, max_size=150))
@settings(deadline=None)
def test_the_name_of_what_was_found_is_harmless_whatever_the_daemon_calls_it(name: str) -> None:
    found = clamd._understood(f"stream: {name} FOUND\0".encode())
    assert found.state in (State.INFECTED, State.NOT_SCANNED)
    assert found.detail.isprintable()
    assert not set(found.detail) & set("<>\"' \\")


async def test_what_the_content_raises_is_raised() -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"half"
        raise KeyError("broken")

    async with a_daemon() as running:
        with pytest.raises(KeyError):
            await open_scanner(running.url).scan(breaking())


async def test_without_a_scanner_nothing_is_scanned() -> None:
    scanner = open_scanner("")
    assert not scanner.is_on
    assert await scanner.scan(chunks(EICAR)) == Scanned(State.NOT_SCANNED, OFF)


@pytest.mark.parametrize(
    "address", ["clamd:", "clamd://", "clamd://host:x", "clamd://host:99999", "clamd://a:b@host", "clamd://host/x?y"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="clamd://host:port") as refused:
        open_scanner(address)
    assert "a:b" not in str(refused.value)


def test_another_kind_of_scanner_is_not_known() -> None:
    with pytest.raises(UnknownEngine, match="clamd"):
        open_scanner("icap://host")
