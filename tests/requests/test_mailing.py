"""Whoever hears of a change gets an e-mail with the request's number and a link: once, in its language, when there is a server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis import mailing as module
from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.mail import Mailer, Server
from chassis.outbox import Outbox, topic
from chassis.process import working
from chassis.settings import ServiceSettings
from chassis.timers import NEVER, WAKES_AT, Timers
from engines.documents import Documents, open_documents
from engines.events import Event, Events, open_events
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.events_pb2 import RequestChanged
from services.directory import storage as directory_storage
from services.requests import storage
from services.requests.domain.lifecycle import Status
from services.requests.mailing import Mailing, Wording, sending
from tests.builders import doctors
from tests.chassis.post import PostOffice, a_post_office
from tests.chassis.ticking import START, Clock
from tests.chassis.waiting import until
from tests.requests.exchanges import FREE_PORT, HUNGARY, ITALY, Asking, a_request, running
from vocabulary import languages

SENDER, PUBLIC = "imi@imi.example", "https://imi.example"
WORDING = Wording.load()
FRANCE = doctors("FR")


@dataclass
class Sender:
    """What sends e-mails about the requests of a running service, by a clock that the tests turn, from a log of their own."""

    documents: Documents
    mails: Timers
    mailing: Mailing
    events: Events
    clock: Clock
    heard: int = 0

    async def hear(self, *told: Event) -> None:
        """Return once *told*, and one after them, have become stored e-mails."""
        self.heard += 1
        last = an_event(f"last{self.heard}", "req_last", self.clock(), actor="", requester=FRANCE, responder=FRANCE)
        await self.events.publish(topic("requests"), [*told, last])

        async def stored() -> bool:
            return await self.stored(last, FRANCE) is not None

        async with working([self.mailing.follow(self.events).run]):
            await until(stored)

    async def stored(self, event: Event, authority_id: str) -> str | None:
        """When the e-mail about *event* to an authority is sent next, `NEVER` if it is over; None if there is none."""
        found = await self.documents.get(storage.MAILS, f"{event.id}:{authority_id}")
        return None if found is None else min(str(found.body[WAKES_AT]), NEVER)

    async def send(self) -> int:
        """Send what is due now; returns how many that were."""
        return await self.mails.fire_due(self.mailing.send)


def an_event(id_: str, request_id: str, at: datetime, *, actor: str, requester: str = "", responder: str = "") -> Event:
    """That *actor*'s authority sent a request, by default Italy's to Hungary's."""
    message = RequestChanged(
        request_id=request_id,
        action=pb.REQUEST_ACTION_SEND,
        to=pb.REQUEST_STATUS_SENT,
        requester_id=requester or ITALY.authority_id,
        responder_id=responder or HUNGARY.authority_id,
        authority_id=actor,
    )
    return Event(
        id=id_,
        type=message.DESCRIPTOR.full_name,
        source="/imi/requests",
        subject=request_id,
        time=at,
        data=message.SerializeToString(),
    )


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with a_post_office() as opened:
        yield opened


@pytest.fixture
async def sender(asking: Asking, office: PostOffice, tmp_path: Path) -> AsyncIterator[Sender]:
    settings = ServiceSettings(data_dir=tmp_path)
    async with (
        open_documents(settings.documents("mails"), [storage.MAILS]) as documents,
        open_events(settings.events) as events,
        open_channel(asking.settings.directory_address) as channel,
    ):
        clock = Clock()
        mails = Timers(documents, storage.MAILS, clock)
        mailing = Mailing(
            mails,
            storage.requests(asking.documents, Outbox("requests", documents, events, clock)),
            Peer("directory", Signer(KeyRing(asking.settings.keys), "requests").for_service),
            DirectoryServiceStub(channel),
            Mailer(Server.of(f"smtp://127.0.0.1:{office.port}"), SENDER),
            WORDING,
            PUBLIC,
            clock,
        )
        yield Sender(documents, mails, mailing, events, clock)


@pytest.fixture
async def mailboxes(asking: Asking) -> dict[str, str]:
    """The functional mailboxes of Italy's and Hungary's authorities, as the directory keeps them."""
    found: dict[str, str] = {}
    for caller in (ITALY, HUNGARY):
        stored: Any = await asking.directory.get(directory_storage.AUTHORITIES, caller.authority_id)
        found[caller.country] = stored.body["state"]["contact"]["email"]
    return found


