"""Requests, alerts and entries made through GraphQL, valid unless told otherwise."""

from typing import Any

from tests.builders import doctors
from tests.gateway.clients import Client, Data

SET = "professional-qualifications:1"
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"
ANSWERS: list[Data] = [
    {"questionCode": "PQ1", "value": {"codes": ["GENUINE"]}},
    {"questionCode": "PQ3", "value": {"codes": ["YES"]}},
]
# The commands on the way to each status, and whether the responder gives them.
WAY: dict[str, list[tuple[str, bool, Data]]] = {
    "DRAFT": [],
    "SENT": [("sendRequest", False, {})],
    "ACCEPTED": [("sendRequest", False, {}), ("acceptRequest", True, {})],
    "ANSWERED": [
        ("sendRequest", False, {}),
        ("acceptRequest", True, {}),
        ("answerRequest", True, {"answers": ANSWERS}),
    ],
}


def text(words: str, language: str = "IT") -> Data:
    return {"text": words, "language": language}


def a_draft(**changed: Any) -> Data:
    """A draft that can be sent to Hungary."""
    return {
        "questionSetId": SET,
        "responderId": doctors("HU"),
        "subject": {"person": {"givenName": "Eszter", "familyName": "Mintás", "birthDate": "1988-03-14"}},
        "justification": text("Verifica del titolo"),
        "questions": [{"code": "PQ1"}, {"code": "PQ3"}],
        **changed,
    }


async def a_request(requester: Client, responder: Client, status: str = "DRAFT", **draft: Any) -> str:
    """The id of a request that came to *status* the shortest way."""
    made = await requester.do("createRequest", "request { id }", draft=a_draft(**draft))
    for mutation, by_responder, fields in WAY[status]:
        who = responder if by_responder else requester
        await who.do(mutation, "request { id }", id=made["id"], **fields)
    return str(made["id"])


def alert_values(subject: str = "Ponteggio senza parapetti", **changed: Any) -> list[Data]:
    """The values of a services alert; a field changed to None is left out."""
    values = {
        "subject": {"text": text(subject)},
        "activity": {"references": ["construction"]},
        "danger": {"codes": ["SAFETY"]},
        "risk": {"codes": ["HIGH"]},
        "facts": {"text": text("Verificato in un'ispezione")},
        **changed,
    }
    return [{"code": code, "value": value} for code, value in values.items() if value is not None]


async def a_submitted_alert(author: Client) -> str:
    made = await author.do("createAlert", "alert { id }", typeId="services:1", values=alert_values())
    await author.do("submitAlert", "alert { id }", id=made["id"])
    return str(made["id"])


async def an_alert(author: Client, coordinator: Client, *countries: str) -> str:
    """The id of an alert that its author's country broadcast, to Hungary and France unless told otherwise."""
    id_ = await a_submitted_alert(author)
    await coordinator.do("broadcastAlert", "alert { id }", id=id_, countries=countries or ["HU", "FR"])
    return id_


def entry_values(title: str = "Albo dei medici", **changed: Any) -> list[Data]:
    """The values of a register; a field changed to None is left out."""
    values = {
        "name": {"text": {**text(title), "dataClass": "PUBLIC"}},
        "url": {"link": "https://albo.example/medici"},
        "area": {"references": ["professional-qualifications"]},
        "holder": {"references": [doctors("IT")]},
        "subjects": {"references": ["doctor"]},
        "content": {"codes": ["PERSONS", "SANCTIONS"]},
        "languages": {"references": ["it"]},
        "public": {"codes": ["YES"]},
        "fee": {"money": {"amount": "12.50", "currency": "EUR"}},
        **changed,
    }
    return [{"code": code, "value": value} for code, value in values.items() if value is not None]
