"""The way out: only to addresses that were checked, with the certificate of the name, once, and within limits."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from chassis import egress as module
from chassis.egress import Answer, Egress, Rules
from chassis.lookups import SHARE, Resolve, looking_up
from tests.alerts.endpoints import Endpoint, a_certificate, an_endpoint
from tests.chassis.waiting import until
from vocabulary.addresses import Outcome
from vocabulary.refusals import Invalid, Unavailable

Trust = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """What a server for hook.test shows, and what trusts it."""
    return a_certificate(tmp_path_factory.mktemp("egress") / "hooks")


@pytest.fixture
async def endpoint(tls: Trust) -> AsyncIterator[Endpoint]:
    async with an_endpoint(tls[0]) as opened:
        yield opened


def resolving(*answers: list[str]) -> Resolve:
    """A resolver that gives these answers in turn, and then always the last one."""
    left = list(answers)

    async def resolve(host: str) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


HERE = resolving(["127.0.0.1"])


def an_egress(
    tls: Trust, endpoint: Endpoint, resolve: Resolve = HERE, *, loopback: bool = True, proxy: str = ""
) -> Egress:
    return Egress(Rules(ports=frozenset({443, endpoint.port}), loopback=loopback, proxy=proxy), resolve, tls[1])


async def sent(egress: Egress, endpoint: Endpoint, host: str = "hook.test", within_s: float = 10.0) -> Answer:
    url = f"{endpoint.scheme}://{host}:{endpoint.port}/hook?a=b"
    return await egress.post(url, {"content-type": "application/json"}, b'{"type":"t"}', within_s=within_s)


async def test_a_message_arrives_under_the_name_of_its_host(tls: Trust, endpoint: Endpoint) -> None:
    endpoint.body, endpoint.statuses = b"thanks", [200]
    answer = await sent(an_egress(tls, endpoint), endpoint)
    assert (answer.outcome, answer.http_status, answer.body) == (Outcome.DELIVERED, 200, b"thanks")
    (came,) = endpoint.came
    assert came.line == "POST /hook?a=b HTTP/1.1"
    assert came.headers["host"] == f"hook.test:{endpoint.port}"
    assert came.body == b'{"type":"t"}'


async def test_an_address_stands_for_its_host_as_http_writes_it(tls: Trust) -> None:
    opened = Endpoint(scheme="http")
    server = await asyncio.start_server(opened.serve, "::1", 0)
    async with server:
        opened.port = server.sockets[0].getsockname()[1]
        answer = await sent(an_egress(tls, opened, resolving(["::1"])), opened, "[::1]")
    assert answer.outcome is Outcome.DELIVERED
    assert [one.headers["host"] for one in opened.came] == [f"[::1]:{opened.port}"]


async def test_a_name_with_an_address_inside_is_not_connected_to(tls: Trust, endpoint: Endpoint) -> None:
    for addresses in (
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["fe80::1%lo"],
    ):
        answer = await sent(an_egress(tls, endpoint, resolving(addresses), loopback=False), endpoint)
        assert answer.outcome is Outcome.ADDRESS_REFUSED, addresses
    assert endpoint.connections == 0


async def test_a_name_that_changes_its_mind_after_it_was_registered_reaches_nothing(
    tls: Trust, endpoint: Endpoint
) -> None:
    """Its first answer passes the check; the second one, when it is connected to, is looked at again."""
    egress = an_egress(tls, endpoint, resolving(["93.184.216.34"], ["127.0.0.1"]), loopback=False)
    await egress.check(f"https://hook.test:{endpoint.port}/")
    assert (await sent(egress, endpoint)).outcome is Outcome.ADDRESS_REFUSED
    assert endpoint.connections == 0


async def test_the_connection_goes_to_the_address_that_was_checked(tls: Trust, endpoint: Endpoint) -> None:
    """The name is looked up once for a connection: what it would say the next time does not matter."""
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    assert (await sent(an_egress(tls, endpoint, resolve), endpoint)).outcome is Outcome.DELIVERED
    assert asked == ["hook.test"]


async def test_a_certificate_for_another_name_is_none(tls: Trust, endpoint: Endpoint) -> None:
    answer = await sent(an_egress(tls, endpoint), endpoint, "other.test")
    assert (answer.outcome, endpoint.came) == (Outcome.TLS_FAILED, [])


async def test_a_certificate_that_nobody_vouches_for_is_none(tls: Trust, endpoint: Endpoint) -> None:
    stranger = Egress(Rules(ports=frozenset({endpoint.port}), loopback=True), HERE)
    assert (await sent(stranger, endpoint)).outcome is Outcome.TLS_FAILED
    assert endpoint.came == []


async def test_a_redirect_is_not_followed(tls: Trust, endpoint: Endpoint) -> None:
    async with an_endpoint(tls[0]) as elsewhere:
        endpoint.headers = {"Location": elsewhere.url}
        for status in (301, 302, 303, 307, 308):
            endpoint.statuses = [status]
            answer = await sent(an_egress(tls, endpoint), endpoint)
            assert (answer.outcome, answer.http_status) == (Outcome.REDIRECTED, status)
        assert elsewhere.connections == 0


async def test_any_other_status_is_a_failure_and_says_when_to_come_back(tls: Trust, endpoint: Endpoint) -> None:
    for status in (400, 401, 404, 410, 429, 500, 503):
        endpoint.statuses, endpoint.headers = [status], {"Retry-After": "120"}
        answer = await sent(an_egress(tls, endpoint), endpoint)
        assert (answer.outcome, answer.http_status) == (Outcome.STATUS_REFUSED, status)
        assert answer.retry_after_s == 120
    for said in ("Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e9", "9" * 20, "²"):
        endpoint.headers = {"Retry-After": said} if said.isascii() else {}
        assert (await sent(an_egress(tls, endpoint), endpoint)).retry_after_s == 0


async def test_an_endpoint_that_says_nothing_is_given_up(tls: Trust, endpoint: Endpoint) -> None:
    endpoint.may_answer.clear()
    answer = await sent(an_egress(tls, endpoint), endpoint, within_s=0.3)
    assert answer.outcome is Outcome.TIMED_OUT
    assert len(endpoint.came) == 1


async def test_an_endpoint_that_drips_is_given_up(tls: Trust) -> None:
    """Each byte comes in time; all of them never do."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(0.01)
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async with _serving(drip, tls[0]) as port:
        answer = await sent(an_egress(tls, Endpoint(port=port)), Endpoint(port=port), within_s=0.5)
    assert answer.outcome is Outcome.TIMED_OUT


