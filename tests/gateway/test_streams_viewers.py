"""Who shares what with whom: the same bytes only where each would have had them alone."""

import itertools
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type, is_leaf_type, parse, validate
from graphql.type import GraphQLUnionType

from chassis.bearers import Bearer
from chassis.caller import GATEWAY, Caller, Signer
from chassis.keys import KeyRing
from chassis.settings import Addresses
from gateway.backends import Stubs, connected
from gateway.context import Context
from gateway.people import Person, SignIn
from gateway.schema import graphql_schema
from gateway.streams.execution import answers
from gateway.streams.sources import WATCH_INBOX
from gateway.streams.viewers import IMPERSONAL, Selection, Selections, access_of, answer_of
from protos.directory.v1 import directory_pb2
from services.alerts.reactions import STREAM
from services.directory.training.authorities import coordinator_id
from tests.gateway.clients import Client, eventually
from tests.gateway.exchanges import a_submitted_alert, an_alert, text
from tests.gateway.running import Running, a_gateway, a_service, copy_of
from tests.gateway.streaming import an_execution
from tests.ports import a_dead_address
from vocabulary import pages
from vocabulary.refusals import Refusal
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

At = Callable[[Running, str], Client]
MODULE = "services/alerts"
FOREVER = 4e9
READING = Selections(graphql_schema)


def selection(document: str, operation: str | None = None) -> Selection:
    assert not validate(graphql_schema, parse(document)), document
    return READING.of(document, parse(document), operation)


def test_what_is_called_impersonal_is_in_the_schema() -> None:
    for name, impersonal in IMPERSONAL.items():
        found = graphql_schema.type_map[name]
        assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
        assert impersonal <= set(found.fields), f"{name} has no {sorted(impersonal - set(found.fields))}"


IMPERSONAL_DOCUMENTS = [
    "subscription { alertStream { cursor } }",
    "subscription { alertStream { __typename entry { alert { author { name } values { value { text { original } } } } } } }",
    "subscription { requestChanges { cursor action status } }",
    "subscription { alertStream { ...rest } } fragment rest on AlertStreamItem { entry { alert { id } } }",
]
PERSONAL_DOCUMENTS = [
    "subscription { requestChanges { request { id } } }",
    "subscription { alertStream { entry { alert { author { actions } } } } }",
    "subscription { alertStream { entry { alert { author { users { edges { node { id } } } } } } } }",
    "subscription { alertStream { entry { alert { author { access { actions } } } } } }",
    "subscription { alertStream { entry { alert { ...rest } } } } fragment rest on Alert { author { invitation { email } } }",
    "subscription { alertStream { entry { alert { ... on Node { id } ... { author { applicant { name } } } } } } }",
    "subscription { alertStream { ... @include(if: false) { entry { alert { author { actions } } } } cursor } }",
]


@pytest.mark.parametrize("document", IMPERSONAL_DOCUMENTS)
def test_nearly_everything_about_an_alert_is_its_authoritys(document: str) -> None:
    assert selection(document).impersonal


@pytest.mark.parametrize("document", PERSONAL_DOCUMENTS)
def test_what_may_depend_on_the_person_is_theirs_alone(document: str) -> None:
    assert not selection(document).impersonal


AFTER = {
    "subscription ($a: String) { alertStream(after: $a) { cursor } }": "a",
    "subscription ($a: String) { items: alertStream(after: $a) { cursor } }": "a",
    'subscription { alertStream(after: "x") { cursor } }': None,
    "subscription ($a: String) { alertStream(after: $a) { entry { alert { author { history(after: $a) { __typename } } } } } }": None,
    "subscription ($language: Language) { alertStream(language: $language) { cursor } }": None,
}


@pytest.mark.parametrize("document", list(AFTER))
def test_only_a_variable_that_says_nothing_else_says_where_to_begin(document: str) -> None:
    assert selection(document).after == AFTER[document]


