"""Whatever is done to an entry, by whomever, in whatever order: versions leave no gap, and nobody sees what is not for them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.repositories.domain import drafting, ending, releasing
from services.repositories.domain.actions import possibilities
from services.repositories.domain.definitions import Definition, Retention
from services.repositories.domain.drafting import Content
from services.repositories.domain.entries import Actor, Entry, let_go
from services.repositories.domain.lifecycle import IN_FORCE, WAITING, Action, Status
from services.repositories.domain.views import seen
from tests.repositories.registers import NOW, REGISTERS, a_register, an_actor, an_approver, no_editor, written
from vocabulary.files import File
from vocabulary.refusals import Refusal

EDITOR, COLLEAGUE, APPROVER, READER = an_actor(), no_editor(), an_approver(), an_actor("aut_reader")
PEOPLE = (EDITOR, COLLEAGUE, APPROVER, READER)
KEPT = Retention(archived_after_months=6, erased_after_months=36)
MONTH = timedelta(days=31)
LAST = date(2026, 12, 31)


def doing(kind: Definition, number: int, action: Action) -> Callable[[Entry, Actor], Entry]:
    """What does *action*; what is written at the step *number* says so, and in one of three has an end."""
    file = File(id=f"efl_{number}", name=f"{number}.pdf", media_type="", size_bytes=1, sha256=str(number))
    content = Content(
        values=a_register(f"SECRET {number}", conditions=written(f"step {number}")),
        files=(file,),
        valid_to=LAST if number % 3 == 0 else None,
    )
    rules: dict[Action, Callable[[Entry, Actor], Entry]] = {
        Action.EDIT: lambda entry, by: drafting.edit(entry, kind, content, "", by),
        Action.REVERT: lambda entry, by: drafting.revert(entry, kind, number % 4 + 1, "", by),
        Action.DELETE_DRAFT: lambda entry, by: drafting.delete_draft(entry, kind, by),
        Action.SUBMIT: lambda entry, by: releasing.submit(entry, kind, by),
        Action.RETURN: lambda entry, by: releasing.return_(entry, kind, "perché", by),
        Action.APPROVE: lambda entry, by: releasing.approve(entry, kind, by),
        Action.PUBLISH: lambda entry, by: releasing.publish(entry, kind, by),
        Action.WITHDRAW: lambda entry, by: ending.withdraw(entry, kind, "perché", by),
        Action.ARCHIVE: lambda entry, by: ending.archive(entry, kind, by),
    }
    return rules.get(action, lambda entry, by: ending.done(entry, kind, action, by.now))


steps = st.lists(
    st.tuples(st.sampled_from([one for one in Action if one is not Action.CREATE]), st.sampled_from(PEOPLE)),
    max_size=40,
)


@given(st.booleans(), steps, st.integers(0, 3))
def test_nothing_is_lost_and_nothing_shows_too_early(
    approval: bool, taken: list[tuple[Action, Actor]], months: int
) -> None:
    kind = replace(REGISTERS, approval=approval, retention=KEPT)
    entry = drafting.create(kind, Content(values=a_register("SECRET 0")), EDITOR)
    for number, (action, who) in enumerate(taken, 1):
        now = NOW + MONTH * months * number
        by = replace(who, now=now)
        before = entry
        told = {one.action: one.refusal for one in possibilities(entry, kind, by)}
        done = False
        with suppress(Refusal):
            entry = doing(kind, number, action)(before, by)
            done = True
        if done and action in told:
            assert told[action] is None
        _is_sound(before, entry)
        for reader in (COLLEAGUE, READER):
            shown = seen(entry, kind, reader)
            if shown is not None:
                assert (shown.draft, shown.history) == (None, ())
                unseen = {one.values["name"] for one in [entry.draft] if one} - {
                    one.values["name"] for one in entry.once_published
                }
                assert not [one for one in shown.once_published if one.values["name"] in unseen]
            if entry.status not in IN_FORCE and reader is READER:
                assert shown is None


def _is_sound(before: Entry, entry: Entry) -> None:
    numbers = [one.number for one in entry.once_published]
    if entry.status is Status.DELETED:
        assert (entry.draft, numbers) == (None, [])
        assert "SECRET" not in repr(entry)
        return
    assert numbers == list(range(len(numbers), 0, -1))
    assert [one.number for one in before.once_published] == numbers[len(numbers) - len(before.once_published) :]
    assert bool(entry.published) is (entry.status in IN_FORCE)
    if entry.status in WAITING:
        assert entry.draft
    if entry.draft:
        assert entry.draft.number == len(numbers) + 1
    assert entry.history[-1].after is entry.status
    kept = {one.id for version in entry.once_published for one in version.files}
    assert not kept & {one.id for one in let_go(before, entry)}
