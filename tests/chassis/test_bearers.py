"""Whose tokens are good, while the issuer answers, changes its keys, is slow or away."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import KeySet

from chassis import bearers
from chassis.bearers import Bearer, IssuerTokens, Remembered
from tests.chassis.waiting import until
from tests.gateway.issuer import AUDIENCE, Issuer, an_issuer
from vocabulary.refusals import Refusal, Unauthenticated, Unavailable


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with an_issuer() as running:
        yield running


@pytest.fixture
def tokens(issuer: Issuer) -> IssuerTokens:
    return IssuerTokens(issuer.url, AUDIENCE)


async def reason(tokens: IssuerTokens, token: str) -> str:
    """Why *token* is refused; empty if it is not."""
    try:
        await tokens.verify(token)
    except Refusal as refused:
        return refused.reason
    return ""


def of_another_key(issuer: Issuer) -> str:
    """A token that the issuer would sign with a key it does not publish, or not yet."""
    kept = issuer.keys
    issuer.new_key("OKP")
    token = issuer.token("anna")
    issuer.keys = kept
    return token


ODD: dict[str, dict[str, Any]] = {
    "no number": {"exp": float("nan")},
    "without end": {"exp": float("inf")},
    "beyond numbers": {"exp": 10**400},
    "begins never": {"nbf": float("nan")},
    "begins at nothing": {"nbf": None},
    "nobody": {"sub": ""},
    "no subject": {"sub": None},
    "a number": {"sub": 7},
    "an object": {"sub": {"name": "anna"}},
}


async def test_what_a_token_says_has_to_be_of_its_kind(issuer: Issuer, tokens: IssuerTokens) -> None:
    """However well it is signed: an end that is no number would be no end, and nobody is called None."""
    assert await reason(tokens, issuer.token("anna")) == ""
    for what, claims in ODD.items():
        assert await reason(tokens, issuer.token("anna", **claims)) == "TOKEN_INVALID", what


async def test_a_good_token_does_not_wait_while_the_issuer_is_asked_about_another(
    issuer: Issuer, tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends forged tokens holds up nobody else."""
    monkeypatch.setattr(bearers, "LOOK_AGAIN_S", 0.0)
    good, forged = issuer.token("anna"), of_another_key(issuer)
    assert await reason(tokens, good) == ""
    issuer.answers.clear()
    asking = asyncio.ensure_future(reason(tokens, forged))
    await until(lambda: _looked(issuer, 2))
    assert await asyncio.wait_for(reason(tokens, good), bearers.KEYS_TIMEOUT_S / 2) == ""
    assert not asking.done()
    issuer.answers.set()
    assert await asking == "TOKEN_INVALID"


async def _looked(issuer: Issuer, times: int) -> bool:
    return issuer.looked_at >= times


