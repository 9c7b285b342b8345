"""Filters ↔ protobuf, and nothing else."""

from chassis.aggregates import Kept
from chassis.wire import EnumOnWire, timestamp
from protos.alerts.v1 import alerts_pb2, filters_pb2
from services.alerts.domain.filters import Delivery, Filter, SavedFilter, require_few
from services.alerts.wire import NEWS, SEVERITY

DELIVERY = EnumOnWire(Delivery, filters_pb2.FilterDelivery)


def inbox_filter(wanted: Filter) -> alerts_pb2.InboxFilter:
    return alerts_pb2.InboxFilter(
        types=wanted.types,
        areas=wanted.areas,
        severities=map(SEVERITY.to_wire, wanted.severities),
        kinds=map(NEWS.to_wire, wanted.kinds),
    )


def inbox_filter_from(message: alerts_pb2.InboxFilter, *, at: str) -> Filter:
    """The filter that *message* writes; raises Invalid for a severity or a kind that is none, and for too many."""
    for name in ("types", "areas", "severities", "kinds"):
        require_few(getattr(message, name), at=f"{at}.{name}")
    return Filter(
        types=tuple(message.types),
        areas=tuple(message.areas),
        severities=tuple(
            SEVERITY.from_wire(one, field=f"{at}.severities[{index}]") for index, one in enumerate(message.severities)
        ),
        kinds=tuple(NEWS.from_wire(one, field=f"{at}.kinds[{index}]") for index, one in enumerate(message.kinds)),
    )


def saved_filter(kept: Kept[SavedFilter]) -> filters_pb2.SavedFilter:
    state = kept.state
    return filters_pb2.SavedFilter(
        id=kept.id,
        revision=kept.revision,
        name=state.name,
        filter=inbox_filter(state.filter),
        delivery=DELIVERY.to_wire(state.delivery),
        created_by_id=state.created_by,
        created_at=timestamp(state.created_at),
        changed_at=timestamp(state.changed_at),
        removed=state.removed,
    )
