"""Whom a delivery reaches is asked once by all who want to know it, for a while, and of no more than can be remembered."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chassis.participants import Participants
from services.alerts import reach
from services.alerts.domain.alerts import Delivery, News
from services.alerts.reach import IDS_KEPT, KEPT_S, Reach
from services.alerts.recipients import Recipients
from tests.alerts.cast import AUTHORITIES, MODULE
from tests.alerts.conftest import Asking, another
from tests.alerts.inboxes import settled
from tests.alerts.test_country_topics import dealt_with
from tests.alerts.threads import a_full_alert
from vocabulary.refusals import Unavailable


class Asked(Recipients):
    """Says who coordinates, after a while, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.times = 0
        self.away = 0
        self.found = {"HU": ["aut_hu_coordinator", "aut_hu_region"]}

    async def coordinators(self, module: str, countries: Sequence[str], *, besides: str = "") -> dict[str, list[str]]:
        self.times += 1
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            raise Unavailable("the directory is away", reason="AWAY")
        return {country: self.found[country] for country in countries}

    async def nationals(self, countries: Sequence[str]) -> list[Any]:
        return []


class Copy(Participants):
    """The directory as these tests have it."""

    def __init__(self) -> None: ...

    async def get_many(self, ids: Iterable[str]) -> dict[str, Any]:
        return {id_: AUTHORITIES[id_] for id_ in ids if id_ in AUTHORITIES}


def due(number: int = 1, *ids: str) -> Delivery:
    return Delivery(id=str(number), news=News.BROADCAST, countries=("HU",), authority_ids=ids)


@pytest.fixture
def asked() -> Asked:
    return Asked()


async def test_all_who_ask_at_once_or_shortly_after_have_one_answer(asked: Asked) -> None:
    at = 0.0
    shared = Reach(asked, Copy(), lambda: at)
    told = due(1, "aut_it_labour", "aut_nobody")
    first, second = await asyncio.gather(*(shared.of("alt_1", told, MODULE) for _ in range(2)))
    at = KEPT_S
    third = await shared.of("alt_1", told, MODULE)
    assert first == second == third
    assert first == {"aut_it_labour": "IT", "aut_nobody": "", "aut_hu_coordinator": "HU", "aut_hu_region": "HU"}
    assert asked.times == 1
    for alert_id, delivery in (("alt_1", due(2)), ("alt_2", due(1))):
        await shared.of(alert_id, delivery, MODULE)
    assert asked.times == 3


async def test_what_is_asked_later_is_asked_anew(asked: Asked) -> None:
    at = 0.0
    shared = Reach(asked, Copy(), lambda: at)
    await shared.of("alt_1", due(), MODULE)
    at, asked.found = KEPT_S + 1, {"HU": ["aut_hu_nimic"]}
    assert await shared.of("alt_1", due(), MODULE) == {"aut_hu_nimic": "HU"}


async def test_an_answer_that_failed_is_nobodys(asked: Asked) -> None:
    shared = Reach(asked, Copy())
    asked.away = 1
    said = await asyncio.gather(*(shared.of("alt_1", due(), MODULE) for _ in range(3)), return_exceptions=True)
    assert [isinstance(one, Unavailable) for one in said] == [True, False, False]
    assert asked.times == 2


async def test_no_more_is_remembered_than_there_is_room_for(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    assert IDS_KEPT > 15_000
    monkeypatch.setattr(reach, "IDS_KEPT", 10)
    shared = Reach(asked, Copy(), lambda: 0.0)
    for number in range(100):
        await shared.of(f"alt_{number}", due(), MODULE)
        assert sum(len(one.found or ()) for one in shared._asked.values()) == shared._ids <= 12
    await shared.of("alt_99", due(), MODULE)
    assert asked.times == 100
    await shared.of("alt_0", due(), MODULE)
    assert asked.times == 101


async def test_inboxes_receipts_and_topics_of_one_delivery_ask_once_who_coordinates(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[tuple[str, ...]] = []
    ask = Recipients.coordinators

    async def noted(self: Recipients, module: str, countries: Sequence[str], *, besides: str = "") -> Any:
        times.append(tuple(countries))
        return await ask(self, module, countries, besides=besides)

    monkeypatch.setattr(Recipients, "coordinators", noted)
    async with another(asking, tmp_path) as alone:
        await a_full_alert(alone)
        await settled(alone)
        await dealt_with(alone.settings)
    # Submitted, broadcast, disseminated, two pieces of information; and what `settled` sends to Austria.
    assert sorted(times) == [(), ("AT",), ("HU",), ("HU", "FR"), ("IT",), ("IT",)]
