"""Files of many entries: each row is done whole or not at all, what is wrong with it is all said, and what goes out comes back in."""

import csv
import io
import json
import threading
import uuid
from collections.abc import AsyncIterator, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.tables.sheet_cells import Said
from chassis.tables.workbooks_read import Workbook
from protos.repositories.v1 import repositories_pb2
from protos.repositories.v1 import transfer_pb2 as pb
from services.repositories.transfer.columns import ID, OWNER, VALID_FROM, VALID_TO, table
from tests.builders import QUALIFICATIONS, doctors
from tests.chassis.waiting import until
from tests.repositories.conftest import Asking, a_person, an_editor
from tests.repositories.registers import REGISTERS
from tests.repositories.test_publishing import MODULE, a_definition, publish
from tests.repositories.transfers import CSV, JSON, XLSX, a_file, a_row, a_workbook, fetch, of_workbook, parts, send
from vocabulary.refusals import Forbidden, Invalid, Stale
from vocabulary.roles import UserRole

READER = a_person("FR")


def a_key() -> str:
    """A key that no other test uses."""
    return f"K-{uuid.uuid4().hex[:8]}"


async def entry(asking: Asking, id_: str, caller: Caller | None = None) -> repositories_pb2.Entry:
    found = await asking.read(caller or an_editor(), id_)
    assert found is not None
    return found


def said(version: repositories_pb2.EntryVersion) -> dict[str, Any]:
    return {one.code: one.value for one in version.values}


async def exported(asking: Asking, caller: Caller | None, **request: Any) -> list[dict[str, str]]:
    _, content = await fetch(asking, caller, **request)
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


async def until_found(asking: Asking, id_: str, **request: Any) -> dict[str, str]:
    """The row of an entry in an export, once the index has it."""

    found: dict[str, str] = {}

    async def there() -> bool:
        found.update(*(row for row in await exported(asking, READER, **request) if row["entry.id"] == id_))
        return bool(found)

    await until(there)
    return found


async def test_a_row_becomes_an_entry_with_all_that_it_says(asking: Asking) -> None:
    report = await send(asking, a_file(a_row(a_key())))
    assert (report.outcomes, report.counts) == (["CREATED"], (1, 1, 0, 0, 0))
    made = await entry(asking, report.rows[0].entry_id)
    assert made.status == repositories_pb2.ENTRY_STATUS_DRAFT
    values = said(made.draft)
    assert (values["name"].text.language, values["fee"].money.currency) == ("it", "EUR")
    assert list(values["subjects"].references.codes) == ["doctor", "midwife"]
    assert made.draft.valid_to == "2031-12-31"


async def test_the_same_key_is_the_same_entry_and_what_is_not_in_the_file_stays(asking: Asking) -> None:
    key = a_key()
    first = await send(asking, a_file(a_row(key)), publish=True)
    assert await send(asking, a_file(a_row(key)), publish=True) != first
    again = await send(asking, a_file(a_row(key)), publish=True)
    assert (again.outcomes, again.rows[0].entry_id) == (["UNCHANGED"], first.rows[0].entry_id)
    changed = await send(asking, a_file({"entry.id": key, "fee": "", "conditions": "Su richiesta"}), publish=True)
    assert changed.outcomes == ["CHANGED"]
    now = await entry(asking, first.rows[0].entry_id)
    values = said(now.published)
    assert (now.published.number, "fee" in values, values["name"].text.text) == (2, False, f"Albo {key}")
    assert values["conditions"].text.language == "en"


async def test_rows_without_a_key_are_new_entries_once_for_each_import(asking: Asking) -> None:
    content, key = a_file(a_row(), a_row()), str(uuid.uuid4())
    one, again = [await send(asking, content, key=key) for _ in range(2)]
    other = await send(asking, content)
    ids = [row.entry_id for report in (one, again, other) for row in report.rows]
    assert ids[:2] == ids[2:4]
    assert len(set(ids)) == 4


