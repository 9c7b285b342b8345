"""Texts that go out together: as many as fit, and none that has waited too long for the others."""

import asyncio
from collections.abc import Sequence

import pytest

from services.translation.batching import CHARACTERS_MAX, TEXTS_MAX, Batches, Item, Kind, Sent
from services.translation.domain.pairs import Pair
from services.translation.providers.port import Rendered, Retryable
from services.translation.tasks import tasks
from vocabulary.values import DataClass

KIND = Kind(pair=Pair("it", "hu"), data_class=DataClass.PERSONAL, tenant="aut_1", area="")


class Sender:
    """Notes what goes out; answers while it is free."""

    def __init__(self) -> None:
        self.sent: list[list[tuple[str, ...]]] = []
        self.began = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    async def send(self, _: Kind, items: Sequence[Item]) -> None:
        self.sent.append([item.texts for item in items])
        self.began.set()
        await self.free.wait()
        for item in items:
            item.done.set_result([Rendered(text=text.upper()) for text in item.texts])


async def test_texts_of_one_moment_go_together_and_each_gets_its_own() -> None:
    sender = Sender()
    async with tasks() as going_on:
        batches = Batches(going_on, sender.send, always_linger=False)
        answers = await asyncio.gather(*(batches.add(KIND, f"j{n}", [f"a{n}", f"b{n}"]) for n in range(3)))
    assert sender.sent == [[("a0", "b0"), ("a1", "b1"), ("a2", "b2")]]
    assert answers[1] == [Rendered(text="A1"), Rendered(text="B1")]


@pytest.mark.parametrize(
    ("texts", "sizes"),
    [
        (["x"] * (TEXTS_MAX + 1), [TEXTS_MAX, 1]),
        (["x" * (CHARACTERS_MAX // 2)] * 3, [2, 1]),
        (["x" * (CHARACTERS_MAX + 1), "x"], [1, 1]),
    ],
)
async def test_a_batch_holds_so_much_and_no_more(texts: list[str], sizes: list[int]) -> None:
    sender = Sender()
    async with tasks() as going_on:
        batches = Batches(going_on, sender.send, always_linger=False)
        await asyncio.gather(*(batches.add(KIND, f"j{n}", [text]) for n, text in enumerate(texts)))
    assert [len(batch) for batch in sender.sent] == sizes


async def test_while_one_is_under_way_the_next_ones_gather() -> None:
    sender = Sender()
    sender.free.clear()
    async with tasks() as going_on:
        batches = Batches(going_on, sender.send, always_linger=False)
        async with asyncio.TaskGroup() as group:
            group.create_task(batches.add(KIND, "first", ["a"]))
            await sender.began.wait()
            for n in range(5):
                group.create_task(batches.add(KIND, f"j{n}", [str(n)]))
                await asyncio.sleep(0.001)
            sender.free.set()
    assert sender.sent[0] == [("a",)]
    assert sorted(texts for batch in sender.sent[1:] for texts in batch) == [(str(n),) for n in range(5)]


async def test_different_kinds_never_go_together() -> None:
    others = [
        Kind(pair=Pair("it", "de"), data_class=DataClass.PERSONAL, tenant="aut_1", area=""),
        Kind(pair=Pair("it", "hu"), data_class=DataClass.PUBLIC, tenant="aut_1", area=""),
        Kind(pair=Pair("it", "hu"), data_class=DataClass.PERSONAL, tenant="aut_2", area=""),
        Kind(pair=Pair("it", "hu"), data_class=DataClass.PERSONAL, tenant="aut_1", area="services"),
        Kind(pair=Pair("it", "hu"), data_class=DataClass.PERSONAL, tenant="aut_1", area="", terms=(("a", "b"),)),
    ]
    sender = Sender()
    async with tasks() as going_on:
        batches = Batches(going_on, sender.send, always_linger=False)
        await asyncio.gather(*(batches.add(kind, "j", ["x"]) for kind in (KIND, *others)))
    assert [len(batch) for batch in sender.sent] == [1] * 6


async def test_whoever_has_gone_is_not_sent_and_an_engine_that_calls_back_says_so() -> None:
    async def send(_: Kind, items: Sequence[Item]) -> None:
        for item in items:
            item.done.set_result(Sent("d")) if item.job_id == "stays" else item.done.set_exception(Retryable("no"))

    async with tasks() as going_on:
        batches = Batches(going_on, send, always_linger=True)
        gone = asyncio.ensure_future(batches.add(KIND, "gone", ["a"]))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(Retryable):
            await batches.add(KIND, "fails", ["b"])
        assert await batches.add(KIND, "stays", ["c"]) == Sent("d")
