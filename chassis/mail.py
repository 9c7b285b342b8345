"""Notification e-mails, through the SMTP server that the settings name. Without one, nothing is sent.

A message is plain text for one mailbox. What goes into its head is checked before anything is connected, so that no text can add a
recipient or a header. A server that is away, slow or busy raises `Unavailable`: the same message may be sent later, under the same
Message-ID, by which a mailbox may tell that it has it. What the server will never take raises `Undeliverable`.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

import aiosmtplib

from vocabulary.refusals import Unavailable

# Scheme → its usual port.
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
TIMEOUT_S = 10.0
WHOLE_TIMEOUT_S = 20.0
# At most so many messages a second leave one process.
PER_SECOND = 5.0
ADDRESS_LIMIT = 254
SUBJECT_LIMIT = 200

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,200}")


class Undeliverable(Exception):
    """This message will not arrive, however often it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An SMTP server, as ``scheme://user:password@host:port`` names it."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, url: str) -> "Server":
        """The server that *url* names; raises ValueError saying what is wrong with it, without repeating it."""
        wanted = (
            f"write {', '.join(f'{scheme}://host:port' for scheme in PORTS)}; user:password@ may stand before the host"
        )
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(wanted) from None
        if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(wanted)
        if (parts.username is None) != (parts.password is None):
            raise ValueError("write a user and a password, or neither")
        if parts.password is not None and parts.scheme == "smtp" and parts.hostname not in LOOPBACK:
            raise ValueError("a password goes over a network encrypted: write smtps:// or smtp+starttls://")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message; *key* is the same each time it is sent, and another for every other message."""

    key: str
    to: str
    subject: str
    text: str
    language: str


def check_address(address: str) -> str:
    """*address* itself; raises ValueError if it is not one mailbox in ASCII."""
    if len(address) > ADDRESS_LIMIT or not _ADDRESS.fullmatch(address):
        raise ValueError("write one e-mail address in ASCII, such as imi@example.eu")
    return address


def message(mail: Mail, sender: str, now: datetime) -> EmailMessage:
    """*mail* as it is sent (RFC 5322, RFC 3834); raises Undeliverable for an address, a subject or a key that is unfit."""
    try:
        check_address(mail.to)
    except ValueError as error:
        raise Undeliverable("the address is none") from error
    fit = mail.subject.isprintable() and 0 < len(mail.subject) <= SUBJECT_LIMIT
    if not (fit and _TOKEN.fullmatch(mail.key) and _TOKEN.fullmatch(mail.language)):
        raise Undeliverable("the subject, the key or the language is unfit for a header")
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = mail.to
    made["Subject"] = mail.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{mail.key}@{sender.rpartition('@')[2]}>"
    # Nobody's out-of-office notice answers a machine.
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.text)
    made["Content-Language"] = mail.language
    return made


class Mailer:
    """Sends messages from one address through one server."""

    def __init__(self, server: Server, sender: str) -> None:
        self._server = server
        self._sender = check_address(sender)
        self._free_at = 0.0

    async def send(self, mail: Mail, now: datetime) -> None:
        """Hand *mail* to the server; raises Unavailable if it may be taken later, Undeliverable if never."""
        made = message(mail, self._sender, now)
        await self._in_turn()
        try:
            async with asyncio.timeout(WHOLE_TIMEOUT_S):
                await self._hand_over(made, mail.to)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPDataError) as error:
            answers = error.recipients if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else [error]
            if all(500 <= answer.code < 600 for answer in answers):
                raise Undeliverable(f"the server refuses it for good ({answers[0].code})") from error
            raise Unavailable("the mail server takes no more at the moment", reason="SMTP_BUSY") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, EOFError) as error:
            # Its answer may repeat what was sent: the log gets only its kind.
            raise Unavailable(f"the mail server is away ({type(error).__name__})", reason="SMTP_AWAY") from error

    async def _hand_over(self, made: EmailMessage, to: str) -> None:
        server = self._server
        await aiosmtplib.send(
            made,
            sender=self._sender,
            recipients=[to],
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=self._sender.rpartition("@")[2],
            timeout=TIMEOUT_S,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp+starttls",
        )

    async def _in_turn(self) -> None:
        """Wait until the next message may leave."""
        now = asyncio.get_running_loop().time()
        starts_at = max(now, self._free_at)
        self._free_at = starts_at + 1 / PER_SECOND
        await asyncio.sleep(starts_at - now)