async def test_an_import_that_broke_goes_on_under_its_key(asking: Asking) -> None:
    content, key = a_file(*(a_row(name=f"Registro {n}") for n in range(120))), str(uuid.uuid4())
    begun = await send(asking, content, key=key, stop_after=40)
    whole = await send(asking, content, key=key)
    assert whole.counts == (120, 120, 0, 0, 0)
    assert [row.entry_id for row in whole.rows[:40]] == [row.entry_id for row in begun.rows]
    assert len({row.entry_id for row in whole.rows}) == 120


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(asking: Asking) -> None:
    key = a_key()
    content = a_file(a_row(key), a_row(a_key(), area="services"), a_row(key))
    trial = await send(asking, content, dry_run=True)
    assert trial.outcomes == ["CREATED", "REFUSED", "REFUSED"]
    assert trial.summary is not None
    assert trial.summary.dry_run
    assert trial.rows[0].entry_id == ""
    assert (await send(asking, content)).outcomes == trial.outcomes


async def test_all_that_is_wrong_with_a_row_is_said_by_its_columns(asking: Asking) -> None:
    wrong = a_row(
        a_key(),
        name="",
        language_of__name="xx",
        url="ftp://x",
        area="fishing",
        holder="aut_nobody",
        subjects="doctor nothing",
        content="PERSONS CATS",
        public="MAYBE",
        fee="12,50",
        entry__valid_to="31.12.2031",
    )
    report = await send(asking, a_file({name: cell.replace(",", ".") for name, cell in wrong.items()}), publish=True)
    assert report.refusals == [
        (1, "NOT_A_LINK", "url"),
        (1, "UNKNOWN_CHOICE", "content"),
        (1, "UNKNOWN_CHOICE", "public"),
        (1, "NOT_AN_AMOUNT", "fee"),
        (1, "NOT_A_DATE", "entry.valid_to"),
        (1, "UNKNOWN_AREA", "area"),
        (1, "UNKNOWN_AUTHORITY", "holder"),
        (1, "UNKNOWN_CONCEPT", "subjects"),
        (1, "MISSING_FIELD", "name"),
    ]


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"language_of__name": "xx"}, "UNKNOWN_LANGUAGE", "language_of.name"),
        ({"entry__id": "ent_" + "0" * 26}, "NOT_FOUND", "entry.id"),
        ({"entry__id": "x" * 101}, "TOO_LONG", "entry.id"),
        ({"entry__owner": "aut_other"}, "NOT_OWNER", "entry.owner"),
        ({"area": "services"}, "NOT_EDITOR_OF_AREA", "area"),
        ({"entry__valid_from": "2032-01-01"}, "OUT_OF_ORDER", "entry.valid_to"),
        ({"name": "x" * 4001}, "TOO_LONG", "name"),
    ],
)
async def test_a_row_that_breaks_a_rule_is_refused_by_its_column(
    asking: Asking, changed: dict[str, str], reason: str, field: str
) -> None:
    good = a_row(a_key())
    bad = {**good, **{name.replace("__", "."): cell for name, cell in changed.items()}}
    columns = dict.fromkeys([*good, *bad], "")
    report = await send(asking, a_file({**columns, **bad}, {**columns, **good, "entry.id": a_key()}))
    assert report.refusals == [(1, reason, field)]
    assert report.outcomes == ["REFUSED", "CREATED"]


async def test_another_authoritys_entry_is_not_changed(asking: Asking) -> None:
    made = await send(asking, a_file(a_row(a_key())), publish=True)
    id_ = made.rows[0].entry_id
    stranger = an_editor("HU")
    for caller, reason in ((stranger, "NOT_OWNER"), (an_editor("IT", authority=doctors("FR")), "NOT_OWNER")):
        report = await send(asking, a_file({"entry.id": id_, "name": "Ours now"}), caller=caller)
        assert [one[1] for one in report.refusals] == [reason]
    # A key is the authority's own.
    key = a_key()
    ours, theirs = [await send(asking, a_file(a_row(key)), caller=caller) for caller in (an_editor(), stranger)]
    assert ours.rows[0].entry_id != theirs.rows[0].entry_id
    # A draft of others is one that there is not.
    report = await send(asking, a_file({"entry.id": ours.rows[0].entry_id, "name": "Ours now"}), caller=stranger)
    assert report.refusals == [(1, "NOT_FOUND", "entry.id")]


async def test_with_all_or_nothing_one_refusal_keeps_everything_from_being_done(asking: Asking) -> None:
    keys = [a_key() for _ in range(3)]
    rows = [a_row(key) for key in keys]
    report = await send(asking, a_file(*rows[:2], a_row(keys[2], public="MAYBE")), all_or_nothing=True)
    assert (report.refusals, report.counts) == ([(3, "UNKNOWN_CHOICE", "public")], (3, 0, 0, 0, 1))
    done = await send(asking, a_file(*rows), all_or_nothing=True, publish=True)
    assert done.counts == (3, 3, 0, 0, 0)


