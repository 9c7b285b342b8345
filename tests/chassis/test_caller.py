"""Who asks: tokens that cannot be forged, borrowed or outlived, and what their holders may do."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis import caller as callers
from chassis.caller import (
    LEEWAY_S,
    LIFETIME_S,
    Caller,
    Signer,
    Verifier,
    current_caller,
    current_person,
    require_service,
    set_current,
)
from chassis.keys import ALGORITHM, AUDIENCE, KeyRing
from tests.cells import cell
from vocabulary.refusals import Forbidden, Unauthenticated
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole, WorkflowRole

ALERTS = "services/alerts"
OTHER = "services/requests"
PERSON = {
    "sub": "usr_1",
    "authority": "aut_1",
    "country": "IT",
    "language": "it",
    "roles": {ALERTS: ["ALERT_HANDLER"]},
    "workflow": {ALERTS: ["ALERT_AUTHORITY"]},
    "legislative": {"services": "COMPETENT_AUTHORITY"},
}
SERVICE = {"service": "directory"}


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    """What a service trusts: the gateway, the directory and the alerts service."""
    ring = KeyRing(tmp_path / "keys")
    for name in ("gateway", "directory", "alerts"):
        ring.private(name)
    return ring


def a_token(
    key: OKPKey, said: Mapping[str, Any] = PERSON, *, name: str = "gateway", kid: str | None = None, **changed: Any
) -> str:
    """A token signed with *key* by *name*, good unless told otherwise; a claim changed to None is left out."""
    now = int(time.time())
    claims = {**said, "iss": name, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME_S, **changed}
    claims = {claim: value for claim, value in claims.items() if value is not None}
    return jwt.encode({"alg": ALGORITHM, "kid": name if kid is None else kid}, claims, key, algorithms=[ALGORITHM])


def packed(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def refused(keys: KeyRing, token: str) -> str:
    """The reason for which *token* is refused, twice over: a token that was refused once is not remembered as good."""
    verifier = Verifier(keys)
    for _ in range(2):
        with pytest.raises(Unauthenticated) as found:
            verifier.verify(token)
    assert found.value.field == "imi-caller"
    return found.value.reason


def test_a_person_arrives_as_the_gateway_describes_them(keys: KeyRing) -> None:
    person = Caller(
        user_id="usr_1",
        authority_id="aut_1",
        country="EL",
        language="el",
        user_roles={ALERTS: frozenset({UserRole.VIEWER, UserRole.ALERT_HANDLER}), "": frozenset()},
        workflow_roles={ALERTS: frozenset(WorkflowRole)},
        legislative_roles={"services": LegislativeRole.NIMIC, "*": LegislativeRole.COMMISSION},
    )
    assert Verifier(keys).verify(Signer(keys, "gateway").for_person(person)) == person


def test_a_service_arrives_as_itself(keys: KeyRing) -> None:
    assert Verifier(keys).verify(Signer(keys, "directory").for_service()) == Caller(service="directory")


def test_the_tokens_made_by_hand_here_are_good_ones(keys: KeyRing) -> None:
    """Otherwise the refusals below would prove nothing."""
    assert Verifier(keys).verify(a_token(keys.private("gateway"))).user_id == "usr_1"
    directory = a_token(keys.private("directory"), SERVICE, name="directory")
    assert Verifier(keys).verify(directory) == Caller(service="directory")


def test_a_changed_token_is_forged(keys: KeyRing) -> None:
    header, claims, signature = a_token(keys.private("gateway")).split(".")
    more = packed({**json.loads(base64.urlsafe_b64decode(claims + "==")), "authority": "aut_2"})
    other = a_token(keys.private("gateway"), sub="usr_2").split(".")[2]
    for forged in (f"{header}.{more}.{signature}", f"{header}.{claims}.{other}", f"{header}.{claims}."):
        assert refused(keys, forged) == "TOKEN_INVALID"


def test_a_token_of_somebody_with_another_key_is_forged(keys: KeyRing) -> None:
    assert refused(keys, a_token(OKPKey.generate_key("Ed25519"))) == "TOKEN_INVALID"
    assert refused(keys, a_token(keys.private("gateway"), kid="directory")) == "TOKEN_INVALID"


def test_a_token_of_somebody_nobody_trusts_is_foreign(keys: KeyRing) -> None:
    assert refused(keys, a_token(OKPKey.generate_key("Ed25519"), name="stranger")) == "TOKEN_FOREIGN"
    assert refused(keys, a_token(keys.private("gateway"), kid="")) == "TOKEN_FOREIGN"


@pytest.mark.parametrize(
    "changed", [{"aud": "elsewhere"}, {"aud": None}, {"aud": [AUDIENCE]}, {"iss": "directory"}, {"iss": None}]
)
def test_a_token_for_another_system_is_foreign(keys: KeyRing, changed: dict[str, Any]) -> None:
    assert refused(keys, a_token(keys.private("gateway"), **changed)) == "TOKEN_FOREIGN"


def test_a_token_without_signature_or_with_the_public_key_as_a_secret_is_forged(keys: KeyRing, tmp_path: Path) -> None:
    _, claims, _ = a_token(keys.private("gateway")).split(".")
    public = (tmp_path / "keys" / "gateway.public.jwk").read_bytes()
    raw = base64.urlsafe_b64decode(json.loads(public)["x"] + "=")
    for algorithm in ("none", "None", "NONE", ""):
        assert refused(keys, f"{packed({'alg': algorithm, 'kid': 'gateway'})}.{claims}.") == "TOKEN_INVALID"
    for algorithm in ("HS256", ALGORITHM, "EdDSA"):
        for secret in (public, raw):
            signed = f"{packed({'alg': algorithm, 'kid': 'gateway'})}.{claims}"
            mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            forged = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
            assert refused(keys, forged) == "TOKEN_INVALID"


def test_a_key_is_never_looked_for_outside_the_folder(keys: KeyRing, tmp_path: Path) -> None:
    evil = KeyRing(tmp_path / "evil").private("gateway")
    for kid in ("../evil/gateway", str(tmp_path / "evil" / "gateway"), "./gateway", "gateway.public"):
        assert refused(keys, a_token(evil, name=kid)) == "TOKEN_FOREIGN"


def test_a_key_that_a_token_brings_along_is_not_used(keys: KeyRing) -> None:
    own = OKPKey.generate_key("Ed25519")
    header = {"alg": ALGORITHM, "kid": "gateway", "jwk": own.as_dict(private=False)}
    now = int(time.time())
    claims = {**PERSON, "iss": "gateway", "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME_S}
    assert refused(keys, jwt.encode(header, claims, own, algorithms=[ALGORITHM])) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(PERSON, id="speaks for a person"),
        pytest.param({"service": "alerts"}, id="speaks for another service"),
        pytest.param({"service": "gateway"}, id="speaks for the gateway"),
        pytest.param({**PERSON, "service": "alerts"}, id="speaks for both"),
        pytest.param({"service": ""}, id="speaks for nobody"),
        pytest.param({"service": ["directory"]}, id="speaks for a list"),
        pytest.param({}, id="says nothing"),
    ],
)
def test_a_service_signs_for_itself_only(keys: KeyRing, said: dict[str, Any]) -> None:
    assert refused(keys, a_token(keys.private("directory"), said, name="directory")) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": None},
        {"authority": None},
        {"roles": None},
        {"roles": []},
        {"roles": {ALERTS: ["EMPEROR"]}},
        {"workflow": {ALERTS: 5}},
        {"legislative": {"services": "EMPEROR"}},
        {"legislative": "NIMIC"},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": [1]},
    ],
)
def test_a_signed_token_that_does_not_say_what_it_must_is_invalid(keys: KeyRing, changed: dict[str, Any]) -> None:
    assert refused(keys, a_token(keys.private("gateway"), **changed)) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "content", [b"[" * 5_000, b"[]", b"1", b"null", b'{"kid": null}', b'{"kid": "\\ud800"}', b"\xff"]
)
def test_what_is_no_token_is_invalid_wherever_it_breaks(keys: KeyRing, content: bytes) -> None:
    part = base64.urlsafe_b64encode(content).decode().rstrip("=")
    for token in (f"{part}.e30.AAAA", f"{packed({'alg': ALGORITHM, 'kid': 'gateway'})}.{part}.AAAA", part):
        assert refused(keys, token) in ("TOKEN_INVALID", "TOKEN_FOREIGN")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1) | st.lists(st.binary(), min_size=3, max_size=3))
def test_no_string_is_a_token_by_chance(keys: KeyRing, given_token: str | list[bytes]) -> None:
    token = (
        given_token if isinstance(given_token, str) else b".".join(map(base64.urlsafe_b64encode, given_token)).decode()
    )
    assert refused(keys, token) in ("TOKEN_INVALID", "TOKEN_FOREIGN")


def test_no_token_is_missing_rather_than_invalid(keys: KeyRing) -> None:
    assert refused(keys, "") == "TOKEN_MISSING"


def test_a_token_outlives_its_end_by_the_difference_of_two_clocks_and_no_longer(keys: KeyRing) -> None:
    now = int(time.time())
    inside = a_token(keys.private("gateway"), exp=now - LEEWAY_S + 10)
    assert Verifier(keys).verify(inside).user_id == "usr_1"
    assert refused(keys, a_token(keys.private("gateway"), exp=now - LEEWAY_S - 1)) == "TOKEN_EXPIRED"
    assert refused(keys, a_token(keys.private("gateway"), exp=0)) == "TOKEN_EXPIRED"


def test_a_token_that_was_good_expires_like_any_other(keys: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, token = Verifier(keys), Signer(keys, "gateway").for_person(Caller(user_id="usr_1"))
    assert verifier.verify(token) == verifier.verify(token)
    later = time.time() + LIFETIME_S + LEEWAY_S + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Unauthenticated) as found:
        verifier.verify(token)
    assert found.value.reason == "TOKEN_EXPIRED"


def test_a_verifier_remembers_no_more_than_it_has_room_for(keys: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "_CACHE_SIZE", 2)
    verifier, signer = Verifier(keys), Signer(keys, "gateway")
    tokens = [signer.for_person(Caller(user_id=f"usr_{n}")) for n in range(4)]
    for _ in range(2):
        assert [verifier.verify(token).user_id for token in tokens] == ["usr_0", "usr_1", "usr_2", "usr_3"]
    assert len(verifier._verified) == 2


def test_a_service_renews_its_token_before_it_runs_out(keys: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer(keys, "alerts")
    first = signer.for_service()
    assert signer.for_service() == first
    later = time.time() + LIFETIME_S / 2 + 1
    monkeypatch.setattr(time, "time", lambda: later)
    second = signer.for_service()
    assert second != first
    assert Verifier(keys).verify(second) == Verifier(keys).verify(first) == Caller(service="alerts")


def a_caller(
    module: str = ALERTS,
    role: UserRole = UserRole.COORDINATOR,
    takes_part: str = ALERTS,
    *,
    legislative: Mapping[str, LegislativeRole] | None = None,
) -> Caller:
    return Caller(
        user_id="usr_1",
        user_roles={module: frozenset({role})},
        workflow_roles={takes_part: frozenset({WorkflowRole.ALERT_AUTHORITY})},
        legislative_roles=legislative or {},
    )


def test_a_person_has_a_role_where_they_hold_it_and_their_authority_takes_part() -> None:
    for role, module, takes_part in product(UserRole, [ALERTS, "*", OTHER, ""], (ALERTS, OTHER)):
        with cell(role, module, takes_part):
            person = a_caller(module, role, takes_part)
            here = module in (ALERTS, "*") and takes_part == ALERTS
            for asked in UserRole:
                assert person.has(ALERTS, asked) is (here and asked is role)
            assert person.has(ALERTS, *UserRole) is here
            assert not person.has(ALERTS)


def test_an_authority_that_does_nothing_in_a_module_takes_no_part() -> None:
    held = {ALERTS: frozenset({UserRole.VIEWER})}
    for workflow_roles in ({}, {ALERTS: frozenset[WorkflowRole]()}, {"*": frozenset({WorkflowRole.ALERT_AUTHORITY})}):
        assert not Caller(user_roles=held, workflow_roles=workflow_roles).has(ALERTS, UserRole.VIEWER)


def test_a_coordinator_is_one_in_person_and_by_their_authority() -> None:
    for area, legislative, role in product(["services", "*", "firearms"], LegislativeRole, UserRole):
        with cell(area, legislative, role):
            person = a_caller(role=role, legislative={area: legislative})
            expected = area != "firearms" and legislative in COORDINATING and role is UserRole.COORDINATOR
            assert person.coordinates(ALERTS) is expected
            assert not a_caller(role=role, takes_part=OTHER, legislative={area: legislative}).coordinates(ALERTS)


def test_what_an_authority_is_in_the_area_comes_before_what_it_is_everywhere() -> None:
    plain = a_caller(legislative={"services": LegislativeRole.COMPETENT_AUTHORITY, "*": LegislativeRole.NIMIC})
    assert not plain.coordinates(ALERTS)
    held = {"services": LegislativeRole.DIMIC, "*": LegislativeRole.COMPETENT_AUTHORITY}
    assert a_caller(legislative=held).coordinates(ALERTS)


def test_only_a_local_data_administrator_of_the_authority_administers() -> None:
    for module, role in product(["", "*", ALERTS], UserRole):
        with cell(module, role):
            expected = module == "" and role is UserRole.LOCAL_DATA_ADMINISTRATOR
            assert a_caller(module, role).administers() is expected


def test_the_commission_is_the_commission_everywhere_or_not_at_all() -> None:
    for area, legislative in product(["services", "*"], LegislativeRole):
        with cell(area, legislative):
            expected = area == "*" and legislative is LegislativeRole.COMMISSION
            assert a_caller(legislative={area: legislative}).is_commission() is expected


@pytest.fixture
def nobody() -> Iterator[None]:
    set_current(None)
    yield
    set_current(None)


def test_outside_of_a_call_nobody_asks(nobody: None) -> None:
    for ask in (current_caller, current_person, lambda: require_service("alerts")):
        with pytest.raises(Unauthenticated):
            ask()


def test_a_person_is_asked_for_where_a_person_is_needed_and_a_service_where_a_service_is(nobody: None) -> None:
    person, service = Caller(user_id="usr_1"), Caller(service="alerts")
    set_current(person)
    assert current_person() == current_caller() == person
    with pytest.raises(Forbidden):
        require_service("alerts", "requests")
    set_current(service)
    assert current_caller() == service
    with pytest.raises(Forbidden):
        current_person()
    require_service("requests", "alerts")
    with pytest.raises(Forbidden):
        require_service("requests")
