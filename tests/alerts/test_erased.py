"""What is erased of an alert is erased beside it too: nothing says any more what it said or whom it was about, and its chain holds."""

from datetime import timedelta
from pathlib import Path

from imi_client.receipts import require_continuation
from services.alerts.domain.lifecycle import Action
from services.alerts.domain.types import Flow
from services.alerts.hints.index import RELATED
from services.alerts.receipts.ledger import RECEIPTS, SECRETS
from tests.alerts.cast import FR_COORDINATOR, IT_COORDINATOR, ITALY
from tests.alerts.conftest import Asking, command
from tests.alerts.rehearsal import a_form, a_rehearsal, fields_of
from tests.alerts.test_receipts_rpc import receipt, until_recorded
from tests.chassis.waiting import until

PROFESSIONAL = Flow.PROFESSIONAL_ALERT


async def test_erasing_an_alert_leaves_its_chain_whole_and_closes_for_ever_what_it_is_committed_to(
    asking: Asking, tmp_path: Path
) -> None:
    async with a_rehearsal(asking, tmp_path) as rehearsal:
        alone, documents = rehearsal.asking, rehearsal.documents
        made = await alone(
            ITALY, "CreateAlert", command=command(), type_id="professional:1", values=a_form(PROFESSIONAL)
        )
        id_ = made.alert.id
        await rehearsal.do(ITALY, "SubmitAlert", id_, PROFESSIONAL)
        await rehearsal.do(IT_COORDINATOR, "BroadcastAlert", id_, PROFESSIONAL)
        amended = await alone.do(IT_COORDINATOR, "AmendAlert", id=id_, **fields_of("AmendAlert", PROFESSIONAL))
        await until_recorded(alone, amended)
        before = await receipt(alone, FR_COORDINATOR, id_, content=True)
        assert before.values
        assert len({step.content for step in before.steps}) == 2
        secrets = await documents.get(SECRETS, id_)
        assert secrets is not None
        assert secrets.body["content"]

        await rehearsal.arranged(id_, Action.ESCALATE, Action.EXPIRE)
        await rehearsal.fire(after=timedelta(days=61, hours=2))
        await rehearsal.arranged(id_, Action.ERASE)
        await rehearsal.fire(after=timedelta(days=64, hours=3))
        erased = await alone.read(ITALY, id_)
        assert erased is not None
        await until_recorded(alone, erased)

        async def forgotten() -> bool:
            kept, related = await documents.get(SECRETS, id_), await documents.get(RELATED, id_)
            assert kept is not None
            return kept.body["content"] == "" and (related is None or related.body["hashes"] == [])

        await until(forgotten)
        after = await receipt(alone, FR_COORDINATOR, id_, content=True)
        require_continuation(before, after)
        assert after.values == ()
        assert [step.what for step in after.steps][-2:] == ["EXPIRE", "ERASE"]
        assert after.steps[-1].content == ""
        # The commitments stay what they were.
        assert [step.content for step in after.steps][: len(before.steps)] == [step.content for step in before.steps]
        links = await documents.find(RECEIPTS, {"alert": id_}, limit=100)
        assert len(links) == len(after.links)
        assert "SECRET" not in str([one.body for one in links])