async def test_what_has_ended_is_not_said_to_be_there_already(asking: Asking) -> None:
    key = a_key()
    made = await send(asking, a_file(a_row(key)), publish=True)
    await asking.do(an_editor(), "WithdrawEntry", id=made.rows[0].entry_id, reason="soppresso")
    for row in (a_row(key), a_row(key, name="Un altro nome")):
        for dry_run in (True, False):
            report = await send(asking, a_file(row), publish=True, dry_run=dry_run)
            assert report.refusals == [(1, "TRANSITION", "")]


async def test_an_import_ends_where_its_repository_has_a_new_version_and_goes_on_by_that(asking: Asking) -> None:
    first = a_definition(code="renewed", audience=MODULE)
    await publish(asking, first)
    rows = [f"{name}\n" for name in range(80)]
    key, editor = str(uuid.uuid4()), an_editor()
    done: list[pb.ImportedEntry] = []

    async def sent() -> AsyncIterator[pb.ImportEntriesRequest]:
        begun = ["name\n", *rows[:70]]
        async for part in parts(["".join(begun).encode()], CSV, key, repository="renewed", publish=True):
            yield part
        await until(lambda: is_done(70))
        await publish(asking, replace(first, version=2, approval=True))
        yield pb.ImportEntriesRequest(chunk="".join(rows[70:]).encode())

    async def is_done(count: int) -> bool:
        return len(done) >= count

    async def imported() -> None:
        async for message in asking.peer(editor).exchange(asking.transfer.ImportEntries, sent()):
            done.extend([message.row] if message.HasField("row") else [])

    with pytest.raises(Stale) as refused:
        await imported()
    assert (refused.value.field, len(done)) == ("repository", 70)
    whole = "".join(["name\n", *rows])
    again = await send(asking, whole, caller=editor, key=key, repository="renewed", publish=True)
    assert [row.entry_id for row in again.rows[:70]] == [row.entry_id for row in done]
    assert (await entry(asking, again.rows[79].entry_id)).status == repositories_pb2.ENTRY_STATUS_PENDING_APPROVAL
    assert (await entry(asking, again.rows[0].entry_id)).status == repositories_pb2.ENTRY_STATUS_PUBLISHED


async def test_only_an_editor_imports_and_into_a_repository_that_there_is(asking: Asking) -> None:
    content = a_file(a_row())
    for caller in (READER, a_person("IT", UserRole.COORDINATOR)):
        with pytest.raises(Forbidden):
            await send(asking, content, caller=caller)
    with pytest.raises(Forbidden):
        await send(asking, content, repository="derogations")
    for header, field in (
        ({"repository": "nothing"}, "repository"),
        ({"format_": 0}, "format"),
        ({"language": "xx"}, "language"),
    ):
        with pytest.raises(Invalid) as refused:
            await send(asking, content, **header)
        assert refused.value.field == field
    for file, reason in (("", "EMPTY"), ("nmae\nx\n", "UNKNOWN_COLUMN"), ("name,name\nx,y\n", "REPEATED")):
        with pytest.raises(Invalid) as refused:
            await send(asking, file)
        assert refused.value.reason == reason


async def test_what_is_published_by_an_import_waits_for_approval_where_the_repository_asks_for_it(
    asking: Asking,
) -> None:
    editor = an_editor("HU", modules=("services/repository",))
    row = {
        "entry.id": a_key(),
        "activity": "architect",
        "provider": "Valaki Kft.",
        "establishment": "SK",
        "measure": "Tilalom",
        "reasons": "Okok",
        "risk": "HIGH",
        "urgent": "NO",
        "decided": "2026-11-20",
    }
    report = await send(asking, a_file(row), caller=editor, repository="derogations", language="hu", publish=True)
    assert report.refusals == []
    made = await entry(asking, report.rows[0].entry_id, editor)
    assert made.status == repositories_pb2.ENTRY_STATUS_PENDING_APPROVAL
    again = await send(asking, a_file(row), caller=editor, repository="derogations", language="hu", publish=True)
    assert again.outcomes == ["UNCHANGED"]


