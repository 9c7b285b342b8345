"""A CAP message and how it is written: the elements of the standard, in its order, with its own words. Pure.

Text that is not for XML at all, such as control characters, is left out. Nothing is read here, so nothing can come in from outside.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"
# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_NAMES = re.compile(r"[\s,<&]")


class Status(StrEnum):
    """How a message is to be handled."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"


class Kind(StrEnum):
    """What a message is to the earlier ones that it refers to."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Category(StrEnum):
    """What an alert is about."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class ResponseType(StrEnum):
    """What those who receive it should do."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class Urgency(StrEnum):
    """How soon something should be done."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """How great the danger is."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure the danger is."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Reference:
    """Which message: its sender, its identifier and when it was sent are what another one refers to it by."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A country that is addressed, by its name in the language of the block and its ISO 3166-1 code."""

    description: str
    iso_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What is said in one language. *parameters* are names and values that have no element of their own."""

    language: str
    categories: tuple[Category, ...]
    event: str
    response_types: tuple[ResponseType, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    expires: datetime | None
    sender_name: str
    headline: str
    description: str
    parameters: tuple[tuple[str, str], ...]
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A whole message, which is always restricted: *restriction* says to whom. *incident* is what its alert is called."""

    reference: Reference
    status: Status
    kind: Kind
    source: str
    restriction: str
    codes: tuple[str, ...]
    references: tuple[Reference, ...]
    incident: str
    infos: tuple[Info, ...]


def written(message: Message) -> bytes:
    """*message* as XML in UTF-8; the same message as the same bytes."""
    alert = Element("alert", {"xmlns": NAMESPACE})
    _texts(
        alert,
        ("identifier", name(message.reference.identifier)),
        ("sender", name(message.reference.sender)),
        ("sent", instant(message.reference.sent)),
        ("status", message.status),
        ("msgType", message.kind),
        ("source", message.source),
        ("scope", "Restricted"),
        ("restriction", message.restriction),
        *(("code", code) for code in message.codes),
        ("references", " ".join(map(_referred, message.references))),
        ("incidents", name(message.incident)),
    )
    for info in message.infos:
        _info(alert, info)
    body: str = ET.tostring(alert, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode()


def instant(at: datetime) -> str:
    """A time of UTC as CAP writes it: to the second, with the offset in figures; it takes no Z."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def name(text: str) -> str:
    """*text* as an identifier or a sender: without spaces, commas, < and &."""
    return _NOT_IN_NAMES.sub("-", _plain(text))


def _info(alert: Element, info: Info) -> None:
    block = SubElement(alert, "info")
    _texts(
        block,
        ("language", info.language),
        *(("category", one) for one in info.categories),
        ("event", info.event),
        *(("responseType", one) for one in info.response_types),
        ("urgency", info.urgency),
        ("severity", info.severity),
        ("certainty", info.certainty),
        ("expires", instant(info.expires) if info.expires else ""),
        ("senderName", info.sender_name),
        ("headline", info.headline),
        ("description", info.description),
    )
    for parameter, value in info.parameters:
        _named(block, "parameter", parameter, value)
    for area in info.areas:
        place = SubElement(block, "area")
        _texts(place, ("areaDesc", area.description))
        _named(place, "geocode", "ISO 3166-1", area.iso_code)


def _named(parent: Element, element: str, value_name: str, value: str) -> None:
    pair = SubElement(parent, element)
    SubElement(pair, "valueName").text = _plain(value_name)
    SubElement(pair, "value").text = _plain(value)


def _texts(parent: Element, *texts: tuple[str, str]) -> None:
    """An element for each text, and none for an empty one: whatever must not be absent is given."""
    for element, text in texts:
        if plain := _plain(text):
            SubElement(parent, element).text = plain


def _referred(reference: Reference) -> str:
    return ",".join((name(reference.sender), name(reference.identifier), instant(reference.sent)))


def _plain(text: str) -> str:
    """*text* without what XML cannot write; its lines end as they do after any parser has read them."""
    return _NOT_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
