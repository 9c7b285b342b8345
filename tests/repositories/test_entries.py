"""The rules of entries: versions succeed each other, only editors of the owner write, others see what is published."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.repositories.domain import entries
from services.repositories.domain.entries import Actor, Entry, Version
from services.repositories.domain.lifecycle import Action, Side, Status
from tests.builders import QUALIFICATIONS
from tests.repositories.registers import (
    NOW,
    REGISTERS,
    a_register,
    a_version,
    an_actor,
    an_entry,
    no_editor,
    refers,
    written,
)
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.values import Value

LATER = replace(an_actor(), now=NOW.replace(hour=18))
ACTORS = {
    Side.EDITOR: an_actor(),
    Side.COLLEAGUE: no_editor(),
    Side.READER: an_actor("aut_other"),
}
WRITES: dict[Action, Callable[[Entry, Actor], Entry]] = {
    Action.EDIT: lambda entry, by: entries.edit(entry, REGISTERS, a_register("Nuovo"), "", by),
    Action.PUBLISH: lambda entry, by: entries.publish(entry, REGISTERS, by),
    Action.WITHDRAW: lambda entry, by: entries.withdraw(entry, REGISTERS, "chiuso", by),
}
WITH_DRAFT = {status: an_entry(status, draft=a_version(2)) for status in Status}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize("side", Side)
def test_only_an_editor_of_the_owner_writes_and_never_after_withdrawal(
    status: Status, action: Action, side: Side
) -> None:
    entry = WITH_DRAFT[status]
    if status is Status.WITHDRAWN:
        with pytest.raises(Conflict, match="WITHDRAWN"):
            WRITES[action](entry, ACTORS[side])
    elif side is not Side.EDITOR:
        with pytest.raises(Forbidden):
            WRITES[action](entry, ACTORS[side])
    else:
        after = WRITES[action](entry, ACTORS[side])
        expected = {Action.EDIT: status, Action.PUBLISH: Status.PUBLISHED, Action.WITHDRAW: Status.WITHDRAWN}
        assert after.status is expected[action]
        assert (after.owner_id, after.country, after.created_at) == (entry.owner_id, entry.country, entry.created_at)


@pytest.mark.parametrize("side", [Side.EDITOR, Side.COLLEAGUE])
def test_only_an_editor_creates(side: Side) -> None:
    if side is Side.COLLEAGUE:
        with pytest.raises(Forbidden):
            entries.create(REGISTERS, a_register(), ACTORS[side])
    else:
        new = entries.create(REGISTERS, a_register(), ACTORS[side])
        assert new == an_entry(draft=a_version(values=a_register()))


@pytest.mark.parametrize(
    ("status", "side", "sees"),
    [
        (Status.DRAFT, Side.EDITOR, "draft"),
        (Status.DRAFT, Side.COLLEAGUE, None),
        (Status.DRAFT, Side.READER, None),
        (Status.PUBLISHED, Side.EDITOR, "draft"),
        (Status.PUBLISHED, Side.COLLEAGUE, "published"),
        (Status.PUBLISHED, Side.READER, "published"),
        (Status.WITHDRAWN, Side.EDITOR, "draft"),
        (Status.WITHDRAWN, Side.COLLEAGUE, "published"),
        (Status.WITHDRAWN, Side.READER, None),
    ],
)
def test_drafts_are_for_editors_and_withdrawn_entries_for_their_owner(
    status: Status, side: Side, sees: str | None
) -> None:
    entry = WITH_DRAFT[status]
    expected = {"draft": entry, "published": replace(entry, draft=None), None: None}
    assert entries.seen(entry, ACTORS[side]) == expected[sees]


def test_what_was_never_published_stays_unknown_to_colleagues_when_it_is_withdrawn() -> None:
    withdrawn = entries.withdraw(an_entry(), REGISTERS, "doppio", an_actor())
    assert (withdrawn.draft, withdrawn.earlier) == (a_version(), ())
    assert entries.seen(withdrawn, no_editor()) is None
    assert entries.seen(withdrawn, an_actor()) == withdrawn


def test_a_new_version_supersedes_the_old_one_only_when_it_is_published() -> None:
    first = entries.publish(an_entry(), REGISTERS, an_actor())
    assert (first.draft, first.published, first.earlier) == (None, a_version(), ())
    edited = entries.edit(first, REGISTERS, a_register("Albo nuovo"), " trasloco ", LATER)
    assert (edited.published, edited.earlier) == (first.published, ())
    again = entries.edit(edited, REGISTERS, a_register("Albo nuovissimo"), "errore", LATER)
    assert again.draft is not None
    assert (again.draft.number, again.draft.reason) == (2, "errore")
    second = entries.publish(again, REGISTERS, LATER)
    assert second.published == Version(
        number=2, schema_version=1, values=a_register("Albo nuovissimo"), at=LATER.now, reason="errore"
    )
    assert (second.draft, second.earlier) == (None, (a_version(),))
    third = entries.publish(entries.edit(second, REGISTERS, a_register(), "", LATER), REGISTERS, LATER)
    assert [version.number for version in third.earlier] == [2, 1]
    assert third.changed_at == LATER.now
    assert third.created_at == NOW


def test_there_must_be_something_to_publish() -> None:
    with pytest.raises(Conflict) as conflict:
        entries.publish(an_entry(Status.PUBLISHED), REGISTERS, an_actor())
    assert conflict.value.reason == "NOTHING_TO_PUBLISH"


def test_withdrawal_keeps_everything_for_the_owner() -> None:
    entry = an_entry(Status.PUBLISHED, published=a_version(3), draft=a_version(4), earlier=(a_version(2),))
    after = entries.withdraw(entry, REGISTERS, " soppresso ", an_actor())
    assert (after.published, after.draft, after.withdrawal_reason) == (None, a_version(4), "soppresso")
    assert after.earlier == (a_version(3), a_version(2))


def test_the_oldest_versions_go_when_there_are_too_many() -> None:
    entry = an_entry()
    for _ in range(entries.EARLIER_KEPT + 3):
        entry = entries.publish(entries.edit(entry, REGISTERS, a_register(), "", LATER), REGISTERS, LATER)
    assert entry.published
    newest = entry.published.number - 1
    assert [version.number for version in entry.earlier] == list(range(newest, newest - entries.EARLIER_KEPT, -1))


@pytest.mark.parametrize("missing", [field.code for field in REGISTERS.fields if field.mandatory])
def test_a_draft_may_be_incomplete_but_not_what_is_published(missing: str) -> None:
    new = entries.create(REGISTERS, a_register(**{missing: None}), an_actor())
    with pytest.raises(Invalid, match=missing) as refused:
        entries.publish(new, REGISTERS, an_actor())
    assert (refused.value.field, refused.value.reason) == ("values", "MISSING_FIELD")


def test_an_empty_draft_is_a_beginning() -> None:
    assert entries.create(REGISTERS, {}, an_actor()).draft == a_version(values={})


def test_what_is_published_fits_the_schema_in_force_and_what_was_published_stays_as_it_was() -> None:
    newer = replace(REGISTERS, version=2, fields=tuple(field for field in REGISTERS.fields if field.code != "url"))
    entry = an_entry(Status.PUBLISHED, draft=a_version(2))
    with pytest.raises(Invalid) as refused:
        entries.publish(entry, newer, an_actor())
    assert (refused.value.field, refused.value.reason) == ("values[1].code", "UNKNOWN_FIELD")
    entry = replace(entry, draft=a_version(2, values=a_register(url=None)))
    after = entries.publish(entry, newer, an_actor())
    assert after.published
    assert after.published.schema_version == 2
    assert after.earlier == (a_version(),)


@pytest.mark.parametrize("area", [QUALIFICATIONS, "services"])
@pytest.mark.parametrize("action", [Action.CREATE, *WRITES])
def test_an_editor_writes_only_where_they_edit(action: Action, area: str) -> None:
    """The area of the input counts, and that of what the entry says already."""
    here = a_register(area=refers("services"))
    entry, by = an_entry(draft=a_version(values=here)), an_actor("aut_owner", area)

    def write() -> Entry:
        return entries.create(REGISTERS, here, by) if action is Action.CREATE else WRITES[action](entry, by)

    if area == "services":
        if action is Action.EDIT:
            by = replace(by, areas=by.areas | {QUALIFICATIONS})
        assert write().owner_id == "aut_owner"
        return
    with pytest.raises(Forbidden) as refused:
        write()
    assert refused.value.reason == "NOT_EDITOR_OF_AREA"
    assert refused.value.field == ("values[2].value.references[0]" if action is Action.CREATE else "")


def test_an_entry_is_not_moved_into_an_area_where_its_editor_has_no_part() -> None:
    with pytest.raises(Forbidden) as refused:
        entries.edit(an_entry(), REGISTERS, a_register(area=refers("services")), "", an_actor())
    assert refused.value.field == "values[2].value.references[0]"
    both = an_actor("aut_owner", QUALIFICATIONS, "services")
    assert entries.edit(an_entry(), REGISTERS, a_register(area=refers("services")), "", both).draft


def test_an_editor_of_any_area_begins_a_draft_without_one() -> None:
    values: dict[str, Value] = {"name": written("Albo")}
    assert entries.create(REGISTERS, values, an_actor("aut_owner", "services")).draft == a_version(values=values)


@pytest.mark.parametrize("action", [Action.EDIT, Action.WITHDRAW])
def test_reasons_have_a_limit(action: Action) -> None:
    def write(reason: str) -> Entry:
        if action is Action.EDIT:
            return entries.edit(an_entry(), REGISTERS, {}, reason, an_actor())
        return entries.withdraw(an_entry(), REGISTERS, reason, an_actor())

    assert write("x" * entries.REASON_LIMIT)
    with pytest.raises(Invalid) as refused:
        write("x" * (entries.REASON_LIMIT + 1))
    assert (refused.value.field, refused.value.reason) == ("reason", "TOO_LONG")


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_withdrawal_has_a_reason(reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        entries.withdraw(an_entry(), REGISTERS, reason, an_actor())
    assert (refused.value.field, refused.value.reason) == ("reason", "EMPTY")
