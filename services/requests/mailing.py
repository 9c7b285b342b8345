"""E-mails that say to authorities that there is news: the number of a request and a link, and nothing else of it.

Each event becomes one e-mail for each authority that hears of it, but the one that acted; see `chassis.mailing`. The inbox has the
news in any case.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis import catalogues
from chassis.aggregates import Aggregates
from chassis.calls import Peer
from chassis.mail import Mail, Mailer
from chassis.mailing import GIVEN_UP_AFTER, NEWS, Post, give_up, key_of, mailer, without_mailbox
from chassis.outbox import topic
from chassis.reactions import Reactions
from chassis.settings import ServiceSettings
from chassis.timers import Timer, Timers
from engines.documents import Documents
from engines.events import Event, Events
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.requests.v1 import events_pb2
from services.requests import storage, wire
from services.requests.domain.requests import Request
from services.requests.reactions import recipients
from vocabulary import languages
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).with_name("notification")


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
        self._post = Post(peer, directory, now)
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
            give_up(stored)
            return
        kept = await self._requests.get(stored.payload["request"])
        to = await self._post.mailbox(stored.payload["authority"])
        if kept is None or to is None:
            without_mailbox(stored)
            return
        link = f"{self._public_url}/requests/{kept.id}"
        mail = self._wording.mail(key_of(stored), to.address, kept.state.number, link, to.language)
        await self._post.hand_over(stored, mail, self._mailer)


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
    there = mailer(settings)
    if there is None:
        return []
    mails = Timers(documents, storage.MAILS, now)
    mailing = Mailing(mails, requests, peer, directory, there, wording, settings.public_url, now)
    return [mailing.follow(events).run, mailing.run]
