"""A filter whose delivery is e-mail: each entry that it means is one e-mail to the authority's mailbox, with a number and a link."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis import mailing as module
from chassis.inbox import Entry
from chassis.settings import ServiceSettings
from services.alerts.domain.alerts import News
from services.alerts.domain.filters import EVERYTHING, Delivery, Filter, SavedFilter
from services.alerts.mailing import Wording
from tests.alerts.hooks import HUNGARY, MAILBOX, PUBLIC, Post, a_directory_with_mailboxes, a_post
from tests.alerts.threads import ruled
from tests.chassis.post import PostOffice, a_post_office
from tests.chassis.ticking import START
from vocabulary import languages


@dataclass
class Scene:
    """Deliveries with a mail server."""

    post: Post
    office: PostOffice

    async def save(
        self, id_: str, wanted: Filter = EVERYTHING, delivery: Delivery = Delivery.EMAIL, to: str = HUNGARY
    ) -> None:
        saved = SavedFilter(
            authority_id=to,
            name=id_,
            filter=wanted,
            delivery=delivery,
            created_by="usr_1",
            created_at=START,
            changed_at=START,
        )
        await self.post.saved.load([(id_, saved, [])])

    async def send(self) -> list[str]:
        """Send what is due; the subjects of all that came so far."""
        await self.post.mails.fire_due(self.post.mailing.send)
        return [str(one["Subject"]) for one in self.office.came]


@pytest.fixture(scope="module")
async def mailboxes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceSettings]:
    async with a_directory_with_mailboxes(tmp_path_factory.mktemp("mailboxes")) as settings:
        yield settings


@pytest.fixture
async def scene(mailboxes: ServiceSettings, tmp_path: Path) -> AsyncIterator[Scene]:
    async with (
        a_post_office() as office,
        a_post(mailboxes, tmp_path, ssl.create_default_context(), office.port) as post,
    ):
        yield Scene(post, office)


async def test_what_a_filter_means_is_an_e_mail_with_a_number_and_a_link_and_nothing_else(scene: Scene) -> None:
    await scene.save("flt_1", Filter(kinds=(News.BROADCAST,)))
    await scene.post.tell("CORRECTED", "BROADCAST")
    assert len(await scene.send()) == 1
    (mail,) = scene.office.came
    assert (mail["To"], mail["Content-Language"]) == (MAILBOX, "hu")
    assert "AL-2" in mail["Subject"]
    assert f"{PUBLIC}/alerts/alt_2" in mail.get_content()
    assert "SECRET" not in mail.as_string()
    expected = Wording.load().of_alert("k", MAILBOX, "AL-2", f"{PUBLIC}/alerts/alt_2", "hu")
    assert mail.get_content().replace("\r\n", "\n") == expected.text


async def test_two_filters_and_two_deliveries_of_one_entry_are_one_e_mail(scene: Scene) -> None:
    await scene.save("flt_1")
    await scene.save("flt_2")
    entries = await scene.post.tell("BROADCAST")
    await scene.post.mailing.told({HUNGARY: entries})
    await scene.send()
    await scene.post.mailing.told({HUNGARY: entries})
    assert len(await scene.send()) == 1


async def test_a_filter_for_something_else_and_one_of_others_send_nothing(scene: Scene) -> None:
    await scene.save("flt_1", delivery=Delivery.NONE)
    await scene.save("flt_2", delivery=Delivery.WEBHOOK)
    await scene.save("flt_3", to="aut_hu_region")
    await scene.post.tell("BROADCAST")
    assert await scene.send() == []


async def test_what_the_authority_may_not_see_is_no_news(scene: Scene) -> None:
    await scene.save("flt_1")
    await scene.post.tell("BROADCAST", alert=replace(ruled(), addressed=()))
    for authority in ("aut_hu_suspended", "aut_nobody"):
        await scene.save(f"flt_{authority}", to=authority)
        await scene.post.tell("BROADCAST", to=authority)
    assert await scene.send() == []


async def test_old_entries_are_no_news(scene: Scene) -> None:
    await scene.save("flt_1")
    (entry,) = await scene.post.tell("BROADCAST", to="aut_hu_region")
    for age, expected in ((module.NEWS, 0), (module.NEWS - timedelta(seconds=1), 1)):
        old = Entry(id=f"evt_{expected}", subject=entry.subject, kind="BROADCAST", at=START - age)
        await scene.post.mailing.told({HUNGARY: [old]})
        assert len(await scene.send()) == expected


async def test_a_mail_server_that_is_away_gets_it_later(scene: Scene) -> None:
    await scene.save("flt_1")
    await scene.post.tell("BROADCAST")
    scene.office.answers["DATA"] = None
    assert await scene.send() == []
    scene.office.answers.clear()
    scene.post.clock.forward(seconds=2)
    assert len(await scene.send()) == 1


async def test_what_could_not_be_sent_for_days_is_given_up(scene: Scene) -> None:
    await scene.save("flt_1")
    await scene.post.tell("BROADCAST")
    scene.office.answers["DATA"] = None
    await scene.send()
    scene.office.answers.clear()
    scene.post.clock.at = START + module.GIVEN_UP_AFTER + timedelta(seconds=1)
    with capture_logs() as lines:
        assert await scene.send() == []
    assert "mail_given_up" in [line["event"] for line in lines]


async def test_that_a_webhook_stands_still_is_said_however_old_what_it_is_dated_from_is(scene: Scene) -> None:
    await scene.post.hook("whk_1", "https://imi.example/hook")
    for _ in range(2):
        await scene.post.mailing.tell_of_pause("whk_1", HUNGARY, 1, START - 9 * module.GIVEN_UP_AFTER)
    scene.office.answers["DATA"] = None
    assert await scene.send() == []
    scene.office.answers.clear()
    scene.post.clock.forward(seconds=2)
    assert len(await scene.send()) == 1
    await scene.post.mailing.tell_of_pause("whk_1", HUNGARY, 1, START - 9 * module.GIVEN_UP_AFTER)
    assert len(await scene.send()) == 1


async def test_who_has_no_mailbox_gets_none(scene: Scene) -> None:
    await scene.save("flt_1", to="aut_fr_coordinator")
    await scene.post.tell("BROADCAST", to="aut_fr_coordinator")
    with capture_logs() as lines:
        assert await scene.send() == []
    assert "mail_without_mailbox" in [line["event"] for line in lines]


def test_the_e_mails_say_their_name_once_in_every_language() -> None:
    wording = Wording.load()
    for language in languages.ALL:
        mails = {
            "AL-2026-7K3QXD4M": wording.of_alert("k", MAILBOX, "AL-2026-7K3QXD4M", PUBLIC, language),
            "Case system": wording.of_webhook("k", MAILBOX, "Case system", PUBLIC, language),
        }
        for name, mail in mails.items():
            assert mail.language == language
            assert mail.subject.count(name) == mail.text.count(name) == 1, f"{language}: {name}"
            assert f"\n{PUBLIC}\n" in mail.text
            assert "{" not in mail.subject + mail.text, language
    assert wording.of_alert("k", MAILBOX, "AL-1", PUBLIC, "xx").language == "en"
