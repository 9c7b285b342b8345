"""What a repository is: which fields its entries have, who reads and who writes them, how long they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.repositories.domain.audiences import NOBODY, Audience, Keys, Subject, Visibility, opening
from vocabulary.roles import REPOSITORY, UserRole
from vocabulary.values import DataClass, Field, FreeText, LocalizedText, Value, ValueType, check_form

EVERYBODY_IN_IMI = Audience(visibility=Visibility.ALL_IMI)
# Where it makes a difference to the Commission that a field is personal.
_COMMISSION_READS = (Visibility.ALL_IMI, Visibility.MODULE)

# From what everybody may know to what is for the fewest.
_SECRECY = tuple(DataClass).index

# Who reads a field. Those of fields of the same circle are the same people, entry by entry.
Circle = tuple[Audience, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """After how many whole months what has ended is archived, and erased; None: never by itself."""

    archived_after_months: int | None = None
    erased_after_months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What holds for a field beside what it takes. Without an audience, all of the repository's readers read it."""

    audience: Audience | None = None
    translatable: bool = False


PLAIN = FieldRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A repository in one version of its schema. Entries belong to the module of its *kind* in its area, or in the areas they name.

    `retired` are the fields of earlier versions that this one has no more: what they say is still shown, and read as it was, by no
    more people than when there was such a field. `earlier` is the version before this one, for whoever knows it.
    """

    code: str
    version: int
    title: LocalizedText
    description: LocalizedText
    legal_basis: LocalizedText = field(default_factory=dict)
    area: str = ""
    kind: str = REPOSITORY
    audience: Audience = EVERYBODY_IN_IMI
    editor_roles: tuple[UserRole, ...] = (UserRole.REPOSITORY_EDITOR,)
    approval: bool = False
    retention: Retention = field(default_factory=Retention)
    fields: tuple[Field, ...]
    rules: Mapping[str, FieldRule] = field(default_factory=dict)
    retired: tuple[Field, ...] = ()
    earlier: "Definition | None" = None

    @property
    def id(self) -> str:
        return definition_id(self.code, self.version)

    @property
    def visibility(self) -> Visibility:
        return self.audience.visibility

    def rule(self, code: str) -> FieldRule:
        return self.rules.get(code, PLAIN)

    def check(self, values: Mapping[str, Value], *, complete: bool) -> dict[str, Value]:
        """*values*, each checked; raises Invalid naming the one at fault, or the fields that *complete* finds missing."""
        return check_form(self.fields, values, at="values", complete=complete)

    def after(self, earlier: "Definition") -> "Definition":
        """This version as the one that follows *earlier*."""
        here = {one.code for one in self.fields}
        gone = tuple(one for one in (*earlier.fields, *earlier.retired) if one.code not in here)
        rules = {one.code: earlier._rule_when_gone(one.code) for one in gone}
        return replace(self, retired=gone, rules={**rules, **self.rules}, earlier=earlier)

    def areas(self, values: Mapping[str, Value]) -> dict[str, str]:
        """The areas of legislation that *values* put an entry in, each with the place in the input where it stands."""
        if self.area:
            return {self.area: ""}
        # An entry stays where a field has put it that there is no more.
        placing = {one.code for one in (*self.fields, *self.retired) if one.type is ValueType.AREA}
        return {
            area: f"values[{index}].value.references[{place}]"
            for index, (code, value) in enumerate(values.items())
            if code in placing
            for place, area in enumerate(value.references or ())
        }

    def readers(self, values: Mapping[str, Value], owner_id: str, country: str) -> Keys:
        """The keys that open what says *values*; see `audiences`. A field may ask for one of its own besides."""
        return opening(self.audience, self._subject(self.audience, values, owner_id, country))

    def field_readers(self, code: str, values: Mapping[str, Value], owner_id: str, country: str) -> Keys:
        """The keys of which a reader of what says *values* needs one to read the field *code*."""
        if code not in self._known:
            return NOBODY
        audience = self.rule(code).audience or self.audience
        subject = self._subject(audience, values, owner_id, country)
        return opening(audience, subject, personal=code in self.personal)

    @property
    def circle(self) -> Circle:
        """Who reads the repository."""
        return self.audience, False

    def circle_of(self, field: Field) -> Circle:
        """Who reads *field* in an entry that they read."""
        audience = self.rule(field.code).audience or self.audience
        return audience, field.personal and audience.visibility in _COMMISSION_READS

    def data_class(self, code: str) -> DataClass:
        """Of which class a text of the field *code* is whose writer has said nothing: what everybody reads, any engine may see."""
        if code in self.personal:
            return DataClass.PERSONAL
        audience = self.rule(code).audience or self.audience
        return DataClass.PUBLIC if audience.visibility is Visibility.PUBLIC else DataClass.INTERNAL

    def class_of(self, code: str, text: FreeText, written_for: int) -> DataClass:
        """The class of a *text* that was *written_for* a version of the schema: no lower than that of its field *code* now.

        Unless its writer has said so: then it is another one than the field had.
        """
        if written_for >= self.version or text.data_class is not self._at(written_for).data_class(code):
            return text.data_class
        return max(self.data_class(code), text.data_class, key=_SECRECY)

    @property
    def _known(self) -> frozenset[str]:
        return frozenset(one.code for one in (*self.fields, *self.retired))

    @property
    def personal(self) -> frozenset[str]:
        """The codes of the fields that hold data of natural persons."""
        return frozenset(one.code for one in (*self.fields, *self.retired) if one.personal)

    def _at(self, version: int) -> "Definition":
        """What *version* was; this one, if there is no such version before it."""
        found: Definition | None = self
        while found and found.version > version:
            found = found.earlier
        return found or self

    def _rule_when_gone(self, code: str) -> FieldRule:
        """The rule of the field *code* in versions that do not have it: nobody has said that their readers may read it as well."""
        rule = self.rule(code)
        return replace(rule, audience=rule.audience or self.audience)

    def _subject(self, audience: Audience, values: Mapping[str, Value], owner_id: str, country: str) -> Subject:
        named = (values[code].references or () for code in audience.authority_fields if code in values)
        return Subject(
            owner_id=owner_id,
            country=country,
            areas=tuple(self.areas(values)),
            named=tuple(id_ for ids in named for id_ in ids),
        )


def definition_id(code: str, version: int) -> str:
    """The id of one version of a repository's definition."""
    return f"{code}:{version}"
