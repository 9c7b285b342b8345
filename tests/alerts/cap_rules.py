"""What the schema of CAP 1.2 asks of a message, and what the standard's text asks beside it: every fault, by its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

SPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
INSTANT = re.compile(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d", re.ASCII)
LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
NAME = re.compile(r"[^\s,<&]+")
MANY = 1_000_000

CATEGORY = [
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
]
RESPONSE = ["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"]
URGENCY = ["Immediate", "Expected", "Future", "Past", "Unknown"]
SEVERITY = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
CERTAINTY = ["Observed", "Likely", "Possible", "Unlikely", "Unknown"]


@dataclass(frozen=True)
class Rule:
    """An element: how often it stands there, and what it holds: elements in this order, a word of a list, or a text."""

    name: str
    least: int = 0
    most: int = 1
    holds: "list[Rule]" = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    pattern: "re.Pattern[str] | None" = None


def pair(name: str) -> Rule:
    return Rule(name, 0, MANY, holds=[Rule("valueName", 1), Rule("value", 1)])


AREA = Rule(
    "area",
    0,
    MANY,
    holds=[
        Rule("areaDesc", 1),
        Rule("polygon", 0, MANY),
        Rule("circle", 0, MANY),
        pair("geocode"),
        Rule("altitude"),
        Rule("ceiling"),
    ],
)
INFO = Rule(
    "info",
    0,
    MANY,
    holds=[
        Rule("language", pattern=LANGUAGE),
        Rule("category", 1, MANY, words=CATEGORY),
        Rule("event", 1),
        Rule("responseType", 0, MANY, words=RESPONSE),
        Rule("urgency", 1, words=URGENCY),
        Rule("severity", 1, words=SEVERITY),
        Rule("certainty", 1, words=CERTAINTY),
        Rule("audience"),
        pair("eventCode"),
        Rule("effective", pattern=INSTANT),
        Rule("onset", pattern=INSTANT),
        Rule("expires", pattern=INSTANT),
        Rule("senderName"),
        Rule("headline"),
        Rule("description"),
        Rule("instruction"),
        Rule("web"),
        Rule("contact"),
        pair("parameter"),
        AREA,
    ],
)
ALERT = Rule(
    "alert",
    1,
    holds=[
        Rule("identifier", 1, pattern=NAME),
        Rule("sender", 1, pattern=NAME),
        Rule("sent", 1, pattern=INSTANT),
        Rule("status", 1, words=["Actual", "Exercise", "System", "Test", "Draft"]),
        Rule("msgType", 1, words=["Alert", "Update", "Cancel", "Ack", "Error"]),
        Rule("source"),
        Rule("scope", 1, words=["Public", "Restricted", "Private"]),
        Rule("restriction"),
        Rule("addresses"),
        Rule("code", 0, MANY),
        Rule("note"),
        Rule("references"),
        Rule("incidents"),
        INFO,
    ],
)


def faults(xml: bytes) -> list[str]:
    """What is wrong with a message; nothing, for a valid one."""
    root = ET.fromstring(xml)
    if root.tag != f"{SPACE}alert":
        return [f"the root is {root.tag}"]
    return [*_faults(root, ALERT, "alert"), *_told(root)]


def _faults(element: ET.Element, rule: Rule, where: str) -> Iterator[str]:
    if element.attrib:
        yield f"{where} has attributes"
    if not rule.holds:
        text = element.text or ""
        if len(element) or (rule.words and text not in rule.words):
            yield f"{where} is {text!r}"
        if rule.pattern and not rule.pattern.fullmatch(text):
            yield f"{where} is {text!r}"
        return
    if (element.text or "").strip():
        yield f"{where} has text"
    order = [each.name for each in rule.holds]
    names = [child.tag.removeprefix(SPACE) for child in element]
    if unknown := [name for name in names if name not in order]:
        yield f"{where} holds {unknown}"
        return
    if [order.index(name) for name in names] != sorted(order.index(name) for name in names):
        yield f"{where} holds {names}, in another order"
    for each in rule.holds:
        found = element.findall(f"{SPACE}{each.name}")
        if not each.least <= len(found) <= each.most:
            yield f"{where} has {len(found)} {each.name}"
        for number, child in enumerate(found):
            yield from _faults(child, each, f"{where}.{each.name}[{number}]")


def _told(root: ET.Element) -> Iterator[str]:
    """What the text of the standard says and a schema cannot."""

    def text(name: str) -> str:
        return root.findtext(f"{SPACE}{name}") or ""

    if (text("scope") == "Restricted") != bool(text("restriction")):
        yield "a restriction goes with the scope Restricted"
    if text("msgType") in ("Update", "Cancel") and not text("references"):
        yield f"{text('msgType')} refers to nothing"
    for one in text("references").split():
        parts = one.split(",")
        if len(parts) != 3 or not INSTANT.fullmatch(parts[2]) or not all(map(NAME.fullmatch, parts[:2])):
            yield f"this is no reference: {one}"
    languages = [info.findtext(f"{SPACE}language") for info in root.findall(f"{SPACE}info")]
    if len(set(languages)) != len(languages):
        yield "two blocks are in one language"
