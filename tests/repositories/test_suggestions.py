"""What is being typed is completed with what entries say, as far as their reader reads it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.wire import field_values
from engines.search.folding import words
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import FieldRule
from services.repositories.search.suggestions import PHRASE_LIMIT, TEXT_LIMIT, Typed, suggested
from tests.audits import administrator, method_of, parts_of
from tests.builders import doctors
from tests.chassis.waiting import until
from tests.repositories.conftest import Asking, a_person, an_editor
from tests.repositories.registers import REGISTERS, a_register, a_version, on_wire, refers, written
from tests.repositories.test_audit import reads
from tests.repositories.test_publishing import a_definition, field, publish
from vocabulary.refusals import Invalid
from vocabulary.values import Choice, Value, ValueType

READER = a_person("FR")
# A word that no other entry of these tests has; the same in all processes of a run, for it is in the names of tests.
MARK = "Zq7fd2a1"


async def suggest(asking: Asking, text: str, **asked: Any) -> list[pb.EntrySuggestion]:
    caller = asked.pop("caller", READER)
    answer = await asking(caller, "SuggestEntries", **{"repository": "registers", "text": text, **asked})
    return list(answer.suggestions)


async def texts(asking: Asking, text: str, **asked: Any) -> list[str]:
    return [one.text for one in await suggest(asking, text, **asked)]


@pytest.fixture(scope="module")
async def made(asking: Asking) -> dict[str, str]:
    """Three registers with a word that no other has, by the last of their title."""
    ids: dict[str, str] = {}
    for country, title, changed in (
        ("IT", f"{MARK} regionale", {"subjects": refers("midwife"), "content": Value(codes=("PERSONS",))}),
        ("IT", f"{MARK} regionale dei notai", {"subjects": refers("notary")}),
        ("HU", f"{MARK} kéményseprők", {"subjects": None, "conditions": written(f"{'hosszú ' * 20} Végezetül")}),
    ):
        editor = an_editor(country)
        values = on_wire(title, holder=refers(doctors(country)), **changed)
        draft = await asking.do(editor, "CreateEntry", repository="registers", values=values)
        await asking.do(editor, "PublishEntry", id=draft.id)
        ids[title.rpartition(" ")[2]] = draft.id

    async def all_there() -> bool:
        answer = await asking(READER, "SearchEntries", repository="registers", text=MARK)
        return bool(answer.total == 3)

    await until(all_there)
    return ids


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (MARK[:4], "it", f"{MARK} regionale"),
        (f"{MARK} KEMENY", "en", f"{MARK} kéményseprők"),
        (f"{MARK} Heb", "en", f"{MARK} Hebamme"),
        (f"{MARK} midw", "en", f"{MARK} midwife"),
        # Of a long text, the word.
        (f"{MARK} vege", "hu", f"{MARK} Végezetül"),
        # A slip in a word that is complete is no hindrance.
        (f"{MARK[:-1]}# regional", "it", ""),
    ],
)
async def test_what_is_begun_is_completed_in_any_language(
    asking: Asking, text: str, language: str, expected: str
) -> None:
    found = await texts(asking, text, language=language)
    assert not expected or expected.casefold() in [one.casefold() for one in found]


@pytest.mark.usefixtures("made")
async def test_what_most_entries_say_comes_first_and_names_lead_to_what_they_are_of(asking: Asking) -> None:
    found = await suggest(asking, f"{MARK} midw", language="en")
    assert [(one.field_code, one.concept_id, one.choice_code) for one in found] == [("subjects", "midwife", "")]
    # What is not searched is not suggested.
    assert await texts(asking, f"{MARK} pers", language="en") == []
    versions = [a_version(values=a_register(name)) for name in ("Registro raro", *["Registro comune"] * 2)]
    assert [one.text for one in suggested(REGISTERS, versions, {}, Typed("reg", "it"))] == [
        "Registro comune",
        "Registro raro",
    ]


@pytest.mark.usefixtures("made")
async def test_suggestions_are_narrowed_as_searches_are_and_limited(asking: Asking) -> None:
    assert len(await texts(asking, MARK[:5])) == 3
    assert len(await texts(asking, MARK[:5], first=1)) == 1
    assert await texts(asking, MARK[:5], filter=pb.EntryFilter(countries=["HU"])) == [f"{MARK} kéményseprők"]


async def test_whose_words_are_suggested_is_written_down(asking: Asking, made: dict[str, str]) -> None:
    id_ = made["kéményseprők"]
    before = len(await reads(asking, administrator(READER), id=id_, user_id=READER.user_id))
    await texts(asking, f"{MARK} kemeny")
    after = await reads(asking, administrator(READER), id=id_, user_id=READER.user_id)
    assert (len(after), method_of(after[0]), parts_of(after[0], id_)) == (
        before + 1,
        "SuggestEntries",
        {"CONTENT", "LISTED"},
    )


def test_a_person_is_not_suggested() -> None:
    fields = field("name", ValueType.TEXT, searchable=True), field("holder", ValueType.TEXT, searchable=True)
    version = a_version(values={"name": written("Rossini"), "holder": written("Rossi")})
    for personal, found in ((False, ["Rossini", "Rossi"]), (True, ["Rossini"])):
        definition = a_definition(fields[0], replace(fields[1], personal=personal))
        assert [one.text for one in suggested(definition, [version], {}, Typed("ross", "it"))] == found


@pytest.mark.parametrize("text", ["", " ", "!?", "r", f"{MARK} k"])
async def test_nothing_is_suggested_for_nothing_nor_for_a_single_letter(asking: Asking, text: str) -> None:
    assert await texts(asking, text) == []


@pytest.mark.parametrize(
    ("asked", "field_", "reason"),
    [
        ({"text": "x" * 201}, "text", "TOO_LONG"),
        ({"first": 21}, "first", "PAGE_SIZE"),
        ({"first": -1}, "first", "PAGE_SIZE"),
        ({"language": "xx"}, "language", "UNKNOWN_LANGUAGE"),
        ({"repository": "nowhere"}, "repository", "UNKNOWN_REPOSITORY"),
        ({"filter": pb.EntryFilter(countries=["XX"])}, "filter.countries[0]", "UNKNOWN_COUNTRY"),
        (
            {"filter": pb.EntryFilter(fields=[pb.FieldFilter(field_code="fee", range=pb.Range(to="x"))])},
            "filter.fields[0].range.to",
            "NOT_A_NUMBER",
        ),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(
    asking: Asking, asked: dict[str, Any], field_: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await suggest(asking, asked.pop("text", "albo"), **asked)
    assert (refused.value.field, refused.value.reason) == (field_, reason)


async def test_nobody_is_suggested_what_they_do_not_read(asking: Asking) -> None:
    """A field of the module's own is completed for its people, for nobody else; and nothing that is withdrawn."""
    name, remark = (field(code, ValueType.TEXT, searchable=True) for code in ("name", "remark"))
    made = a_definition(
        name,
        remark,
        code="suggested",
        audience=Audience(visibility=Visibility.PUBLIC),
        rules={"remark": FieldRule(audience=Audience(visibility=Visibility.MODULE))},
    )
    await publish(asking, made, "suggested")
    editor, stranger = an_editor("IT"), a_person("FR", modules=())
    values = field_values({"name": written("Elenco aperto"), "remark": written("Riservato")})
    entry = await asking.do(editor, "CreateEntry", repository="suggested", values=values)
    await asking.do(editor, "PublishEntry", id=entry.id)

    async def there() -> bool:
        return bool(await texts(asking, "elen", repository="suggested", caller=None))

    await until(there)
    for caller, found in ((editor, ["Riservato"]), (stranger, []), (None, [])):
        assert await texts(asking, "rise", repository="suggested", caller=caller) == found
    with pytest.raises(Invalid) as refused:
        await texts(asking, "albo", caller=None)
    assert refused.value.reason == "UNKNOWN_REPOSITORY"
    await asking.do(editor, "WithdrawEntry", id=entry.id, reason="chiuso")
    assert await texts(asking, "elen", repository="suggested", caller=editor) == []


