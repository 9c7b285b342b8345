"""A topic for each country: whatever reaches inboxes of its authorities is told there too, for systems of the member state.

An event has the id of the inbox entries it is about, comes at least once with it, and in order per alert. It names nobody but the
country's own authorities. A group of its own writes the topics, so that no inbox waits for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chassis.aggregates import Aggregates
from chassis.outbox import topic
from chassis.participants import Participants
from chassis.reactions import Reactions
from engines.events import Event, Events
from protos.alerts.v1 import countries_pb2, events_pb2
from services.alerts import wire
from services.alerts.domain.alerts import Alert
from services.alerts.domain.types import AlertType
from services.alerts.reactions import recipients_of
from services.alerts.recipients import Recipients
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
    recipients: Recipients,
    participants: Participants,
) -> Reactions:
    """Publish for each country what its authorities are told. Doing it again publishes it again, with the same id."""

    async def changed(seen: Sequence[Event]) -> None:
        told: dict[str, list[Event]] = {}
        for event in seen:
            message = events_pb2.AlertChanged.FromString(event.data)
            if not message.delivery_id:
                continue
            kept = await alerts.get(message.alert_id)
            assert kept is not None  # alerts are never removed
            due = kept.state.delivery(message.delivery_id)
            ids = await recipients_of(due, types[kept.state.type_id].module, recipients)
            for country, authority_ids in _by_country(ids, await _countries(ids, participants)).items():
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


async def _countries(ids: Sequence[str], participants: Participants) -> dict[str, str]:
    return {id_: one.country for id_, one in (await participants.get_many(ids)).items()}


def _by_country(ids: Sequence[str], country_of: Mapping[str, str]) -> dict[str, list[str]]:
    """*ids* by their country, in the order of their ids; without those of no country that takes part."""
    found: dict[str, list[str]] = {}
    for id_ in sorted(ids):
        if country_of.get(id_) in countries.LANGUAGES:
            found.setdefault(country_of[id_], []).append(id_)
    return found
