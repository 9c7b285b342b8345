"""Whom a process has met: remembered until the directory tells of a change, for which nobody else is looked at."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from grpc import aio
from hypothesis import given
from hypothesis import strategies as st

from chassis import sign_ins
from chassis.bearers import Bearer, IssuerTokens
from chassis.calls import Peer
from chassis.outbox import topic
from chassis.sign_ins import SignIns
from engines.events import Event, open_events
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from tests.chassis.waiting import until

ISSUER = "https://issuer.example"
PEOPLE, AUTHORITIES = range(100), 10


class Answer:
    """What the directory says of a person, which counts how often that is looked at."""

    def __init__(self, number: int) -> None:
        self.looks = 0
        self._user = pb.User(id=f"usr_{number}")
        self.authority = pb.Authority(id=f"aut_{number % AUTHORITIES}")

    @property
    def user(self) -> pb.User:
        self.looks += 1
        return self._user


class Directory(Peer):
    """Knows everybody by a number, and remembers for whom it was asked."""

    def __init__(self) -> None:
        super().__init__("directory", str)
        self.asked: list[int] = []
        self.said: dict[int, Answer] = {}

    async def call(self, method: Any, request: Any) -> Any:
        number = int(request.subject)
        self.asked.append(number)
        self.said[number] = Answer(number)
        return self.said[number]


def an_event(subject: str) -> Event:
    return Event(id=subject, type="t", source="/test", subject=subject, time=datetime.now(UTC), data=b"")


async def test_a_change_makes_those_forgotten_whom_it_concerns_and_nobody_else_is_looked_at(tmp_path: Path) -> None:
    directory = Directory()
    async with (
        aio.insecure_channel("127.0.0.1:1") as nowhere,
        open_events(f"sqlite:///{tmp_path}/events.db") as events,
    ):
        met = SignIns(IssuerTokens(ISSUER, "imi"), directory, DirectoryServiceStub(nowhere), lambda: 0.0)

        async def asked_again(number: int) -> bool:
            times = directory.asked.count(number)
            await met.resolve(Bearer(ISSUER, str(number), 1.0))
            return directory.asked.count(number) > times

        assert await asked_again(0)
        assert not await asked_again(0)
        hearing = asyncio.ensure_future(met.forget_on_change(events))
        try:
            # Whoever was met before it hears of changes is forgotten as it begins.
            await until(lambda: asked_again(0))
            for number in PEOPLE:
                await asked_again(number)
            looks = {number: said.looks for number, said in directory.said.items()}
            directory.asked.clear()
            await events.publish(topic("directory"), [an_event(one) for one in ("usr_elsewhere", "usr_7", "aut_3")])
            await until(lambda: asked_again(3))
            for number in PEOPLE:
                await asked_again(number)
            concerned = {7, *(number for number in PEOPLE if number % AUTHORITIES == 3)}
            assert sorted(directory.asked) == sorted(concerned)
            rest = set(PEOPLE) - concerned
            assert {number: directory.said[number].looks for number in rest} == {one: looks[one] for one in rest}
        finally:
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing


MOST = 3
PERSON, AUTHORITY = st.integers(0, 5), st.integers(0, 2)
STEPS = st.lists(
    st.tuples(PERSON, AUTHORITY) | PERSON.map("usr_{}".format) | AUTHORITY.map("aut_{}".format), max_size=30
)


@given(STEPS)
def test_whatever_is_met_and_changed_those_are_remembered_who_were_met_last_and_have_not_changed(
    steps: list[tuple[int, int] | str],
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sign_ins, "REMEMBERED", MOST)
        known = sign_ins._Known()
        expected: OrderedDict[int, set[str]] = OrderedDict()
        for step in steps:
            if isinstance(step, str):
                known.forget(step)
                for person in [person for person, ids in expected.items() if step in ids]:
                    del expected[person]
                continue
            person, of = step
            user, authority = pb.User(id=f"usr_{person}"), pb.Authority(id=f"aut_{of}")
            known.keep((ISSUER, str(person)), pb.ResolveUserResponse(user=user, authority=authority), 1.0)
            expected[person] = {user.id, authority.id}
            expected.move_to_end(person)
            if len(expected) > MOST:
                expected.popitem(last=False)
        assert list(known._met) == [(ISSUER, str(person)) for person in expected]
        assert set(known._concerned) == set().union(*expected.values())