async def test_an_answer_without_end_is_not_read_to_its_end(tls: Trust) -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async with _serving(pour, tls[0]) as port:
        answer = await sent(an_egress(tls, Endpoint(port=port)), Endpoint(port=port))
    assert answer.outcome is Outcome.BAD_ANSWER
    assert answer.body == b""


async def test_what_is_no_http_is_a_bad_answer(tls: Trust, endpoint: Endpoint) -> None:
    for raw in (b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200\r\n\r\nx", b"HTTP/1.1 abc OK\r\n\r\n", b"\x00" * 100):
        endpoint.raw = raw
        outcome = (await sent(an_egress(tls, endpoint), endpoint)).outcome
        assert outcome in {Outcome.BAD_ANSWER, Outcome.DELIVERED}, raw
        assert (outcome is Outcome.DELIVERED) == raw.startswith(b"HTTP/1.1 200"), raw


async def test_a_packed_answer_stays_packed(tls: Trust, endpoint: Endpoint) -> None:
    endpoint.headers, endpoint.body, endpoint.statuses = {"Content-Encoding": "gzip"}, b"\x1f\x8bnot really", [200]
    answer = await sent(an_egress(tls, endpoint), endpoint)
    assert (answer.outcome, answer.body) == (Outcome.DELIVERED, b"\x1f\x8bnot really")


async def test_a_closed_port_and_a_name_without_address(tls: Trust, endpoint: Endpoint) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        closed = Endpoint(port=held.getsockname()[1])
        assert (await sent(an_egress(tls, closed), closed)).outcome is Outcome.NOT_CONNECTED

    async def unknown(host: str) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert (await sent(an_egress(tls, endpoint, unknown), endpoint)).outcome is Outcome.UNKNOWN_HOST
    assert (await sent(an_egress(tls, endpoint, resolving([])), endpoint)).outcome is Outcome.UNKNOWN_HOST


async def test_a_url_that_the_settings_no_longer_allow_is_not_connected_to(tls: Trust, endpoint: Endpoint) -> None:
    narrower = Egress(Rules(ports=frozenset({443}), loopback=True), HERE, tls[1])
    assert (await sent(narrower, endpoint)).outcome is Outcome.ADDRESS_REFUSED
    assert endpoint.connections == 0


async def test_variables_of_the_environment_send_nothing_elsewhere(
    tls: Trust, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_endpoint(None) as proxy:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await sent(an_egress(tls, endpoint), endpoint)).outcome is Outcome.DELIVERED
        assert proxy.connections == 0


async def test_registration_says_why_an_address_cannot_be_used(tls: Trust, endpoint: Endpoint) -> None:
    async def unknown(host: str) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    url = f"https://hook.test:{endpoint.port}/"
    refusals = {
        "ADDRESS_REFUSED": resolving(["10.0.0.1"]),
        "UNKNOWN_HOST": unknown,
    }
    for reason, resolve in refusals.items():
        with pytest.raises(Invalid) as refused:
            await an_egress(tls, endpoint, resolve, loopback=False).check(url)
        assert (refused.value.reason, refused.value.field) == (reason, "url")
        assert "10.0.0.1" not in refused.value.message
    with pytest.raises(Invalid) as refused:
        await an_egress(tls, endpoint).check(f"https://hook.test:{endpoint.port}/#x")
    assert refused.value.reason == "FRAGMENT"


async def test_a_name_server_that_hangs_is_not_waited_for(
    tls: Trust, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKUP_S", 0.05)

    async def hangs(host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(Unavailable) as away:
        await an_egress(tls, endpoint, hangs).check(f"https://hook.test:{endpoint.port}/")
    assert away.value.reason == "DNS_AWAY"
    assert (await sent(an_egress(tls, endpoint, hangs), endpoint)).outcome is Outcome.TIMED_OUT


async def test_name_servers_that_hang_keep_the_share_of_whoever_asks_for_them_and_no_more(
    tls: Trust, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after they were given up: the threads in which they hang are the same that look up for all others."""
    hanging: list[str] = []
    free = asyncio.Event()

    async def resolve(host: str) -> list[str]:
        if host.startswith("hangs"):
            hanging.append(host)
            await free.wait()
        return ["127.0.0.1"]

    async def enough() -> bool:
        return len(hanging) == SHARE

    egress, url = an_egress(tls, endpoint, resolve), f"https://hook.test:{endpoint.port}/"
    checks = [
        asyncio.create_task(egress.check(f"https://hangs{number}.test:{endpoint.port}/", asker="aut_one"))
        for number in range(SHARE + 6)
    ]
    await until(enough)
    await egress.check(url, asker="aut_other")
    for check in checks:
        check.cancel()
    await asyncio.wait(checks)
    with monkeypatch.context() as patched:
        patched.setattr(module, "LOOKUP_S", 0.05)
        with pytest.raises(Unavailable):
            await egress.check(url, asker="aut_one")
        assert (await egress.post(url, {}, b"", asker="aut_one")).outcome is Outcome.TIMED_OUT
    free.set()
    await egress.check(url, asker="aut_one")
    assert len(hanging) == SHARE, "what nobody waits for any more is not looked up"


async def test_the_machines_resolver_knows_this_machine() -> None:
    with looking_up() as resolve:
        assert "127.0.0.1" in await resolve("127.0.0.1")
        assert set(await resolve("localhost")) & {"127.0.0.1", "::1"}


# What stands for a public address in these tests; the proxy has a way there.
PUBLIC = "93.184.216.34"


@asynccontextmanager
async def _serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def a_proxy(
    to: int, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
) -> AsyncIterator[tuple[int, list[str]]]:
    """A proxy that gives *answer*, and leads to a port of this machine whatever it is asked for; what it was asked."""
    asked: list[str] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer)
        if b" 200 " not in answer:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    async with _serving(serve) as port:
        yield port, asked


async def test_a_proxy_is_asked_for_the_address_that_was_checked_and_tls_is_with_the_name(
    tls: Trust, endpoint: Endpoint
) -> None:
    async with a_proxy(endpoint.port) as (port, asked):
        proxy = f"http://imi:p%3Aw@127.0.0.1:{port}"
        egress = an_egress(tls, endpoint, resolving([PUBLIC]), loopback=False, proxy=proxy)
        assert (await sent(egress, endpoint)).outcome is Outcome.DELIVERED
        assert (await sent(egress, endpoint, "other.test")).outcome is Outcome.TLS_FAILED
    assert asked[0].splitlines() == [
        f"CONNECT {PUBLIC}:{endpoint.port} HTTP/1.1",
        f"Host: {PUBLIC}:{endpoint.port}",
        "Proxy-Authorization: Basic aW1pOnA6dw==",
        "",
    ]
    assert len(endpoint.came) == 1
    assert "proxy-authorization" not in endpoint.came[0].headers


async def test_a_proxy_is_never_asked_for_an_address_inside(tls: Trust, endpoint: Endpoint) -> None:
    async with a_proxy(endpoint.port) as (port, asked):
        egress = an_egress(tls, endpoint, resolving(["10.0.0.1"]), loopback=False, proxy=f"http://127.0.0.1:{port}")
        assert (await sent(egress, endpoint)).outcome is Outcome.ADDRESS_REFUSED
    assert asked == []


async def test_a_proxy_that_refuses_hangs_up_or_is_away_has_failed(tls: Trust, endpoint: Endpoint) -> None:
    for answer in (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"", b"x" * 20_000, b"SSH-2.0\r\n\r\n"):
        async with a_proxy(endpoint.port, answer) as (port, _):
            egress = an_egress(tls, endpoint, resolving([PUBLIC]), loopback=False, proxy=f"http://127.0.0.1:{port}")
            assert (await sent(egress, endpoint)).outcome is Outcome.PROXY_FAILED, answer[:40]
    away = an_egress(tls, endpoint, resolving([PUBLIC]), loopback=False, proxy=f"http://127.0.0.1:{port}")
    assert (await sent(away, endpoint)).outcome is Outcome.PROXY_FAILED
    assert endpoint.connections == 0


async def test_what_is_only_asked_for_is_not_read(tls: Trust, endpoint: Endpoint) -> None:
    endpoint.body, endpoint.statuses, endpoint.headers = b"x" * 200_000, [200], {"Location": "/elsewhere"}
    url = f"https://hook.test:{endpoint.port}/page"
    for method in ("HEAD", "GET"):
        answer = await an_egress(tls, endpoint).ask(method, url, {})
        assert (answer.outcome, answer.body, answer.location) == (Outcome.DELIVERED, b"", "/elsewhere")
    assert [one.line for one in endpoint.came] == ["HEAD /page HTTP/1.1", "GET /page HTTP/1.1"]
    assert all("content-length" not in one.headers for one in endpoint.came)


async def test_nothing_inside_is_asked_either_with_or_without_tls(tls: Trust, endpoint: Endpoint) -> None:
    rules = Rules(ports=frozenset({80, 443, endpoint.port}), plain=True)
    for scheme in ("http", "https"):
        answer = await Egress(rules, HERE, tls[1]).ask("HEAD", f"{scheme}://hook.test:{endpoint.port}/", {})
        assert answer.outcome is Outcome.ADDRESS_REFUSED
    assert endpoint.connections == 0
