"""What goes over the wire comes back the same."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.aggregates import Kept
from chassis.inbox import Entry
from chassis.wire import PROOF_GROUND, EnumOnWire, datetime_of, field_values_from, free_text_from
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1 import events_pb2
from protos.common.v1 import common_pb2
from services.alerts import wire
from services.alerts.domain.actions import Possibility
from services.alerts.domain.alerts import (
    Addressed,
    Alert,
    Closure,
    Comment,
    HistoryEntry,
    Information,
    InformationStatus,
    News,
    Objection,
    Version,
)
from services.alerts.domain.filters import Severity
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.views import View
from tests.alerts.dangers import TYPE
from tests.alerts.threads import steps
from vocabulary import languages
from vocabulary.days import day_of
from vocabulary.proofs import Ground, Proof
from vocabulary.refusals import Conflict, Invalid
from vocabulary.values import DataClass, FreeText, Money, Value

words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=30)
several = st.lists(words, min_size=1, max_size=3, unique=True).map(tuple)
amounts = st.decimals(0, 10**9, places=2)
texts = st.builds(FreeText, text=words, language=st.sampled_from(languages.ALL), data_class=st.sampled_from(DataClass))
values = (
    st.builds(Value, codes=several)
    | st.builds(Value, references=several)
    | st.builds(Value, link=words)
    | st.builds(Value, date=st.dates(date(1900, 1, 1)))
    | st.builds(Value, number=amounts)
    | st.builds(Value, money=st.builds(Money, amount=amounts, currency=st.sampled_from(["EUR", "HUF"])))
    | st.builds(Value, text=texts)
)
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
countries = st.sampled_from(["IT", "HU", "EL"])
addressed = st.builds(
    Addressed,
    country=countries,
    at=st.none() | times,
    escalated_at=st.none() | times,
    acknowledged_at=st.none() | times,
    acknowledged_by=words | st.just(""),
    told=several | st.just(()),
)
# Countries and people beside authorities, and deliveries, stay inside the service.
information = st.builds(
    Information,
    id=words,
    authority_id=words,
    country=st.just(""),
    status=st.sampled_from(InformationStatus),
    text=st.none() | texts,
    at=times,
    rejection_reason=st.none() | texts,
)
proofs = st.builds(
    Proof,
    authority_id=words,
    country=countries,
    user_id=st.just(""),
    ground=st.sampled_from(Ground),
    reason=st.none() | texts,
    at=times,
)
history = st.builds(
    HistoryEntry,
    at=times,
    authority_id=words,
    country=st.just(""),
    user_id=st.just(""),
    action=st.sampled_from(Action),
    before=st.none() | st.sampled_from(Status),
    after=st.sampled_from(Status),
)
objections = st.builds(
    Objection,
    authority_id=words,
    country=countries,
    reason=st.none() | texts,
    at=times,
    withdrawn_at=st.none() | times,
)
closures = st.builds(
    Closure,
    proposed_by=words,
    country=countries,
    proposed_at=times,
    until=times,
    objections=st.lists(objections, max_size=2).map(tuple),
)
comments = st.builds(Comment, id=words, authority_id=words, country=countries, text=st.none() | texts, at=times)
versions = st.builds(
    Version,
    values=st.dictionaries(words, values, max_size=2),
    replaced_at=times,
    replaced_by=words,
    action=st.sampled_from(Action),
    reason=st.none() | texts,
)
days = st.dates(date(1970, 1, 2), date(2100, 1, 1))
alerts = st.builds(
    Alert,
    number=words,
    status=st.sampled_from(Status),
    type_id=words,
    area=words,
    author_id=words,
    country=countries,
    severity=st.sampled_from(["", *Severity]),
    established_in=st.just(""),
    expires_on=st.none() | days,
    late=st.booleans(),
    comments=st.lists(comments, max_size=2).map(tuple),
    comments_until=st.none() | times,
    closure=st.none() | closures,
    earlier_closures=st.lists(closures, max_size=2).map(tuple),
    end_reason=st.none() | texts,
    appeal_pending=st.booleans(),
    standstill_until=st.none() | days,
    versions=st.lists(versions, max_size=2).map(tuple),
    values=st.dictionaries(words, values, max_size=3),
    return_reason=st.none() | texts,
    coordinator_id=words | st.just(""),
    addressed=st.lists(addressed, max_size=2).map(tuple),
    information=st.lists(information, max_size=2).map(tuple),
    proofs=st.lists(proofs, max_size=2).map(tuple),
    history=st.lists(history, max_size=3).map(tuple),
    created_at=times,
    changed_at=times,
    broadcast_at=st.none() | times,
)


def time_back(message: Any, field: str) -> datetime | None:
    return datetime_of(getattr(message, field)) if message.HasField(field) else None


def closure_back(message: pb.AlertClosure) -> Closure:
    return Closure(
        proposed_by=message.proposed_by_id,
        country=message.country_code,
        proposed_at=datetime_of(message.proposed_at),
        until=datetime_of(message.until),
        objections=tuple(
            Objection(
                authority_id=one.authority_id,
                country=one.country_code,
                reason=text_back(one, "reason"),
                at=datetime_of(one.at),
                withdrawn_at=time_back(one, "withdrawn_at"),
            )
            for one in message.objections
        ),
    )


def version_back(message: pb.AlertVersion) -> Version:
    return Version(
        values=field_values_from(message.values, at=""),
        replaced_at=datetime_of(message.replaced_at),
        replaced_by=message.replaced_by_id,
        action=wire.ACTION.from_wire(message.action, field=""),
        reason=text_back(message, "reason"),
    )


def text_back(message: Any, field: str) -> FreeText | None:
    return free_text_from(getattr(message, field), at="") if message.HasField(field) else None


def alert_back(message: pb.Alert) -> Kept[Alert]:
    state = Alert(
        number=message.number,
        status=wire.STATUS.from_wire(message.status, field=""),
        type_id=message.type_id,
        area=message.area_code,
        author_id=message.author_id,
        country=message.country_code,
        severity=wire.SEVERITY.from_wire(message.severity, field="") if message.severity else "",
        # It ends with the last hour of its day: a moment before, that day still is.
        expires_on=day_of(expires - timedelta(seconds=1)) if (expires := time_back(message, "expires_at")) else None,
        late=message.late,
        comments=tuple(
            Comment(
                id=one.id,
                authority_id=one.authority_id,
                country=one.country_code,
                text=text_back(one, "text"),
                at=datetime_of(one.at),
            )
            for one in message.comments
        ),
        comments_until=time_back(message, "comments_until"),
        closure=closure_back(message.closure) if message.HasField("closure") else None,
        earlier_closures=tuple(map(closure_back, message.earlier_closures)),
        end_reason=text_back(message, "end_reason"),
        appeal_pending=message.appeal_pending,
        standstill_until=date.fromisoformat(message.standstill_until) if message.standstill_until else None,
        versions=tuple(map(version_back, message.versions)),
        values=field_values_from(message.values, at=""),
        return_reason=text_back(message, "return_reason"),
        coordinator_id=message.coordinator_id,
        addressed=tuple(
            Addressed(
                country=one.country_code,
                at=time_back(one, "addressed_at"),
                escalated_at=time_back(one, "escalated_at"),
                acknowledged_at=time_back(one, "acknowledged_at"),
                acknowledged_by=one.acknowledged_by_id,
                told=tuple(one.disseminated_to_ids),
            )
            for one in message.countries
        ),
        information=tuple(
            Information(
                id=one.id,
                authority_id=one.authority_id,
                country="",
                status=wire.INFORMATION_STATUS.from_wire(one.status, field=""),
                text=text_back(one, "text"),
                at=datetime_of(one.at),
                rejection_reason=text_back(one, "rejection_reason"),
            )
            for one in message.information
        ),
        proofs=tuple(
            Proof(
                authority_id=one.authority_id,
                country=one.country_code,
                user_id="",
                ground=PROOF_GROUND.from_wire(one.ground, field=""),
                reason=text_back(one, "reason"),
                at=datetime_of(one.at),
            )
            for one in message.proofs
        ),
        history=tuple(
            HistoryEntry(
                at=datetime_of(one.at),
                authority_id=one.authority_id,
                country="",
                user_id="",
                action=wire.ACTION.from_wire(one.action, field=""),
                before=wire.STATUS.from_wire(getattr(one, "from"), field="") if getattr(one, "from") else None,
                after=wire.STATUS.from_wire(one.to, field=""),
            )
            for one in message.history
        ),
        created_at=datetime_of(message.created_at),
        changed_at=datetime_of(message.changed_at),
        broadcast_at=time_back(message, "broadcast_at"),
    )
    return Kept(message.id, message.revision, state)


@settings(deadline=None)
@given(words, st.integers(1, 2**40), alerts, st.sampled_from(View))
def test_an_alert_comes_back_with_all_it_shows(id_: str, revision: int, alert: Alert, view: View) -> None:
    kept = Kept(id_, revision, alert)
    message = pb.Alert.FromString(wire.alert(kept, view).SerializeToString())
    assert alert_back(message) == kept
    assert message.version == len(alert.versions) + 1
    assert [(one.number, one.type_id) for one in message.versions] == [
        (number, alert.type_id) for number in range(1, len(alert.versions) + 1)
    ]
    assert wire.VIEW.from_wire(message.view, field="") is view


@given(words, words, st.sampled_from(News), times, words)
def test_an_inbox_entry_says_which_alert_and_what_news(
    id_: str, alert_id: str, news: News, at: datetime, cursor: str
) -> None:
    entry = Entry(id=id_, subject=alert_id, kind=news, at=at)
    message = pb.InboxEntry.FromString(wire.inbox_entry(entry, cursor).SerializeToString())
    assert (message.id, message.alert_id, message.cursor) == (id_, alert_id, cursor)
    assert wire.NEWS.from_wire(message.kind, field="") is news
    assert datetime_of(message.at) == at


def test_an_event_says_what_happened_and_which_delivery_it_makes_due_and_nothing_of_the_content() -> None:
    made = steps()
    told = [
        wire.changed("alt_1", number, *pair) for number, pair in enumerate(zip([None, *made], made, strict=False), 1)
    ]
    read = [events_pb2.AlertChanged.FromString(message.SerializeToString()) for message in told]
    assert {(message.alert_id, message.country_code) for message in read} == {("alt_1", "IT")}
    assert [
        (message.revision, wire.ACTION.from_wire(message.action, field=""), message.to, message.delivery_id)
        for message in read
    ] == [
        (1, Action.CREATE, pb.ALERT_STATUS_DRAFT, ""),
        (2, Action.SUBMIT, pb.ALERT_STATUS_SUBMITTED, "1"),
        (3, Action.RETURN, pb.ALERT_STATUS_DRAFT, "2"),
        (4, Action.SUBMIT, pb.ALERT_STATUS_SUBMITTED, "3"),
        (5, Action.BROADCAST, pb.ALERT_STATUS_BROADCAST, "4"),
    ]
    assert [getattr(message, "from") for message in read] == [0, *(message.to for message in read[:-1])]
    assert "SECRET" not in str(read)


def test_why_not_is_said_as_the_refusal_says_it() -> None:
    against = wire.possibility(Possibility(Action.CLOSE, Conflict("not yet", reason="TRANSITION")))
    assert (against.possible, against.code, against.reason, against.message) == (
        False,
        "CONFLICT",
        "TRANSITION",
        "not yet",
    )
    free = wire.possibility(Possibility(Action.CLOSE))
    assert (free.action, free.possible, free.code) == (pb.ALERT_ACTION_CLOSE, True, "")


@given(st.lists(st.sampled_from(languages.OFFICIAL), unique=True))
def test_a_type_speaks_the_languages_wanted_or_all_and_no_other(wanted: list[str]) -> None:
    message = pb.AlertType.FromString(wire.alert_type(TYPE, wanted).SerializeToString())
    texts = [message.title, *(field.label for field in message.fields)]
    texts += [choice.label for field in message.fields for choice in field.choices]
    assert all(
        set(text.texts) >= set(languages.OFFICIAL) if not wanted else set(text.texts) == set(wanted) for text in texts
    )
    assert (message.id, message.code, message.version) == ("services:1", "services", 1)
    assert (message.area_code, message.act) == ("services", "2006/123/EC")
    assert [(field.code, field.mandatory, field.personal) for field in message.fields] == [
        (field.code, field.mandatory, field.personal) for field in TYPE.fields
    ]


@pytest.mark.parametrize(
    ("on_wire", "domain", "names", "prefix"),
    [
        (wire.STATUS, Status, pb.AlertStatus.items(), "ALERT_STATUS_"),
        (wire.ACTION, Action, pb.AlertAction.items(), "ALERT_ACTION_"),
        (wire.VIEW, View, pb.AlertView.items(), "ALERT_VIEW_"),
        (wire.NEWS, News, pb.InboxEntryKind.items(), "INBOX_ENTRY_KIND_"),
        (wire.SEVERITY, Severity, pb.AlertSeverity.items(), "ALERT_SEVERITY_"),
        (wire.INFORMATION_STATUS, InformationStatus, pb.InformationStatus.items(), "INFORMATION_STATUS_"),
        (PROOF_GROUND, Ground, common_pb2.ProofGround.items(), "PROOF_GROUND_"),
    ],
)
def test_every_word_of_the_wire_has_its_meaning_and_every_meaning_its_word(
    on_wire: EnumOnWire[Status], domain: type[Status], names: list[tuple[str, int]], prefix: str
) -> None:
    numbers = {name.removeprefix(prefix): number for name, number in names}
    assert set(numbers) == {"UNSPECIFIED", *domain}
    for member in domain:
        assert on_wire.to_wire(member) == numbers[member]
        assert on_wire.from_wire(numbers[member], field="") is member
    for unknown in (0, max(numbers.values()) + 1):
        with pytest.raises(Invalid) as found:
            on_wire.from_wire(unknown, field="status")
        assert (found.value.field, found.value.reason) == ("status", "UNKNOWN_VALUE")
