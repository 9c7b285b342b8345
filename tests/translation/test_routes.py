"""Which engines are asked, in which order; and that a text never goes where it may not."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from services.translation.domain.pairs import Pair
from services.translation.domain.policy import lower, may_see
from services.translation.domain.routes import PIVOTS_TRIED, Capability, Engine, first_route, routes
from services.translation.domain.translations import Reason, Tier
from tests.cells import cell
from vocabulary.values import DataClass

SECRECY = [DataClass.PUBLIC, DataClass.INTERNAL, DataClass.PERSONAL, DataClass.SPECIAL_CATEGORY]
NEURAL, RULES = Capability(tier=Tier.NEURAL), Capability(tier=Tier.RULE_BASED)


def engine(
    name: str,
    *pairs: str,
    may: DataClass | None = DataClass.PERSONAL,
    poor: tuple[str, ...] = (),
    later: bool = False,
    capability: Capability = NEURAL,
) -> Engine:
    able = {Pair.read(one): capability for one in pairs} | {
        Pair.read(one): Capability(tier=Tier.RULE_BASED, poor=True) for one in poor
    }
    return Engine(name=name, data_class_max=may, asynchronous=later, capabilities=able)


def ways(engines: list[Engine], pair: str, data_class: DataClass = DataClass.PERSONAL) -> list[str] | Reason:
    found = routes(engines, Pair.read(pair), data_class)
    return found if isinstance(found, Reason) else [route.id for route in found]


def test_an_engine_sees_what_it_may_and_none_sees_more_than_it_was_allowed() -> None:
    for maximum, text in product([None, *SECRECY], SECRECY):
        with cell(maximum, text):
            allowed = maximum is not None and SECRECY.index(text) <= SECRECY.index(maximum)
            assert may_see(maximum, text) is allowed
    for one, other in product([None, *SECRECY], repeat=2):
        for text in SECRECY:
            assert may_see(lower(one, other), text) is (may_see(one, text) and may_see(other, text))


def test_direct_ways_come_first_in_the_order_of_preference() -> None:
    engines = [engine("a", "it-en", "en-hu"), engine("b", "it-hu"), engine("c", "it-hu")]
    assert ways(engines, "it-hu") == ["b:it-hu", "c:it-hu", "a:it-en a:en-hu"]


def test_the_language_in_between_is_english_before_others_and_one_engine_before_two() -> None:
    engines = [
        engine("a", "pt-es", "es-it", "pt-en"),
        engine("b", "en-it", "pt-fr", "fr-it", "pt-ro", "ro-it"),
    ]
    assert ways(engines, "pt-it") == ["a:pt-en b:en-it", "a:pt-es a:es-it", "b:pt-fr b:fr-it"]
    assert len(ways(engines, "pt-it")) == PIVOTS_TRIED
    found = routes(engines, Pair("pt", "it"), DataClass.PUBLIC)
    assert not isinstance(found, Reason)
    first = found[0]
    assert (first.tier, first.pivot, first.engine) == (Tier.PIVOT, ("en",), "a+b")


def test_three_steps_are_never_taken() -> None:
    assert ways([engine("a", "it-es", "es-en", "en-hu")], "it-hu") is Reason.PAIR_UNSUPPORTED


def test_a_poor_pair_is_good_enough_by_itself_and_no_half_of_a_way() -> None:
    engines = [engine("a", "en-it", poor=("hr-en",))]
    assert ways(engines, "hr-en") == ["a:hr-en"]
    assert ways(engines, "hr-it") is Reason.PAIR_UNSUPPORTED


def test_an_engine_that_calls_back_is_no_half_of_a_way() -> None:
    engines = [engine("a", "it-en", later=True), engine("b", "en-hu")]
    assert ways(engines, "it-en") == ["a:it-en"]
    assert ways(engines, "it-hu") is Reason.PAIR_UNSUPPORTED


def test_why_there_is_no_way() -> None:
    unknown = Engine(name="u", data_class_max=DataClass.PERSONAL, asynchronous=False, capabilities=None)
    for engines, expected in (
        ([], Reason.NO_ENGINE),
        ([engine("a", "it-en")], Reason.PAIR_UNSUPPORTED),
        ([engine("a", "it-hu", may=DataClass.PUBLIC)], Reason.POLICY_BLOCKED),
        ([engine("a", "it-hu", may=None)], Reason.POLICY_BLOCKED),
        ([engine("a", "it-en", may=None)], Reason.POLICY_BLOCKED),
        ([engine("a", "it-en"), engine("b", "it-hu", may=DataClass.INTERNAL)], Reason.POLICY_BLOCKED),
        ([engine("a", "it-en"), engine("b", "en-hu", may=DataClass.INTERNAL)], Reason.POLICY_BLOCKED),
        ([engine("a", "it-en", may=DataClass.PERSONAL), engine("b", "it-de", may=None)], Reason.PAIR_UNSUPPORTED),
        ([unknown], Reason.ENGINE_FAILED),
        ([unknown, engine("a", "it-hu", may=None)], Reason.ENGINE_FAILED),
    ):
        with cell(expected, [one.name for one in engines]):
            assert ways(engines, "it-hu") is expected


codes = st.sampled_from(["it", "en", "hu", "es", "fr"])
pairs = st.tuples(codes, codes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Pair(*pair))
capabilities = st.builds(Capability, tier=st.sampled_from([Tier.NEURAL, Tier.RULE_BASED]), poor=st.booleans())
engines_ = st.lists(
    st.builds(
        Engine,
        name=st.sampled_from("abcd"),
        data_class_max=st.none() | st.sampled_from(SECRECY),
        asynchronous=st.booleans(),
        capabilities=st.none() | st.dictionaries(pairs, capabilities, max_size=8),
    ),
    max_size=4,
    unique_by=lambda one: one.name,
)


@given(engines_, pairs, st.sampled_from(SECRECY))
def test_every_way_leads_there_through_engines_that_may_see_the_text(
    engines: list[Engine], pair: Pair, data_class: DataClass
) -> None:
    found = routes(engines, pair, data_class)
    if isinstance(found, Reason):
        assert first_route(engines, pair, data_class) is None
        return
    assert first_route(engines, pair, data_class) == found[0]
    assert found
    by_name = {one.name: one for one in engines}
    assert len({route.id for route in found}) == len(found)
    for route in found:
        assert (route.steps[0].pair.source, route.steps[-1].pair.target) == pair
        assert len(route.steps) <= 2
        for step in route.steps:
            owner = by_name[step.engine]
            assert may_see(owner.data_class_max, data_class)
            assert (owner.capabilities or {})[step.pair] == step.capability
            assert len(route.steps) == 1 or not (step.capability.poor or owner.asynchronous)
