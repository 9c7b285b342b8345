"""E-mails that say to a National IMI Coordinator, or to the Commission, that there is feedback: a link, and nothing else of it.

See `chassis.mailing`. The list has the feedback in any case.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis import catalogues
from chassis.aggregates import Aggregates
from chassis.mail import Mail, Mailer
from chassis.mailing import GIVEN_UP_AFTER, NEWS, give_up, hand_over, key_of, mailer, without_mailbox
from chassis.outbox import topic
from chassis.reactions import Reactions
from chassis.settings import ServiceSettings
from chassis.timers import Timer, Timers
from engines.documents import Documents
from engines.events import Event, Events
from protos.directory.v1.events_pb2 import FeedbackSent
from services.directory import storage
from services.directory.domain.authorities import Authority
from vocabulary import languages
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).with_name("notification")
KIND = "feedback"


class Mailing:
    """Stores an e-mail for each piece of feedback, and sends what is stored."""

    def __init__(
        self,
        mails: Timers,
        authorities: Aggregates[Authority],
        mailer: Mailer,
        public_url: str,
        now: Callable[[], datetime],
    ) -> None:
        tables = catalogues.load(CATALOGUE)
        self._wording: Mapping[str, LocalizedText] = {name: table["label"] for name, table in tables.items()}
        self._mails = mails
        self._authorities = authorities
        self._mailer = mailer
        self._public_url = public_url
        self._now = now

    def follow(self, events: Events) -> Reactions:
        """Store the e-mail about each; doing it again has no effect."""

        async def sent(seen: Sequence[Event]) -> None:
            for event in seen:
                if self._now() - event.time < NEWS:
                    message = FeedbackSent.FromString(event.data)
                    payload = {"authority": message.addressee_id}
                    await self._mails.set(
                        Timer(subject=message.feedback_id, kind=KIND, due=event.time, payload=payload)
                    )

        return Reactions(events, "directory-mail", [topic("directory")], {FeedbackSent.DESCRIPTOR.full_name: sent})

    async def run(self) -> None:
        """Send what is stored, for ever."""
        await self._mails.run(self.send)

    async def send(self, stored: Timer) -> None:
        """Hand one e-mail to the mail server; raises Unavailable if that is away."""
        if self._now() - stored.due > GIVEN_UP_AFTER:
            give_up(stored)
            return
        kept = await self._authorities.get(stored.payload["authority"])
        if kept is None or not kept.state.contact.email:
            without_mailbox(stored)
            return
        mail = self._mail(key_of(stored), kept.state)
        await hand_over(stored, mail, self._mailer, self._now())

    def _mail(self, key: str, authority: Authority) -> Mail:
        spoken = next(iter(authority.languages), languages.FALLBACK)
        if spoken not in self._wording["news"]:
            spoken = languages.FALLBACK
        said = {name: texts[spoken] for name, texts in self._wording.items()}
        text = f"{said['news']}\n\n{self._public_url}/feedback\n\n{said['automatic']}\n"
        return Mail(key=key, to=authority.contact.email, subject=said["subject"], text=text, language=spoken)


def sending(
    settings: ServiceSettings,
    documents: Documents,
    events: Events,
    authorities: Aggregates[Authority],
    now: Callable[[], datetime],
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """What has to run so that e-mails are sent; nothing, where no mail server is named."""
    there = mailer(settings)
    if there is None:
        return []
    mailing = Mailing(Timers(documents, storage.MAILS, now), authorities, there, settings.public_url, now)
    return [mailing.follow(events).run, mailing.run]
