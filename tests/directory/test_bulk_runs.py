"""Whole imports: foreseen exactly, taken back from an export, broken off and sent again, side by side, within limits."""

import asyncio
import csv
import io
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.imports import BYTES_MAX
from chassis.tables.rows import ROWS_MAX
from engines.documents import open_documents
from engines.events import open_events
from protos.directory.v1 import bulk_pb2 as pb
from protos.directory.v1 import directory_pb2
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.directory import storage
from services.directory.domain.authorities import Authority
from services.directory.training.authorities import coordinator_id
from tests.directory.bodies import an_access, an_authority, somebody
from tests.directory.bulk_driver import (
    BODIES,
    CREATED,
    CSV,
    JSON,
    UNCHANGED,
    Bulk,
    Report,
    a_directory,
    a_file,
    a_row,
    parts,
    running,
)
from vocabulary.participants import Status
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import UserRole


@pytest.fixture(scope="module")
async def bulk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bulk]:
    async with a_directory(tmp_path_factory.mktemp("runs")) as found:
        yield found


KEYS = st.sampled_from(
    ["A", "B", "C", "D", "E", "", "aut_office", "aut_suspended", "aut_nimic", "aut_hungary", "aut_0"]
)
PARTS = st.sampled_from(
    ["CA ALERT_AUTHORITY", "CA ALERT_AUTHORITY", "CA", "LIMIC ALERT_COORDINATOR", "NIMIC", "DIMIC", "x", ""]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "external_id": KEYS,
            "level": st.sampled_from(["NATIONAL", "REGIONAL", "REGIONAL", "LOCAL", "x"]),
            "region": st.sampled_from(["", "IT-62", "IT-25", "IT-21", "HU-BU"]),
            "languages": st.sampled_from(["it", "it en", "it en", "tlh", ""]),
            "email": st.sampled_from(["", "imi@ufficio.example", "imi"]),
            "official_name.it": st.sampled_from(["Ufficio", "Ufficio nuovo", "=1+1", ""]),
            "informal_name.en": st.sampled_from(["", "Office"]),
            "modules.services/alerts": PARTS,
            "country": st.sampled_from(["", "", "IT", "HU"]),
            "status": st.sampled_from(["", "", "ACTIVE", "SUSPENDED"]),
        }
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, broken=st.sampled_from(["", "", "x,y\n"]))
async def test_a_dry_run_reports_exactly_what_the_real_one_does_and_does_nothing(
    bulk: Bulk, rows: list[dict[str, str]], broken: str
) -> None:
    file = a_file(*rows) + broken if rows else "external_id\n"
    before = await bulk.fetch(format=JSON)
    foreseen = await bulk.send(file, dry_run=True)
    assert await bulk.fetch(format=JSON) == before
    done = await bulk.send(file)
    assert foreseen.rows == done.rows
    assert foreseen.counts == done.counts
    assert foreseen.summary is not None
    assert done.summary is not None
    assert (foreseen.summary.dry_run, done.summary.dry_run) == (True, False)
    # What was done is done: nothing is created or changed twice, and what was refused is refused for a reason of its own.
    again = await bulk.send(file)
    for first, second in zip(done.rows, again.rows, strict=True):
        if first.outcome in (CREATED, UNCHANGED) and "LIMIC" not in file:
            assert second.outcome == UNCHANGED


@pytest.mark.parametrize("format_", [CSV, JSON], ids=["CSV", "JSON Lines"])
@pytest.mark.parametrize("separator", ["", ","])
async def test_an_export_is_imported_again_and_changes_nothing(bulk: Bulk, format_: Any, separator: str) -> None:
    if format_ == JSON and separator:
        return
    awkward = {
        "external_id": '=K;"1"',
        "level": "LOCAL",
        "town": '-Borgo, "San" Lorenzo;\nFirenze',
        "phone": "+39 055 1",
        "website": "'=x",
        "languages": ["it", "en", "nb"],
        "official_name": {"it": "@Ufficio", "de": "Büro\n\nzwei"},
        "description": {"el": "Ένα;δύο", "en": "'+1"},
        "modules": {"services/alerts": ["CA", "ALERT_AUTHORITY"], "services/requests": ["CA"]},
    }
    await bulk.send(json.dumps(awkward), JSON)
    statuses = [number for number in directory_pb2.AuthorityStatus.values() if number]
    header, content = await bulk.fetch(format=format_, separator=separator, statuses=statuses)
    assert header.file_name == f"authorities-IT.{'csv' if format_ == CSV else 'jsonl'}"
    for dry in (True, False):
        report = await bulk.send(content, format_, dry_run=dry)
        assert set(report.outcomes) == {"UNCHANGED"}, report.refusals
    assert report.counts[0] == len(report.rows) >= 7
    assert '=K;"1"' in [row.external_id for row in report.rows]
    assert "aut_nimic" not in [row.external_id for row in report.rows]


