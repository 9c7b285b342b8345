"""E-mails to authorities: each is stored, and sent by a worker of its own, again and again while the mail server is away, and given
up after some days.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from chassis.calls import Peer
from chassis.mail import Mail, Mailer, Server, Undeliverable
from chassis.removing import Removal, older
from chassis.settings import ServiceSettings
from chassis.timers import WAKES_AT, Timer, removal
from engines.documents import Collection
from protos.directory.v1 import directory_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from vocabulary import languages

# Older events are no news: a system that is given a mail server, or reads its log again, does not write to everybody about its past.
NEWS = timedelta(days=2)
# As long as mail servers keep trying among themselves (RFC 5321, section 4.5.4.1).
GIVEN_UP_AFTER = timedelta(days=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where an authority gets e-mails, and the first of its languages."""

    address: str
    language: str


def mailer(settings: ServiceSettings) -> Mailer | None:
    """What sends e-mails, where a mail server is named."""
    if not settings.smtp_url:
        log.info("mail_off", why="SMTP_URL names no mail server: no notification is sent")
        return None
    return Mailer(Server.of(settings.smtp_url), settings.mail_from)


def removals(mails: Collection, kept: timedelta) -> Sequence[Removal]:
    """Removes e-mails that were sent or given up as long ago as *kept*, and those that were due then and have had no mail server."""
    return removal(mails, kept), older(mails, WAKES_AT, kept)


def key_of(stored: Timer) -> str:
    """The key of the e-mail that *stored* becomes: the same each time it is sent."""
    return f"{stored.subject}.{stored.kind}"


def give_up(stored: Timer) -> None:
    """Say that *stored* is sent no more."""
    log.error("mail_given_up", mail=stored.id, attempts=stored.attempts)


def without_mailbox(stored: Timer) -> None:
    """Say that nobody is there whom *stored* could be sent to."""
    log.info("mail_without_mailbox", mail=stored.id)


async def hand_over(stored: Timer, mail: Mail, mailer: Mailer, now: datetime) -> None:
    """Hand *mail* to the mail server; raises Unavailable if that is away. One that can never arrive is given up at once."""
    try:
        await mailer.send(mail, now)
    except Undeliverable as why:
        log.error("mail_undeliverable", mail=stored.id, why=str(why))


class Post:
    """The mailboxes of authorities, as the directory has them at this moment, and the way to them."""

    def __init__(self, peer: Peer, directory: DirectoryServiceStub, now: Callable[[], datetime]) -> None:
        self._peer = peer
        self._directory = directory
        self._now = now

    async def mailbox(self, authority_id: str) -> Mailbox | None:
        """Where the authority gets e-mails; None if it has no mailbox. Raises Unavailable if the directory is away."""
        request = directory_pb2.BatchGetAuthoritiesRequest(ids=[authority_id], languages=[languages.FALLBACK])
        found = (await self._peer.call(self._directory.BatchGetAuthorities, request)).authorities
        if not found or not found[0].contact.email:
            return None
        language = found[0].languages[0] if found[0].languages else languages.FALLBACK
        return Mailbox(address=found[0].contact.email, language=language)

    async def hand_over(self, stored: Timer, mail: Mail, mailer: Mailer) -> None:
        """Hand *mail* to the mail server; see `hand_over`."""
        await hand_over(stored, mail, mailer, self._now())
