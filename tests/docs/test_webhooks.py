"""The receiver that the page on subscribing shows does what the system expects of it."""

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.alerts.webhooks.signing import Secrets, answers, headers
from vocabulary.addresses import Outcome

PAGE = (Path(__file__).resolve().parents[2] / "docs/subscribing.md").read_text(encoding="utf-8")
SECRETS = Secrets(b"a key")


def receiver() -> Any:
    """The function of the page, with a secret."""
    (text,) = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "def dealt_with" in block]
    names: dict[str, Any] = {"SECRET": SECRETS.shown("whk_1", 1)}
    exec(compile(text, "docs/subscribing.md", "exec"), names)
    return names["dealt_with"]


def sent(content: dict[str, Any], *, number: int = 1, at: float = 0) -> tuple[dict[str, str], bytes]:
    body = json.dumps(content).encode()
    when = datetime.fromtimestamp(time.time() + at, UTC)
    return headers("msg_1", when, body, [SECRETS.of("whk_1", number)]), body


def test_the_receiver_of_the_page_answers_challenges_and_takes_what_is_signed() -> None:
    dealt_with = receiver()
    status, body = dealt_with(*sent({"type": "webhook.challenge", "data": {"challenge": "c"}}))
    assert status == 200
    assert answers(body, "c", [SECRETS.of("whk_1", 1)])
    for kind in ("inbox.entry", "webhook.ping", "something.new"):
        assert dealt_with(*sent({"type": kind, "data": {}})) == (204, b"")
    both = sent({"type": "inbox.entry"})
    both[0]["webhook-signature"] = f"v1,AAAA {both[0]['webhook-signature']}"
    assert dealt_with(*both) == (204, b"")


def test_the_receiver_of_the_page_refuses_what_is_not_signed_or_is_old() -> None:
    dealt_with = receiver()
    head, body = sent({"type": "inbox.entry"})
    assert dealt_with(head, body + b" ")[0] == 401
    assert dealt_with(*sent({"type": "inbox.entry"}, number=2))[0] == 401
    for at in (-301, 302):
        assert dealt_with(*sent({"type": "inbox.entry"}, at=at))[0] == 401


def test_the_page_explains_how_every_attempt_can_end() -> None:
    for outcome in Outcome:
        if outcome is not Outcome.DELIVERED:
            assert f"`{outcome}`" in PAGE, outcome
