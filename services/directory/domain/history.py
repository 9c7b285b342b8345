"""What is remembered of every change: when, by whom, by which command, of what, and why."""

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from vocabulary.refusals import Conflict

# What is changed is read whole with every call about it, so that nobody may let the record of it grow as fast as they can type.
CHANGES_A_DAY = 500
_DAY = timedelta(days=1)
# What is no change of its own, or is told under another name.
_UNTOLD = frozenset({"history", "former_users"})
_WORD = re.compile(r"_([a-z])")


class Command(StrEnum):
    """What can be done to an authority, its access and its users."""

    INVITE = "INVITE"
    RENEW_INVITATION = "RENEW_INVITATION"
    WITHDRAW_INVITATION = "WITHDRAW_INVITATION"
    REGISTER_BY_INVITATION = "REGISTER_BY_INVITATION"
    REGISTER = "REGISTER"
    VALIDATE = "VALIDATE"
    REJECT = "REJECT"
    EDIT = "EDIT"
    SUSPEND = "SUSPEND"
    REINSTATE = "REINSTATE"
    DEREGISTER = "DEREGISTER"
    REQUEST_ACCESS = "REQUEST_ACCESS"
    GRANT_ACCESS = "GRANT_ACCESS"
    REFUSE_ACCESS = "REFUSE_ACCESS"
    CHANGE_ACCESS = "CHANGE_ACCESS"
    WITHDRAW_ACCESS = "WITHDRAW_ACCESS"
    ADD_USER = "ADD_USER"
    EDIT_USER = "EDIT_USER"
    DEACTIVATE_USER = "DEACTIVATE_USER"
    SET_LANGUAGES = "SET_LANGUAGES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `user_id` and `authority_id` are whose it was; an invitee has none yet.

    `subject_id` is the person it was done to, where it was done to one.
    """

    at: datetime
    command: Command
    user_id: str = ""
    authority_id: str = ""
    subject_id: str = ""
    fields: tuple[str, ...] = ()
    reason: str = ""


def with_change(history: tuple[Change, ...], change: Change) -> tuple[Change, ...]:
    """*history* with *change*; raises Conflict for whoever has changed the same thing so often within a day. Others go on."""
    recent = 0
    for one in reversed(history):
        if one.at <= change.at - _DAY:
            break
        recent += one.user_id == change.user_id
    if recent >= CHANGES_A_DAY:
        raise Conflict(
            f"you have changed this {CHANGES_A_DAY} times within a day; go on tomorrow, or leave it to somebody else",
            reason="TOO_MANY",
        )
    return (*history, change)


def changed_fields(before: Any, after: Any, untold: Collection[str] = _UNTOLD) -> tuple[str, ...]:
    """What differs between two of the same kind, in the words of the interface; all that is said, if there was nothing before."""
    names = [one.name for one in fields(after) if one.name not in untold]
    return tuple(
        _WORD.sub(lambda found: found.group(1).upper(), name)
        for name in names
        if (getattr(before, name) != getattr(after, name) if before is not None else getattr(after, name))
    )
