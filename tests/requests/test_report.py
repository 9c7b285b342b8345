"""A report says what there is of a case in the words of its reader's language, on pages that keep their text."""

import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.requests.domain.exchange import Child, Evaluation, Grade, MoreInformation, Opinion, Verdict
from services.requests.domain.impersonal import impersonal
from services.requests.domain.lifecycle import Action, Status
from services.requests.domain.questions import Answer, Asked, Question
from services.requests.domain.requests import HistoryEntry, Request, Subject
from services.requests.report import pages
from services.requests.report.content import Case, Translated, Translations, document, texts
from services.requests.report.document import Document, Fact, Note
from services.requests.report.wording import Wording, tables
from tests.builders import doctors
from tests.requests.exchanges import NOW, QUESTIONS, a_stored_draft, a_stored_request, nurses
from vocabulary import languages
from vocabulary.files import File
from vocabulary.participants import Participant
from vocabulary.refusals import Invalid
from vocabulary.values import DataClass, Field, FreeText, Value, ValueType

ROOT = Path(__file__).resolve().parents[2]
COORDINATOR = "aut_coordinator"
NAMES = {
    doctors("IT"): Participant(
        id=doctors("IT"),
        revision=1,
        country="IT",
        official_name={"it": "Ordine dei medici"},
        informal_name={"el": "Ιατρικός σύλλογος", "bg": "Лекарски съюз"},
    ),
    doctors("HU"): Participant(
        id=doctors("HU"), revision=1, country="HU", official_name={"hu": "Országos Orvosi Kamara"}
    ),
    nurses("HU"): Participant(id=nurses("HU"), revision=1, country="HU", official_name={"hu": "Ápolói Kamara"}),
    COORDINATOR: Participant(id=COORDINATOR, revision=1, country="HU", official_name={"hu": "Koordinátor"}),
}


def said(words: str, language: str = "it", data_class: DataClass = DataClass.PERSONAL) -> FreeText:
    return FreeText(text=words, language=language, data_class=data_class)


def a_file(name: str) -> File:
    return File(id=f"fil_{name}", name=f"{name}.pdf", media_type="application/pdf", size_bytes=1500, sha256="ab" * 32)


def a_step(action: Action, authority_id: str, reason: FreeText | None = None, **after: float) -> HistoryEntry:
    at = NOW + timedelta(**after)
    return HistoryEntry(
        at=at,
        authority_id=authority_id,
        user_id="usr_secret",
        action=action,
        before=Status.SENT,
        after=Status.ACCEPTED,
        reason=reason,
    )


def everything(data_class: DataClass = DataClass.PERSONAL) -> Request:
    """A request that has something in every place; each text says where it stands."""

    def words(place: str) -> FreeText:
        return said(f"TEXT{place}", data_class=data_class)

    answers = (
        Answer(
            code="PQ1",
            value=Value(codes=("GENUINE",)),
            comment=words("ANSWERCOMMENT"),
            files=(a_file("FILEANSWER"),),
        ),
    )
    return a_stored_request(
        Status.ANSWERED,
        draft=a_stored_draft(
            subject=Subject(kind="person", given_name="Eszter", family_name="Mintás", birth_date=date(1988, 3, 14)),
            justification=words("JUSTIFICATION"),
            desired_date=date(2026, 12, 1),
            questions=(
                Asked(code="PQ1", comment=words("ASKED"), files=(a_file("FILEASKED"),)),
                Asked(code="PQ3"),
            ),
            files=(a_file("FILEREQUEST"),),
        ),
        answers=answers,
        released=answers,
        agreed_date=date(2026, 12, 2),
        sent_at=NOW,
        children=(
            Child(
                id="req_child",
                number="RQ-2026-CHILD",
                responder_id=nurses("HU"),
                responder_country="HU",
                allocation=False,
                questions=(Asked(code="PQ3"),),
                passed=(),
                reason=words("CHILD"),
                at=NOW,
            ),
        ),
        more_information=(
            MoreInformation(asked_at=NOW, questions=("PQ3",), text=words("MORE"), settled_at=NOW, given=words("GIVEN")),
            MoreInformation(asked_at=NOW, settled_at=NOW, refusal=words("REFUSAL")),
        ),
        opinions=(Opinion(at=NOW, authority_id=COORDINATOR, text=words("OPINION"), verdict=Verdict.SATISFACTORY),),
        evaluation=Evaluation(timeliness=Grade.VERY_GOOD, effort=Grade.POOR),
        history=(
            a_step(Action.SEND, doctors("IT")),
            a_step(Action.REMIND, "", minutes=1),
            a_step(Action.ACCEPT, doctors("HU"), minutes=2),
            a_step(Action.DECIDE_SATISFACTORY, COORDINATOR, words("STEP"), minutes=3),
        ),
    )