def said(message: EmailMessage) -> tuple[str, str, str, str]:
    """To whom, in which language, about what, and what."""
    return message["To"], message["Content-Language"], message["Subject"], message.get_content().replace("\r\n", "\n")


def expected(request: pb.Request, to: str, language: str) -> tuple[str, str, str, str]:
    written = WORDING.mail("k", to, request.number, f"{PUBLIC}/requests/{request.id}", language)
    return written.to, language, written.subject, written.text


async def test_the_service_tells_each_side_what_the_other_has_done(
    asking: Asking, tmp_path: Path, mailboxes: dict[str, str]
) -> None:
    """With the number and a link; nothing of the case, and nothing to whoever did it."""
    async with a_post_office() as office:
        settings = ServiceSettings(
            data_dir=tmp_path,
            keys_dir=asking.settings.keys,
            listen_address=FREE_PORT,
            directory_address=asking.settings.directory_address,
            smtp_url=f"smtp://127.0.0.1:{office.port}",
            mail_from=SENDER,
            public_url=f"{PUBLIC}/",
        )
        async with running(settings) as mailing:
            request = await a_request(mailing, Status.SENT)

            async def came(count: int) -> bool:
                return len(office.came) >= count

            await until(lambda: came(1))
            await mailing.do(HUNGARY, "AcceptRequest", id=request.id)
            await until(lambda: came(2))
    assert [said(one) for one in office.came] == [
        expected(request, mailboxes["HU"], "hu"),
        expected(request, mailboxes["IT"], "it"),
    ]
    assert office.recipients == [[mailboxes["HU"]], [mailboxes["IT"]]]
    for one in office.came:
        text = one.get_content()
        assert text.count(request.number) == text.count(f"{PUBLIC}/requests/{request.id}") == 1
        assert "Eszter" not in text
        assert one["From"] == SENDER


async def test_an_event_that_comes_twice_is_one_e_mail_to_each(
    asking: Asking, sender: Sender, office: PostOffice, mailboxes: dict[str, str]
) -> None:
    request = await a_request(asking, Status.SENT)
    by_nobody = an_event("evt_1", request.id, START, actor="")
    await sender.hear(by_nobody, by_nobody)
    await sender.send()
    await sender.hear(by_nobody)
    await sender.send()
    assert sorted(to for to, *_ in map(said, office.came)) == sorted([mailboxes["HU"], mailboxes["IT"]])
    keys = {one["Message-ID"] for one in office.came}
    assert keys == {f"<evt_1.{one.authority_id}@imi.example>" for one in (ITALY, HUNGARY)}


async def test_a_server_that_is_away_gets_it_later_and_holds_up_nothing(
    asking: Asking, sender: Sender, office: PostOffice, mailboxes: dict[str, str]
) -> None:
    request = await a_request(asking, Status.SENT)
    told = an_event("evt_1", request.id, START, actor=ITALY.authority_id)
    await sender.hear(told)
    office.answers["DATA"] = None
    with capture_logs() as lines:
        await sender.send()
    waits = [line for line in lines if line["event"] == "timer_waits"]
    assert [(line["log_level"], line["reason"]) for line in waits] == [("warning", "SMTP_AWAY")]
    assert office.came == []
    await asking.do(HUNGARY, "AcceptRequest", id=request.id)
    assert await sender.send() == 0
    office.answers.clear()
    sender.clock.forward(seconds=2)
    await sender.send()
    assert said(office.came[0]) == expected(request, mailboxes["HU"], "hu")
    assert await sender.stored(told, HUNGARY.authority_id) == NEVER


async def test_what_the_server_refuses_for_good_is_not_sent_again(
    asking: Asking, sender: Sender, office: PostOffice, mailboxes: dict[str, str]
) -> None:
    request = await a_request(asking, Status.SENT)
    told = an_event("evt_1", request.id, START, actor=ITALY.authority_id)
    await sender.hear(told)
    office.answers["RCPT"] = "550 no such mailbox"
    with capture_logs() as lines:
        await sender.send()
    refused = [line for line in lines if line["event"] == "mail_undeliverable"]
    assert [line["mail"] for line in refused] == [f"evt_1:{HUNGARY.authority_id}"]
    assert mailboxes["HU"] not in str(lines)
    assert await sender.stored(told, HUNGARY.authority_id) == NEVER


