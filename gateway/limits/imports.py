"""How many imports one person has under way at a process: each file is kept on its disk until it has been passed on."""

from gateway.limits.at_once import AtOnce

AT_ONCE = 4


class Imports(AtOnce):
    """Counts them, and lets nobody have more than *limit*."""

    def __init__(self, limit: int = AT_ONCE) -> None:
        super().__init__(limit, "imports", "imports of yours are under way already; wait for one of them to end")
