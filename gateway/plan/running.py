"""One execution of a plan: what it waits for, what went wrong, and where.

The compiled code runs through a response as far as it can without waiting. Where it has to wait it leaves a null and asks: a
loader for a thing, or a resolver's coroutine for its result. Whoever is answered goes on from that place, again as far as it can.
So what is asked for at the same depth is asked for together, and nothing waits for what it does not need.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError, located_error
from strawberry.execution.is_awaitable import optimized_is_awaitable

from gateway.loading import Loader
from gateway.plan.branches import NOTHING, Branch, One, Several
from gateway.plan.slots import FieldSlot, Place, path_of

if TYPE_CHECKING:
    from gateway.batches import BatchRead
    from gateway.context import Context
    from gateway.plan.compiled import Plan


@dataclass(frozen=True, slots=True)
class Request:
    """What one execution is given."""

    root_value: Any
    context: "Context"
    # Coerced, with where they came from, as graphql-core has them.
    variables: Any
    extensions: dict[str, Any] | None = None


class Run:
    """One execution."""

    def __init__(self, plan: "Plan", request: Request) -> None:
        self.plan = plan
        self.request = request
        self.errors: list[GraphQLError] = []
        self.data: dict[str, Any] | None = {}
        # Places that are null because of what stood below them, each with its container, so that its identity stays its own.
        self.nulled: dict[tuple[int, str | int], Any] = {}
        # Asked, and not told yet.
        self.outstanding = 0
        self.has_ended = False
        # Coroutines that nobody has begun.
        self._waiting: list[tuple[Awaitable[Any], Place, Branch]] = []
        # What is to be asked for, where nothing goes wrong above.
        self._wanted: list[tuple[BatchRead, Any, Place, Branch]] = []
        self._lists: list[tuple[BatchRead, Iterable[Any], Place, Branch]] = []
        # What can be gone on with at once.
        self._ready: list[tuple[Branch, Any, Exception | None, Place, Any]] = []
        self._tasks: dict[asyncio.Future[Any], tuple[Place, Branch] | None] = {}
        self._loaders: dict[BatchRead, Loader] = {}
        self._settled: asyncio.Future[None] | None = None

    async def result(self) -> ExecutionResult:
        """The response."""
        try:
            for step in self.plan.steps:
                # A command may have changed what was read before it: the context has forgotten that.
                self._loaders.clear()
                self._take(step)
                await self._settle()
                if self.data is None:
                    break
        finally:
            self._end()
        return ExecutionResult(self.data, self.errors or None)

    def wait(self, awaitable: Awaitable[Any], place: Place, branch: Branch) -> None:
        """Go on at *place* when *awaitable* has been awaited."""
        self._waiting.append((awaitable, place, branch))

    def ask(self, batch: "BatchRead", key: Any, place: Place, branch: Branch) -> None:
        """Go on at *place* when there is the thing of *batch* under *key*."""
        self._wanted.append((batch, key, place, branch))

    def ask_all(self, batch: "BatchRead", keys: Iterable[Any], place: Place, branch: Branch) -> None:
        """Go on at *place* when there are the things of *batch* under *keys*."""
        self._lists.append((batch, keys, place, branch))

    def ready(self, branch: Branch, value: Any, error: Exception | None, place: Place) -> None:
        """Go on at *place* with *value*, or with *error*, soon."""
        self._ready.append((branch, value, error, place, NOTHING))

    def add(self, error: GraphQLError, place: Place) -> None:
        """*error* has made *place* null."""
        self.errors.append(error)
        self.nulled[id(place[2]), place[1]] = place[2]

    def fail(self, error: Exception, place: Place) -> None:
        """*error* came at *place*, whose object is in the response already: null goes up from there as far as it must."""
        located = located_error(error, place[3].nodes, path_of(place))
        at: Place | None = place
        while at is not None and not at[3].nullable:
            at = at[0]
        if at is None:
            self._no_data(located)
        else:
            at[2][at[1]] = None
            self.add(located, at)
        for task, of in self._tasks.items():
            if of is not None and self.is_nulled(of[0]):
                task.cancel()
        for loader in self._loaders.values():
            loader.forget()

    def is_nulled(self, place: Place) -> bool:
        """Whether nobody will see *place*."""
        if self.data is None:
            return True
        at: Place | None = place
        while self.nulled and at is not None:
            if (id(at[2]), at[1]) in self.nulled:
                return True
            at = at[0]
        return False

    def advance(self) -> None:
        """Go on with what is ready; when nothing is left to wait for, say so."""
        try:
            self._drain()
            for awaitable, place, branch in self._begun():
                task = asyncio.ensure_future(awaitable)
                self._tasks[task] = (place, branch)
                self.outstanding += 1
                task.add_done_callback(self._done)
        except BaseException as fault:  # of ours: it must reach whoever waits
            self._broken(fault)
            return
        if (not self.outstanding or self.data is None) and self._settled is not None and not self._settled.done():
            self._settled.set_result(None)

    def _take(self, step: tuple[FieldSlot, ...]) -> None:
        assert self.data is not None
        try:
            for slot in step:
                assert slot.key is not None
                self.plan.fields[slot.key](self.request.root_value, self.data, Branch(self, slot.key))
        except GraphQLError as error:
            self._no_data(error)

    def _no_data(self, error: GraphQLError) -> None:
        self.data = None
        self.errors.append(error)

    async def _settle(self) -> None:
        """Return when all of what has been asked for is there."""
        while True:
            self._drain()
            if self.data is None or not (self._waiting or self.outstanding):
                return
            begun = self._begun()
            if len(begun) == 1 and not self.outstanding:
                # Alone, it needs no task.
                awaitable, place, branch = begun[0]
                try:
                    value = await awaitable
                except Exception as error:  # a resolver's: told to the client
                    branch.go_on(None, error, place)
                else:
                    branch.go_on(value, None, place)
                continue
            self._waiting = begun
            self._settled = asyncio.get_running_loop().create_future()
            self.advance()
            await self._settled
            self._settled = None

    def _begun(self) -> list[tuple[Awaitable[Any], Place, Branch]]:
        """Takes what is to be awaited; what nobody will see is not begun."""
        waiting, self._waiting = self._waiting, []
        if not self.nulled and self.data is not None:
            return waiting
        wanted = []
        for one in waiting:
            if self.is_nulled(one[1]):
                _dropped(one[0])
            else:
                wanted.append(one)
        return wanted

    def _drain(self) -> None:
        """Ask for what is wanted, and go on with what is known."""
        while self._ready or self._wanted or self._lists:
            if self._wanted:
                self._ask()
            lists, self._lists = self._lists, []
            for batch, keys, place, branch in lists:
                if not self.is_nulled(place):
                    self.outstanding += 1
                    Several(self, place, branch).ask(self._loader(batch), keys)
            ready, self._ready = self._ready, []
            for branch, value, error, place, key in ready:
                branch.go_on(value, error, place, key)

    def _ask(self) -> None:
        """Ask for each thing once, however many places show it."""
        wanted, self._wanted = self._wanted, []
        is_whole = not self.nulled and self.data is not None
        # Batch read → key → where the thing under it is shown.
        shown: dict[BatchRead, dict[Any, list[tuple[Place, Branch]]]] = {}
        for batch, key, place, branch in wanted:
            if is_whole or not self.is_nulled(place):
                of_batch = shown.get(batch)
                if of_batch is None:
                    of_batch = shown[batch] = {}
                places = of_batch.get(key)
                if places is None:
                    of_batch[key] = [(place, branch)]
                else:
                    places.append((place, branch))
        for batch, of_batch in shown.items():
            loader = self._loader(batch)
            for key, places in of_batch.items():
                self.outstanding += 1
                known = loader.ask(key, One(self, places))
                if known is not None:
                    self.outstanding -= 1
                    self._ready += [(branch, *known, place, key) for place, branch in places]

    def _loader(self, batch: "BatchRead") -> Loader:
        loader = self._loaders.get(batch)
        if loader is None:
            loader = self._loaders[batch] = self.request.context.batch(batch)
        return loader

    def _done(self, task: "asyncio.Future[Any]") -> None:
        of = self._tasks.pop(task, None)
        if of is None:
            return
        place, branch = of
        self.outstanding -= 1
        if task.cancelled():
            if not self.is_nulled(place):
                self._broken(asyncio.CancelledError())
        elif (error := task.exception()) is None:
            branch.go_on(task.result(), None, place)
        elif isinstance(error, Exception):
            branch.go_on(None, error, place)
        else:
            self._broken(error)
        self.advance()

    def track(self, values: Any) -> None:
        """See to it that *values* are awaited, whatever comes of them."""
        for value in values:
            if optimized_is_awaitable(value):
                self._tasks[asyncio.ensure_future(value)] = None

    def _broken(self, fault: BaseException) -> None:
        if self._settled is None or self._settled.done():
            raise fault
        if isinstance(fault, asyncio.CancelledError):
            self._settled.cancel()
        else:
            self._settled.set_exception(fault)

    def _end(self) -> None:
        """Leave nothing running that nobody waits for."""
        self.has_ended = True
        tasks, self._tasks = self._tasks, {}
        for task in tasks:
            task.cancel()
        for awaitable, _, _ in self._waiting:
            _dropped(awaitable)
        if self.outstanding:
            for loader in self._loaders.values():
                loader.forget()


def _dropped(awaitable: Awaitable[Any]) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
    elif isinstance(awaitable, asyncio.Future):
        awaitable.cancel()
