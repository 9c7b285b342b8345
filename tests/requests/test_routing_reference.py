"""What belongs to what, as the directory says it: asked once, kept for a while, and never guessed."""

from collections.abc import Sequence
from typing import Any

import pytest

from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.requests.routing_reference import KEPT_S, RoutingReference
from tests.builders import QUALIFICATIONS, REQUESTS
from tests.ports import a_dead_address
from tests.requests.exchanges import Asking
from vocabulary.refusals import Unavailable


class Counting(Peer):
    """Calls the directory, and remembers what it was asked for."""

    def __init__(self, asking: Asking) -> None:
        super().__init__("directory", Signer(KeyRing(asking.settings.keys), "requests").for_service)
        self.asked: list[Sequence[str]] = []

    async def call(self, method: Any, request: Any) -> Any:
        self.asked.append(list(request.ids))
        return await super().call(method, request)


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_chain_of_a_concept_and_of_a_region_is_asked_for_once(asking: Asking) -> None:
    async with open_channel(asking.settings.directory_address) as channel:
        peer, time = Counting(asking), Time()
        reference = RoutingReference(peer, DirectoryServiceStub(channel), time)
        concepts = await reference.broader(["specialist_doctor", "doctor", "wizard"])
        assert concepts == {"specialist_doctor": ("doctor",), "doctor": ()}
        regions = await reference.territories(["IT-RM", "IT-62", "IT", "nowhere"])
        assert (regions["IT-62"], "nowhere" in regions) == (("IT",), False)
        asked = len(peer.asked)
        assert await reference.broader(["specialist_doctor", "doctor"]) == concepts
        assert (await reference.territories(["IT-62"]))["IT-62"] == ("IT",)
        area = await reference.area(QUALIFICATIONS)
        assert area is not None
        assert (await reference.area(QUALIFICATIONS), REQUESTS in area.modules) == (area, True)
        assert await reference.area("wizardry") is None
        assert len(peer.asked) == asked + 2
        time.now = KEPT_S + 1
        await reference.area(QUALIFICATIONS)
        assert len(peer.asked) == asked + 3


async def test_what_belongs_to_itself_in_the_end_is_followed_round_once(asking: Asking) -> None:
    class Ring(Peer):
        async def call(self, method: Any, request: Any) -> Any:
            above = {"a": "b", "b": "c", "c": "a"}
            return pb.BatchGetConceptsResponse(
                concepts=[pb.Concept(id=one, broader_id=above[one]) for one in request.ids]
            )

    async with open_channel(asking.settings.directory_address) as channel:
        reference = RoutingReference(Ring("directory", str), DirectoryServiceStub(channel))
        assert await reference.broader(["a"]) == {"a": ("b", "c", "a")}


async def test_while_the_directory_is_away_nothing_is_taken_for_unknown(asking: Asking) -> None:
    async with open_channel(a_dead_address()) as channel:
        reference = RoutingReference(Counting(asking), DirectoryServiceStub(channel))
        with pytest.raises(Unavailable):
            await reference.broader(["doctor"])
        with pytest.raises(Unavailable):
            await reference.area(QUALIFICATIONS)
        assert await reference.broader([]) == {}