def viewers(seed: int) -> list[Caller]:
    """People of every kind, several of each that differ in nothing but who they are; and those that differ in one thing."""
    chance = random.Random(seed)
    found = []
    countries = ("IT", "HU", "FR", "DE")
    for country, kind in itertools.product(countries, ("services", "*")):
        authority = coordinator_id(country, kind)
        for _ in range(3):
            roles = chance.sample(
                [UserRole.VIEWER, UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR],
                chance.randrange(4),
            )
            parts = chance.sample([WorkflowRole.ALERT_AUTHORITY, WorkflowRole.ALERT_COORDINATOR], chance.randrange(3))
            rank = chance.choice([LegislativeRole.COMPETENT_AUTHORITY, LegislativeRole.DIMIC, LegislativeRole.NIMIC])
            found += [
                Caller(
                    user_id=f"usr_{authority}_{person}",
                    authority_id=authority,
                    country=country,
                    language="en",
                    user_roles={MODULE: frozenset(roles)},
                    workflow_roles={MODULE: frozenset(parts)},
                    legislative_roles={"services": rank},
                )
                for person in range(2)
            ]
    commission = {"legislative_roles": {"*": LegislativeRole.COMMISSION}}
    found += [
        Caller(
            user_id=f"usr_eu_{person}",
            authority_id="aut_commission",
            country="EU",
            language="en",
            user_roles={"*": frozenset({UserRole.VIEWER})},
            **commission,  # type: ignore[arg-type]
        )
        for person in range(2)
    ]
    return found


class Alone:
    """Executes for one viewer and nobody else."""

    def __init__(self, stubs: Stubs, signer: Signer) -> None:
        self._stubs = stubs
        self._signer = signer

    def context(self, caller: Caller, document: str, language: str = "EN") -> Context:
        user = directory_pb2.User(id=caller.user_id, language=language)
        person = Person(user, directory_pb2.Authority(id=caller.authority_id), caller, FOREVER, self._signer)
        invitations: Any = None
        sign_in = SignIn(Bearer("", "", FOREVER), person, invitations)
        return Context(self._stubs, sign_in, "").for_operation(an_execution(document))

    async def items(self, caller: Caller, count: int) -> Sequence[Any] | str:
        """The first of what the service has for a viewer's inbox; or how it refuses."""
        context = self.context(caller, "{ __typename }")
        found: list[Any] = []
        try:
            async with aclosing(WATCH_INBOX.opened(context.backends, "")) as watched:
                end = (await anext(watched)).cursor
            async with aclosing(WATCH_INBOX.opened(context.backends, beginning(end))) as watched:
                async for item in watched:
                    item.ClearField("at")
                    found.append(item)
                    if item.cursor == end or len(found) > count:
                        return found
        except Refusal as refused:
            return refused.code
        return found


def beginning(cursor: str) -> str:
    """The cursor before everything in the same inbox."""
    recipient, _ = pages.position(cursor, STREAM, (str, int))
    return pages.cursor(STREAM, recipient, 0)


def whole(depth: int) -> str:
    """A document with every impersonal field of an alert's stream, down to a depth."""

    def selected(of: Any, left: int) -> str:
        found = ["__typename"]
        for name in sorted(IMPERSONAL.get(of.name, ())):
            inner = get_named_type(of.fields[name].type)
            assert not isinstance(inner, GraphQLUnionType)
            if is_leaf_type(inner):
                found.append(name)
            elif left:
                found.append(f"{name} {{ {selected(inner, left - 1)} }}")
        return " ".join(found)

    item = graphql_schema.type_map["AlertStreamItem"]
    return f"subscription {{ alertStream {{ {selected(item, depth)} }} }}"


@pytest.fixture(scope="module")
async def alone(trained: Path, tmp_path_factory: pytest.TempPathFactory, at: At) -> AsyncIterator[Alone]:
    """A system in which alerts of every kind have been made."""
    data = copy_of(trained, tmp_path_factory.mktemp("viewers") / "data")
    async with AsyncExitStack() as stack:
        addresses = {"directory_address": await stack.enter_async_context(a_service("directory", data))}
        addresses["alerts_address"] = await stack.enter_async_context(a_service("alerts", data, **addresses))
        addresses["translation_address"] = await stack.enter_async_context(a_service("translation", data, **addresses))
        running = await stack.enter_async_context(a_gateway(data, **addresses))
        author, coordinator, hungary = (at(running, user) for user in ("it-alerts", "it-coordinator", "hu-alerts"))
        await a_submitted_alert(author)
        for countries in (("HU",), ("HU", "FR"), ("FR", "DE")):
            made = await an_alert(author, coordinator, *countries)
            if "HU" in countries:
                await hungary.do("acknowledgeAlert", "alert { id }", id=made)
                await hungary.do("addAlertInformation", "alert { id }", id=made, text=text("Ismert", "HU"))

        async def told() -> bool | None:
            """Whether the two alerts have reached Hungary."""
            inbox = (await hungary.ask("{ inbox { edges { node { kind } } } }"))["inbox"]["edges"]
            return [edge["node"]["kind"] for edge in inbox].count("BROADCAST") == 2 or None

        await eventually(told)
        away = {f"{name}_address": a_dead_address() for name in ("requests", "repositories")}
        read = Addresses.model_validate({**away, **addresses})
        stubs = await stack.enter_async_context(connected(read, None))
        yield Alone(stubs, Signer(KeyRing(data / "keys"), GATEWAY))