PLACES = ("JUSTIFICATION", "ASKED", "ANSWERCOMMENT", "CHILD", "MORE", "GIVEN", "REFUSAL", "OPINION", "STEP")


def a_document(
    request: Request | None = None, language: str = "en", translations: Translations | None = None, **case: bool
) -> Document:
    made = Case(
        request=request or everything(),
        questions=QUESTIONS,
        participants=NAMES,
        translations=translations or {},
        **{"personal": True, "whole": True, **case},
    )
    return document(made, Wording(language))


def a_report(language: str = "en") -> bytes:
    return pages.render(a_document(language=language))


def printed(content: bytes) -> str:
    """The text of all pages, as it is copied out of them, on one line."""
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return re.sub(r"\s+", " ", text)


def test_everything_a_report_says_is_there_in_every_language() -> None:
    """And for every status, step, verdict and grade there is a word."""
    words = tables()
    kinds: dict[str, Iterable[str]] = {"status": Status, "event": Action, "verdict": Verdict, "grade": Grade}
    for table, members in kinds.items():
        assert set(members) <= words[table].keys()
    for table in words.values():
        for code, one in table.items():
            if code != "note":
                assert languages.missing(one["label"], languages.ALL) == ()


@pytest.mark.parametrize("language", languages.ALL)
def test_the_text_of_a_report_can_be_copied_out_of_it_in_every_language(language: str) -> None:
    words = Wording(language)
    text = printed(a_report(language))
    wanted = [
        words("said", "title", number="RQ-2026-00000000"),
        words("said", "with_personal"),
        *(words("heading", code) for code in tables()["heading"] if code != "note"),
        words("status", "ANSWERED"),
        *(words("event", code) for code in ("SEND", "REMIND", "ACCEPT", "DECIDE_SATISFACTORY")),
        *(words("role", code) for code in ("requester", "responder", "coordinator", "system")),
        words.of(QUESTIONS.questions["PQ1"].field.label),
        words.day(date(1988, 3, 14)),
        words.country("IT"),
        words.language_name("it"),
        words("said", "page", page="1", pages=str(len(PdfReader(io.BytesIO(a_report(language))).pages))),
    ]
    assert [one for one in wanted if re.sub(r"\s+", " ", one) not in text] == []
    assert pages.REPLACEMENT not in text


def test_greek_and_bulgarian_are_written_in_their_scripts() -> None:
    greek, bulgarian = printed(a_report("el")), printed(a_report("bg"))
    assert "Έκθεση για το αίτημα RQ-2026-00000000" in greek
    assert "Αιτούσα αρχή: Ιατρικός σύλλογος (Ιταλία)" in greek
    assert "Ημερομηνία γέννησης: 14 Μαρτίου 1988" in greek
    assert "Справка за запитване RQ-2026-00000000" in bulgarian
    assert "Запитващ орган: Лекарски съюз (Италия)" in bulgarian
    assert "Дата на раждане: 14 март 1988 г." in bulgarian


def test_every_character_of_the_languages_is_in_the_font() -> None:
    for table in tables().values():
        for code, one in table.items():
            if code != "note":
                for text in one["label"].values():
                    assert pages.shown(text) == text


def test_free_text_stays_as_it_was_written_and_its_language_is_named() -> None:
    text = printed(a_report("de"))
    assert "Begründung (Originalsprache: Italienisch): TEXTJUSTIFICATION" in text
    assert "Maschinelle Übersetzung" not in text


