"""E-mails to authorities: that there is news which they filter for, and that a webhook stands still. A number or a name, and a link.

See `chassis.mailing`. The inbox has the news in any case, and the list of webhooks says which one stands still.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from chassis import catalogues
from chassis.aggregates import Aggregates
from chassis.calls import Peer
from chassis.inbox import Entry
from chassis.mail import Mail, Mailer
from chassis.mailing import GIVEN_UP_AFTER, NEWS, Mailbox, Post, give_up, key_of, without_mailbox
from chassis.participants import Participants
from chassis.timers import Timer, Timers
from engines.documents import AnyOf
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.alerts.domain.alerts import Alert
from services.alerts.domain.filters import SavedFilter
from services.alerts.domain.types import AlertType
from services.alerts.domain.webhooks import Webhook
from services.alerts.filters.members import on_its_own
from services.alerts.filters.selecting import meant
from vocabulary import languages
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).with_name("notification")
ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the e-mails say, in every language."""

    subject: LocalizedText
    news: LocalizedText
    paused_subject: LocalizedText
    paused: LocalizedText
    automatic: LocalizedText

    @classmethod
    def load(cls) -> "Wording":
        """From the catalogue; raises IncompleteCatalogue if a text lacks one of the 24 languages."""
        tables = catalogues.load(CATALOGUE)
        return cls(**{name: tables[name]["label"] for name in cls.__slots__})

    def of_alert(self, key: str, to: str, number: str, link: str, language: str) -> Mail:
        """The e-mail about alert *number*, in *language* or, where it is not translated, in English."""
        return self._mail(key, to, self.subject, self.news, {"{number}": number}, link, language)

    def of_webhook(self, key: str, to: str, name: str, link: str, language: str) -> Mail:
        """The e-mail that the webhook *name* stands still."""
        return self._mail(key, to, self.paused_subject, self.paused, {"{name}": name}, link, language)

    def _mail(
        self,
        key: str,
        to: str,
        subject: LocalizedText,
        text: LocalizedText,
        filled: Mapping[str, str],
        link: str,
        language: str,
    ) -> Mail:
        spoken = language if language in text else languages.FALLBACK
        ((place, value),) = filled.items()
        said = f"{text[spoken].replace(place, value)}\n\n{link}\n\n{self.automatic[spoken]}\n"
        return Mail(key=key, to=to, subject=subject[spoken].replace(place, value), text=said, language=spoken)


class Mailing:
    """Stores e-mails and sends what is stored. Without a *mailer* there are none."""

    def __init__(
        self,
        types: Mapping[str, AlertType],
        mails: Timers,
        alerts: Aggregates[Alert],
        saved: Aggregates[SavedFilter],
        webhooks: Aggregates[Webhook],
        participants: Participants,
        peer: Peer,
        directory: DirectoryServiceStub,
        mailer: Mailer | None,
        wording: Wording,
        public_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._types = types
        self._mails = mails
        self._alerts = alerts
        self._saved = saved
        self._webhooks = webhooks
        self._participants = participants
        self._post = Post(peer, directory, now)
        self._mailer = mailer
        self._wording = wording
        self._public_url = public_url
        self._now = now

    @property
    def loops(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """What has to run so that e-mails are sent."""
        return [partial(self._mails.run, self.send)] if self._mailer else []

    async def told(self, entries: Mapping[str, Sequence[Entry]]) -> None:
        """Store an e-mail for each of *entries*, by authority, that one of its filters asks for; doing it again has no effect."""
        if self._mailer is None:
            return
        wanted = list(entries)
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            where = {"mailed_to": AnyOf(wanted[start : start + ASKED_AT_ONCE])}
            async for page in self._saved.pages(where, size=ASKED_AT_ONCE):
                for kept in page:
                    await self._filter(kept.state, entries[kept.state.authority_id])

    async def _filter(self, saved: SavedFilter, entries: Sequence[Entry]) -> None:
        alerts = {one.id: one.state for one in await self._alerts.get_many([entry.subject for entry in entries])}
        authority = await self._participants.get(saved.authority_id)
        if authority is None:
            return
        own = meant(saved.filter, entries, alerts, self._types, partial(on_its_own, authority, now=self._now()))
        for entry in entries:
            if entry.id in own and self._now() - entry.at < NEWS:
                # By the authority: what two of its filters ask for is one e-mail.
                payload = {"authority": saved.authority_id, "alert": entry.subject}
                await self._mails.set(Timer(subject=entry.id, kind=saved.authority_id, due=entry.at, payload=payload))

    async def tell_of_pause(self, webhook_id: str, authority_id: str, run: int, since: datetime) -> None:
        """Store the e-mail that this run of a webhook, which has failed *since* then, stands still; once however often."""
        if self._mailer is not None:
            # Days after what it is dated from, mostly.
            payload = {"authority": authority_id, "webhook": webhook_id, "noticed_at": self._now().isoformat()}
            await self._mails.set(Timer(subject=webhook_id, kind=f"paused-{run}", due=since, payload=payload))

    async def send(self, stored: Timer) -> None:
        """Hand one e-mail to the mail server; raises Unavailable if that, or the directory, is away."""
        noticed = stored.payload.get("noticed_at")
        late = self._now() - (datetime.fromisoformat(noticed) if noticed else stored.due) > GIVEN_UP_AFTER
        if self._mailer is None or (late and stored.attempts):
            give_up(stored)
            return
        to = await self._post.mailbox(stored.payload["authority"])
        if to is None:
            without_mailbox(stored)
            return
        mail = await self._mail(stored, to)
        if mail is not None:
            await self._post.hand_over(stored, mail, self._mailer)

    async def _mail(self, stored: Timer, to: Mailbox) -> Mail | None:
        key, address, language = key_of(stored), to.address, to.language
        if "webhook" in stored.payload:
            webhook = await self._webhooks.get(stored.payload["webhook"])
            link = f"{self._public_url}/webhooks/{stored.payload['webhook']}"
            return (
                None if webhook is None else self._wording.of_webhook(key, address, webhook.state.name, link, language)
            )
        alert = await self._alerts.get(stored.payload["alert"])
        link = f"{self._public_url}/alerts/{stored.payload['alert']}"
        return None if alert is None else self._wording.of_alert(key, address, alert.state.number, link, language)
