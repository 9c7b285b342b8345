"""E-mails that say to authorities that there is news: the number of a request and a link, and nothing else of it.

Each event becomes one stored e-mail for each authority that hears of it, but the one that acted. It is sent by a worker of its own,
again and again while the mail server is away, and given up after some days: the inbox has the news in any case.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from chassis import catalogues
from chassis.aggregates import Aggregates
from chassis.calls import Peer
from chassis.mail import Mail, Mailer, Server, Undeliverable
from chassis.outbox import topic
from chassis.reactions import Reactions
from chassis.settings import ServiceSettings
from chassis.timers import Timer, Timers
from engines.documents import Documents
from engines.events import Event, Events
from protos.directory.v1 import directory_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.requests.v1 import events_pb2
from services.requests import storage, wire
from services.requests.domain.requests import Request
from services.requests.reactions import recipients
from vocabulary import languages
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).with_name("notification")
# Older events are no news: a system that is given a mail server does not write to everybody about its whole past.
NEWS = timedelta(days=2)
# As long as mail servers keep trying among themselves (RFC 5321, section 4.5.4.1).
GIVEN_UP_AFTER = timedelta(days=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What an e-mail says, in every language."""

    subject: LocalizedText
    news: LocalizedText
    automatic: LocalizedText

    @classmethod
    def load(cls) -> "Wording":
        """From the catalogue; raises IncompleteCatalogue if a text lacks one of the 24 languages."""
        tables = catalogues.load(CATALOGUE)
        return cls(**{name: tables[name]["label"] for name in cls.__slots__})

    def mail(self, key: str, to: str, number: str, link: str, language: str) -> Mail:
        """The e-mail about request *number*, in *language* or, where it is not translated, in English."""

        def said(texts: Mapping[str, str]) -> str:
            return texts[spoken].replace("{number}", number)

        spoken = language if language in self.news else languages.FALLBACK
        text = f"{said(self.news)}\n\n{link}\n\n{said(self.automatic)}\n"
        return Mail(key=key, to=to, subject=said(self.subject), text=text, language=spoken)


class Mailing:
    """Stores an e-mail for each piece of news, and sends what is stored."""

    def __init__(
        self,
        mails: Timers,
        requests: Aggregates[Request],
        peer: Peer,
        directory: DirectoryServiceStub,
        mailer: Mailer,
        wording: Wording,
        public_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._mails = mails
        self._requests = requests
        self._peer = peer
        self._directory = directory
        self._mailer = mailer
        self._wording = wording
        self._public_url = public_url
        self._now = now

    def follow(self, events: Events) -> Reactions:
        """Store the e-mails about each change; doing it again has no effect."""

        async def changed(seen: Sequence[Event]) -> None:
            for event in seen:
                if self._now() - event.time < NEWS:
                    await self._store(event)

        return Reactions(
            events, "requests-mail", [topic("requests")], {events_pb2.RequestChanged.DESCRIPTOR.full_name: changed}
        )

    async def _store(self, event: Event) -> None:
        message = events_pb2.RequestChanged.FromString(event.data)
        action = wire.ACTION.from_wire(message.action, field="action")
        for authority_id in recipients(message, action):
            if authority_id not in ("", message.authority_id):
                payload = {"authority": authority_id, "request": message.request_id}
                await self._mails.set(Timer(subject=event.id, kind=authority_id, due=event.time, payload=payload))

    async def run(self) -> None:
        """Send what is stored, for ever."""
        await self._mails.run(self.send)

    async def send(self, stored: Timer) -> None:
        """Hand one e-mail to the mail server; raises Unavailable if that, or the directory, is away."""
        if self._now() - stored.due > GIVEN_UP_AFTER:
            log.error("mail_given_up", mail=stored.id, attempts=stored.attempts)
            return
        kept = await self._requests.get(stored.payload["request"])
        authority = await self._authority(stored.payload["authority"])
        if kept is None or authority is None or not authority.contact.email:
            log.info("mail_without_mailbox", mail=stored.id)
            return
        link = f"{self._public_url}/requests/{kept.id}"
        language = authority.languages[0] if authority.languages else languages.FALLBACK
        mail = self._wording.mail(
            f"{stored.subject}.{stored.kind}", authority.contact.email, kept.state.number, link, language
        )
        try:
            await self._mailer.send(mail, self._now())
        except Undeliverable as why:
            log.error("mail_undeliverable", mail=stored.id, why=str(why))

    async def _authority(self, id_: str) -> directory_pb2.Authority | None:
        request = directory_pb2.BatchGetAuthoritiesRequest(ids=[id_], languages=[languages.FALLBACK])
        found = (await self._peer.call(self._directory.BatchGetAuthorities, request)).authorities
        return found[0] if found else None


def sending(
    settings: ServiceSettings,
    documents: Documents,
    events: Events,
    requests: Aggregates[Request],
    peer: Peer,
    directory: DirectoryServiceStub,
    now: Callable[[], datetime],
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """What has to run so that e-mails are sent; nothing, where no mail server is named."""
    wording = Wording.load()
    if not settings.smtp_url:
        log.info("mail_off", why="SMTP_URL names no mail server: no notification is sent")
        return []
    mailer = Mailer(Server.of(settings.smtp_url), settings.mail_from)
    mails = Timers(documents, storage.MAILS, now)
    mailing = Mailing(mails, requests, peer, directory, mailer, wording, settings.public_url, now)
    return [mailing.follow(events).run, mailing.run]