@pytest.mark.parametrize("format_", [CSV, JSON, XLSX])
async def test_what_goes_out_comes_back_in_without_a_change(
    asking: Asking, format_: pb.TransferFormat.ValueType
) -> None:
    marker = f"Zx{uuid.uuid4().hex[:6]}"
    title = f"=SUM({marker}) ; nuovo"
    line = {**a_row(a_key(), name=title), "conditions": '+39 "presso" l\'albo', "language_of.conditions": "it"}
    made = await send(asking, json.dumps(_nested(line)), JSON, publish=True)
    assert made.outcomes == ["CREATED"]
    await until_found(asking, made.rows[0].entry_id, text=marker)
    header, content = await fetch(asking, an_editor(), format=format_, text=marker, language="it")
    assert header.file_name == f"registers.{ {CSV: 'csv', JSON: 'jsonl', XLSX: 'xlsx'}[format_] }"
    again = await send(asking, content, format_, publish=True)
    assert (again.outcomes, again.refusals) == (["UNCHANGED"], [])
    if format_ == CSV:
        (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
        assert (row["name"], row["conditions"][0]) == (f"'{title}", "'")
        assert row["label_of.public"] == "Sì"
    if format_ == XLSX:
        (shown,) = of_workbook(content)
        assert (shown["name"], shown["fee"], shown["subjects"]) == (title, "12.50 EUR", "doctor midwife")


def _nested(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, cell in row.items():
        head, dot, key = name.partition(".")
        if dot:
            found.setdefault(head, {})[key] = cell
        else:
            found[name] = cell
    return found


async def test_a_workbook_is_read_as_the_other_files_are(asking: Asking) -> None:
    rows: Iterable[dict[str, Any]] = [a_row(a_key()), a_row(a_key(), public="MAYBE")]
    report = await send(asking, a_workbook(list(rows)), XLSX)
    assert (report.outcomes, report.refusals) == (["CREATED", "REFUSED"], [(2, "UNKNOWN_CHOICE", "public")])
    assert [row.line for row in report.rows] == [2, 3]


async def test_a_workbook_that_takes_long_to_read_holds_up_nobody(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    by: list[threading.Thread] = []

    def rows(self: Workbook) -> Generator[tuple[int, Sequence[Said]]]:
        by.append(threading.current_thread())
        yield from read(self)

    read = Workbook.rows
    monkeypatch.setattr(Workbook, "rows", rows)
    row: dict[str, Any] = a_row(a_key())
    assert (await send(asking, a_workbook([row]), XLSX)).outcomes == ["CREATED"]
    assert by
    assert threading.main_thread() not in by


async def test_an_export_has_what_its_reader_finds_and_reads(asking: Asking) -> None:
    marker = f"Qy{uuid.uuid4().hex[:6]}"
    made = await send(asking, a_file(*(a_row(a_key(), name=f"{marker} {n}") for n in range(3))), publish=True)
    draft = await send(asking, a_file(a_row(a_key(), name=f"{marker} draft")))
    for row in made.rows:
        await until_found(asking, row.entry_id, text=marker)
    found = await exported(asking, READER, text=marker, filter={"areas": [QUALIFICATIONS]})
    assert {row["entry.id"] for row in found} == {row.entry_id for row in made.rows}
    assert draft.rows[0].entry_id not in {row["entry.id"] for row in found}
    assert not any(name.startswith("label_of.") for name in found[0])
    with pytest.raises(Invalid) as refused:
        await exported(asking, READER, filter={"countries": ["XX"]})
    assert refused.value.field == "filter.countries[0]"
    # Without signing in, what is public is there, and nothing else.
    with pytest.raises(Invalid) as refused:
        await exported(asking, None, text=marker)
    assert refused.value.reason == "UNKNOWN_REPOSITORY"
    _, content = await fetch(asking, None, repository="requirements")
    columns = content.decode("utf-8-sig").splitlines()[0].split(";")
    assert "activity" in columns
    assert "reasons" not in columns


def test_what_is_said_of_the_entry_is_not_mistaken_for_a_field() -> None:
    fields = tuple(replace(field, code=code) for field, code in zip(REGISTERS.fields, ("entry", "name"), strict=False))
    columns = table(replace(REGISTERS, fields=fields)).columns
    assert [name for name in columns if name.startswith("entry")] == [ID, OWNER, VALID_FROM, VALID_TO]
    assert "name" in columns
