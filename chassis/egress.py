"""The way out to addresses that others chose: to public machines only, within limits, and nowhere else.

What a name stands for is looked up and checked in the one place where connections are made, and the connection goes to the address
that was checked: a name that changes its mind in between changes nothing. The certificate must still be one for the name. Nothing
is followed, unpacked or kept open.
"""

import asyncio
import base64
import ssl
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import httpcore

from chassis.lookups import Resolve, Shares
from vocabulary.addresses import PORTS, Outcome, Target, may_reach, not_public, target, unknown_host
from vocabulary.refusals import Invalid, Unavailable

LOOKUP_S = 5.0
CONNECT_S = 5.0
STEP_S = 10.0
WHOLE_S = 15.0
ANSWER_LIMIT = 64 * 1024
# Of the addresses of a name.
TRIED_LIMIT = 3
PROXY_HEAD_LIMIT = 8 * 1024
PROXY_PORT = 3128


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one message. `retry_after_s` is what the endpoint asks for, `location` where it redirects to."""

    outcome: Outcome
    http_status: int = 0
    duration_ms: int = 0
    retry_after_s: int = 0
    location: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is allowed here: to which ports, whether to this machine, whether without TLS, and through which proxy (empty: none)."""

    ports: frozenset[int] = frozenset({443})
    loopback: bool = False
    plain: bool = False
    proxy: str = ""


class Egress:
    """Sends messages to addresses that others chose; the *asker* is whoever chose it, and looks up names at the cost of no other."""

    def __init__(self, rules: Rules, resolve: Resolve, tls: ssl.SSLContext | None = None) -> None:
        self._rules = rules
        self._shares = Shares(resolve)
        self._tls = tls or ssl.create_default_context()

    async def check(self, url: str, *, asker: str = "", field: str = "url") -> None:
        """Raises Invalid saying why nothing can be sent to *url*, Unavailable if its name cannot be looked up at the moment."""
        found = self._target(url, field)
        try:
            async with asyncio.timeout(LOOKUP_S):
                await _checked(found.host, self._shares.of(asker), self._rules.loopback)
        except TimeoutError:
            raise Unavailable("the name of this host cannot be looked up at the moment", reason="DNS_AWAY") from None
        except _Failed as failure:
            refusal = not_public if failure.outcome is Outcome.ADDRESS_REFUSED else unknown_host
            raise refusal(field=field) from failure

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, asker: str = "", within_s: float = WHOLE_S
    ) -> Answer:
        """Send *body*, once; says how that ended, whatever the other side does."""
        return await self._sent("POST", url, headers, body, asker, within_s)

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], *, asker: str = "", within_s: float = WHOLE_S
    ) -> Answer:
        """Ask with *method* (HEAD, GET) what is at *url*, once, and read no more than the head of the answer."""
        return await self._sent(method, url, headers, None, asker, within_s)

    async def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, asker: str, within_s: float
    ) -> Answer:
        clock = asyncio.get_running_loop().time
        began = clock()
        answer = Answer(outcome=Outcome.BAD_ANSWER)
        try:
            # The settings may have become narrower since it was registered.
            found = self._target(url, "url")
            way = _Checked(self._rules, self._shares.of(asker))
            with _failures(way):
                async with asyncio.timeout(within_s):
                    answer = await self._exchange(method, found, way, headers, body)
        except Invalid:
            answer = Answer(outcome=Outcome.ADDRESS_REFUSED)
        except _Failed as failure:
            answer = Answer(outcome=failure.outcome)
        return replace(answer, duration_ms=round((clock() - began) * 1000))

    def _target(self, url: str, field: str) -> Target:
        rules = self._rules
        return target(url, ports=rules.ports, loopback=rules.loopback, plain=rules.plain, field=field)

    async def _exchange(
        self, method: str, found: Target, way: "_Checked", headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        url = httpcore.URL(scheme=found.scheme, host=found.host, port=found.port, target=found.path)
        timeout = {"connect": CONNECT_S, "read": STEP_S, "write": STEP_S, "pool": CONNECT_S}
        # One connection for one message: none is ever used again for another name.
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls, max_connections=1, max_keepalive_connections=0, network_backend=way
            ) as pool,
            pool.stream(
                method,
                url,
                headers=[("host", _host(found)), *headers.items()],
                content=body,
                extensions={"timeout": timeout},
            ) as response,
        ):
            text = bytearray()
            if body is not None:
                async for chunk in response.aiter_stream():
                    text += chunk
                    if len(text) > ANSWER_LIMIT:
                        raise _Failed(Outcome.BAD_ANSWER)
            return Answer(
                outcome=_outcome(response.status),
                http_status=response.status,
                retry_after_s=_retry_after(response.headers),
                location=_said(response.headers, b"location").decode("latin-1"),
                body=bytes(text),
            )