@pytest.mark.parametrize("country", ["IT", "DE", "EL", "MT"])
async def test_the_training_authorities_of_a_country_are_taken_back_unchanged(
    tmp_path: Path, training: dict[str, Authority], country: str
) -> None:
    bodies = {id_: one for id_, one in training.items() if one.country == country}
    nimic = somebody(coordinator_id(country, "*"), UserRole.COORDINATOR, module="*", country=country)
    async with a_directory(tmp_path, bodies) as bulk:
        _, content = await bulk.fetch(nimic)
        report = await bulk.send(content, caller=nimic)
        assert report.counts == (len(bodies) - 1, 0, 0, len(bodies) - 1, 0), report.refusals[:3]
        _, of_area = await bulk.fetch(nimic, area_codes=["firearms", "services"], format=JSON)
        found = [json.loads(line) for line in of_area.splitlines()]
        wanted = [
            id_
            for id_, one in bodies.items()
            if {"firearms", "services"} & set(one.areas) and id_ != coordinator_id(country, "*")
        ]
        assert sorted(line["external_id"] for line in found) == sorted(wanted)


async def test_an_export_is_of_those_that_are_asked_for(bulk: Bulk) -> None:
    async def ids(**asked: Any) -> set[str]:
        _, content = await bulk.fetch(**asked)
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
        return {row["external_id"] for row in rows}

    suspended = directory_pb2.AUTHORITY_STATUS_SUSPENDED
    assert await ids(statuses=[suspended]) == {"aut_suspended"}
    assert "aut_suspended" not in await ids()
    assert {"aut_office", "aut_limic", "aut_dimic", "aut_sdimic"} <= await ids()
    assert await ids(area_codes=["firearms"]) == set()
    assert "aut_office" in await ids(area_codes=["firearms", "services"])
    for asked, field in (
        ({"format": 0}, "format"),
        ({"separator": "|"}, "separator"),
        ({"statuses": [0]}, "statuses[0]"),
        ({"area_codes": ["services", "wizardry"]}, "areaCodes[1]"),
        ({"statuses": [directory_pb2.AUTHORITY_STATUS_ACTIVE] * 1_001}, "statuses"),
        ({"area_codes": ["services"] * 1_001}, "areaCodes"),
    ):
        with pytest.raises(Invalid) as refused:
            await bulk.fetch(**asked)
        assert refused.value.field == field


async def test_what_is_not_active_is_exported_for_those_only_who_act_in_its_areas(tmp_path: Path) -> None:
    firearms = an_authority(access=(an_access("firearms/requests"),), status=Status.REQUESTED)
    services = somebody("aut_nimic", UserRole.COORDINATOR, name="services")
    everything = somebody("aut_nimic", UserRole.COORDINATOR, module="*", name="everything")
    asked: dict[str, Any] = {"statuses": [directory_pb2.AUTHORITY_STATUS_REQUESTED]}
    async with a_directory(tmp_path, {**BODIES, "aut_firearms": firearms}) as bulk:
        _, some = await bulk.fetch(services, **asked)
        _, all_ = await bulk.fetch(everything, **asked)
    assert (b"aut_applicant" in some, b"aut_firearms" in some) == (True, False)
    assert (b"aut_applicant" in all_, b"aut_firearms" in all_) == (True, True)


async def test_the_example_of_the_documentation_is_imported(tmp_path: Path, training: dict[str, Authority]) -> None:
    example = (Path(__file__).parents[2] / "docs/examples/authorities.csv").read_bytes()
    bodies = {id_: one for id_, one in training.items() if one.country == "DE"}
    nimic = somebody(coordinator_id("DE", "*"), UserRole.COORDINATOR, module="*", country="DE")
    async with a_directory(tmp_path, bodies) as bulk:
        report = await bulk.send(example, caller=nimic)
        assert report.refusals == []
        assert set(report.outcomes) == {"CREATED"}
        assert report.counts[0] >= 3


