"""Search finds what is published, in whatever language it is asked for, and nothing else."""

import asyncio
from typing import Any

import pytest

from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from tests.builders import QUALIFICATIONS, doctors
from tests.repositories.conftest import Asking, a_person, an_editor
from tests.repositories.registers import on_wire, refers, written
from vocabulary.refusals import Invalid
from vocabulary.values import Value

READER = a_person("FR")
BOTH = (f"{QUALIFICATIONS}/repository", "services/repository")


async def search(asking: Asking, text: str = "", *, page: common_pb2.Page | None = None, **narrowed: Any) -> Any:
    return await asking(
        READER, "SearchEntries", repository="registers", text=text, filter=pb.EntryFilter(**narrowed), page=page
    )


async def ids(asking: Asking, text: str = "", **narrowed: Any) -> list[str]:
    return [entry.id for entry in (await search(asking, text, **narrowed)).entries]


async def until_found(asking: Asking, id_: str, text: str = "", **narrowed: Any) -> None:
    """Wait for the index, which follows the store."""
    async with asyncio.timeout(10):
        while True:
            if id_ in await ids(asking, text, **narrowed):
                return
            await asyncio.sleep(0.01)


async def publish(asking: Asking, country: str, title: str, **changed: Value | None) -> str:
    editor = an_editor(country, modules=BOTH)
    values = on_wire(title, holder=refers(doctors(country)), **changed)
    draft = await asking.do(editor, "CreateEntry", repository="registers", values=values)
    await asking.do(editor, "PublishEntry", id=draft.id)
    return draft.id


@pytest.fixture(scope="module")
async def found(asking: Asking) -> dict[str, str]:
    """Four registers that nothing else in these tests is like."""
    made = {
        "HU": await publish(asking, "HU", "Kéményseprők jegyzéke", subjects=refers("midwife", "notary")),
        "PL": await publish(asking, "PL", "Rejestr łódzkich zegarmistrzów", subjects=refers("midwife")),
        "EL": await publish(asking, "EL", "Μητρώο ναυπηγών", subjects=None, conditions=written("Δωρεάν", "el")),
        "FI": await publish(asking, "FI", "Kutsumarekisteri", area=refers("services"), subjects=refers("architect")),
    }
    for country, id_ in made.items():
        await until_found(asking, id_, countries=[country])
    return made


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("Kéményseprők", "HU"),
        ("kemenyseprok jegyzeke", "HU"),
        ("kemenysepröjk", "HU"),
        ("zegarmistrz", "PL"),
        ("lodzkich", "PL"),
        ("ΜΗΤΡΏΟ ναυπηγων", "EL"),
        ("δωρεαν", "EL"),
    ],
)
async def test_an_entry_is_found_by_its_words_whatever_the_case_accents_endings_and_slips(
    asking: Asking, found: dict[str, str], text: str, country: str
) -> None:
    assert (await ids(asking, text))[:1] == [found[country]]


@pytest.mark.parametrize("text", ["notaio", "közjegyző", "Notar", "notariusz", "συμβολαιογράφος", "nótaire"])
async def test_an_entry_is_found_by_what_it_is_about_in_any_language(
    asking: Asking, found: dict[str, str], text: str
) -> None:
    assert found["HU"] in await ids(asking, text)


@pytest.mark.parametrize("text", ["xyzzyqwv", "!!! ???", '") OR *:*', "Kéményseprők xyzzyqwv qwvzyx"])
async def test_a_text_that_matches_nothing_gives_nothing(asking: Asking, found: dict[str, str], text: str) -> None:
    answer = await search(asking, text)
    assert (list(answer.entries), answer.total, answer.page_info.has_next_page) == ([], 0, False)


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"countries": ["HU", "FI"]}, {"HU", "FI"}),
        ({"areas": ["services"]}, {"FI"}),
        ({"concepts": ["midwife"]}, {"HU", "PL"}),
        ({"concepts": ["notary", "architect"]}, {"HU", "FI"}),
        ({"countries": ["PL", "FI"], "concepts": ["midwife"]}, {"PL"}),
        ({"countries": ["EL"], "areas": ["services"]}, set()),
        ({"countries": ["MT"]}, set()),
        ({}, {"HU", "PL", "EL", "FI"}),
    ],
)
async def test_without_a_text_all_that_the_filter_leaves_is_found(
    asking: Asking, found: dict[str, str], narrowed: dict[str, Any], expected: set[str]
) -> None:
    hits = (await search(asking, page=common_pb2.Page(first=100), **narrowed)).entries
    assert {found[country] for country in expected} == {entry.id for entry in hits} & set(found.values())


