"""The gateway, put together."""

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import structlog
import uvicorn
from limits.errors import ConfigurationError

from chassis.bearers import bearer_tokens
from chassis.caller import GATEWAY, Signer
from chassis.keys import key_ring
from chassis.places import Places
from chassis.process import working
from chassis.security import Security
from chassis.settings import CannotStart
from engines.events import open_events
from gateway.app import app
from gateway.backends import connected
from gateway.kept import answers
from gateway.kept.hearing import listening
from gateway.limits.budgets import Budgets
from gateway.limits.connections import Connections
from gateway.limits.policy import Policy
from gateway.limits.rates import Rates
from gateway.people import People
from gateway.schema import joined
from gateway.serving.documents import Documents, trusted_documents
from gateway.serving.protocol import LimitedProtocol
from gateway.settings import GatewaySettings
from gateway.streams.hub import open_streams
from gateway.streams.lending import websocket_protocol

DRAIN_S = 20
# A subscription holds a connection; a frame holds an operation.
WEBSOCKET_MESSAGE_BYTES = 256 * 1024
log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own (the process has those), and with a way to wait for its start."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


def _listener(host: str, port: int) -> socket.socket:
    """A listening socket. asyncio turns Nagle's delay off only on sockets that say they are TCP, as these do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Port {port} of {host} cannot be listened on ({error.strerror}); set GATEWAY_PORT to another, or GATEWAY_HOST."
        ) from error
    return listener


def _policy(settings: GatewaySettings) -> Policy:
    return Policy(
        budgets=Budgets(settings.cost_nobody, settings.cost_people, settings.cost_commission),
        introspection=settings.introspection,
        rates=_rates(settings),
        places=Places(settings.streams_per_person),
        connections=Connections(settings.connections_per_address),
    )


def _rates(settings: GatewaySettings) -> Rates:
    try:
        return Rates(settings.rate_people, settings.rate_addresses, settings.rate_storage)
    except ConfigurationError as error:
        # The address may have a password in it.
        raise CannotStart(f"RATE_STORAGE in Redis needs the redis package: {error}") from error


def _documents(settings: GatewaySettings) -> Documents:
    path = settings.trusted_documents
    if settings.trusted_only and path is None:
        raise CannotStart("TRUSTED_ONLY needs TRUSTED_DOCUMENTS: without any, nothing would be answered.")
    return Documents(trusted_documents(path) if path else None, trusted_only=settings.trusted_only)


@asynccontextmanager
async def gateway(settings: GatewaySettings) -> AsyncIterator[str]:
    """The gateway, answering for as long as the context lasts; gives its address, such as ``http://127.0.0.1:8000``."""
    keys = key_ring(settings)
    signer = Signer(keys, GATEWAY)
    async with (
        connected(settings, Security.of(settings), signer.for_service) as stubs,
        open_events(settings.events) as events,
        AsyncExitStack() as stack,
    ):
        people = People(bearer_tokens(settings, keys), signer, stubs)
        # The page is for development: with a real issuer there are real data, and it loads its scripts from elsewhere.
        explorer = not settings.oidc_issuer
        schema = joined(settings.running, planned=settings.plans)
        streams = (
            await stack.enter_async_context(open_streams(stubs, schema._schema, people.again))
            if settings.stream_sharing
            else None
        )
        kept = answers.Kept(settings.kept_answers_mb * 1024 * 1024, settles_s=answers.SETTLES_S)
        application = app(
            stubs,
            people,
            settings.allowed_origins.split(),
            explorer=explorer,
            streams=streams,
            policy=_policy(settings),
            documents=_documents(settings),
            max_sockets=settings.max_sockets,
            planned=settings.plans,
            kept=kept,
        )
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            http=LimitedProtocol,
            ws=websocket_protocol(),
            ws_max_size=WEBSOCKET_MESSAGE_BYTES,
            # A compressor for each connection takes more memory than all else of a stream.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=DRAIN_S,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
        )
        with _listener(settings.gateway_host, settings.gateway_port) as listener:
            port = listener.getsockname()[1]
            server = _Server(config)
            async with working([lambda: people.forget_on_change(events), *listening(kept, events, stubs.channels)]):
                serving = asyncio.create_task(server.serve([listener]))
                try:
                    await server.listening.wait()
                    log.info("serving", service=GATEWAY, port=port)
                    yield f"http://{settings.gateway_host}:{port}"
                finally:
                    if streams is not None:
                        streams.stop()
                    await application.stop()
                    server.should_exit = True
                    await serving
