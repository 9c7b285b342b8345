"""What a CAP message says of an alert, as far as its reader may see it. Pure; what has its name in the directory is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.alerts.cap.mapping import Classes, classes
from services.alerts.cap.message import Area, Info, Kind, Message, Reference, Status
from services.alerts.cap.wording import Wording
from services.alerts.domain.alerts import Alert
from services.alerts.domain.lifecycle import Action
from services.alerts.domain.types import AlertType
from vocabulary import countries
from vocabulary.days import end_of
from vocabulary.values import Field, LocalizedText, Value, ValueType

SOURCE = "IMI"
# Which steps are messages, and what each is to those before it.
MESSAGES: Mapping[Action, Kind] = {
    Action.BROADCAST: Kind.ALERT,
    Action.CORRECT: Kind.UPDATE,
    Action.AMEND: Kind.UPDATE,
    Action.MODIFY: Kind.UPDATE,
    Action.ADD_COUNTRIES: Kind.UPDATE,
    Action.NOTE_APPEAL: Kind.UPDATE,
    Action.WITHDRAW: Kind.CANCEL,
    Action.CLOSE: Kind.CANCEL,
    Action.REVOKE: Kind.CANCEL,
    Action.EXPIRE: Kind.CANCEL,
}
# The standard advises so many characters for a headline.
HEADLINE = 160

# What a value refers to, by its kind and id, in all languages.
Names = Mapping[tuple[ValueType, str], LocalizedText]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An alert that was sent, already cut down to what the reader sees and asked for; *sender_name* in all languages."""

    alert: Alert
    kind: AlertType
    status: Status
    sender_name: LocalizedText
    names: Names


def sent(alert: Alert) -> list[tuple[Kind, Reference]]:
    """The messages that the whole history of an alert amounts to, the broadcast first; each reader has the same ones."""
    steps = [step for step in alert.history if step.action in MESSAGES]
    return [
        (
            MESSAGES[step.action],
            Reference(step.authority_id or alert.coordinator_id, f"{alert.number}.{number}", step.at),
        )
        for number, step in enumerate(steps, 1)
    ]


def message(case: Case, messages: Sequence[tuple[Kind, Reference]], languages: Sequence[str]) -> Message:
    """The last of *messages*, which refers to all before it, with a block for each of *languages*."""
    kind, reference = messages[-1]
    return Message(
        reference=reference,
        status=case.status,
        kind=kind,
        source=SOURCE,
        restriction=Wording(languages[0]).said("restriction"),
        codes=(f"imi:type:{case.kind.id}",),
        references=tuple(earlier for _, earlier in messages[:-1]),
        incident=case.alert.number,
        infos=tuple(_info(case, Wording(language)) for language in languages),
    )


def referred(alert: Alert, kind: AlertType) -> set[tuple[ValueType, str]]:
    """What the values of *alert* refer to that has its name in the directory."""
    fields = {field.code: field.type for field in kind.fields}
    return {
        (fields[code], id_)
        for code, value in alert.values.items()
        for id_ in value.references or ()
        if fields[code] in (ValueType.AUTHORITY, ValueType.AREA, ValueType.CONCEPT)
    }


def _info(case: Case, wording: Wording) -> Info:
    alert, kind = case.alert, case.kind
    classed: Classes = classes(kind, alert.values, alert.severity)
    event = wording.of(kind.title)
    headline = alert.values.get(kind.rules.headline_field, Value()).text
    return Info(
        language=wording.language,
        categories=classed.categories,
        event=event,
        response_types=classed.response_types,
        urgency=classed.urgency,
        severity=classed.severity,
        certainty=classed.certainty,
        expires=end_of(alert.expires_on) if alert.expires_on else None,
        sender_name=wording.of(case.sender_name),
        headline=_short(headline.text if headline else event),
        description=_description(case, wording),
        parameters=(
            ("imi:number", alert.number),
            ("imi:status", alert.status),
            ("imi:act", kind.act),
            ("imi:area", kind.area),
            # Without it, the message that an appeal was noted would not say so.
            *((("imi:appeal", "pending"),) if alert.appeal_pending else ()),
        ),
        areas=tuple(
            Area(description=wording.country(one.country), iso_code=countries.iso(one.country))
            for one in alert.addressed
        ),
    )


def _description(case: Case, wording: Wording) -> str:
    """A line for each field that has a value, in the order of the form."""
    values = case.alert.values
    return "\n".join(
        _line(field, values[field.code], case.names, wording) for field in case.kind.fields if field.code in values
    )


def _line(field: Field, value: Value, names: Names, wording: Wording) -> str:
    label = wording.of(field.label)
    if value.text is not None and value.text.language != wording.language:
        # What somebody wrote stays in the language it was written in, and says which that is.
        label = f"{label} ({wording.language_name(value.text.language)})"
    return f"{label}: {_value(field, value, names, wording)}"


def _value(field: Field, value: Value, names: Names, wording: Wording) -> str:
    if value.codes is not None:
        labels = {choice.code: wording.of(choice.label) for choice in field.choices}
        return ", ".join(labels.get(code, code) for code in value.codes)
    if value.date is not None:
        return wording.day(value.date)
    if value.number is not None:
        return wording.number(value.number)
    if value.money is not None:
        return wording.amount(value.money.amount, value.money.currency)
    if value.text is not None:
        return value.text.text
    if value.link is not None:
        return value.link
    return ", ".join(_reference(field.type, id_, names, wording) for id_ in value.references or ())


def _reference(kind: ValueType, id_: str, names: Names, wording: Wording) -> str:
    if kind is ValueType.COUNTRY:
        return wording.country(id_)
    if kind is ValueType.LANGUAGE:
        return wording.language_name(id_)
    return wording.of(names.get((kind, id_), {})) or id_


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= HEADLINE else f"{line[: HEADLINE - 1]}…"
