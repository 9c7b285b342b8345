"""The parts that a system is made of. It may have some of them only; the directory is always there, because it signs people in."""

from collections.abc import Iterable

from vocabulary.refusals import Invalid

DIRECTORY = "directory"
# In the order in which they are started.
SERVICES = (DIRECTORY, "requests", "alerts", "translation", "repositories")
ALL = frozenset(SERVICES)
# Written for an address where a service is no part of the system. Not the empty one: what somebody forgot to set must not pass for it.
NOT_THERE = "none"


def chosen(names: Iterable[str]) -> frozenset[str]:
    """The parts of a system of these *names*, with the directory; raises Invalid for a name of nothing. No name stands for all."""
    wanted = [name.strip() for name in names if name.strip()]
    if unknown := [name for name in wanted if name not in ALL]:
        raise Invalid(
            f"there is no part {', '.join(map(repr, unknown))}; there are {', '.join(SERVICES)}",
            field="only",
            reason="UNKNOWN_PART",
        )
    return frozenset({DIRECTORY, *wanted}) if wanted else ALL
