"""Bearer tokens of people and systems: OpenID Connect ID or access tokens of a real issuer, or development tokens of our own.

A system that knows a real issuer accepts no development token, and makes none.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from chassis.caller import DEVELOPMENT_ISSUER
from chassis.keys import ALGORITHM, KeyRing
from chassis.settings import SignInSettings
from vocabulary.refusals import Unauthenticated, Unavailable

# Whose key signs development tokens.
DEVELOPMENT = "development"
LEEWAY_S = 30
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"]
KEYS_TIMEOUT_S = 5.0
# A token that no known key fits makes us look for new keys, but not every forged one.
LOOK_AGAIN_S = 30.0
# What an issuer has withdrawn is believed no longer than this, as long as it answers.
BELIEVED_S = 3600.0
# Tokens that have been verified and are not verified again at once.
REMEMBERED = 4096
REMEMBERED_S = 60.0


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a verified token speaks for, and until when (seconds since 1970)."""

    issuer: str
    subject: str
    expires_at: float


class BearerTokens(Protocol):
    """Verifies bearer tokens."""

    async def verify(self, token: str) -> Bearer:
        """Who *token* speaks for; raises Unauthenticated, or Unavailable if its issuer cannot be asked."""
        ...


class Remembered:
    """Tokens that have been verified, each by its hash, for *seconds* and while the keys are the same that it was verified with.

    A token is worth no more here than where it is verified: it ends when it says. What is refused is not remembered.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        # Hash → the keys, whose it is, and until when that is believed.
        self._known: OrderedDict[bytes, tuple[object, Bearer, float]] = OrderedDict()

    def verified(self, token: str, keys: KeySet | OKPKey, verify: Callable[[], Bearer]) -> Bearer:
        """Who *token* speaks for, as *verify* has found with *keys*, or finds now. Raises what *verify* raises."""
        name = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        known = self._known.get(name)
        if known is not None:
            with_keys, bearer, until = known
            if with_keys is keys and until > self._clock() and not _has_expired(bearer.expires_at):
                return bearer
            del self._known[name]
        bearer = verify()
        if self._seconds > 0:
            self._known[name] = (keys, bearer, self._clock() + self._seconds)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return bearer


class OwnTokens:
    """Development tokens, verified with the key that `gateway.tokens` signs them with."""

    def __init__(self, keys: KeyRing, remembered_s: float = REMEMBERED_S) -> None:
        self._keys = keys
        self._remembered = Remembered(remembered_s)

    async def verify(self, token: str) -> Bearer:
        key = self._keys.public(DEVELOPMENT)
        if key is None:
            raise Unauthenticated("no development token has been issued here", reason="TOKEN_FOREIGN")
        return self._remembered.verified(
            token, key, lambda: _bearer(token, key, [ALGORITHM], DEVELOPMENT_ISSUER, self._keys.audience)
        )


class IssuerTokens:
    """Tokens of a real OpenID Connect issuer, verified with the keys it publishes (OpenID Connect Discovery 1.0).

    While the issuer is away, tokens that its known keys have signed are good; of others nobody can say.
    """

    def __init__(self, issuer: str, audience: str, remembered_s: float = REMEMBERED_S) -> None:
        self._issuer = issuer
        self._audience = audience
        self._remembered = Remembered(remembered_s)
        self._published: KeySet | None = None
        self._looked_at = 0.0
        self._answered = True
        self._looking = asyncio.Lock()

    async def verify(self, token: str) -> Bearer:
        keys = await self._keys()
        try:
            return self._verified(token, keys)
        except Unauthenticated as refused:
            if refused.reason != "TOKEN_INVALID":
                raise
            newer = await self._look(keys)
            if newer is keys:
                raise
        return self._verified(token, newer)

    def _verified(self, token: str, keys: KeySet) -> Bearer:
        return self._remembered.verified(
            token, keys, lambda: _bearer(token, keys, ALGORITHMS, self._issuer, self._audience)
        )

    async def _keys(self) -> KeySet:
        """The keys to verify with: from memory, so that a good token never waits for what others ask of the issuer."""
        known = self._published
        if known is None:
            return await self._look(None)
        if time.monotonic() < self._looked_at + BELIEVED_S or self._looking.locked():
            return known
        try:
            return await self._look(known)
        except Unavailable:
            return known

    async def _look(self, known: KeySet | None) -> KeySet:
        """What is published instead of *known*, if that was not looked for a moment ago; raises Unavailable without an answer."""
        asked_at = time.monotonic()
        async with self._looking:
            if self._published is known and self._looked_at + (LOOK_AGAIN_S if known else 0.0) <= asked_at:
                # Whoever waited meanwhile has the same answer, and asks no more.
                try:
                    self._published = await self._fetched()
                    self._answered = True
                except Unavailable:
                    self._answered = False
                    raise
                finally:
                    self._looked_at = time.monotonic()
            if self._published is None or not self._answered:
                raise _away()
            return self._published

    async def _fetched(self) -> KeySet:
        # Only where there is an issuer: its packages take 3 MB.
        import httpx

        try:
            async with asyncio.timeout(2 * KEYS_TIMEOUT_S), httpx.AsyncClient(timeout=KEYS_TIMEOUT_S) as client:
                discovery = await client.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                document = discovery.raise_for_status().json()
                if document["issuer"] != self._issuer:
                    raise ValueError("the discovery document names another issuer")
                published = await client.get(document["jwks_uri"])
                return KeySet.import_key_set(published.raise_for_status().json())
        except (httpx.HTTPError, JoseError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise _away() from error


def _away() -> Unavailable:
    return Unavailable("the sign-in service cannot be reached; try again in a moment", reason="ISSUER_UNAVAILABLE")


def bearer_tokens(settings: SignInSettings, keys: KeyRing) -> BearerTokens:
    """The tokens this system accepts."""
    if settings.oidc_issuer:
        return IssuerTokens(settings.oidc_issuer, settings.oidc_audience, settings.tokens_remembered_s)
    return OwnTokens(keys, settings.tokens_remembered_s)


def _bearer(token: str, key: KeySet | OKPKey, algorithms: list[str], issuer: str, audience: str) -> Bearer:
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=algorithms).claims
        expires_at, subject = _instant(claims["exp"]), claims["sub"]
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        not_before = _instant(claims.get("nbf", 0))
        if not isinstance(subject, str) or not subject:
            raise ValueError("a subject is text")
    except (JoseError, KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Unauthenticated("the bearer token is not valid; sign in again", reason="TOKEN_INVALID") from error
    now = time.time()
    if claims.get("iss") != issuer or audience not in audiences:
        raise Unauthenticated("the bearer token is for another system", reason="TOKEN_FOREIGN")
    if _has_expired(expires_at):
        raise Unauthenticated("the bearer token has expired; sign in again", reason="TOKEN_EXPIRED")
    if not_before - LEEWAY_S > now:
        raise Unauthenticated("the bearer token is not valid yet", reason="TOKEN_INVALID")
    return Bearer(issuer, subject, expires_at)


def _has_expired(expires_at: float) -> bool:
    return expires_at + LEEWAY_S < time.time()


def _instant(seconds: Any) -> float:
    """A time in a token. What is no number is no time that anything ends at."""
    instant = float(seconds)
    if not math.isfinite(instant):
        raise ValueError("a time is a number of seconds")
    return instant