def test_a_translation_stands_beside_the_original_marked_and_with_its_notice() -> None:
    translations = {("TEXTJUSTIFICATION", "it"): Translated("Prüfung des Diploms", "Nur der ungefähre Sinn.")}
    text = printed(pages.render(a_document(language="de", translations=translations)))
    assert "TEXTJUSTIFICATION Maschinelle Übersetzung (Deutsch) Prüfung des Diploms Nur der ungefähre Sinn." in text


def test_the_history_has_time_event_authority_and_role() -> None:
    text = printed(a_report())
    steps = [
        "Nov 24, 2026, 1:00:00 PM: Request sent Ordine dei medici (Italy) – Requester",
        "Nov 24, 2026, 1:01:00 PM: Reminder sent System",
        "Nov 24, 2026, 1:02:00 PM: Request accepted Országos Orvosi Kamara (Hungary) – Responder",
        "Nov 24, 2026, 1:03:00 PM: Reply judged satisfactory Koordinátor (Hungary) – Coordinator",
    ]
    assert [step for step in steps if step not in text.replace("\u202f", " ")] == []
    assert "usr_secret" not in text


def test_whoever_had_the_case_before_acted_as_a_responder_and_decides_as_a_coordinator() -> None:
    """In the report of those, too, who are not told who all had it."""
    steps = (a_step(Action.ACCEPT, doctors("HU")), a_step(Action.DECIDE_SATISFACTORY, doctors("HU")))
    draft = replace(everything().draft, responder_id=nurses("HU"))
    request = replace(everything(), draft=draft, history=steps, former=(), passed=(doctors("HU"),))
    text = printed(pages.render(a_document(request)))
    for step, role in (("Request accepted", "Responder"), ("Reply judged satisfactory", "Coordinator")):
        assert f"{step} Országos Orvosi Kamara (Hungary) – {role}" in text


def test_every_text_and_file_is_in_a_report_with_personal_data() -> None:
    text = printed(a_report())
    assert [place for place in PLACES if f"TEXT{place}" not in text] == []
    assert [name for name in ("FILEREQUEST", "FILEASKED", "FILEANSWER") if f"{name}.pdf" not in text] == []
    assert {one.text for one in texts(everything())} == {f"TEXT{place}" for place in PLACES}


def test_without_personal_data_there_is_no_subject_no_personal_text_and_no_name_of_a_file() -> None:
    shown = impersonal(everything(), QUESTIONS)
    text = printed(pages.render(a_document(shown, personal=False, whole=False)))
    assert "This report contains no personal data." in text
    for hidden in ("TEXT", "FILE", "Eszter", "Mintás", "1988", "Subject of the request"):
        assert hidden not in text
    for kept in ("Genuine", "application/pdf", "ab" * 32, "Ordine dei medici", "Request accepted"):
        assert kept in text or kept in text.replace(" ", "")


@pytest.mark.parametrize("data_class", DataClass)
def test_a_text_whose_writer_said_that_it_is_not_personal_stays(data_class: DataClass) -> None:
    stays = data_class in (DataClass.PUBLIC, DataClass.INTERNAL)
    kept = {text.text for text in texts(impersonal(everything(data_class), QUESTIONS))}
    assert kept == ({f"TEXT{place}" for place in PLACES} if stays else set())


def test_an_answer_to_a_personal_question_goes_with_the_personal_data() -> None:
    born = Question(field=Field(code="Q1", label={"en": "Born?"}, type=ValueType.DATE, personal=True))
    told = Question(field=Field(code="Q2", label={"en": "Told?"}, type=ValueType.TEXT))
    group = replace(QUESTIONS.groups[0], questions=(born, told))
    answers = (
        Answer(code="Q1", value=Value(date=date(1988, 3, 14))),
        Answer(code="Q2", value=Value(text=said("personal"))),
        Answer(code="Q2", value=Value(text=said("public", data_class=DataClass.PUBLIC))),
    )
    shown = impersonal(
        a_stored_request(Status.ANSWERED, answers=answers, released=answers),
        replace(QUESTIONS, groups=(group,)),
    )
    assert shown.answers == shown.released == answers[2:]


