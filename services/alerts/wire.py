"""Alerts ↔ protobuf, and nothing else."""

from collections.abc import Collection

from chassis import wire
from chassis.aggregates import Kept
from chassis.inbox import Entry
from chassis.wire import EnumOnWire, localized, timestamp
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1 import events_pb2
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
from services.alerts.domain.lifecycle import SILENCING, Action, Status
from services.alerts.domain.types import AlertType
from services.alerts.domain.views import View
from vocabulary.days import end_of

STATUS = EnumOnWire(Status, pb.AlertStatus)
ACTION = EnumOnWire(Action, pb.AlertAction)
SEVERITY = EnumOnWire(Severity, pb.AlertSeverity)
VIEW = EnumOnWire(View, pb.AlertView)
NEWS = EnumOnWire(News, pb.InboxEntryKind)
INFORMATION_STATUS = EnumOnWire(InformationStatus, pb.InformationStatus)


def alert_type(kind: AlertType, wanted: Collection[str]) -> pb.AlertType:
    return pb.AlertType(
        id=kind.id,
        code=kind.code,
        version=kind.version,
        area_code=kind.area,
        act=kind.act,
        title=localized(kind.title, wanted),
        fields=[wire.field(field, wanted) for field in kind.fields],
    )


def alert(kept: Kept[Alert], view: View) -> pb.Alert:
    """*kept*, already cut down to what *view* shows."""
    state = kept.state
    return pb.Alert(
        id=kept.id,
        revision=kept.revision,
        number=state.number,
        status=STATUS.to_wire(state.status),
        view=VIEW.to_wire(view),
        type_id=state.type_id,
        author_id=state.author_id,
        coordinator_id=state.coordinator_id,
        country_code=state.country,
        values=wire.field_values(state.values),
        countries=map(addressed, state.addressed),
        information=map(information, state.information),
        history=map(history_entry, state.history),
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
        broadcast_at=timestamp(state.broadcast_at),
        return_reason=wire.free_text(state.return_reason),
        area_code=state.area,
        version=len(state.versions) + 1,
        versions=[version(number, one, state.type_id) for number, one in enumerate(state.versions, 1)],
        severity=SEVERITY.to_wire(Severity(state.severity)) if state.severity else pb.ALERT_SEVERITY_UNSPECIFIED,
        late=state.late,
        appeal_pending=state.appeal_pending,
        closure=closure(state.closure) if state.closure else None,
        expires_at=timestamp(end_of(state.expires_on)) if state.expires_on else None,
        comments=map(comment, state.comments),
        comments_until=timestamp(state.comments_until),
        standstill_until=state.standstill_until.isoformat() if state.standstill_until else "",
        end_reason=wire.free_text(state.end_reason),
        earlier_closures=map(closure, state.earlier_closures),
        proofs=map(wire.proof, state.proofs),
    )


def addressed(one: Addressed) -> pb.AddressedCountry:
    return pb.AddressedCountry(
        country_code=one.country,
        acknowledged_at=timestamp(one.acknowledged_at),
        acknowledged_by_id=one.acknowledged_by,
        disseminated_to_ids=one.told,
        addressed_at=timestamp(one.at),
        escalated_at=timestamp(one.escalated_at),
    )


def version(number: int, one: Version, type_id: str) -> pb.AlertVersion:
    return pb.AlertVersion(
        number=number,
        values=wire.field_values(one.values),
        replaced_at=timestamp(one.replaced_at),
        replaced_by_id=one.replaced_by,
        action=ACTION.to_wire(one.action),
        reason=wire.free_text(one.reason),
        type_id=type_id,
    )


def closure(one: Closure) -> pb.AlertClosure:
    return pb.AlertClosure(
        proposed_by_id=one.proposed_by,
        country_code=one.country,
        proposed_at=timestamp(one.proposed_at),
        until=timestamp(one.until),
        objections=map(objection, one.objections),
    )


def objection(one: Objection) -> pb.AlertObjection:
    return pb.AlertObjection(
        authority_id=one.authority_id,
        country_code=one.country,
        reason=wire.free_text(one.reason),
        at=timestamp(one.at),
        withdrawn_at=timestamp(one.withdrawn_at),
    )


def comment(one: Comment) -> pb.AlertComment:
    return pb.AlertComment(
        id=one.id,
        authority_id=one.authority_id,
        country_code=one.country,
        text=wire.free_text(one.text),
        at=timestamp(one.at),
    )


def possibility(one: Possibility) -> pb.PossibleAlertAction:
    against = one.refusal
    return pb.PossibleAlertAction(
        action=ACTION.to_wire(one.action),
        possible=against is None,
        code=against.code if against else "",
        reason=against.reason if against else "",
        message=against.message if against else "",
    )


def information(one: Information) -> pb.AlertInformation:
    return pb.AlertInformation(
        id=one.id,
        authority_id=one.authority_id,
        status=INFORMATION_STATUS.to_wire(one.status),
        text=wire.free_text(one.text),
        at=timestamp(one.at),
        rejection_reason=wire.free_text(one.rejection_reason),
    )


def history_entry(entry: HistoryEntry) -> pb.AlertHistoryEntry:
    return pb.AlertHistoryEntry(
        at=timestamp(entry.at),
        authority_id=entry.authority_id,
        action=ACTION.to_wire(entry.action),
        to=STATUS.to_wire(entry.after),
        **{"from": _before(entry)},
    )


def inbox_entry(entry: Entry, cursor: str) -> pb.InboxEntry:
    return pb.InboxEntry(
        id=entry.id,
        alert_id=entry.subject,
        kind=NEWS.to_wire(News(entry.kind)),
        at=timestamp(entry.at),
        cursor=cursor,
    )


def changed(id_: str, revision: int, before: Alert | None, after: Alert) -> events_pb2.AlertChanged:
    """What others are told of the last change of *after*, with the delivery that it makes due, if any."""
    last = after.history[-1]
    owed = after.deliveries[len(before.deliveries) if before else 0 :]
    return events_pb2.AlertChanged(
        alert_id=id_,
        revision=revision,
        action=ACTION.to_wire(last.action),
        to=STATUS.to_wire(last.after),
        country_code=after.country,
        delivery_id=owed[0].id if owed else "",
        type_id=after.type_id,
        area_code=after.area,
        authority_id=last.authority_id,
        kind=NEWS.to_wire(owed[0].news) if owed else pb.INBOX_ENTRY_KIND_UNSPECIFIED,
        **{"from": _before(last)},
    )


def silenced(told: events_pb2.AlertChanged) -> str:
    """The id of an alert that says nothing any more; empty for any other."""
    return told.alert_id if ACTION.known(told.action) in SILENCING else ""


def _before(entry: HistoryEntry) -> "pb.AlertStatus.ValueType":
    return STATUS.to_wire(entry.before) if entry.before else pb.ALERT_STATUS_UNSPECIFIED
