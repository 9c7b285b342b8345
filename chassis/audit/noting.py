"""What one call has shown so far: services note it where they decide, and the server has it written before the answer leaves."""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from vocabulary import ids
from vocabulary.audit import KINDS, Kind, Part, Thing

# Methods that are called so only read; what they refuse is an attempt to read. All others are commands.
READING = (
    "Batch", "Count", "Diff", "Download", "Export", "Get", "List", "Read", "Render", "Search", "Suggest", "Watch",
)  # fmt: skip
# Of commands, those that are called so are given to read something.
PROVING = "Prove"
# A reader waits until these are written down: they are few, and what they give out is gone for good.
GRAVE = frozenset({Part.FILE, Part.REPORT, Part.PROOF, Part.EXPORT})
ID_LENGTH = 40


@dataclass(slots=True)
class Noting:
    """The things that were shown, each once, with their parts."""

    things: dict[tuple[Kind, str, int], dict[Part, None]] = field(default_factory=dict)
    grave: bool = False

    def note(self, kind: Kind, id_: str, revision: int, parts: Iterable[Part]) -> None:
        found = self.things.setdefault((kind, id_, revision), {})
        for part in parts:
            found[part] = None
            self.grave = self.grave or part in GRAVE

    def take(self) -> tuple[Thing, ...]:
        """What was noted since it was last taken."""
        found = tuple(Thing(*thing, tuple(parts)) for thing, parts in self.things.items())
        self.things.clear()
        self.grave = False
        return found


_current: ContextVar[Noting | None] = ContextVar("noting", default=None)


def begin() -> Noting:
    """Note what the rest of this task's call shows."""
    noting = Noting()
    _current.set(noting)
    return noting


def shown(kind: Kind, id_: str, revision: int, *parts: Part) -> None:
    """The caller is about to be shown this. Outside of a call, nobody is."""
    noting = _current.get()
    if noting is not None:
        noting.note(kind, id_, revision, parts)


def withheld(asked: Iterable[str], found: Iterable[str]) -> None:
    """Of the ids that were *asked* for, some are not *found*: there is no such thing, or it is not for the caller to know of."""
    noting = _current.get()
    if noting is None:
        return
    there = set(found)
    for id_ in asked:
        if id_ not in there and (kind := kind_of(id_)):
            noting.note(kind, id_, 0, (Part.WITHHELD,))


def kind_of(id_: str) -> Kind | None:
    """What *id_* is an id of. What has not the form of one may be anything, and is not written down."""
    known = KINDS.get(ids.prefix(id_))
    return known if known and len(id_) <= ID_LENGTH and id_.replace("_", "").isalnum() and id_.isascii() else None


def reads(method: str) -> bool:
    """Whether the method of this name only reads."""
    return method.rpartition("/")[2].startswith(READING)


def is_to_read(method: str) -> bool:
    """Whether who calls the method of this name wants to read, whatever else it does."""
    return method.rpartition("/")[2].startswith((*READING, PROVING))