async def test_a_filter_narrows_a_text(asking: Asking, found: dict[str, str]) -> None:
    """Two registers are about midwives; the one asked for is in Poland."""
    assert set(await ids(asking, "midwife")) >= {found["HU"], found["PL"]}
    answer = await search(asking, "midwife", countries=["PL"])
    assert ([entry.id for entry in answer.entries], answer.total) == ([found["PL"]], 1)


@pytest.mark.parametrize(
    ("narrowed", "field", "reason"),
    [
        ({"countries": ["HU", "GR"]}, "filter.countries[1]", "UNKNOWN_COUNTRY"),
        ({"countries": ["hu"]}, "filter.countries[0]", "UNKNOWN_COUNTRY"),
        ({"areas": ["services", "fishing"]}, "filter.areas[1]", "UNKNOWN_AREA"),
        ({"concepts": ["doctor", "", "nurse"]}, "filter.concepts[1]", "UNKNOWN_CONCEPT"),
    ],
)
async def test_an_unfit_filter_is_refused_by_name(
    asking: Asking, narrowed: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await search(asking, **narrowed)
    assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_a_text_has_a_limit(asking: Asking) -> None:
    await search(asking, "x" * 200)
    with pytest.raises(Invalid) as refused:
        await search(asking, "x" * 201)
    assert (refused.value.field, refused.value.reason) == ("text", "TOO_LONG")


async def test_pages_follow_each_other_without_gaps(asking: Asking) -> None:
    made = {await publish(asking, "LV", f"Reģistrs {number}") for number in range(5)}
    for id_ in made:
        await until_found(asking, id_, countries=["LV"])
    seen: list[str] = []
    after, more = "", True
    while more:
        answer = await search(asking, page=common_pb2.Page(first=2, after=after), countries=["LV"])
        assert answer.total == 5
        seen += [entry.id for entry in answer.entries]
        after, more = answer.page_info.cursors[-1], answer.page_info.has_next_page
    assert len(seen) == 5
    assert set(seen) == made


async def test_readers_find_the_new_version_once_it_is_published_and_nothing_once_it_is_withdrawn(
    asking: Asking,
) -> None:
    """Not even the editor who wrote it finds a draft."""
    editor = an_editor("MT")
    id_ = await publish(asking, "MT", "Kvarkijiet")
    await until_found(asking, id_, "Kvarkijiet")
    await asking.do(editor, "EditEntry", id=id_, values=on_wire("Fotonovi"))
    draft = await asking.do(editor, "CreateEntry", repository="registers", values=on_wire("Fotonovi"))
    answer = await asking(editor, "SearchEntries", repository="registers", text="Fotonovi")
    assert (list(answer.entries), answer.total) == ([], 0)
    (shown,) = (await search(asking, "Kvarkijiet")).entries
    assert (shown.id, shown.HasField("draft")) == (id_, False)
    await asking.do(editor, "PublishEntry", id=id_)
    await until_found(asking, id_, "Fotonovi")
    assert await ids(asking, "Kvarkijiet") == []
    await asking.do(editor, "WithdrawEntry", id=id_, reason="magħluq")
    # What is withdrawn is not shown from then on, even before the index knows, and even to its owner.
    answer = await asking(editor, "SearchEntries", repository="registers", text="Fotonovi")
    assert list(answer.entries) == []
    await asking.do(editor, "PublishEntry", id=draft.id)
    await until_found(asking, draft.id, "Fotonovi")