async def test_while_the_issuer_is_away_those_with_a_known_key_are_let_in_and_others_are_told_to_wait(
    issuer: Issuer, tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, new = issuer.token("anna"), of_another_key(issuer)
    assert await reason(tokens, good) == ""
    assert await reason(tokens, new) == "TOKEN_INVALID"
    assert issuer.looked_at == 1
    issuer.fails = True
    with monkeypatch.context() as soon:
        soon.setattr(bearers, "LOOK_AGAIN_S", 0.0)
        with pytest.raises(Unavailable):
            await tokens.verify(new)
    assert issuer.looked_at == 2
    for _ in range(20):
        # It cannot be said that they are wrong; nor is the issuer asked each time.
        assert await reason(tokens, new) == "ISSUER_UNAVAILABLE"
        assert await reason(tokens, good) == ""
    assert issuer.looked_at == 2
    issuer.fails = False
    monkeypatch.setattr(bearers, "LOOK_AGAIN_S", 0.0)
    assert await reason(tokens, new) == "TOKEN_INVALID"


async def test_all_who_wait_for_the_first_keys_have_one_answer(issuer: Issuer, tokens: IssuerTokens) -> None:
    """Each waits as long as one question takes, not one after the other."""
    issuer.fails = True
    issuer.answers.clear()
    waiting = [asyncio.ensure_future(reason(tokens, issuer.token("anna"))) for _ in range(50)]
    await until(lambda: _looked(issuer, 1))
    issuer.answers.set()
    assert set(await asyncio.gather(*waiting)) == {"ISSUER_UNAVAILABLE"}
    assert issuer.looked_at == 1
    issuer.fails = False
    assert await reason(tokens, issuer.token("anna")) == ""
    assert issuer.looked_at == 2


async def test_a_withdrawn_key_is_believed_no_longer_than_is_said(
    issuer: Issuer, tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nobody comes with a token of a newer one; while the issuer is away, what was known is believed."""
    monkeypatch.setattr(bearers, "LOOK_AGAIN_S", 0.0)
    old = issuer.token("anna")
    assert await reason(tokens, old) == ""
    issuer.new_key("OKP")
    assert await reason(tokens, old) == ""
    monkeypatch.setattr(bearers, "BELIEVED_S", 0.0)
    issuer.fails = True
    assert await reason(tokens, old) == ""
    issuer.fails = False
    with pytest.raises(Unauthenticated):
        await tokens.verify(old)
    assert await reason(tokens, issuer.token("anna")) == ""


class Counting:
    """Verifies as it is told to, and counts how often."""

    def __init__(self, bearer: Bearer) -> None:
        self.bearer = bearer
        self.times = 0
        self.refuses = False

    def __call__(self) -> Bearer:
        self.times += 1
        if self.refuses:
            raise Unauthenticated("no", reason="TOKEN_INVALID")
        return self.bearer


def a_bearer(subject: str = "anna", seconds: float = 300.0) -> Bearer:
    return Bearer("issuer", subject, time.time() + seconds)


def test_a_token_is_verified_once_for_as_long_as_is_said_and_with_the_same_keys() -> None:
    now = 0.0
    remembered, verify, keys = Remembered(60.0, lambda: now), Counting(a_bearer()), KeySet([])
    for _ in range(3):
        assert remembered.verified("token", keys, verify) is verify.bearer
    assert verify.times == 1
    remembered.verified("token", KeySet([]), verify)
    assert verify.times == 2, "with other keys it is another question"
    now = 60.0
    remembered.verified("token", keys, verify)
    assert verify.times == 3


def test_a_remembered_token_ends_when_it_says() -> None:
    remembered, keys = Remembered(600.0), KeySet([])
    verify = Counting(a_bearer(seconds=-bearers.LEEWAY_S - 1))
    remembered.verified("token", keys, verify)
    verify.refuses = True
    with pytest.raises(Unauthenticated):
        remembered.verified("token", keys, verify)


def test_what_is_refused_is_not_remembered_and_nobody_gets_the_identity_of_another() -> None:
    remembered, keys = Remembered(60.0), KeySet([])
    people = {f"token-{name}": Counting(a_bearer(name)) for name in ("anna", "bela", "chiara")}
    for _ in range(2):
        for token, verify in people.items():
            assert remembered.verified(token, keys, verify).subject == token.removeprefix("token-")
    assert all(verify.times == 1 for verify in people.values())
    refusing = Counting(a_bearer())
    refusing.refuses = True
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            remembered.verified("token-anna.changed", keys, refusing)
    assert refusing.times == 2
    refusing.refuses = False
    assert remembered.verified("token-anna.changed", keys, refusing) is refusing.bearer


def test_no_more_tokens_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bearers, "REMEMBERED", 3)
    remembered, keys, verify = Remembered(60.0), KeySet([]), Counting(a_bearer())
    for number in range(10):
        remembered.verified(f"token-{number}", keys, verify)
    assert len(remembered._known) == 3
    assert not any(b"token" in name for name in remembered._known)
    nothing = Remembered(0.0)
    nothing.verified("token", keys, verify)
    assert not nothing._known


async def test_a_remembered_token_is_refused_once_its_key_is_known_to_be_withdrawn(
    issuer: Issuer, tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearers, "LOOK_AGAIN_S", 0.0)
    old = issuer.token("anna")
    for _ in range(2):
        assert await reason(tokens, old) == ""
    issuer.new_key("OKP")
    # Somebody comes with a token of the new key: that the old one is withdrawn is known from then on.
    assert await reason(tokens, issuer.token("bela")) == ""
    assert await reason(tokens, old) == "TOKEN_INVALID"


async def test_a_remembered_token_is_refused_from_its_end_on(
    issuer: Issuer, tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token("anna")
    assert await reason(tokens, token) == ""
    later = time.time() + 300 + bearers.LEEWAY_S + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert await reason(tokens, token) == "TOKEN_EXPIRED"