PHRASES = st.lists(st.sampled_from(["Albo", "dei", "médicos", "Łódź", "1-2", "L'ordre", "x" * 30]), max_size=6)


@given(PHRASES, PHRASES, st.text(max_size=30))
def test_what_is_suggested_goes_on_as_what_is_typed(said: list[str], begun: list[str], noise: str) -> None:
    typed = " ".join([*begun[:3], noise])[:TEXT_LIMIT]
    reading = Typed(typed, "it")
    if not reading.is_begun:
        return
    versions = [a_version(values=a_register(" ".join(said) or "Albo", conditions=written(noise or "Albo")))]
    for one in suggested(REGISTERS, versions, {}, reading):
        assert any(word.startswith(words(typed)[-1]) for word in words(one.text))
        assert set(words(one.text)) >= set(words(typed)[:-1])
        assert len(one.text) <= TEXT_LIMIT


def test_a_choice_is_suggested_by_its_name_in_the_readers_language_first() -> None:
    labels = {"de": "Register Mitte", "en": "Register centre", "fr": "Centre du registre"}
    kind = field("kind", ValueType.SINGLE, searchable=True, choices=(Choice(code="MID", label=labels),))
    version = a_version(values={"kind": Value(codes=("MID",))})
    for typed, language, expected in (
        ("regist", "fr", "Centre du registre"),
        ("regist", "it", "Register Mitte"),
        ("grande centre du reg", "fr", "grande Centre du registre"),
        ("register cen", "fr", "Register centre"),
    ):
        (one,) = suggested(a_definition(kind), [version], {}, Typed(typed, language))
        assert (one.text, one.field, one.choice, one.concept) == (expected, "kind", "MID", ""), typed


def test_a_long_text_is_not_suggested_as_a_whole() -> None:
    text = "parola " * (PHRASE_LIMIT // 7) + "Abbondante"
    assert Typed("parola abb", "it").completed(text) == "parola Abbondante"
    assert Typed("abb", "it").completed("Elenco Abbondante") == "Elenco Abbondante"
