"""A topic for each country: whatever reaches inboxes of its authorities is told there too, for systems of the member state.

An event has the id of the inbox entries it is about, comes at least once with it, and in order per alert. It names nobody but the
country's own authorities. A group of its own writes the topics, so that no inbox waits for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chassis.aggregates import Aggregates
from chassis.outbox import topic
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.alerts.v1 import countries_pb2, events_pb2
from services.alerts import wire
from services.alerts.domain.alerts import Alert
from services.alerts.domain.types import AlertType
from services.alerts.reach import Reach
from vocabulary import countries

GROUP = "alerts-countries"


def country_topic(country: str) -> str:
    """The topic of what *country* is told."""
    return topic(f"alerts.{country}")


# The Commission belongs to no country, and reads its inbox.
TOPICS = tuple(country_topic(country) for country in countries.ALL)


def tell_countries(
    events: Events,
    alerts: Aggregates[Alert],
    types: Mapping[str, AlertType],
    reach: Reach,
) -> Reactions:
    """Publish for each country what its authorities are told. Doing it again publishes it again, with the same id."""

    async def changed(seen: Sequence[Event]) -> None:
        told: dict[str, list[Event]] = {}
        for event in seen:
            message = events_pb2.AlertChanged.FromString(event.data)
            if not message.delivery_id:
                continue
            kept = await alerts.get(message.alert_id)
            if kept is None:
                raise LookupError(f"there is no alert {message.alert_id} to tell of")
            due = kept.state.delivery(message.delivery_id)
            reached = await reach.of(kept.id, due, types[kept.state.type_id].module)
            for country, authority_ids in _by_country(reached).items():
                about = countries_pb2.CountryTold(
                    alert_id=kept.id,
                    revision=message.revision,
                    kind=wire.NEWS.to_wire(due.news),
                    type_id=kept.state.type_id,
                    sender_country_code=kept.state.country,
                    authority_ids=authority_ids,
                )
                told.setdefault(country, []).append(_as(event, about))
        for country, owed in told.items():
            await events.publish(country_topic(country), owed)

    return Reactions(events, GROUP, [topic("alerts")], {events_pb2.AlertChanged.DESCRIPTOR.full_name: changed})


def _as(event: Event, about: countries_pb2.CountryTold) -> Event:
    """*about* as an event that keeps the id, the subject, the time and the trace of *event*."""
    return replace(event, type=about.DESCRIPTOR.full_name, data=about.SerializeToString(deterministic=True))


def _by_country(reached: Mapping[str, str]) -> dict[str, list[str]]:
    """The ids of *reached* by their country, in their order; without those of no country that takes part."""
    found: dict[str, list[str]] = {}
    for id_, country in sorted(reached.items()):
        if country in countries.LANGUAGES:
            found.setdefault(country, []).append(id_)
    return found
