"""Commands by anybody in any order: no sequence leaves the table, and nothing that was said is unsaid."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.domain import alerts as rules
from services.alerts.domain.alerts import (
    Alert,
    InformationStatus,
    News,
    Party,
)
from services.alerts.domain.lifecycle import Action, Status
from tests.alerts.cast import (
    COMMISSION,
    as_party,
    someone,
)
from tests.alerts.dangers import TYPE, a_danger, written
from tests.alerts.test_alerts import owed
from tests.alerts.test_lifecycle import STEPS
from tests.alerts.threads import acknowledged, ruled, said
from vocabulary.refusals import Refusal
from vocabulary.roles import UserRole

# Commands as people of every kind might give them in any order, those that the status allows more often than others.
BUSY = (UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR)
PEOPLE = [
    *(someone(f"aut_it_{name}", *BUSY) for name in ("labour", "coordinator", "region")),
    *(someone(f"aut_hu_{name}", *BUSY) for name in ("labour", "coordinator", "nimic")),
    someone("aut_fr_coordinator", *BUSY),
    someone("aut_at_coordinator", *BUSY),
    someone("aut_it_labour", UserRole.VIEWER),
    COMMISSION,
]
COUNTRIES: tuple[list[str], ...] = (["HU"], ["HU", "FR"], ["FR", "AT"], ["HU", "IT"], [])
FORMS = (a_danger(), a_danger(measures=None), a_danger(facts=None), {"subject": written("altro")})
TELL: tuple[list[str], ...] = (["aut_hu_labour"], ["aut_hu_trade"], ["aut_hu_labour", "aut_fr_labour"], [])
Command = Callable[[Alert, Party], Alert]


def command(action: Action, number: int, random: Random) -> Command:
    """The command *number* of a sequence."""
    added = f"inf_{random.randrange(number + 1)}"
    by_action: dict[Action, Command] = {
        Action.EDIT: lambda alert, by: rules.edit(alert, TYPE, random.choice(FORMS), by),
        Action.SUBMIT: lambda alert, by: rules.submit(alert, TYPE, by),
        Action.RETURN: lambda alert, by: rules.send_back(alert, said("no"), by),
        Action.BROADCAST: lambda alert, by: rules.broadcast(alert, random.choice(COUNTRIES), by),
        Action.ACKNOWLEDGE: rules.acknowledge,
        Action.DISSEMINATE: lambda alert, by: rules.disseminate(alert, random.choice(TELL), by),
        Action.ADD_INFORMATION: lambda alert, by: rules.add_information(alert, f"inf_{number}", said("visto"), by),
        Action.APPROVE_INFORMATION: lambda alert, by: rules.approve_information(alert, added, by),
    }
    return by_action[action]


NEWS_OF = {
    Action.SUBMIT: [News.SUBMITTED],
    Action.RETURN: [News.RETURNED],
    Action.BROADCAST: [News.BROADCAST],
    Action.DISSEMINATE: [News.DISSEMINATED],
    Action.ADD_INFORMATION: [News.INFORMATION_PROPOSED],
    Action.APPROVE_INFORMATION: [News.INFORMATION],
}


@given(st.sampled_from([*map(ruled, Status), acknowledged()]), st.integers(5, 40), st.randoms())
def test_no_sequence_of_commands_leaves_the_table_or_unsays_anything(start: Alert, count: int, random: Random) -> None:
    alert = start
    for number in range(count):
        possible = [action for status, action in STEPS if status is alert.status]
        action = random.choice([*possible * 4, *list(Action)[1:]])
        caller, before = random.choice(PEOPLE), alert
        by = as_party(caller)
        try:
            alert = command(action, number, random)(before, by)
        except Refusal:
            continue
        sides, roles, after = STEPS[before.status, action]
        assert by.roles & roles
        assert rules.sides(before, by) & sides
        assert alert.status is after
        assert alert.history[:-1] == before.history
        assert (alert.history[-1].action, alert.history[-1].user_id) == (action, caller.user_id)
        assert [one.news for one in owed(before, alert)] == NEWS_OF.get(action, [])
        assert before.status is Status.DRAFT or alert.values == before.values
        assert (alert.number, alert.author_id, alert.created_at) == (start.number, start.author_id, start.created_at)
        assert_nothing_unsaid(before, alert)
    assert [one.id for one in alert.deliveries] == [str(number + 1) for number in range(len(alert.deliveries))]


def assert_nothing_unsaid(before: Alert, after: Alert) -> None:
    """Once addressed, acknowledged, told and shared, always so; nobody is told by a country that has not acknowledged."""
    assert [one.country for one in before.addressed] in ([], [one.country for one in after.addressed])
    for old in before.addressed:
        new = after.to(old.country)
        assert new is not None
        assert new.told[: len(old.told)] == old.told
        assert old.acknowledged_at in (None, new.acknowledged_at)
    assert all(one.acknowledged_at or not one.told for one in after.addressed)
    for earlier, later_on in zip(before.information, after.information, strict=False):
        assert replace(later_on, status=earlier.status) == earlier
        assert earlier.status in (InformationStatus.PROPOSED, later_on.status)
    assert len(after.information) >= len(before.information)
