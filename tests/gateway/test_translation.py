"""Machine translation through GraphQL: always the original, always a word on what the rest is worth."""

from collections.abc import Callable

import pytest

from tests.gateway.clients import Client, Refused
from tests.gateway.exchanges import a_request, an_alert

As = Callable[[str], Client]
TRANSLATE = """query ($text: String!, $from: Language, $to: Language!) { translate(text: $text, from: $from, to: $to) {
  status text reason sourceLanguage targetLanguage notice engine tier at pivot } }"""


async def test_a_translation_that_cannot_be_had_says_why_in_the_readers_language(as_: As) -> None:
    asked = {"text": "Il titolo è stato rilasciato a Torino nel 2010.", "from": "IT", "to": "HU"}
    italian, hungarian = [
        (await as_(user).ask(TRANSLATE, **asked))["translate"] for user in ("it-handler", "hu-handler")
    ]
    assert (italian["status"], italian["text"], italian["reason"]) == ("UNAVAILABLE", None, "NO_ENGINE")
    assert (italian["sourceLanguage"], italian["targetLanguage"]) == ("IT", "HU")
    assert italian["notice"]
    assert hungarian["notice"]
    assert italian["notice"] != hungarian["notice"]


async def test_what_is_in_the_language_already_is_left_as_it_is(as_: As) -> None:
    found = (await as_("it-handler").ask(TRANSLATE, **{"text": "Buongiorno", "from": "IT", "to": "IT"}))["translate"]
    assert (found["status"], found["text"], found["reason"]) == ("IDENTITY", "Buongiorno", None)


async def test_a_language_that_is_not_said_is_recognised(as_: As) -> None:
    text = "Der Antragsteller hat seine Ausbildung zum Facharzt in München abgeschlossen."
    found = (await as_("it-handler").ask(TRANSLATE, text=text, to="IT"))["translate"]
    assert found["sourceLanguage"] == "DE"


@pytest.mark.parametrize(("text", "reason"), [("", "EMPTY"), ("x" * 100_000, "TOO_LONG")])
async def test_an_unfit_text_is_refused(as_: As, text: str, reason: str) -> None:
    found = await as_("it-handler").refused(TRANSLATE, text=text, to="IT")
    assert found == Refused("INVALID", reason, "text")


async def test_nobody_translates_without_signing_in(as_: As) -> None:
    found = await as_("").refused(TRANSLATE, text="Ciao", to="DE")
    assert found == Refused("UNAUTHENTICATED", "UNAUTHENTICATED")


async def test_every_free_text_is_shown_as_it_was_written_with_a_notice_beside_it(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    id_ = await a_request(italy, hungary, "ACCEPTED")
    found = await hungary.ask(
        """query ($id: ID!) { request(id: $id) { justification { original language
          text { original translation notice details { status } }
          own: text(language: IT) { original translation notice details { status } } } } }""",
        id=id_,
    )
    text = found["request"]["justification"]
    assert (text["original"], text["language"]) == ("Verifica del titolo", "IT")
    assert text["text"]["original"] == text["own"]["original"] == "Verifica del titolo"
    assert (text["text"]["translation"], text["text"]["details"]["status"]) == (None, "UNAVAILABLE")
    assert text["text"]["notice"]
    assert (text["own"]["translation"], text["own"]["details"]["status"]) == (None, "IDENTITY")


async def test_the_free_texts_of_an_alert_are_shown_so_too(as_: As) -> None:
    id_ = await an_alert(as_("it-alerts"), as_("it-coordinator"), "HU")
    found = await as_("hu-alerts").ask(
        """query ($id: ID!) { alert(id: $id, language: DE) { values { field { code } value {
          text { original text { original notice details { targetLanguage } } } } } } }""",
        id=id_,
    )
    texts = [one["value"]["text"] for one in found["alert"]["values"] if one["value"]["text"]]
    assert len(texts) == 2
    for text in texts:
        assert text["original"] == text["text"]["original"]
        assert text["text"]["notice"]
        assert text["text"]["details"]["targetLanguage"] == "DE"
