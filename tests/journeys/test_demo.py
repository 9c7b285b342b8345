"""The example plays on a system of its own, and on one that runs; and it says so if something is not right."""

from pathlib import Path

import httpx

from tests.journeys.processes import Process, a_process, until_ready
from tests.ports import a_dead_address, a_free_port

PLAY_S = 400.0
KEY_LINES = [
    "Italy looks for its counterpart in Hungary, in Italian",
    "cerca «medico Ungheria»",
    "lingue comprese: HU",
    "Whom it is about stays hidden until Hungary accepts.",
    "Hungary answers: Hungarian choices, one free text, a certificate",
    "Autentico",
    "originale (HU):",
    "una famiglia",
    "The coordinator sees what is answered, and not of whom.",
    "is closed, and so is what was split off it.",
    "Hungary's connection breaks; the next alert is not lost",
    "Hungary has acknowledged; France has not yet.",
    "A register is published in Hungary and found in Italy",
    "Everything was as expected.",
]


def in_order(transcript: str) -> bool:
    """Whether the transcript says everything that matters, in the order of the example."""
    place = 0
    for line in KEY_LINES:
        place = transcript.find(line, place)
        assert place >= 0, f"{line!r} is missing:\n{transcript}"
    return True


async def played(process: Process) -> str:
    """The transcript of a play that went well."""
    code = await process.ended(PLAY_S)
    assert code == 0, process.said()
    return process.said()


async def test_it_plays_on_a_system_of_its_own_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {"TMPDIR": str(tmp_path), "DATA_DIR": str(tmp_path / "untouched"), "PYTHONIOENCODING": "utf-8"}
    # Those who act, and all coordinators: to load the others takes longer than the play.
    environment["TRAINING_COUNTRIES"] = "DE,FR,HU,IT"
    async with a_process("deploy.demo", tmp_path / "transcript", **environment) as demo:
        assert in_order(await played(demo))
    assert [path.name for path in tmp_path.iterdir()] == ["transcript"]


async def test_it_plays_on_a_system_that_runs_for_those_who_can_sign_in_there(data: Path, tmp_path: Path) -> None:
    port = str(a_free_port())
    url = f"http://127.0.0.1:{port}"
    settings = {"DATA_DIR": str(data), "GATEWAY_PORT": port, "GATEWAY_URL": url}
    async with a_process("deploy.embedded", tmp_path / "system", **settings) as system, httpx.AsyncClient() as http:
        await until_ready(http, url, system)
        async with a_process("deploy.demo", tmp_path / "transcript", **settings) as demo:
            transcript = await played(demo)
        assert f"using the system at {url}" in transcript
        assert in_order(transcript)
        strange = {**settings, "DATA_DIR": str(tmp_path / "elsewhere")}
        async with a_process("deploy.demo", tmp_path / "refused", **strange) as demo:
            assert await demo.ended(PLAY_S) != 0
            assert "Everything was as expected." not in demo.said()


async def test_it_fails_when_nobody_answers(data: Path, tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(data), "GATEWAY_URL": f"http://{a_dead_address()}"}
    async with a_process("deploy.demo", tmp_path / "transcript", **environment) as demo:
        assert await demo.ended(PLAY_S) != 0
        assert f"{environment['GATEWAY_URL']} answers, but it does not" in demo.said()
        assert "Traceback" not in demo.said()
        assert "Everything was as expected." not in demo.said()