def many(count: int, town: str = "Torino") -> str:
    return a_file(*(a_row(f"N{number}", town=town) for number in range(count)))


async def test_a_broken_import_has_done_whole_rows_and_goes_on_when_it_is_sent_again(tmp_path: Path) -> None:
    file = many(300).encode()
    async with a_directory(tmp_path) as bulk:
        seen: list[pb.ImportedRow] = []
        stream = bulk.peer().exchange(
            bulk.stub.ImportAuthorities, parts([file[: len(file) // 2], file[len(file) // 2 :]], CSV)
        )
        async for message in stream:
            seen.append(message.row)
            if len(seen) == 40:
                break
        await stream.aclose()
        assert {row.outcome for row in seen} == {CREATED}
    async with running(bulk.asking.settings) as bulk:
        report = await bulk.send(file)
        counts = report.counts
        assert counts[0] == counts[1] + counts[3] == 300
        assert counts[3] >= 40
        assert (await bulk.send(file)).counts == (300, 0, 0, 300, 0)
        made = await bulk.asking.read(*(row.authority_id for row in report.rows))
        assert [one.revision for one in made] == [1] * 300


async def test_a_file_that_breaks_off_in_a_row_has_done_the_rows_before(bulk: Bulk) -> None:
    class Broken(Exception):
        pass

    def chunks() -> Iterator[bytes]:
        yield a_file(a_row("Q1"), a_row("Q2")).encode()
        yield b"Q3,NATIONAL,,it"
        raise Broken

    with pytest.raises(Broken):
        await bulk.send(chunks())
    report = await bulk.send(a_file(a_row("Q1"), a_row("Q3")), dry_run=True)
    assert report.outcomes[1] == "CREATED"


async def test_results_come_while_the_file_is_still_being_sent(bulk: Bulk) -> None:
    heard = asyncio.Event()

    async def slowly() -> AsyncIterator[pb.ImportAuthoritiesRequest]:
        async for part in parts([a_file(a_row("R1"), a_row("R2")).encode()], CSV):
            yield part
        await heard.wait()
        yield pb.ImportAuthoritiesRequest(chunk=b"")

    async with asyncio.timeout(10):
        async for message in bulk.peer().exchange(bulk.stub.ImportAuthorities, slowly()):
            if message.row.external_id == "R1":
                heard.set()
        assert heard.is_set()


async def test_whoever_reads_no_results_holds_up_the_import(bulk: Bulk) -> None:
    sent, chunks = 0, 600
    long = {"level": "x" * 5_000, "official_name": {"it": "x" * 500}}

    async def counted() -> AsyncIterator[pb.ImportAuthoritiesRequest]:
        nonlocal sent
        rows = ({"external_id": str(number), **long} for number in itertools.count())
        files = (b"".join(json.dumps(next(rows)).encode() + b"\n" for _ in range(16)) for _ in range(chunks))
        async for part in parts(files, JSON):
            yield part
            sent += 1

    stream = bulk.peer().exchange(bulk.stub.ImportAuthorities, counted())
    assert (await anext(stream)).row.refusal.reason == "UNKNOWN_VALUE"
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(1)
    await stream.aclose()
    assert sent < chunks


async def test_two_imports_of_one_file_at_once_make_each_authority_once(tmp_path: Path) -> None:
    async with a_directory(tmp_path) as bulk:
        reports = await asyncio.gather(*(bulk.send(many(120)) for _ in range(3)))
        for report in reports:
            assert set(report.outcomes) <= {"CREATED", "UNCHANGED"}
        created = [row.authority_id for report in reports for row in report.rows if row.outcome == CREATED]
        assert len(created) == len(set(created)) == 120
        other = await asyncio.gather(bulk.send(many(60, "Asti")), bulk.send(many(60, "Bari")))
        assert {outcome for report in other for outcome in report.outcomes} <= {"CHANGED", "UNCHANGED"}


async def test_every_row_that_is_done_tells_the_others_once(tmp_path: Path) -> None:
    async with a_directory(tmp_path) as bulk:
        await bulk.send(many(3), dry_run=True)
        report = await bulk.send(many(3))
        await bulk.send(many(3))
        await bulk.send(many(2, "Asti"))
        seen: list[tuple[str, int]] = []
        async with (
            asyncio.timeout(20),
            open_events(bulk.asking.settings.events) as events,
            events.join("test", ["imi.directory.v1"]) as member,
        ):
            while len(seen) < 5:
                messages = [AuthorityChanged.FromString(one.event.data) for one in await member.poll()]
                seen += [(message.authority_id, message.revision) for message in messages]
    ids = [row.authority_id for row in report.rows]
    assert sorted(seen) == sorted([(id_, 1) for id_ in ids] + [(id_, 2) for id_ in ids[:2]])


async def refused_for(bulk: Bulk, content: Iterator[bytes], format_: Any = JSON) -> tuple[Invalid, Report]:
    """Why an import ended, and what it had reported until then."""
    report = Report()
    with pytest.raises(Invalid) as refused:  # noqa: PT012  # what came before the refusal counts
        async for message in bulk.peer().exchange(bulk.stub.ImportAuthorities, parts(content, format_)):
            if message.HasField("row"):
                report.rows.append(message.row)
    return refused.value, report


async def test_a_file_has_ten_thousand_rows_at_most_which_are_reported_before_it_ends(bulk: Bulk) -> None:
    refusal, report = await refused_for(bulk, iter([b"{}\n" * (ROWS_MAX + 500)]))
    assert (refusal.field, refusal.reason) == ("file", "TOO_MANY_ROWS")
    assert len(report.rows) == ROWS_MAX
    whole = await bulk.send(b"{}\n" * ROWS_MAX, JSON)
    assert whole.counts == (ROWS_MAX, 0, 0, 0, ROWS_MAX)
    assert [one.counts.rows for one in whole.progress] == list(range(500, ROWS_MAX + 1, 500))


async def test_a_file_has_64_mb_at_most(bulk: Bulk) -> None:
    megabyte = b" " * (1 << 20)
    refusal, _ = await refused_for(bulk, iter([megabyte] * (BYTES_MAX // (1 << 20)) + [b"{}"]))
    assert (refusal.field, refusal.reason) == ("file", "FILE_TOO_LARGE")


async def test_what_is_wrong_with_the_whole_is_said_though_the_client_still_sends(bulk: Bulk) -> None:
    chunks = [b"external_id,wizardry\n", *[b"x" * 60_000] * 400]
    refusal, report = await refused_for(bulk, iter(chunks), CSV)
    assert (refusal.field, refusal.reason, report.rows) == ("wizardry", "UNKNOWN_COLUMN", [])


async def test_an_import_begins_with_one_header(bulk: Bulk) -> None:
    async def without() -> AsyncIterator[pb.ImportAuthoritiesRequest]:
        yield pb.ImportAuthoritiesRequest(chunk=b"external_id\n")

    async def twice() -> AsyncIterator[pb.ImportAuthoritiesRequest]:
        for _ in range(2):
            async for part in parts([], CSV):
                yield part

    async def never() -> AsyncIterator[pb.ImportAuthoritiesRequest]:
        return
        yield

    for requests, reason in ((without(), "MISSING_FIELD"), (twice(), "REPEATED"), (never(), "MISSING_FIELD")):
        with pytest.raises(Invalid) as refused:
            async for _ in bulk.peer().exchange(bulk.stub.ImportAuthorities, requests):
                pass
        assert (refused.value.field, refused.value.reason) == ("header", reason)


async def test_a_coordinator_who_is_suspended_meanwhile_imports_no_further(tmp_path: Path) -> None:
    async with a_directory(tmp_path) as bulk:
        suspended = asyncio.Event()

        async def slowly() -> AsyncIterator[pb.ImportAuthoritiesRequest]:
            first, second = a_file(a_row("S1")), ",".join(a_row("S2").values()) + "\n"
            async for part in parts([first.encode()], CSV):
                yield part
            await suspended.wait()
            yield pb.ImportAuthoritiesRequest(chunk=second.encode())

        done: list[str] = []
        with pytest.raises(Forbidden):  # noqa: PT012  # what came before the refusal counts
            async for message in bulk.peer().exchange(bulk.stub.ImportAuthorities, slowly()):
                done.append(message.row.external_id)
                await _suspend(bulk, "aut_nimic")
                suspended.set()
        assert done == ["S1"]


async def _suspend(bulk: Bulk, id_: str) -> None:
    settings = bulk.asking.settings
    async with open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents:
        document = await documents.get(storage.AUTHORITIES, id_)
        assert document is not None
        state: Any = document.body["state"]
        body: Any = {**document.body, "state": {**state, "status": "SUSPENDED"}}
        await documents.compare_and_set(storage.AUTHORITIES, type(document)(id_, body, document.revision))
