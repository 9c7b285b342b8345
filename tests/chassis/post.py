"""A real SMTP server on a free port, which does as a test tells it to, and keeps what it takes."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "imi@post", "p:ss/wörd %"


@dataclass
class PostOffice:
    """What came, in its order; and how the server behaves."""

    port: int = 0
    came: list[EmailMessage] = field(default_factory=list)
    # To whom each was addressed on the envelope.
    recipients: list[list[str]] = field(default_factory=list)
    # Answers instead of taking a message, by command; None hangs up.
    answers: dict[str, str | None] = field(default_factory=dict)
    # How long it thinks about each message.
    slow_s: float = 0.0
    signed_in: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self._answer("RCPT", server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.slow_s)
        if "DATA" in self.answers:
            return self._answer("DATA", server)
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.came.append(message)
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"

    def _answer(self, command: str, server: SMTP) -> str:
        answer = self.answers[command]
        if answer is None:
            assert server.transport is not None
            server.transport.close()
            return "421 Bye"
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.signed_in.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@asynccontextmanager
async def a_post_office(
    port: int = 0, tls: ssl.SSLContext | None = None, *, starttls: bool = False, sign_in: bool = False
) -> AsyncIterator[PostOffice]:
    """The server, listening on 127.0.0.1 for as long as the context lasts."""
    office = PostOffice()
    how: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if starttls else {}
    if sign_in:
        how |= {"authenticator": office.authenticate, "auth_required": True, "auth_require_tls": False}
    loop = asyncio.get_running_loop()

    def opened() -> SMTP:
        with warnings.catch_warnings():
            # It warns of passwords in plain text; it is not told that TLS is around the whole connection.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(office, hostname="post.test", loop=loop, **how)

    server = await loop.create_server(
        opened,
        "127.0.0.1",
        port,
        ssl=None if starttls else tls,
    )
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
