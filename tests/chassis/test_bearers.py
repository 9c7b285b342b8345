"""Whose tokens are good, while the issuer answers, changes its keys, is slow or away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis import bearers
from chassis.bearers import IssuerTokens
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
