"""What is below one field of an operation: what compiled code calls, and how it is gone on with when there is an answer."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from graphql import default_field_resolver, default_type_resolver, located_error
from strawberry.execution.is_awaitable import optimized_is_awaitable

from gateway.enums import Language
from gateway.plan.info import ResolveInfo, helpers
from gateway.plan.slots import FieldSlot, Place, Slot, as_path, path_of, resolved_type

if TYPE_CHECKING:
    from gateway.batches import BatchRead
    from gateway.loading import Loader
    from gateway.plan.running import Run

NOTHING = object()


class Branch:
    """Its texts are in one language, and equal selections of equal things are equal."""

    __slots__ = ("_made", "key", "language", "run")

    # What the field's resolver was asked for, or the reader's.
    language: str

    def __init__(self, run: "Run", key: str) -> None:
        self.run = run
        self.key = key
        self._made: dict[tuple[Any, Any], Any] = {}

    def __getattr__(self, name: str) -> str:
        """The language, when it is first asked for: by then the field's resolver has said it."""
        if name != "language":
            raise AttributeError(name)
        context = self.run.request.context
        self.language = context.spoken.get(self.key) or context.language
        return self.language

    def spoken(self, name: str) -> str:
        """The language that the variable called *name* asks for, or the one that all else is in."""
        value = self.run.request.variables.coerced.get(name)
        return str(value.value) if isinstance(value, Language) else self.language

    def call(self, slot: FieldSlot, source: Any, place: Place) -> Any:
        """What the field's resolver gives, or something to await."""
        resolve: Callable[..., Any] = slot.definition.resolve or default_field_resolver
        return resolve(source, self.info(slot, place), **slot.arguments_of(self.run.request.variables))

    def info(self, slot: Any, place: Place) -> Any:
        """What a resolver at *place* is told."""
        run, request, plan = self.run, self.run.request, self.run.plan
        return ResolveInfo(
            slot.field_name,
            slot.nodes,
            slot.definition.type,
            slot.parent_type,
            as_path(place),
            plan.schema,
            plan.fragments,
            request.root_value,
            plan.operation,
            request.variables.coerced,
            request.context,
            optimized_is_awaitable,
            None,
            helpers(run.track),
            request.extensions,
        )

    def info_at(self, place: Place) -> Any:
        """What is told of the field that *place* is of, or a list that it is in."""
        while place[3].key is None:
            place = place[0]
        return self.info(place[3], place)

    def type_of(self, kind: Any, slot: Slot, value: Any, place: Place) -> str:
        """The name of the object type that *value* of the abstract type *kind* is of; raises if there is none."""
        name = (kind.resolve_type or default_type_resolver)(value, self.info_at(place), kind)
        return resolved_type(self.run.plan.schema, kind, name, slot, value).name

    def wait(self, awaitable: Awaitable[Any], place: Place) -> None:
        """Go on at *place* when *awaitable* has been awaited."""
        self.run.wait(awaitable, place, self)

    def later(self, value: Any, error: Exception | None, place: Place) -> None:
        """Go on at *place* with *value*, or with *error*, when all is done that can be done now."""
        self.run.ready(self, value, error, place)

    def ask(self, batch: "BatchRead", key: Any, place: Place) -> None:
        """Go on at *place* when there is the thing of *batch* under *key*."""
        self.run.ask(batch, key, place, self)

    def ask_all(self, batch: "BatchRead", keys: Iterable[Any], place: Place) -> None:
        """Go on at *place* when there are the things of *batch* under *keys*."""
        self.run.ask_all(batch, keys, place, self)

    def failed(self, error: Exception, place: Place) -> None:
        """*error* came at *place*, whose object is being made: null where null may stand; raises where it may not."""
        located = located_error(error, place[3].nodes, path_of(place))
        if not place[3].nullable:
            raise located
        self.run.add(located, place)

    def go_on(self, value: Any, error: Exception | None, place: Place, key: Any = NOTHING) -> None:
        """There is *value* at *place*, or *error*; a thing from a loader has a *key*."""
        run, slot = self.run, place[3]
        if run.nulled and run.is_nulled(place):
            return
        try:
            if error is not None:
                raise error
            if key is NOTHING or slot.shared is None:
                place[2][place[1]] = slot.complete(value, place, self)
                return
            same = (slot.shared, key)
            made = self._made.get(same)
            if made is None:
                errors = len(run.errors)
                made = slot.complete(value, place, self)
                if len(run.errors) == errors:
                    self._made[same] = made
            place[2][place[1]] = made
        except Exception as raised:  # a resolver's, or about a value: told to the client
            run.fail(raised, place)


class One:
    """A thing that a loader has been asked for, and the places that show it."""

    __slots__ = ("_places", "_run")

    def __init__(self, run: "Run", places: list[tuple[Place, Branch]]) -> None:
        self._run = run
        self._places = places

    def answered(self, key: Any, value: Any, error: Exception | None) -> None:
        """There it is."""
        self._run.outstanding -= 1
        for place, branch in self._places:
            branch.go_on(value, error, place, key)

    def advance(self) -> None:
        """There is no more for now."""
        self._run.advance()

    def is_wanted(self) -> bool:
        """Whether anybody will see it."""
        return not self._run.has_ended and any(not self._run.is_nulled(place) for place, _ in self._places)

    def given_up(self) -> None:
        """Nobody will."""
        self._run.outstanding -= 1


class Several:
    """Things that a loader has been asked for, for one list."""

    __slots__ = ("_branch", "_error", "_found", "_left", "_numbers", "_place", "_run")

    def __init__(self, run: "Run", place: Place, branch: Branch) -> None:
        self._run = run
        self._branch = branch
        self._place = place
        self._found: list[Any] = []
        self._numbers: dict[Any, list[int]] = {}
        self._left = 0
        self._error: tuple[int, Exception] | None = None

    def ask(self, loader: "Loader", keys: Iterable[Any]) -> None:
        """Ask *loader* for the things under *keys*."""
        for number, key in enumerate(keys):
            self._numbers.setdefault(key, []).append(number)
            self._found.append(None)
        self._left = len(self._numbers)
        for key in self._numbers:
            known = loader.ask(key, self)
            if known is not None:
                self.answered(key, *known)

    def answered(self, key: Any, value: Any, error: Exception | None) -> None:
        """There is one of them. When all are there, those that are null are left out; the first that failed fails all."""
        for number in self._numbers[key]:
            self._found[number] = value
            if error is not None and (self._error is None or number < self._error[0]):
                self._error = (number, error)
        self._left -= 1
        if not self._left:
            found = [one for one in self._found if one is not None]
            self._run.outstanding -= 1
            self._run.ready(self._branch, found, self._error and self._error[1], self._place)

    def advance(self) -> None:
        """There is no more for now."""
        self._run.advance()

    def is_wanted(self) -> bool:
        """Whether anybody will see them."""
        return not self._run.has_ended and not self._run.is_nulled(self._place)

    def given_up(self) -> None:
        """Nobody will."""
        self._run.outstanding -= 1
