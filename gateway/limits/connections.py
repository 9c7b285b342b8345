"""How many connections that stay one address has open at a process: WebSockets and event streams together.

Whoever opens them signs in only later, or as many different people; what all of them come from is one address, or one network of IPv6.
"""

from collections.abc import Callable

from gateway.limits.at_once import AtOnce
from gateway.limits.rates import network


class Connections:
    """Counts them, and lets no address have more than *limit*; 0: as many as it likes."""

    def __init__(self, limit: int = 0) -> None:
        self._open = AtOnce(
            limit, "connections", "connections are open from your address already; end one of them first"
        )

    def open(self, address: str) -> Callable[[], None]:
        """One more from *address*; call what this returns when it is over. Raises RateLimited, which names the limit."""
        return self._open.begin(network(address))

    @property
    def addresses(self) -> int:
        """How many addresses are remembered: those that have any."""
        return self._open.counted
