"""What somebody asks for, checked: each part that cannot be searched is refused by its name.

A field that the asker may not read in any entry is refused in the words for one that there is not.
"""

from collections.abc import Mapping, Sequence

from engines.search import Sort
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.audiences import Subject, opening, opens
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor
from services.repositories.search import layers
from services.repositories.search.asking import Counting, Filter, Narrowing, Question
from services.repositories.search.contents import AREA, CONCEPT, beginning, number
from services.repositories.subjects import Subjects
from vocabulary import countries
from vocabulary.refusals import Invalid
from vocabulary.values import CHOOSING, Field, ValueType, decimal, iso_date

TEXT_LIMIT = 200
FACETS_LIMIT = 10
FILTERS_LIMIT = 20
ALTERNATIVES_LIMIT = 100

NEWEST_FIRST = Sort("by_change", descending=True)
_ORDERS = {
    pb.ENTRY_ORDER_CHANGED: "by_change",
    pb.ENTRY_ORDER_COUNTRY: "by_country",
    pb.ENTRY_ORDER_VALID_TO: "by_end",
}
# What every entry can be counted by.
_COUNTINGS = {
    "country": Counting(called="country", field="country"),
    "owner": Counting(called="owner", field="owner"),
    "area": Counting(called="area", field="values_0", start=f"{AREA}="),
    "concept": Counting(called="concept", field="values_0", start=f"{CONCEPT}="),
}
_RANGED = (ValueType.DATE, ValueType.NUMBER, ValueType.MONEY)


