"""The translation memory comes in with a translator's file, and goes out as one."""

from collections.abc import Callable

from tests.gateway.clients import Client, key

As = Callable[[str], Client]
IMPORT = "mutation ($input: ImportTranslationsInput!) { importTranslations(input: $input) { imported { added changed unchanged } } }"
FILE = """query ($source: Language, $target: Language, $xliff: Boolean!) {
  translationFile(source: $source, target: $target, xliff: $xliff) { content mediaType after } }"""


def tmx(words: str, meaning: str) -> str:
    variants = f'<tuv xml:lang="it"><seg>{words}</seg></tuv><tuv xml:lang="hu"><seg>{meaning}</seg></tuv>'
    return f'<tmx version="1.4"><header srclang="it"/><body><tu>{variants}</tu></body></tmx>'


async def test_what_comes_in_with_a_file_is_read_and_goes_out_with_one(as_: As) -> None:
    commission, words = as_("commission"), f"Si prega di vedere {key()[:6]}"
    given = {"idempotencyKey": key(), "tmx": tmx(words, "Kérjük, nézze meg"), "dataClass": "PUBLIC"}
    expected = {"added": 1, "changed": 0, "unchanged": 0}
    assert (await commission.ask(IMPORT, input=given))["importTranslations"]["imported"] == expected
    assert (await commission.ask(IMPORT, input=given))["importTranslations"]["imported"] == expected
    read = await as_("hu-handler").ask(
        "query ($text: String!) { translate(text: $text, from: IT, to: HU) { status text tier engine } }", text=words
    )
    assert read["translate"] == {
        "status": "TRANSLATED",
        "text": "Kérjük, nézze meg",
        "tier": "MEMORY_EXACT",
        "engine": "memory",
    }
    for xliff in (False, True):
        file = (await commission.ask(FILE, source="IT", target="HU", xliff=xliff))["translationFile"]
        assert words in file["content"]
        assert (file["mediaType"], file["after"]) == (f"application/{'xliff' if xliff else 'x-tmx'}+xml", None)
    back = {"idempotencyKey": key(), "xliff": file["content"], "dataClass": "PUBLIC", "context": "exchange.test"}
    assert (await commission.ask(IMPORT, input=back))["importTranslations"]["imported"]["added"] > 0


async def test_what_is_no_file_and_whoever_does_not_review_is_refused(as_: As) -> None:
    commission, handler = as_("commission"), as_("it-handler")
    good = {"tmx": tmx("sì", "igen"), "dataClass": "PUBLIC"}
    for client, given, expected in (
        (handler, good, ("FORBIDDEN", "FORBIDDEN", "")),
        (commission, {**good, "dataClass": "PERSONAL"}, ("INVALID", "PERSONAL_DATA", "dataClass")),
        (commission, {"dataClass": "PUBLIC"}, ("INVALID", "MISSING_FIELD", "tmx")),
        (commission, {**good, "xliff": "<xliff/>"}, ("INVALID", "MISSING_FIELD", "tmx")),
        (commission, {"dataClass": "PUBLIC", "xliff": "<xliff"}, ("INVALID", "FAULTY_FILE", "content")),
    ):
        refused = await client.refused(IMPORT, input={"idempotencyKey": key(), **given})
        assert (refused.code, refused.reason, refused.field) == expected
    refused = await handler.refused(FILE, xliff=False)
    assert refused.code == "FORBIDDEN"
