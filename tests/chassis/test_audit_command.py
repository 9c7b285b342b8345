"""The commands say whether an audit holds, and which row it is that does not; an export is verified by whoever has it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chassis.audit.__main__ import app
from chassis.audit.command import commands
from chassis.audit.segments import AUDIT
from chassis.chains import SigningKeys
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from engines.documents import Document, open_documents
from tests.chassis.audits import SERVICE, Auditing, Store, a_read
from tests.chassis.ticking import Clock

COMMANDS = commands(SERVICE)


@pytest.fixture
async def settings(tmp_path: Path) -> ServiceSettings:
    """Those of a service that has written three rows."""
    made = ServiceSettings(data_dir=tmp_path)
    async with open_documents(made.documents(SERVICE), [AUDIT]) as documents:
        there = Auditing(Store(documents), SigningKeys(KeyRing(made.keys), f"{SERVICE}_audit"), Clock())
        await there.write(a_read(1), a_read(2), a_read(3))
    return made


async def changed(settings: ServiceSettings, change: Any) -> None:
    """The one segment there is, as somebody writes it who may write into the store."""
    async with open_documents(settings.documents(SERVICE), [AUDIT]) as documents:
        (found,) = await documents.find(AUDIT, {}, sort="number", limit=10)
        body: Any = json.loads(json.dumps(found.body))
        change(body)
        await documents.compare_and_set(AUDIT, Document(found.id, body, found.revision))


async def test_an_audit_that_holds_says_how_far_it_goes(
    settings: ServiceSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    await COMMANDS["audit verify"](settings)
    assert "the audit of requests holds: 3 rows" in capsys.readouterr().out


async def test_a_row_that_was_changed_in_the_store_is_named(
    settings: ServiceSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    def edit(body: Any) -> None:
        body["rows"][1]["read"]["user"] = "usr_nobody"

    await changed(settings, edit)
    with pytest.raises(SystemExit) as ended:
        await COMMANDS["audit verify"](settings)
    assert ended.value.code == 1
    assert "row 2 in segment 1: it is not as it was written" in capsys.readouterr().err


async def test_a_last_row_that_was_deleted_in_the_store_is_missed(
    settings: ServiceSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(body: Any) -> None:
        body["rows"].pop()
        body.update(count=2, hash=body["rows"][-1]["hash"])

    await changed(settings, cut)
    with pytest.raises(SystemExit):
        await COMMANDS["audit verify"](settings)
    assert "its head is not signed by the service" in capsys.readouterr().err


async def test_an_export_is_verified_without_the_system(
    settings: ServiceSettings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    await COMMANDS["audit export"](settings)
    written = capsys.readouterr().out
    header, segment = map(json.loads, written.splitlines())
    file, keys, kept = tmp_path / "export.jsonl", tmp_path / "keys.json", tmp_path / "kept.jsonl"
    file.write_text(written)
    keys.write_text(json.dumps({"keys": header["keys"]}))
    heads = [
        {"service": SERVICE, "length": 3, "hash": segment["hash"]},
        {"service": "alerts", "length": 9, "hash": "0"},
    ]
    kept.write_text("\n".join(["no JSON", *map(json.dumps, heads)]))

    def verified(*more: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["verify", str(file), *more])
        return result.exit_code, result.output

    assert verified("--keys", str(keys), "--kept", str(kept)) == (0, verified()[1])
    assert "holds: 3 rows" in verified()[1]
    # Somebody else's keys, another head, another row.
    keys.write_text(json.dumps({"keys": SigningKeys(KeyRing(tmp_path / "theirs"), "x").published()}))
    assert verified("--keys", str(keys))[0] == 1
    kept.write_text(json.dumps({"service": SERVICE, "length": 4, "hash": "0" * 64}))
    assert verified("--kept", str(kept))[0] == 1
    file.write_text("\n".join([json.dumps(header), json.dumps({**segment, "state": "ERASED", "rows": []})]))
    # It is the last one, and open: that it is closed is not signed.
    assert verified("--retention-days", "30")[0] == 1
    file.write_text(written.replace("req_2", "req_9"))
    code, said = verified()
    assert code == 1
    assert "row 2 in segment 1" in said