class _Failed(Exception):
    """It came to no answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proxy:
    """An HTTP proxy that makes tunnels."""

    host: str
    port: int
    authorization: str

    @classmethod
    def of(cls, url: str) -> "_Proxy":
        parts = urlsplit(url)
        named = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        authorization = f"Basic {base64.b64encode(named).decode()}" if parts.username else ""
        return cls(host=parts.hostname or "", port=parts.port or PROXY_PORT, authorization=authorization)


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to a name if every address that it stands for may be reached, and then to one of those."""

    def __init__(self, rules: Rules, resolve: Resolve) -> None:
        self._rules = rules
        self._resolve = resolve
        self._plain = httpcore.AnyIOBackend()
        self.connected = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        async with asyncio.timeout(LOOKUP_S):
            addresses = await _checked(host, self._resolve, self._rules.loopback)
        for address in addresses[:TRIED_LIMIT]:
            try:
                stream = await self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self.connected = True
                return stream
        raise failure

    async def _connect(self, address: str, port: int) -> httpcore.AsyncNetworkStream:
        # This machine, where that is allowed at all, is not the proxy's.
        if not self._rules.proxy or ip_address(address).is_loopback:
            return await self._plain.connect_tcp(address, port, timeout=CONNECT_S)
        proxy = _Proxy.of(self._rules.proxy)
        try:
            stream = await self._plain.connect_tcp(proxy.host, proxy.port, timeout=CONNECT_S)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            raise _Failed(Outcome.PROXY_FAILED) from None
        try:
            await _tunnel(stream, f"[{address}]:{port}" if ":" in address else f"{address}:{port}", proxy)
        except BaseException:
            await stream.aclose()
            raise
        return stream


async def _tunnel(stream: httpcore.AsyncNetworkStream, to: str, proxy: _Proxy) -> None:
    """Have *proxy* connect *stream* to the address *to* (RFC 9110, section 9.3.6)."""
    head = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
    if proxy.authorization:
        head.append(f"Proxy-Authorization: {proxy.authorization}")
    answer = b""
    try:
        await stream.write("\r\n".join([*head, "", ""]).encode(), timeout=CONNECT_S)
        while b"\r\n\r\n" not in answer:
            # What follows an answer is the endpoint's: a byte at a time, none of it is read here.
            got = await stream.read(1, timeout=CONNECT_S)
            answer += got
            if not got or len(answer) > PROXY_HEAD_LIMIT:
                raise _Failed(Outcome.PROXY_FAILED)
    except (httpcore.NetworkError, httpcore.TimeoutException):
        raise _Failed(Outcome.PROXY_FAILED) from None
    if not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
        raise _Failed(Outcome.PROXY_FAILED)


async def _checked(host: str, resolve: Resolve, loopback: bool) -> list[str]:
    """The addresses of *host*; raises _Failed if it has none, or one that may not be reached."""
    try:
        addresses = await resolve(host)
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        raise _Failed(Outcome.UNKNOWN_HOST)
    if not all(may_reach(address, loopback=loopback) for address in addresses):
        raise _Failed(Outcome.ADDRESS_REFUSED)
    return addresses


@contextmanager
def _failures(way: _Checked) -> Iterator[None]:
    """Whatever keeps an answer from coming, as an outcome."""
    try:
        yield
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise _Failed(Outcome.TIMED_OUT) from error
    except (httpcore.ConnectError, ssl.SSLError) as error:
        raise _Failed(Outcome.TLS_FAILED if way.connected else Outcome.NOT_CONNECTED) from error
    except (httpcore.NetworkError, OSError) as error:
        raise _Failed(Outcome.NOT_CONNECTED) from error
    except (httpcore.ProtocolError, ValueError) as error:
        raise _Failed(Outcome.BAD_ANSWER) from error


def _host(found: Target) -> str:
    """What the endpoint is told that it is called (RFC 9110, section 7.2)."""
    host = f"[{found.host}]" if ":" in found.host else found.host
    return host if found.port == PORTS[found.scheme] else f"{host}:{found.port}"


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.DELIVERED
    return Outcome.REDIRECTED if 300 <= status < 400 else Outcome.STATUS_REFUSED


def _retry_after(headers: Collection[tuple[bytes, bytes]]) -> int:
    """The seconds that an endpoint asks to be left alone; 0 if it does not say, or says a date."""
    said = _said(headers, b"retry-after")
    return int(said) if said.isdigit() and len(said) < 9 else 0


def _said(headers: Collection[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """What the first header called *wanted* says; nothing if there is none."""
    return next((value for name, value in headers if name.lower() == wanted), b"")
