"""Texts at rest: sealed with the service's own key, opened with it or a former one, and with no other."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.keys import KeyRing
from services.translation.domain.checks import LONGEST
from services.translation.vault import Sealed, Vault
from vocabulary.values import TEXT_LIMIT


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault(KeyRing(tmp_path_factory.mktemp("keys")), "translation")


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_is_sealed_is_opened_again_and_not_to_be_read(vault: Vault, text: str) -> None:
    sealed = vault.seal(text)
    assert vault.open(sealed) == text
    assert len(text) < 3 or text not in sealed
    assert vault.seal(text) != sealed or not text


def test_the_longest_translation_of_the_longest_text_has_room(vault: Vault) -> None:
    longest = "😀" * int(TEXT_LIMIT * LONGEST)
    assert vault.open(vault.seal(longest)) == longest


def test_a_former_key_still_opens_and_another_one_does_not(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    before = Vault(keys, "translation")
    sealed = before.seal("titolo")
    (tmp_path / "translation.private.jwk").rename(tmp_path / "translation-2025.private.jwk")
    (tmp_path / "translation.public.jwk").unlink()
    after = Vault(keys, "translation")
    assert after.open(sealed) == "titolo"
    assert after.pepper != before.pepper
    with pytest.raises(Sealed):
        before.open(after.seal("titolo"))
    with pytest.raises(Sealed):
        before.open(sealed[:-4] + "AAAA")
    with pytest.raises(Sealed):
        before.open("x")
