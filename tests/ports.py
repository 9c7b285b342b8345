"""Where nobody listens: below the ports that the system gives away, so no other test's server comes to stand there meanwhile."""

import secrets
import socket

_PORTS = range(12_000, 20_000)


def a_free_port() -> int:
    """One of this machine that nothing listens on, neither now nor by chance later."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def a_dead_address() -> str:
    """Where nobody answers, until somebody is told to listen there."""
    return f"127.0.0.1:{a_free_port()}"
