"""What somebody may not see is not told in a roundabout way either: by a list, by an import, by what a definition said before."""

from dataclasses import replace

from chassis.wire import field_values
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import FieldRule
from tests.builders import QUALIFICATIONS, doctors
from tests.chassis.waiting import until
from tests.repositories.conftest import Asking, an_approver, an_editor
from tests.repositories.registers import refers, written
from tests.repositories.test_publishing import FIELDS, MODULE, a_definition, field, publish
from tests.repositories.transfers import JSON, send
from vocabulary.values import ValueType

PUBLIC, IN_IMI = Audience(visibility=Visibility.PUBLIC), Audience(visibility=Visibility.ALL_IMI)
ITALY = an_editor("IT")
# At the authority of ITALY, an editor of another area.
NEIGHBOUR = an_editor("IT", modules=("services/repository",))
VALUES = field_values({"name": written("Elenco")})


async def test_a_coordinator_is_not_told_that_something_of_their_own_authority_waits(asking: Asking) -> None:
    """Its approver is somebody elsewhere; to them, as to its readers, nothing shows that an update is on its way."""
    await publish(asking, a_definition(*FIELDS, code="own-waiting", approval=True, audience=MODULE), "own-waiting")
    elsewhere, own = an_approver("IT"), replace(an_approver("IT"), authority_id=doctors("IT"), user_id="usr_own")
    ids = []
    for _ in range(3):
        made = await asking.do(ITALY, "CreateEntry", repository="own-waiting", values=VALUES)
        await asking.do(ITALY, "SubmitEntry", id=made.id)
        ids.append(made.id)
    await asking.do(elsewhere, "ApproveEntry", id=ids[0])
    await asking.do(ITALY, "EditEntry", id=ids[0], values=field_values({"name": written("Altro")}))
    await asking.do(ITALY, "SubmitEntry", id=ids[0])
    listed = await asking(elsewhere, "ListPendingEntries", repository="own-waiting")
    assert {one.id for one in listed.entries} == set(ids)
    assert len(listed.page_info.cursors) == len(ids)
    for first in (1, 100):
        listed = await asking(own, "ListPendingEntries", repository="own-waiting", page={"first": first})
        assert (list(listed.entries), list(listed.page_info.cursors)) == ([], [])
        assert not listed.page_info.has_next_page


async def test_an_import_does_not_say_whether_somebody_has_guessed_what_they_do_not_read(asking: Asking) -> None:
    rules = {"born": FieldRule(audience=MODULE)}
    places = (*FIELDS, field("area", ValueType.AREA, mandatory=True))
    made = a_definition(*places, code="guessed", area="", audience=IN_IMI, rules=rules)
    await publish(asking, made, "guessed")
    values = field_values({"name": written("Elenco"), "area": refers(QUALIFICATIONS)})
    entry = await asking.do(ITALY, "CreateEntry", repository="guessed", values=values)
    await asking.do(ITALY, "PublishEntry", id=entry.id)
    await asking.do(ITALY, "EditEntry", id=entry.id, values=[*field_values({"name": written("Segreto")}), values[1]])
    for publishing in (False, True):
        answers = []
        for guess in ("Segreto", "Elenco", "Altro"):
            row = f'{{"entry.id": "{entry.id}", "name": "{guess}", "language_of.name": "it"}}\n'
            report = await send(asking, row, JSON, caller=NEIGHBOUR, repository="guessed", publish=publishing)
            answers.append((report.outcomes, report.refusals))
        assert answers == [(["REFUSED"], [(1, "NOT_EDITOR_OF_AREA", "")])] * 3


async def test_what_everybody_knows_of_a_definition_is_said_by_its_newest_version(asking: Asking) -> None:
    hidden = {"born": FieldRule(audience=IN_IMI)}
    await publish(asking, a_definition(*FIELDS, code="closed", audience=PUBLIC), "closed")
    await publish(asking, a_definition(*FIELDS, code="closed", version=2, audience=IN_IMI), "closed-2")
    await publish(asking, a_definition(*FIELDS, code="opened", audience=PUBLIC, rules=hidden), "opened")
    await publish(asking, a_definition(*FIELDS, code="opened", version=2, audience=PUBLIC), "opened-2")
    await publish(asking, a_definition(*FIELDS, code="veiled", audience=PUBLIC), "veiled")
    await publish(asking, a_definition(*FIELDS, code="veiled", version=2, audience=PUBLIC, rules=hidden), "veiled-2")
    asked = ["closed:1", "closed", "opened:1", "veiled:1"]
    found = (await asking(None, "BatchGetRepositories", ids=asked, languages=["en"])).repositories
    known = {one.id: [field.code for field in one.fields] for one in found}
    assert known == {"opened:1": ["name", "holder", "born"], "veiled:1": ["name", "holder"]}


async def test_an_entry_is_not_found_by_a_personal_field_that_is_not_searched(asking: Asking) -> None:
    about = field("subject", ValueType.CONCEPT, personal=True, many=True)
    made = a_definition(FIELDS[0], about, code="personal-subject", audience=PUBLIC)
    made = replace(made, retention=replace(made.retention, erased_after_months=12))
    await publish(asking, made, "personal-subject")
    values = field_values({"name": written("Elenco"), "subject": refers("doctor")})
    entry = await asking.do(ITALY, "CreateEntry", repository="personal-subject", values=values)
    await asking.do(ITALY, "PublishEntry", id=entry.id)

    async def found(**asked: object) -> pb.SearchEntriesResponse:
        answer: pb.SearchEntriesResponse = await asking(None, "SearchEntries", repository="personal-subject", **asked)
        return answer

    async def there() -> bool:
        return (await found()).total == 1

    await until(there)
    assert (await found(filter=pb.EntryFilter(concepts=["doctor"]))).total == 0
    (facet,) = (await found(facets=["concept"])).facets
    assert list(facet.values) == []
