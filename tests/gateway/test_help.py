"""Whoever fills in a form is told what is meant, in their own language; and knows whom to ask."""

from collections.abc import Callable, Iterator

from graphql import GraphQLInputObjectType, get_named_type, is_input_object_type

from gateway.schema import graphql_schema
from services.directory.guidance import Guidance
from tests.cells import cell
from tests.gateway.clients import Client, Refused, key
from vocabulary import countries

As = Callable[[str], Client]
SEND = """mutation ($input: SendFeedbackInput!) {
  sendFeedback(input: $input) { feedback { about addressee { country { code } } text { original } } } }"""


def form_fields(form: GraphQLInputObjectType, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The fields of a form, and those of the forms within it."""
    for name, field in form.fields.items():
        yield name
        inner = get_named_type(field.type)
        if is_input_object_type(inner) and inner.name not in seen:
            yield from form_fields(inner, seen | {inner.name})


def test_every_action_and_every_field_of_its_form_has_an_info_point() -> None:
    guidance, mutations = Guidance.load(), graphql_schema.mutation_type
    assert mutations is not None
    for action, field in mutations.fields.items():
        with cell(action):
            assert guidance.about(action), "services/directory/guidance/info/structure.toml lacks the action"
        for argument in field.args.values():
            form = get_named_type(argument.type)
            for name in form_fields(form) if is_input_object_type(form) else ():
                with cell(action, name):
                    assert guidance.about(f"{action}.{name}"), "guidance/info/structure.toml lacks the field"


def test_every_field_to_search_by_has_an_info_point() -> None:
    guidance = Guidance.load()
    for kind in graphql_schema.type_map.values():
        if is_input_object_type(kind):
            for name in kind.fields:
                with cell(kind.name, name):
                    assert guidance.about(f"{kind.name}.{name}"), "guidance/info/structure.toml lacks the field"


async def test_help_is_in_the_readers_language_or_the_one_asked_for(as_: As) -> None:
    document = 'query ($language: Language) { help(of: "sendRequest", language: $language) { of text } }'
    (found,) = (await as_("hu-handler").ask(document))["help"]
    assert found["text"].startswith("Elküldi a megkeresést")
    (found,) = (await as_("hu-handler").ask(document, language="IT"))["help"]
    assert found["of"] == "sendRequest"
    assert "richiesta" in found["text"]


async def test_glossary_questions_and_guidelines_are_read(as_: As) -> None:
    found = await as_("it-handler").ask(
        """{ glossary(text: "coordinatore nazionale") { code name meaning }
             faq(block: ALERTS) { block question answer }
             guidelines(block: REQUESTS) { title sections { title text } } }"""
    )
    assert found["glossary"][0]["code"] == "nimic"
    assert all(one["block"] == "ALERTS" and one["question"] and one["answer"] for one in found["faq"])
    (guideline,) = found["guidelines"]
    assert guideline["title"]
    assert len(guideline["sections"]) >= 8
    assert await as_("it-handler").refused('{ glossary(text: "%s") { code } }' % ("a" * 201)) == Refused(
        "INVALID", "TOO_LONG", "text"
    )


async def test_a_country_has_its_helpdesk_and_the_commission_one(as_: As) -> None:
    found = await as_("hu-handler").ask(
        """{ helpdesks(country: "HU") { country { code } authority { name } contact { email } }
             all: helpdesks { country { code } }
             commissionHelpdesk { country { code } authority { name } contact { email } } }"""
    )
    (own,) = found["helpdesks"]
    assert own["country"]["code"] == "HU"
    assert own["authority"]["name"]
    assert own["contact"]["email"]
    assert len(found["all"]) == len(countries.ALL)
    assert found["commissionHelpdesk"]["country"] is None
    assert found["commissionHelpdesk"]["contact"]["email"]
    assert await as_("hu-handler").refused('{ helpdesks(country: "XX") { contact { email } } }') == Refused(
        "INVALID", "UNKNOWN_VALUE", "country"
    )


async def test_feedback_is_read_by_the_own_coordinator_alone(as_: As) -> None:
    german = {"text": "Gut gemacht.", "language": "DE"}
    sent = await as_("de-nimic").ask(SEND, input={"idempotencyKey": key(), "text": german})
    assert sent["sendFeedback"]["feedback"]["addressee"]["country"] is None
    document = "{ feedback(first: 5) { edges { node { text { original } authority { country { code } } } } } }"
    came = (await as_("eu-registrar").ask(document))["feedback"]["edges"]
    assert came[0]["node"] == {"text": {"original": "Gut gemacht."}, "authority": {"country": {"code": "DE"}}}
    assert (await as_("it-handler").refused(document)).code == "FORBIDDEN"
