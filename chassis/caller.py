"""Who asks: a short-lived signed token in the metadata of every call, which each service verifies for itself.

The gateway signs for people, after it has verified their sign-in; a service signs for itself when it calls another. Nobody can
sign for somebody else: a person's token is good only from the gateway, and a service's only from that service.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from chassis.keys import ALGORITHM, KeyRing
from vocabulary.refusals import Forbidden, Unauthenticated
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole, WorkflowRole

METADATA_KEY = "imi-caller"
GATEWAY = "gateway"
LIFETIME_S = 300
LEEWAY_S = 60
EVERY = "*"
# Who issues development sign-ins. A system that knows a real issuer accepts none of them.
DEVELOPMENT_ISSUER = "urn:imi:development"

_CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person acting for an authority, or a service.

    Roles are keyed by module (``services/alerts``) and legislative roles by area; ``*`` stands for all of them.
    """

    user_id: str = ""
    authority_id: str = ""
    country: str = ""
    language: str = ""
    user_roles: Mapping[str, frozenset[UserRole]] = field(default_factory=dict)
    workflow_roles: Mapping[str, frozenset[WorkflowRole]] = field(default_factory=dict)
    legislative_roles: Mapping[str, LegislativeRole] = field(default_factory=dict)
    service: str = ""

    def has(self, module: str, *roles: UserRole) -> bool:
        """Whether the person holds one of *roles* in *module*, which their authority must take part in."""
        held = self.user_roles.get(module, frozenset()) | self.user_roles.get(EVERY, frozenset())
        return not held.isdisjoint(roles) and bool(self.workflow_roles.get(module))

    def administers(self) -> bool:
        """Whether the person is a local data administrator of their authority."""
        return UserRole.LOCAL_DATA_ADMINISTRATOR in self.user_roles.get("", frozenset())

    def coordinates(self, module: str) -> bool:
        """Whether the person coordinates others in *module*, for an authority that is a coordinator in its area."""
        area, _, _ = module.partition("/")
        role = self.legislative_roles.get(area) or self.legislative_roles.get(EVERY)
        return role in COORDINATING and self.has(module, UserRole.COORDINATOR)

    def is_commission(self) -> bool:
        """Whether the person acts for the European Commission."""
        return self.legislative_roles.get(EVERY) is LegislativeRole.COMMISSION


_current: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current_caller() -> Caller:
    """Who makes the call being answered; raises Unauthenticated outside of one."""
    caller = _current.get()
    if caller is None:
        raise Unauthenticated("this call needs a signed-in caller")
    return caller


def current_person() -> Caller:
    """The person who makes the call being answered; raises Forbidden for a service."""
    caller = current_caller()
    if not caller.user_id:
        raise Forbidden("only a person acting for an authority may do this")
    return caller


def require_service(*names: str) -> None:
    """Raises Forbidden unless the call comes from one of the services *names*."""
    if current_caller().service not in names:
        raise Forbidden("only services may call this")


def set_current(caller: Caller | None) -> None:
    """Answer the rest of this task's call for *caller*."""
    _current.set(caller)


class Signer:
    """Signs tokens in one process's name."""

    def __init__(self, keys: KeyRing, name: str) -> None:
        self._key = keys.private(name)
        self._name = name
        self._audience = keys.audience
        self._own: tuple[str, float] | None = None

    def for_service(self) -> str:
        """A token for this process itself, renewed before it runs out."""
        if self._own is None or self._own[1] < time.time():
            self._own = (self._sign({"service": self._name}), time.time() + LIFETIME_S / 2)
        return self._own[0]

    def for_person(self, caller: Caller) -> str:
        """A token for *caller*. Only the gateway's are believed."""
        return self._sign(
            {
                "sub": caller.user_id,
                "authority": caller.authority_id,
                "country": caller.country,
                "language": caller.language,
                "roles": {module: sorted(roles) for module, roles in caller.user_roles.items()},
                "workflow": {module: sorted(roles) for module, roles in caller.workflow_roles.items()},
                "legislative": dict(caller.legislative_roles),
            }
        )

    def _sign(self, claims: dict[str, Any]) -> str:
        now = int(time.time())
        payload = {**claims, "iss": self._name, "aud": self._audience, "iat": now, "exp": now + LIFETIME_S}
        return jwt.encode({"alg": ALGORITHM, "kid": self._name}, payload, self._key, algorithms=[ALGORITHM])


class Verifier:
    """Turns tokens into callers. Remembers those it has verified until they run out."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._verified: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def verify(self, token: str) -> Caller:
        """The caller that *token* speaks for; raises Unauthenticated if it is forged, expired, foreign or malformed."""
        if not token:
            raise Unauthenticated("the call carries no caller token", field=METADATA_KEY, reason="TOKEN_MISSING")
        known = self._verified.get(token)
        if known is None:
            known = self._verify(token)
            self._verified[token] = known
            if len(self._verified) > _CACHE_SIZE:
                self._verified.popitem(last=False)
        caller, expires = known
        if expires + LEEWAY_S < time.time():
            del self._verified[token]
            raise Unauthenticated("the caller token has expired", field=METADATA_KEY, reason="TOKEN_EXPIRED")
        return caller

    def _verify(self, token: str) -> tuple[Caller, float]:
        try:
            # Whose key to verify with is read from the token itself; it proves nothing until the signature fits.
            issuer = str(jws.extract_compact(token.encode()).headers().get("kid", ""))
            key = self._keys.public(issuer)
            if key is None:
                raise Unauthenticated(
                    "the caller token is signed by nobody this service trusts",
                    field=METADATA_KEY,
                    reason="TOKEN_FOREIGN",
                )
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            if claims.get("iss") != issuer or claims.get("aud") != self._keys.audience:
                raise Unauthenticated(
                    "the caller token is for another system", field=METADATA_KEY, reason="TOKEN_FOREIGN"
                )
            return _caller(claims, issuer), float(claims["exp"])
        except (JoseError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated(
                "the caller token is not valid", field=METADATA_KEY, reason="TOKEN_INVALID"
            ) from error


def _caller(claims: Mapping[str, Any], issuer: str) -> Caller:
    if "service" in claims:
        if claims["service"] != issuer:
            raise ValueError("a service signs for itself only")
        return Caller(service=issuer)
    if issuer != GATEWAY:
        raise ValueError("only the gateway signs for people")
    return Caller(
        user_id=str(claims["sub"]),
        authority_id=str(claims["authority"]),
        country=str(claims["country"]),
        language=str(claims["language"]),
        user_roles={module: frozenset(map(UserRole, roles)) for module, roles in claims["roles"].items()},
        workflow_roles={module: frozenset(map(WorkflowRole, roles)) for module, roles in claims["workflow"].items()},
        legislative_roles={area: LegislativeRole(role) for area, role in claims["legislative"].items()},
    )