class Checking:
    """Turns what comes over the wire into questions. Asks the directory which areas and concepts there are."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects

    async def question(
        self,
        definition: Definition,
        who: Actor,
        *,
        text: str = "",
        unfinished: bool = False,
        narrowed: pb.EntryFilter | None = None,
        sort: pb.EntrySort | None = None,
        facets: Sequence[str] = (),
    ) -> Question:
        """The question of *who* to the repository of *definition*; raises Invalid naming the part at fault."""
        if len(text) > TEXT_LIMIT:
            raise Invalid(f"search for at most {TEXT_LIMIT} characters", field="text", reason="TOO_LONG")
        there = {field.code: field for field in layers.fields(definition) if may_ever_read(definition, field, who)}
        return Question(
            repository=definition.code,
            keys=who.keys,
            layers=layers.count(definition),
            text=text,
            unfinished=unfinished,
            filter=await self._filter(definition, there, narrowed or pb.EntryFilter()),
            counting=_countings(definition, there, facets),
            sort=_sort(definition, there, text, sort or pb.EntrySort()),
        )

    async def _filter(self, definition: Definition, there: Mapping[str, Field], given: pb.EntryFilter) -> Filter:
        for name in ("countries", "areas", "concepts", "authority_ids"):
            if len(getattr(given, name)) > ALTERNATIVES_LIMIT:
                called = "authorityIds" if name == "authority_ids" else name
                raise _too_many(ALTERNATIVES_LIMIT, f"filter.{called}")
        if len(given.fields) > FILTERS_LIMIT:
            raise _too_many(FILTERS_LIMIT, "filter.fields")
        return Filter(
            countries=[
                countries.require(code, field=f"filter.countries[{index}]")
                for index, code in enumerate(given.countries)
            ],
            owners=list(given.authority_ids),
            areas=await self._subjects.require_areas(given.areas, field="filter.areas"),
            concepts=await self._subjects.require_concepts(given.concepts, field="filter.concepts"),
            fields=[
                _narrowing(definition, there, one, f"filter.fields[{index}]") for index, one in enumerate(given.fields)
            ],
            valid_on=iso_date(given.valid_on, at="filter.validOn").isoformat() if given.valid_on else "",
        )


def may_ever_read(definition: Definition, field: Field, who: Actor) -> bool:
    """Whether there can be an entry in which *who* reads *field*: if not in one of their own, in their country, then in none."""
    audience = definition.rule(field.code).audience or definition.audience
    areas = (definition.area,) if definition.area else _areas(who)
    own = Subject(owner_id=who.authority_id, country=who.country, areas=areas, named=(who.authority_id,))
    return opens(who.keys, opening(audience, own, personal=field.personal))


def _areas(who: Actor) -> tuple[str, ...]:
    """The areas in whose module *who* has a role: the second word of the keys that they hold for it."""
    return tuple(sorted({key.split(" ")[1] for key in who.keys if " " in key}))


def _known(there: Mapping[str, Field], code: str, at: str) -> Field:
    if code not in there:
        raise Invalid(f"the repository has no field {code!r}", field=at, reason="UNKNOWN_FIELD")
    return there[code]


def _narrowing(definition: Definition, there: Mapping[str, Field], given: pb.FieldFilter, at: str) -> Narrowing:
    field = _known(there, given.field_code, f"{at}.fieldCode")
    layer = layers.layers(definition).get(field.code)
    if layer is None or field.type not in layers.FILTERED or not layers.is_asked_for(field):
        raise Invalid(f"entries are not looked for by {field.code}", field=f"{at}.fieldCode", reason="NOT_SEARCHABLE")
    match given.WhichOneof("kind"):
        case "any_of" if field.type not in layers.SORTED:
            values = _alternatives(field, given.any_of.codes, f"{at}.anyOf")
            return Narrowing(code=field.code, layer=layer, any_of=values)
        case "prefix" if field.type is ValueType.TEXT:
            start = beginning(given.prefix)
            if not start:
                raise Invalid("say how it begins", field=f"{at}.prefix", reason="EMPTY")
            return Narrowing(code=field.code, layer=layer, prefix=start)
        case "range" if field.type in _RANGED:
            bounds = (
                _bound(field, getattr(given.range, "from"), f"{at}.range.from"),
                _bound(field, given.range.to, f"{at}.range.to"),
            )
            return Narrowing(code=field.code, layer=layer, between=bounds)
        case _:
            takes = "a prefix" if field.type is ValueType.TEXT else "a range" if field.type in _RANGED else "anyOf"
            raise Invalid(
                f"{field.code} (its type is {field.type}) is filtered by {takes}", field=at, reason="WRONG_TYPE"
            )


def _alternatives(field: Field, given: Sequence[str], at: str) -> Sequence[str]:
    if not given:
        raise Invalid("name at least one", field=at, reason="EMPTY")
    if len(given) > ALTERNATIVES_LIMIT:
        raise _too_many(ALTERNATIVES_LIMIT, at)
    known = {choice.code for choice in field.choices}
    for index, code in enumerate(given):
        if field.type in CHOOSING and code not in known:
            raise Invalid(
                f"{field.code} has no choice {code!r}; it has {', '.join(sorted(known))}",
                field=f"{at}[{index}]",
                reason="UNKNOWN_CHOICE",
            )
    return list(given)


def _bound(field: Field, text: str, at: str) -> str:
    if not text:
        return ""
    return iso_date(text, at=at).isoformat() if field.type is ValueType.DATE else number(decimal(text, at=at))


def _countings(definition: Definition, there: Mapping[str, Field], facets: Sequence[str]) -> list[Counting]:
    if len(facets) > FACETS_LIMIT:
        raise _too_many(FACETS_LIMIT, "facets")
    found: list[Counting] = []
    for index, called in enumerate(facets):
        at = f"facets[{index}]"
        if called in facets[:index]:
            raise Invalid(f"{called} is asked for twice", field=at, reason="REPEATED")
        if called in _COUNTINGS:
            found.append(_COUNTINGS[called])
            continue
        field = _known(there, called, at)
        layer = layers.layers(definition).get(called)
        if layer is None or field.type not in layers.COUNTED or not layers.is_asked_for(field):
            raise Invalid(f"entries are not counted by {called}", field=at, reason="NOT_SEARCHABLE")
        found.append(Counting(called=called, field=f"values_{layer}", start=f"{called}=", layer=layer))
    return found


def _sort(definition: Definition, there: Mapping[str, Field], text: str, given: pb.EntrySort) -> Sort | None:
    if given.order == pb.ENTRY_ORDER_UNSPECIFIED:
        return None if text.strip() else NEWEST_FIRST
    if given.order in _ORDERS:
        return Sort(_ORDERS[given.order], given.descending)
    if given.order != pb.ENTRY_ORDER_FIELD:
        raise Invalid("this is no order of entries", field="sort.order", reason="UNKNOWN_VALUE")
    field = _known(there, given.field_code, "sort.fieldCode")
    keys = layers.sorting(definition)
    if field.code not in keys:
        possible = ", ".join(code for code in keys if code in there) or "no field"
        raise Invalid(
            f"entries are not sorted by {field.code}, but by {possible}", field="sort.fieldCode", reason="NOT_SORTABLE"
        )
    return Sort(f"by_field_{keys[field.code]}", given.descending)


def _too_many(limit: int, at: str) -> Invalid:
    return Invalid(f"at most {limit} can be named", field=at, reason="TOO_MANY")
