"""Signatures are those of Standard Webhooks, and a challenge is answered only by who has the secret."""

import base64
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.webhooks.signing import Secrets, answers, challenge_answer, headers
from tests.alerts.endpoints import Came

AT = datetime(2021, 1, 29, 11, 50, 14, 700_000, tzinfo=UTC)
SECRETS = Secrets(b"a key")


def test_a_known_secret_makes_a_known_code() -> None:
    """The code is the one that the libraries of Standard Webhooks make of the same; openssl makes it too."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    head = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [secret])
    assert head["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert head["webhook-timestamp"] == "1614265330"
    assert head["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=200), st.integers(1, 5), st.integers(1, 5))
def test_each_secret_signs_and_no_other(body: bytes, first: int, second: int) -> None:
    body = json.dumps({"said": body.hex()}).encode()
    head = headers("msg_1", AT, body, [SECRETS.of("whk_1", first)])
    came = Came("POST / HTTP/1.1", head, body)
    assert came.signed_by(SECRETS.shown("whk_1", first))
    assert came.signed_by(SECRETS.shown("whk_1", second)) is (first == second)
    assert not came.signed_by(SECRETS.shown("whk_2", first))
    assert Secrets(b"another key").shown("whk_1", first) != SECRETS.shown("whk_1", first)
    both = Came("", headers("msg_1", AT, body, [SECRETS.of("whk_1", n) for n in (first, second)]), body)
    assert both.signed_by(SECRETS.shown("whk_1", first))
    assert both.signed_by(SECRETS.shown("whk_1", second))


def test_a_body_an_id_or_a_time_that_was_changed_is_not_signed() -> None:
    secret = SECRETS.shown("whk_1", 1)
    head = headers("msg_1", AT, b"{}", [SECRETS.of("whk_1", 1)])
    assert Came("", head, b"{}").signed_by(secret)
    assert not Came("", head, b"{ }").signed_by(secret)
    assert not Came("", {**head, "webhook-id": "msg_2"}, b"{}").signed_by(secret)
    assert not Came("", {**head, "webhook-timestamp": "1"}, b"{}").signed_by(secret)


def test_a_secret_is_as_long_as_standard_webhooks_ask() -> None:
    shown = SECRETS.shown("whk_1", 1)
    assert shown.startswith("whsec_")
    assert 24 <= len(base64.b64decode(shown.removeprefix("whsec_"), validate=True)) <= 64


def test_only_the_secret_answers_a_challenge() -> None:
    secret, other = SECRETS.of("whk_1", 1), SECRETS.of("whk_1", 2)
    right = challenge_answer("c", secret)
    assert answers(json.dumps({"answer": right}).encode(), "c", [secret])
    assert answers(json.dumps({"answer": right, "more": 1}).encode(), "c", [other, secret])
    wrong = [
        b"",
        b"c",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"answer": None}).encode(),
        json.dumps({"answer": [right]}).encode(),
        json.dumps({"answer": "c"}).encode(),
        json.dumps({"answer": right[:-1]}).encode(),
        json.dumps({"answer": "ä" * len(right)}).encode(),
        json.dumps({"answer": "\ud800" * len(right)}).encode(),
        json.dumps({"answer": challenge_answer("d", secret)}).encode(),
        json.dumps({"answer": challenge_answer("c", other)}).encode(),
    ]
    for body in wrong:
        assert not answers(body, "c", [secret]), body[:60]
