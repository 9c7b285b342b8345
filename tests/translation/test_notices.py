"""What a reader is told beside a translation, or in its place."""

from datetime import UTC, datetime

import pytest

from services.translation.domain.translations import Reason, Segment, Status, Translation
from services.translation.notices import Notices
from vocabulary import languages

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEGMENT = Segment(text="testo", source_language="it", target_language="hu")


@pytest.fixture(scope="module")
def notices() -> Notices:
    return Notices.load()


def test_a_translation_is_only_the_rough_gist(notices: Notices) -> None:
    notice = notices.of(Translation(segment=SEGMENT, status=Status.TRANSLATED, at=NOW, text="szöveg"))
    assert notice is not None
    assert "rough gist" in notice["en"]
    assert "original prevails" in notice["en"]


def test_an_uncertain_translation_says_so_besides(notices: Notices) -> None:
    usual = notices.of(Translation(segment=SEGMENT, status=Status.TRANSLATED, at=NOW, low_confidence=False))
    uncertain = notices.of(Translation(segment=SEGMENT, status=Status.TRANSLATED, at=NOW, low_confidence=True))
    assert usual is not None
    assert uncertain is not None
    for language in languages.OFFICIAL:
        assert uncertain[language].startswith(usual[language])
        assert len(uncertain[language]) > len(usual[language])


def test_a_text_in_its_own_language_has_no_notice(notices: Notices) -> None:
    assert notices.of(Translation(segment=SEGMENT, status=Status.IDENTITY, at=NOW, text="testo")) is None


@pytest.mark.parametrize("language", languages.OFFICIAL)
def test_every_notice_is_in_every_official_language_and_differs_from_the_others(
    notices: Notices, language: str
) -> None:
    said = [
        notices.of(Translation(segment=SEGMENT, status=Status.TRANSLATED, at=NOW)),
        notices.of(Translation(segment=SEGMENT, status=Status.TRANSLATED, at=NOW, low_confidence=True)),
        notices.of(Translation(segment=SEGMENT, status=Status.PENDING, at=NOW, job_id="trl_1")),
    ]
    said += [
        notices.of(Translation(segment=SEGMENT, status=Status.UNAVAILABLE, at=NOW, reason=reason)) for reason in Reason
    ]
    texts = [notice[language] for notice in said if notice is not None]
    assert len(set(texts)) == len(said) == 3 + len(Reason)
    assert all(texts)