async def test_what_could_not_be_sent_for_days_is_given_up(asking: Asking, sender: Sender, office: PostOffice) -> None:
    request = await a_request(asking, Status.SENT)
    told = an_event("evt_1", request.id, START, actor=ITALY.authority_id)
    await sender.hear(told)
    sender.clock.at = START + module.GIVEN_UP_AFTER + timedelta(seconds=1)
    with capture_logs() as lines:
        await sender.send()
    assert f"evt_1:{HUNGARY.authority_id}" in {line["mail"] for line in lines if line["event"] == "mail_given_up"}
    assert (office.came, await sender.stored(told, HUNGARY.authority_id)) == ([], NEVER)


async def test_old_events_are_no_news(sender: Sender) -> None:
    """Who names a mail server for the first time does not write to everybody about the whole past."""
    old = an_event("evt_1", "req_1", START - module.NEWS, actor="")
    young = an_event("evt_2", "req_1", START - module.NEWS + timedelta(seconds=1), actor="")
    await sender.hear(old, young)
    assert await sender.stored(old, HUNGARY.authority_id) is None
    assert await sender.stored(young, HUNGARY.authority_id) is not None


async def test_who_has_no_mailbox_and_what_is_not_there_get_none(sender: Sender, office: PostOffice) -> None:
    await sender.hear(an_event("evt_1", "req_none", START, actor="", requester="aut_none"))
    with capture_logs() as lines:
        await sender.send()
    assert {"evt_1:aut_none", f"evt_1:{HUNGARY.authority_id}"} <= {
        line["mail"] for line in lines if line["event"] == "mail_without_mailbox"
    }
    assert office.came == []


async def test_while_the_directory_is_away_e_mails_wait(
    asking: Asking, sender: Sender, office: PostOffice, mailboxes: dict[str, str]
) -> None:
    request = await a_request(asking, Status.SENT)
    told = an_event("evt_1", request.id, START, actor=ITALY.authority_id)
    await sender.hear(told)
    async with open_channel("127.0.0.1:9") as nowhere:
        there = sender.mailing._post._directory
        sender.mailing._post._directory = DirectoryServiceStub(nowhere)
        with capture_logs() as lines:
            await sender.send()
        sender.mailing._post._directory = there
    assert "timer_waits" in {line["event"] for line in lines}
    assert office.came == []
    sender.clock.forward(seconds=2)
    await sender.send()
    assert said(office.came[0]) == expected(request, mailboxes["HU"], "hu")


async def test_without_a_mail_server_nothing_is_sent_and_that_is_said_once(asking: Asking, tmp_path: Path) -> None:
    settings = ServiceSettings(data_dir=tmp_path)
    async with open_events(settings.events) as events, open_channel(asking.settings.directory_address) as channel:
        requests = storage.requests(asking.documents, Outbox("requests", asking.documents, events, Clock()))
        peer = Peer("directory", Signer(KeyRing(asking.settings.keys), "requests").for_service)
        with capture_logs() as lines:
            loops = sending(settings, asking.documents, events, requests, peer, DirectoryServiceStub(channel), Clock())
    assert loops == []
    assert [line["event"] for line in lines] == ["mail_off"]


@pytest.mark.parametrize("language", languages.ALL)
def test_an_e_mail_says_the_number_and_the_link_in_every_language(language: str) -> None:
    mail = WORDING.mail("k", "imi@example.eu", "RQ-2026-7K3QXD4M", f"{PUBLIC}/requests/req_1", language)
    assert mail.language == language
    assert mail.subject.count("RQ-2026-7K3QXD4M") == mail.text.count("RQ-2026-7K3QXD4M") == 1
    assert f"\n{PUBLIC}/requests/req_1\n" in mail.text
    assert "{" not in mail.subject + mail.text


def test_who_reads_another_language_is_written_to_in_english() -> None:
    mail = WORDING.mail("k", "imi@example.eu", "RQ-1", PUBLIC, "xx")
    assert (mail.language, mail.subject) == ("en", "IMI: news about request RQ-1")
