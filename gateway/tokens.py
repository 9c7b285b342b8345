"""Development tokens for sample users. A system that knows a real issuer makes none, and accepts none."""

import time

from joserfc import jwt

from chassis.bearers import DEVELOPMENT, OwnTokens
from chassis.caller import DEVELOPMENT_ISSUER
from chassis.keys import ALGORITHM

DEVELOPMENT_LIFETIME_S = 12 * 3600


class DevelopmentTokens(OwnTokens):
    """Tokens for sample users, signed with a key made at first use."""

    def issue(self, user: str) -> str:
        """A token for the sample user *user*, good for 12 hours."""
        now = int(time.time())
        claims = {
            "iss": DEVELOPMENT_ISSUER,
            "sub": user,
            "aud": self._keys.audience,
            "iat": now,
            "exp": now + DEVELOPMENT_LIFETIME_S,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._keys.private(DEVELOPMENT), algorithms=[ALGORITHM])
