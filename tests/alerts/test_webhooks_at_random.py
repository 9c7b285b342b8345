"""Whatever happens to deliveries, in whatever order: every entry comes, none before one that was told before it."""

import random
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.alerts.domain import webhooks as rules
from services.alerts.domain.webhooks import Status
from services.alerts.webhooks.book import LEASE
from tests.alerts.conftest import Asking
from tests.alerts.endpoints import Endpoint, an_endpoint
from tests.alerts.hooks import CHIEF, Post, a_post

SEEDS = range(12)
STEPS = 40


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with an_endpoint(None) as opened:
        yield opened


@pytest.fixture
async def post(asking: Asking, tmp_path: Path) -> AsyncIterator[Post]:
    async with a_post(asking.settings, tmp_path, ssl.create_default_context()) as opened:
        yield opened


@dataclass
class Life:
    """One webhook, and what happens to it."""

    post: Post
    endpoint: Endpoint
    id_: str
    authority_id: str
    chance: random.Random
    told: list[str] = field(default_factory=list)

    async def tell(self) -> None:
        entries = await self.post.tell(*["BROADCAST"] * self.chance.randint(1, 3), to=self.authority_id)
        self.told += [entry.id for entry in entries]

    async def deliver(self) -> None:
        await self.post.deliver()

    async def fail(self) -> None:
        self.endpoint.statuses = [self.chance.choice([204, 204, 500, 302, 410])]

    async def wait(self) -> None:
        self.post.clock.forward(seconds=self.chance.choice([1, 30, 3_600, 86_400]))

    async def die(self) -> None:
        """A replica takes up what is due, and is heard of no more."""
        for document in await self.post.book.due(10):
            await self.post.book.claim(document, f"dead {self.chance.random()}")

    async def pause(self) -> None:
        kept = await self.post.webhooks.get(self.id_)
        if kept is not None and kept.state.status is Status.ACTIVE:
            await self.post.change(self.id_, lambda one: rules.pause(one, CHIEF))

    async def resume(self) -> None:
        kept = await self.post.webhooks.get(self.id_)
        progress = await self.post.progress(self.id_)
        if kept is not None and (kept.state.status is Status.PAUSED or progress.paused):
            await self.post.change(
                self.id_, lambda one: rules.resume(one, CHIEF, after_cursor="", stands_still=bool(progress.paused))
            )

    async def end(self) -> list[str]:
        """Everything is well again, for long enough: what came, in its order."""
        self.endpoint.statuses = [204]
        await self.resume()
        for _ in range(3):
            self.post.clock.at += max(LEASE, rules.SECRETS_OVERLAP)
            await self.deliver()
        return [one.data["entryId"] for one in self.endpoint.entries]


async def test_every_entry_comes_in_its_order_whatever_happens_in_between(post: Post, endpoint: Endpoint) -> None:
    for seed in SEEDS:
        chance = random.Random(seed)
        endpoint.came.clear()
        life = Life(post, endpoint, f"whk_{seed}", "aut_hu_coordinator", chance)
        await post.hook(life.id_, endpoint.url)
        for _ in range(STEPS):
            await chance.choice([life.tell, life.deliver, life.fail, life.wait, life.die, life.pause, life.resume])()
        came = await life.end()
        assert list(dict.fromkeys(came)) == life.told, f"seed {seed}"
        ids = {one.data["entryId"]: one.headers["webhook-id"] for one in endpoint.entries}
        assert all(one.headers["webhook-id"] == ids[one.data["entryId"]] for one in endpoint.entries), f"seed {seed}"
        assert (await post.progress(life.id_)).cursor == await post.inbox.cursor(life.authority_id, "")
        await post.change(life.id_, lambda one: rules.remove(one, CHIEF))
