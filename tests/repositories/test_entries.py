"""The rules of entries: versions succeed each other, only editors of the owner write, another authority approves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from services.repositories.domain import drafting, ending, entries, releasing
from services.repositories.domain.actions import possibilities
from services.repositories.domain.drafting import Content
from services.repositories.domain.entries import REASON_LIMIT, Actor, Entry, Version, system
from services.repositories.domain.lifecycle import IN_FORCE, WAITING, Action, Side, Status, step, table
from tests.builders import QUALIFICATIONS
from tests.cells import cell
from tests.repositories.registers import (
    NOW,
    REGISTERS,
    a_register,
    a_version,
    an_actor,
    an_approver,
    an_entry,
    no_editor,
    refers,
    written,
)
from vocabulary.refusals import Conflict, Forbidden, Invalid, Refusal
from vocabulary.values import Value

APPROVED = replace(REGISTERS, approval=True)
LATER = replace(an_actor(), now=NOW.replace(hour=18))
ACTORS = {
    Side.EDITOR: an_actor(),
    Side.APPROVER: an_approver(),
    Side.COLLEAGUE: no_editor(),
    Side.READER: an_actor("aut_other"),
}


def content(title: str = "Albo dei medici", /, **changed: Value | None) -> Content:
    return Content(values=a_register(title, **changed))


def doing(action: Action, reason: str = "perché") -> Callable[[Entry, Actor], Entry]:
    """What does *action* in a repository whose entries are approved if it is one of those that approve."""
    kind = APPROVED if action in (Action.SUBMIT, Action.RETURN, Action.APPROVE) else REGISTERS
    rules: dict[Action, Callable[[Entry, Actor], Entry]] = {
        Action.EDIT: lambda entry, by: drafting.edit(entry, kind, content("Nuovo"), reason, by),
        Action.REVERT: lambda entry, by: drafting.revert(entry, kind, 1, reason, by),
        Action.DELETE_DRAFT: lambda entry, by: drafting.delete_draft(entry, kind, by),
        Action.SUBMIT: lambda entry, by: releasing.submit(entry, kind, by),
        Action.RETURN: lambda entry, by: releasing.return_(entry, kind, reason, by),
        Action.APPROVE: lambda entry, by: releasing.approve(entry, kind, by),
        Action.PUBLISH: lambda entry, by: releasing.publish(entry, kind, by),
        Action.WITHDRAW: lambda entry, by: ending.withdraw(entry, kind, reason, by),
        Action.ARCHIVE: lambda entry, by: ending.archive(entry, kind, by),
    }
    return rules[action]


def ready_for(action: Action, status: Status) -> Entry:
    """An entry in *status* that lacks nothing for *action* but perhaps the right status."""
    entry = an_entry(status)
    if status is Status.PUBLISHED and action is Action.REVERT:
        return replace(entry, published=a_version(2), earlier=(a_version(),))
    return replace(entry, draft=a_version(2)) if status is Status.PUBLISHED else entry


def tried(what: Callable[[], Any]) -> tuple[Any, Refusal | None]:
    """What comes of *what*, or how it is refused."""
    try:
        return what(), None
    except Refusal as refusal:
        return None, refusal


def said(refusal: Refusal | None) -> tuple[str, str, str] | None:
    return (refusal.code, refusal.reason, refusal.message) if refusal else None


@pytest.mark.parametrize(
    "action", [action for action in Action if action not in (Action.CREATE, Action.EXPIRE, Action.ERASE)]
)
def test_each_command_does_what_the_table_says_and_is_refused_as_the_table_refuses(action: Action) -> None:
    kind = APPROVED if action in (Action.SUBMIT, Action.RETURN, Action.APPROVE) else REGISTERS
    for status in Status:
        entry = ready_for(action, status)
        for side, who in ACTORS.items():
            with cell(status, side):
                own = {side, Side.READER} if side is Side.APPROVER else {side}
                # Nothing is left of one that is deleted that says where it stood.
                if status is Status.DELETED and side is Side.APPROVER:
                    own = {Side.READER}
                after, refusal = tried(partial(step, kind, status, action, own))
                done, refused = tried(partial(doing(action), entry, who))
                if refusal or refused:
                    assert said(refused) == said(refusal)
                    continue
                assert done.status is after
                assert (done.owner_id, done.country, done.created_at) == (entry.owner_id, entry.country, NOW)
                last = done.history[-1]
                assert (last.action, last.before, last.after) == (action, status, after)
                assert last.authority_id == who.authority_id


@pytest.mark.parametrize("approval", [False, True])
def test_the_actions_told_are_those_that_work(approval: bool) -> None:
    """What is said to be possible is, and what is not is refused in the same words."""
    kind = replace(REGISTERS, approval=approval)
    rules: dict[Action, Callable[[Entry, Actor], Entry]] = {
        Action.EDIT: lambda entry, by: drafting.edit(entry, kind, content(), "", by),
        Action.REVERT: lambda entry, by: drafting.revert(entry, kind, 1, "", by),
        Action.DELETE_DRAFT: lambda entry, by: drafting.delete_draft(entry, kind, by),
        Action.SUBMIT: lambda entry, by: releasing.submit(entry, kind, by),
        Action.RETURN: lambda entry, by: releasing.return_(entry, kind, "perché", by),
        Action.APPROVE: lambda entry, by: releasing.approve(entry, kind, by),
        Action.PUBLISH: lambda entry, by: releasing.publish(entry, kind, by),
        Action.WITHDRAW: lambda entry, by: ending.withdraw(entry, kind, "perché", by),
        Action.ARCHIVE: lambda entry, by: ending.archive(entry, kind, by),
    }
    known = {action for rows in table(kind).values() for action in rows}
    variants = [an_entry(status) for status in Status]
    variants += [
        an_entry(Status.PUBLISHED, draft=a_version(2)),
        an_entry(Status.PUBLISHED, published=a_version(2), earlier=(a_version(),)),
        an_entry(draft=a_version(values=a_register(holder=None))),
        an_entry(draft=a_version(values=a_register(area=refers("services")))),
        an_entry(Status.PENDING_APPROVAL, owner_id="aut_coordinator"),
    ]
    for entry in variants:
        for side, who in [*ACTORS.items(), ("both", replace(an_approver(), areas=frozenset({QUALIFICATIONS})))]:
            told = possibilities(entry, kind, who)
            assert [one.action for one in told] == [one for one in Action if one in rules and one in known]
            for one in told:
                with cell(entry.status, side, one.action):
                    _, refused = tried(partial(rules[one.action], entry, who))
                    assert said(refused) == said(one.refusal)


@pytest.mark.parametrize("side", [Side.EDITOR, Side.COLLEAGUE, Side.APPROVER])
def test_only_an_editor_creates(side: Side) -> None:
    if side is not Side.EDITOR:
        with pytest.raises(Forbidden):
            drafting.create(REGISTERS, content(), ACTORS[side])
    else:
        new = drafting.create(REGISTERS, content(), ACTORS[side])
        assert replace(new, history=()) == an_entry(draft=a_version(values=a_register()))
        assert [(one.action, one.version) for one in new.history] == [(Action.CREATE, 1)]


def test_a_new_version_supersedes_the_old_one_only_when_it_is_published() -> None:
    first = releasing.publish(an_entry(), REGISTERS, an_actor())
    assert (first.draft, first.published, first.earlier) == (None, a_version(), ())
    edited = drafting.edit(first, REGISTERS, content("Albo nuovo"), " trasloco ", LATER)
    assert (edited.published, edited.earlier) == (first.published, ())
    again = drafting.edit(edited, REGISTERS, content("Albo nuovissimo"), "errore", LATER)
    assert again.draft is not None
    assert (again.draft.number, again.draft.reason) == (2, "errore")
    second = releasing.publish(again, REGISTERS, LATER)
    assert second.published == Version(
        number=2, schema_version=1, values=a_register("Albo nuovissimo"), at=LATER.now, reason="errore"
    )
    assert (second.draft, second.earlier) == (None, (a_version(),))
    third = releasing.publish(drafting.edit(second, REGISTERS, content(), "", LATER), REGISTERS, LATER)
    assert [version.number for version in third.earlier] == [2, 1]
    assert third.changed_at == LATER.now
    assert third.created_at == NOW
    # Editing on and on is one step; two editors are two.
    edit, publish = Action.EDIT, Action.PUBLISH
    assert [one.action for one in third.history] == [publish, edit, publish, edit, publish]


def test_what_waits_for_approval_is_published_by_another_authority_and_readers_stay_on_the_old_until_then() -> None:
    waiting = releasing.submit(an_entry(), APPROVED, an_actor())
    assert (waiting.status, waiting.published) == (Status.PENDING_APPROVAL, None)
    returned = releasing.return_(waiting, APPROVED, " quale albo? ", an_approver())
    assert (returned.status, returned.return_reason, returned.draft) == (Status.DRAFT, "quale albo?", waiting.draft)
    again = releasing.submit(returned, APPROVED, an_actor())
    assert again.return_reason == ""
    first = releasing.approve(again, APPROVED, replace(an_approver(), now=LATER.now))
    assert first.published
    assert (first.status, first.published.number, first.published.at) == (Status.PUBLISHED, 1, LATER.now)
    update = releasing.submit(drafting.edit(first, APPROVED, content("Nuovo"), "", an_actor()), APPROVED, an_actor())
    assert (update.status, update.published) == (Status.UPDATE_PENDING, first.published)
    taken_back = drafting.edit(update, APPROVED, content("Altro"), "", an_actor())
    assert (taken_back.status, taken_back.published) == (Status.PUBLISHED, first.published)
    second = releasing.approve(update, APPROVED, an_approver())
    assert (second.status, second.earlier) == (Status.PUBLISHED, (first.published,))
    for rule in (releasing.publish, releasing.approve):
        with pytest.raises(Conflict):
            rule(an_entry(), APPROVED, an_actor() if rule is releasing.publish else an_approver())


def test_four_eyes_are_those_of_two_authorities() -> None:
    """A coordinator that also edits does not approve what is its own, whoever there does it."""
    both = replace(an_approver("aut_owner"), areas=frozenset({QUALIFICATIONS}))
    waiting = releasing.submit(an_entry(), APPROVED, both)
    for by in (both, replace(both, user_id="usr_somebody_else"), an_approver("aut_owner")):
        with pytest.raises(Forbidden):
            releasing.approve(waiting, APPROVED, by)
    for by in (an_approver(country="HU"), replace(an_approver(), approves=frozenset({"services"}))):
        with pytest.raises(Forbidden):
            releasing.approve(waiting, APPROVED, by)
    assert releasing.approve(waiting, APPROVED, an_approver()).published


@pytest.mark.parametrize("rule", [releasing.publish, drafting.delete_draft])
def test_there_must_be_something_in_preparation(rule: Callable[..., Entry]) -> None:
    with pytest.raises(Conflict) as conflict:
        rule(an_entry(Status.PUBLISHED), REGISTERS, an_actor())
    assert conflict.value.reason == "NOTHING_PREPARED"


def test_deleting_a_draft_leaves_what_is_published_and_of_one_never_published_nothing() -> None:
    prepared = an_entry(Status.PUBLISHED, draft=a_version(2))
    kept = drafting.delete_draft(prepared, REGISTERS, an_actor())
    assert (kept.status, kept.draft, kept.published) == (Status.PUBLISHED, None, a_version())
    secret = replace(drafting.edit(an_entry(), REGISTERS, content("Rossi"), "Rossi", an_actor()), return_reason="Rossi")
    gone = drafting.delete_draft(secret, REGISTERS, an_actor(user="usr_rossi"))
    assert gone.status is Status.DELETED
    assert "ossi" not in repr(gone), "not even who deleted it"


def test_going_back_is_a_new_version_with_what_an_earlier_one_said() -> None:
    entry = an_entry(Status.PUBLISHED, published=a_version(3), earlier=(a_version(2), a_version(1)))
    back = drafting.revert(entry, REGISTERS, 1, "errore", LATER)
    assert back.draft == a_version(4, values=a_version(1).values, at=LATER.now, reason="errore", reverts_to=1)
    assert (back.published, back.earlier) == (entry.published, entry.earlier)
    after = releasing.publish(back, REGISTERS, LATER)
    assert after.published
    assert (after.published.number, after.published.values) == (4, a_version(1).values)
    assert [one.number for one in after.earlier] == [3, 2, 1]


@pytest.mark.parametrize("number", [0, -1, 3, 4, 99])
def test_one_goes_back_to_an_earlier_version_only(number: int) -> None:
    entry = an_entry(Status.PUBLISHED, published=a_version(3), earlier=(a_version(2), a_version(1)))
    with pytest.raises(Invalid) as refused:
        drafting.revert(entry, REGISTERS, number, "", an_actor())
    assert (refused.value.field, refused.value.reason) == ("version", "UNKNOWN_VERSION")


def test_going_back_throws_no_draft_away_and_does_not_break_the_schema_of_today() -> None:
    entry = an_entry(Status.PUBLISHED, published=a_version(2), earlier=(a_version(),))
    with pytest.raises(Conflict) as conflict:
        drafting.revert(replace(entry, draft=a_version(3)), REGISTERS, 1, "", an_actor())
    assert conflict.value.reason == "DRAFT_EXISTS"
    with pytest.raises(Conflict) as conflict:
        drafting.revert(an_entry(Status.PUBLISHED), REGISTERS, 1, "", an_actor())
    assert conflict.value.reason == "NO_EARLIER_VERSION"
    newer = replace(REGISTERS, version=2, fields=tuple(one for one in REGISTERS.fields if one.code != "url"))
    with pytest.raises(Invalid) as refused:
        drafting.revert(entry, newer.after(REGISTERS), 1, "", an_actor())
    assert (refused.value.field, refused.value.reason) == ("version", "OTHER_SCHEMA")


def test_withdrawal_keeps_everything_for_the_owner() -> None:
    entry = an_entry(Status.PUBLISHED, published=a_version(3), draft=a_version(4), earlier=(a_version(2),))
    after = ending.withdraw(entry, REGISTERS, " soppresso ", an_actor())
    assert (after.published, after.draft, after.withdrawal_reason) == (None, a_version(4), "soppresso")
    assert after.earlier == (a_version(3), a_version(2))
    assert after.ended_at == NOW


def test_no_version_is_ever_dropped_and_a_history_that_a_store_cannot_hold_is_refused() -> None:
    entry = an_entry()
    for _ in range(30):
        entry = releasing.publish(drafting.edit(entry, REGISTERS, content(), "", LATER), REGISTERS, LATER)
    assert [version.number for version in entry.once_published] == list(range(30, 0, -1))
    full = replace(entry, earlier=tuple(a_version(n) for n in range(entries.VERSIONS_LIMIT)), draft=a_version(31))
    long = a_version(values=a_register("x" * entries.CHARACTERS_LIMIT))
    # Whatever it is that is said so often, and to whomever.
    named = refers(*("x" * 1_000 for _ in range(entries.CHARACTERS_LIMIT // 1_000)))
    step_ = replace(entry.history[-1], reason="x" * REASON_LIMIT)
    for overlong in (
        full,
        replace(entry, earlier=(long,), draft=a_version(31)),
        replace(entry, earlier=(a_version(values=a_register(subjects=named)),), draft=a_version(31)),
        replace(entry, history=(step_,) * (entries.CHARACTERS_LIMIT // REASON_LIMIT), draft=a_version(31)),
        replace(entry, history=(replace(step_, reason=""),) * (entries.STEPS_LIMIT + 1), draft=a_version(31)),
    ):
        for rule in (releasing.publish, lambda entry, kind, by: drafting.edit(entry, kind, content(), "", by)):
            with pytest.raises(Conflict) as conflict:
                rule(overlong, REGISTERS, LATER)
            assert conflict.value.reason == "HISTORY_FULL"
        ending.withdraw(overlong, REGISTERS, "soppresso", LATER)


@pytest.mark.parametrize("missing", [field.code for field in REGISTERS.fields if field.mandatory])
def test_a_draft_may_be_incomplete_but_not_what_is_published_or_submitted(missing: str) -> None:
    new = drafting.create(REGISTERS, content(**{missing: None}), an_actor())
    for rule, kind in ((releasing.publish, REGISTERS), (releasing.submit, APPROVED)):
        with pytest.raises(Invalid, match=missing) as refused:
            rule(new, kind, an_actor())
        assert (refused.value.field, refused.value.reason) == ("values", "MISSING_FIELD")


def test_an_empty_draft_is_a_beginning() -> None:
    assert drafting.create(REGISTERS, Content(values={}), an_actor()).draft == a_version(values={})


def test_what_is_published_fits_the_schema_in_force_and_what_was_published_stays_as_it_was() -> None:
    newer = replace(REGISTERS, version=2, fields=tuple(field for field in REGISTERS.fields if field.code != "url"))
    entry = an_entry(Status.PUBLISHED, draft=a_version(2))
    with pytest.raises(Invalid) as refused:
        releasing.publish(entry, newer, an_actor())
    assert (refused.value.field, refused.value.reason) == ("values[1].code", "UNKNOWN_FIELD")
    entry = replace(entry, draft=a_version(2, values=a_register(url=None)))
    after = releasing.publish(entry, newer, an_actor())
    assert after.published
    assert after.published.schema_version == 2
    assert after.earlier == (a_version(),)


@pytest.mark.parametrize("area", [QUALIFICATIONS, "services"])
@pytest.mark.parametrize("action", [Action.CREATE, Action.EDIT, Action.PUBLISH, Action.DELETE_DRAFT])
def test_an_editor_writes_only_where_they_edit(action: Action, area: str) -> None:
    """The area of the input counts, and that of what the entry says already."""
    here = a_register(area=refers("services"))
    entry, by = an_entry(draft=a_version(values=here)), an_actor("aut_owner", area)

    def write() -> Entry:
        if action is Action.CREATE:
            return drafting.create(REGISTERS, Content(values=here), by)
        return doing(action)(entry, by)

    if area == "services":
        if action is Action.EDIT:
            by = an_actor("aut_owner", QUALIFICATIONS, "services")
        assert write().owner_id == "aut_owner"
        return
    with pytest.raises(Forbidden) as refused:
        write()
    if action is Action.CREATE:
        assert refused.value.reason == "NOT_EDITOR_OF_AREA"
        assert refused.value.field == "values[2].value.references[0]"


def test_an_entry_in_two_areas_is_changed_by_an_editor_of_both() -> None:
    both = replace(
        REGISTERS,
        fields=tuple(replace(one, many=True) if one.code == "area" else one for one in REGISTERS.fields),
    )
    entry = an_entry(draft=a_version(values=a_register(area=refers(QUALIFICATIONS, "services"))))
    with pytest.raises(Forbidden) as refused:
        releasing.publish(entry, both, an_actor())
    assert refused.value.reason == "NOT_EDITOR_OF_AREA"
    assert releasing.publish(entry, both, an_actor("aut_owner", QUALIFICATIONS, "services")).published


def test_an_entry_is_not_moved_into_an_area_where_its_editor_has_no_part() -> None:
    moved = content(area=refers("services"))
    with pytest.raises(Forbidden) as refused:
        drafting.edit(an_entry(), REGISTERS, moved, "", an_actor())
    assert refused.value.field == "values[2].value.references[0]"
    both = an_actor("aut_owner", QUALIFICATIONS, "services")
    assert drafting.edit(an_entry(), REGISTERS, moved, "", both).draft


def test_an_editor_of_any_area_begins_a_draft_without_one() -> None:
    values: dict[str, Value] = {"name": written("Albo")}
    begun = drafting.create(REGISTERS, Content(values=values), an_actor("aut_owner", "services"))
    assert begun.draft == a_version(values=values)


@pytest.mark.parametrize("action", [Action.EDIT, Action.WITHDRAW, Action.RETURN, Action.REVERT])
def test_reasons_have_a_limit_and_where_they_are_needed_say_something(action: Action) -> None:
    status = Status.PENDING_APPROVAL if action is Action.RETURN else Status.PUBLISHED
    by = an_approver() if action is Action.RETURN else an_actor()
    entry = ready_for(action, status)
    assert doing(action, "x" * REASON_LIMIT)(entry, by)
    bad = {"x" * (REASON_LIMIT + 1): "TOO_LONG"}
    if action in (Action.WITHDRAW, Action.RETURN):
        bad |= {"": "EMPTY", "  \n": "EMPTY"}
    for reason, why in bad.items():
        with pytest.raises(Invalid) as refused:
            doing(action, reason)(entry, by)
        assert (refused.value.field, refused.value.reason) == ("reason", why)


TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


def test_days_of_validity_are_in_order_and_what_is_over_is_not_published() -> None:
    with pytest.raises(Invalid) as refused:
        drafting.create(REGISTERS, replace(content(), valid_from=TODAY, valid_to=TODAY - DAY), an_actor())
    assert (refused.value.field, refused.value.reason) == ("validTo", "OUT_OF_ORDER")
    one_day = drafting.create(REGISTERS, replace(content(), valid_from=TODAY, valid_to=TODAY), an_actor())
    assert releasing.publish(one_day, REGISTERS, an_actor()).published
    over = drafting.create(REGISTERS, replace(content(), valid_to=TODAY - DAY), an_actor())
    with pytest.raises(Invalid) as refused:
        releasing.publish(over, REGISTERS, an_actor())
    assert (refused.value.field, refused.value.reason) == ("validTo", "PAST_DATE")


def test_the_system_does_nothing_that_people_do_and_people_nothing_that_only_it_does() -> None:
    for status in Status:
        for action in (Action.EDIT, Action.PUBLISH, Action.WITHDRAW, Action.DELETE_DRAFT):
            with pytest.raises((Forbidden, Conflict)):
                doing(action)(an_entry(status), system(NOW))
    assert not IN_FORCE & {Status.WITHDRAWN, Status.EXPIRED}
    assert {Status.PENDING_APPROVAL, Status.UPDATE_PENDING} == WAITING