@pytest.mark.parametrize("seed", range(3))
async def test_a_service_sends_the_same_to_all_who_share_a_tail(alone: Alone, seed: int) -> None:
    found: dict[Hashable, list[tuple[str, Any]]] = defaultdict(list)
    for caller in viewers(seed):
        found[access_of(caller)].append((caller.user_id, await alone.items(caller, 50)))
    for shared in found.values():
        # An entry that came in between is one that the first has not seen.
        length = min(len(items) for _, items in shared)
        assert len({type(items) for _, items in shared}) == 1
        assert all(items[:length] == shared[0][1][:length] for _, items in shared), [user for user, _ in shared]
    assert max(map(len, found.values())) > 1
    assert any(len(items) > 1 for shared in found.values() for _, items in shared)


@pytest.mark.parametrize("seed", range(3))
async def test_equal_keys_have_equal_bytes_when_each_is_executed_alone(alone: Alone, seed: int) -> None:
    """Everything that is called impersonal, for every kind of viewer; and what is not is shared by nobody."""
    document = whole(4)
    chosen = selection(document)
    assert chosen.impersonal
    people = viewers(seed)
    everybodys: dict[str, Any] = {}
    for caller in people:
        items = await alone.items(caller, 50)
        everybodys |= {item.entry.alert_id: item for item in items if not isinstance(item, str) and item.entry.id}
    assert everybodys
    found: dict[Hashable, list[tuple[str, list[bytes]]]] = defaultdict(list)
    for caller in people:
        made = await answers(graphql_schema, alone.context(caller, document), list(everybodys.values()))
        given = [answer.body for answer in made]
        found[answer_of(caller, chosen, "en")].append((caller.user_id, given))
    for shared in found.values():
        assert all(given == shared[0][1] for _, given in shared), [user for user, _ in shared]
    assert max(map(len, found.values())) > 1
    assert len({b"".join(shared[0][1]) for shared in found.values()}) > 3, "the viewers see all the same"
    personal = selection(PERSONAL_DOCUMENTS[1])
    assert len({answer_of(caller, personal, "en") for caller in people}) == len(
        {(access_of(one), one.user_id) for one in people}
    )


def test_whatever_differs_in_what_is_signed_for_separates() -> None:
    """Each part of a caller token by itself: the key of what is shared has all of them, and of what is personal the person too."""
    chosen = selection(IMPERSONAL_DOCUMENTS[1])
    somebody = viewers(0)[0]
    changed = {
        "authority_id": "aut_other",
        "country": "XX",
        "language": "fr",
        "user_roles": {MODULE: frozenset({UserRole.SUPERVISOR})},
        "workflow_roles": {"other/alerts": frozenset({WorkflowRole.ALERT_AUTHORITY})},
        "legislative_roles": {"other": LegislativeRole.NIMIC},
        "service": "alerts",
    }
    assert {one.name for one in fields(Caller)} == {*changed, "user_id"}
    for name, value in changed.items():
        other = replace(somebody, **{name: value})  # type: ignore[arg-type]
        assert answer_of(other, chosen, "en") != answer_of(somebody, chosen, "en"), name
        if name != "language":
            assert access_of(other) != access_of(somebody), name
    assert answer_of(somebody, chosen, "en") != answer_of(somebody, chosen, "de")
    somebody_else = replace(somebody, user_id="usr_other")
    assert answer_of(somebody_else, chosen, "en") == answer_of(somebody, chosen, "en")
    personal = selection(PERSONAL_DOCUMENTS[0])
    assert answer_of(somebody_else, personal, "en") != answer_of(somebody, personal, "en")
