"""Bearer tokens of people: OpenID Connect ID or access tokens of a real issuer, or development tokens of our own.

A system that knows a real issuer accepts no development token, and makes none.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from chassis.caller import AUDIENCE, DEVELOPMENT_ISSUER
from chassis.keys import ALGORITHM, KeyRing
from gateway.settings import GatewaySettings
from vocabulary.refusals import Unauthenticated, Unavailable

DEVELOPMENT = "development"
DEVELOPMENT_LIFETIME_S = 12 * 3600
LEEWAY_S = 30
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"]
KEYS_TIMEOUT_S = 5.0
# An unknown key id makes us look for new keys, but not for every forged token.
LOOK_AGAIN_S = 30.0


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


class DevelopmentTokens:
    """Tokens for sample users, signed with a key made at first use."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def issue(self, user: str) -> str:
        """A token for the sample user *user*, good for 12 hours."""
        now = int(time.time())
        claims = {
            "iss": DEVELOPMENT_ISSUER,
            "sub": user,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + DEVELOPMENT_LIFETIME_S,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._keys.private(DEVELOPMENT), algorithms=[ALGORITHM])

    async def verify(self, token: str) -> Bearer:
        key = self._keys.public(DEVELOPMENT)
        if key is None:
            raise Unauthenticated("no development token has been issued here", reason="TOKEN_FOREIGN")
        return _bearer(token, key, [ALGORITHM], DEVELOPMENT_ISSUER, AUDIENCE)


class IssuerTokens:
    """Tokens of a real OpenID Connect issuer, verified with the keys it publishes (OpenID Connect Discovery 1.0)."""

    def __init__(self, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._published: KeySet | None = None
        self._looked_at = 0.0
        self._looking = asyncio.Lock()

    async def verify(self, token: str) -> Bearer:
        keys = await self._keys(fresh=False)
        try:
            return _bearer(token, keys, ALGORITHMS, self._issuer, self._audience)
        except Unauthenticated as refused:
            if refused.reason != "TOKEN_INVALID" or time.monotonic() < self._looked_at + LOOK_AGAIN_S:
                raise
        return _bearer(token, await self._keys(fresh=True), ALGORITHMS, self._issuer, self._audience)

    async def _keys(self, *, fresh: bool) -> KeySet:
        asked_at = time.monotonic()
        async with self._looking:
            if self._published is None or (fresh and self._looked_at < asked_at):
                self._published = await self._fetched()
                self._looked_at = time.monotonic()
            return self._published

    async def _fetched(self) -> KeySet:
        try:
            async with httpx.AsyncClient(timeout=KEYS_TIMEOUT_S) as client:
                discovery = await client.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                document = discovery.raise_for_status().json()
                if document["issuer"] != self._issuer:
                    raise ValueError("the discovery document names another issuer")
                published = await client.get(document["jwks_uri"])
                return KeySet.import_key_set(published.raise_for_status().json())
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                "the sign-in service cannot be reached; try again in a moment", reason="ISSUER_UNAVAILABLE"
            ) from error


def bearer_tokens(settings: GatewaySettings, keys: KeyRing) -> BearerTokens:
    """The tokens this system accepts."""
    if settings.oidc_issuer:
        return IssuerTokens(settings.oidc_issuer, settings.oidc_audience)
    return DevelopmentTokens(keys)


def _bearer(token: str, key: KeySet | OKPKey, algorithms: list[str], issuer: str, audience: str) -> Bearer:
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=algorithms).claims
        expires_at, subject = float(claims["exp"]), str(claims["sub"])
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        not_before = float(claims.get("nbf", 0))
    except (JoseError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated("the bearer token is not valid; sign in again", reason="TOKEN_INVALID") from error
    now = time.time()
    if claims.get("iss") != issuer or audience not in audiences:
        raise Unauthenticated("the bearer token is for another system", reason="TOKEN_FOREIGN")
    if expires_at + LEEWAY_S < now:
        raise Unauthenticated("the bearer token has expired; sign in again", reason="TOKEN_EXPIRED")
    if not_before - LEEWAY_S > now:
        raise Unauthenticated("the bearer token is not valid yet", reason="TOKEN_INVALID")
    return Bearer(issuer, subject, expires_at)