def test_why_it_is_urgent_goes_with_the_personal_data() -> None:
    urgent = replace(everything().draft, urgent=True, urgent_reason=said("personal"))
    assert impersonal(replace(everything(), draft=urgent), QUESTIONS).draft.urgent_reason is None


def test_values_are_written_as_the_language_writes_them() -> None:
    german = Wording("de")
    assert german.amount(Decimal("1234567.5"), "EUR") == "1.234.567,50\N{NO-BREAK SPACE}€"
    assert german.number(Decimal("1234567.5")) == "1.234.567,5"
    assert german.country("EL") == "Griechenland"
    assert Wording("fi").day(date(2026, 12, 1)) == "1. joulukuuta 2026"


def test_an_answer_that_does_not_exist_is_said_to_be_none_only_to_those_who_would_see_it() -> None:
    assert "No answer" in printed(pages.render(a_document()))
    assert "No answer" not in printed(pages.render(a_document(whole=False)))


def test_the_same_case_has_the_same_bytes_in_another_process() -> None:
    code = "import hashlib; from tests.requests.test_report import a_report; print(hashlib.sha256(a_report('el')).hexdigest())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "TZ": zone},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert found == {hashlib.sha256(a_report("el")).hexdigest()}


def test_its_fonts_are_inside_and_nothing_in_it_acts() -> None:
    content = a_report("bg")
    reader = PdfReader(io.BytesIO(content))
    for page in reader.pages:
        fonts = page["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert "/FontFile2" in descriptor
    for acting in (b"/JavaScript", b"/JS", b"/OpenAction /S", b"/Launch", b"/URI", b"/EmbeddedFile", b"/Annots"):
        assert acting not in content
    assert reader.metadata is not None
    assert reader.metadata.title == "Справка за запитване RQ-2026-00000000"


def with_text(words: str) -> bytes:
    request = a_stored_request(Status.SENT, draft=a_stored_draft(justification=said(words)))
    return pages.render(a_document(request))


@pytest.mark.parametrize(
    ("hostile", "seen"),
    [
        ("a\x00b\x07c\x1b[31md", "abc[31md"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("\u2066left\u2069\u200f", "left"),
        ("zero\u200b\u200cwidth\u00ad", "zerowidth"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("עברית", pages.REPLACEMENT * 5),
        ("漢字 and 😀", f"{pages.REPLACEMENT * 2} and {pages.REPLACEMENT}"),
        (") Tj ET /F1 (", ") Tj ET /F1 ("),
        (
            "**bold** [x](https://example.eu) {nb} {page} {pages}",
            "**bold** [x](https://example.eu) {nb} {page} {pages}",
        ),
        ("e\u0301tat", "état"),
        ("o" + "\u0338" * 500 + "k", "o\u0338\u0338\u0338k"),
        ("a\r\nb\rc\n\n\n\n\nd\te", "a b c d e"),
    ],
)
def test_hostile_text_is_harmless(hostile: str, seen: str) -> None:
    content = with_text(hostile)
    assert f"(original language: Italian): {seen} " in printed(content)
    assert b"/URI" not in content


@pytest.mark.parametrize("piece", ["x", "Щ ", "x\n", "\u0301", "\n"])
def test_a_text_of_100_kb_wraps_and_stays_on_its_pages(piece: str) -> None:
    content = with_text(piece * (100_000 // len(piece)))
    reader = PdfReader(io.BytesIO(content))
    assert len(reader.pages) < 2_000
    assert "History" not in reader.pages[0].extract_text()
    assert len(reader.pages[0].extract_text().splitlines()) < 70


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=25)
def test_any_text_can_be_put_on_a_page(words: str) -> None:
    assert with_text(words).startswith(b"%PDF-")


def test_a_report_that_is_too_long_is_refused_before_it_is_made() -> None:
    blocks = (Note("x" * 100_000),) * 7
    too_long = Document(title="x", language="en", at=NOW, foot="", blocks=(*blocks, Fact("a", "b")))
    with pytest.raises(Invalid) as refused:
        pages.render(too_long)
    assert (refused.value.field, refused.value.reason) == ("id", "REPORT_TOO_LARGE")
