"""What is blocked is read by an authority that has to prove that it was exchanged: on a ground, for a reason, and written down."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests import storage
from services.requests.domain import silence
from services.requests.domain.actions import possibilities
from services.requests.domain.lifecycle import WRITERS, Action, Side, Status
from services.requests.domain.requests import Actor, Request
from services.requests.domain.retention import disclosed, prove, without_content, without_people
from services.requests.domain.views import proven, revision_for, seen, view
from tests.audits import administrator, listed, method_of, parts_of
from tests.builders import a_coordinator, a_handler, the_commission
from tests.cells import cell
from tests.chassis.waiting import until
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    LIMIC,
    NOW,
    Asking,
    a_request,
    an_upload,
    command,
    downloaded,
    text,
)
from tests.requests.test_retention import BLOCKED_AFTER, ERASED_AFTER, SECRET, says_nothing
from tests.requests.test_timing import Replicas, replicas
from tests.requests.test_views import (
    ASKED_HU,
    ASKED_IT,
    BEFORE,
    HU,
    IT,
    OTHER,
    a_reader,
    assigned_to,
    marks,
)
from tests.requests.test_views import (
    a_request as a_marked_request,
)
from vocabulary.proofs import PROOFS_LIMIT, Ground, Proof
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import FreeText

__all__ = ["replicas"]
WHY = FreeText(text="per il giudice", language="it")
LATER = NOW + timedelta(days=300)
COUNTRIES = {IT: "IT", HU: "HU", BEFORE: "HU", ASKED_IT: "IT", ASKED_HU: "HU", OTHER: "IT", "aut_ec": "EU"}
PROOF: dict[str, Any] = {"ground": common_pb2.PROOF_GROUND_CONSENT, "reason": text("bizonyítani kell", "hu")}
FULL = {"CONTENT", "PERSONAL_DATA", "PROOF"}


def somebody(authority: str, *roles: UserRole, user: str = "usr_1") -> Actor:
    return Actor(
        user_id=user,
        authority_id=authority,
        country=COUNTRIES[authority],
        roles=frozenset(roles),
        takes_part=True,
        legislative_role=LegislativeRole.LIMIC,
        now=LATER,
    )


def proved(request: Request, by: Actor, reason: FreeText | None = WHY) -> Request:
    return prove(request, Ground.PUBLIC_INTEREST, reason, by)


def test_what_is_blocked_is_proved_by_those_who_act_for_its_two_authorities_and_by_nobody_else() -> None:
    """In each role of each authority; and it is offered to whoever may."""
    request = a_marked_request(Status.BLOCKED)
    for authority, country in COUNTRIES.items():
        for role in UserRole:
            who = somebody(authority, role)
            offered = {one.action for one in possibilities(request, who) if one.refusal is None}
            with cell(authority, role):
                if authority in (IT, HU) and role in WRITERS:
                    after = proved(request, who)
                    assert after.status is Status.BLOCKED
                    expected = Proof(
                        authority_id=authority,
                        country=country,
                        user_id="usr_1",
                        ground=Ground.PUBLIC_INTEREST,
                        reason=WHY,
                        at=LATER,
                    )
                    assert after.proofs == (expected,)
                    assert (after.history[:-1], after.history[-1].action) == (request.history, Action.PROVE)
                    assert silence.due(after) == silence.due(request)
                    assert offered == {Action.PROVE}
                else:
                    with pytest.raises(Forbidden):
                        proved(request, who)
                    assert offered == set()


def test_where_cases_are_assigned_whoever_has_it_proves_it_and_supervisors_do() -> None:
    for side, authority in ((Side.REQUESTER, IT), (Side.RESPONDER, HU)):
        request = assigned_to("usr_2", a_marked_request(Status.BLOCKED), side)
        with pytest.raises(Forbidden) as found:
            proved(request, somebody(authority, UserRole.REQUEST_HANDLER))
        assert found.value.reason == "NOT_ASSIGNED"
        proved(request, somebody(authority, UserRole.REQUEST_HANDLER, user="usr_2"))
        proved(request, somebody(authority, UserRole.SUPERVISOR))


def test_only_what_is_blocked_is_proved_and_with_a_reason_and_so_often() -> None:
    handler = somebody(IT, UserRole.REQUEST_HANDLER)

    def refused(request: Request, reason: FreeText | None = WHY) -> Refusal:
        with pytest.raises(Refusal) as found:
            proved(request, handler, reason)
        return found.value

    for status in set(Status) - {Status.BLOCKED}:
        assert refused(a_marked_request(status)).reason == "TRANSITION", status
    blocked = a_marked_request(Status.BLOCKED)
    missing, empty = refused(blocked, None), refused(blocked, replace(WHY, text=" "))
    assert (missing.field, missing.reason) == ("reason", "MISSING_FIELD")
    assert (empty.field, empty.reason) == ("reason.text", "EMPTY")
    full = replace(blocked, proofs=proved(blocked, handler).proofs * PROOFS_LIMIT)
    assert refused(full).reason == "TOO_MANY_PROOFS"
    (said,) = (one for one in possibilities(full, handler) if one.action is Action.PROVE)
    assert said.refusal is not None
    assert said.refusal.reason == "TOO_MANY_PROOFS"


def test_each_side_is_shown_what_it_saw_before_it_was_blocked_and_no_more() -> None:
    for accepted in (True, False):
        ended = a_marked_request(Status.WITHDRAWN, accepted=accepted)
        blocked = replace(ended, status=Status.BLOCKED)
        for authority in (IT, HU):
            reader = a_reader(authority, COUNTRIES[authority], UserRole.REQUEST_HANDLER)
            how, before = view(blocked, reader), view(ended, reader)
            with cell(accepted, authority):
                assert how is not None
                assert how is before
                then = seen(ended, how, reader)
                assert marks(then), "there is something to prove"
                assert proven(blocked, how, reader) == replace(then, status=Status.BLOCKED)
                assert marks(seen(blocked, how, reader)) == set()


def test_who_has_proved_it_is_seen_by_the_same_authority_alone_and_why_by_those_who_see_its_texts() -> None:
    blocked = a_marked_request(Status.BLOCKED)
    request = proved(blocked, somebody(HU, UserRole.REQUEST_HANDLER, user="usr_prover"))
    steps: dict[str, int] = {}
    for authority, roles, sees, why in (
        (HU, (UserRole.VIEWER,), True, WHY),
        (HU, (UserRole.ALLOCATOR,), True, None),
        (IT, (UserRole.REQUEST_HANDLER,), False, None),
        (ASKED_HU, (UserRole.COORDINATOR,), False, None),
        (BEFORE, (UserRole.REQUEST_HANDLER,), False, None),
    ):
        reader = a_reader(authority, "HU", *roles)
        how = view(request, reader)
        with cell(authority, roles):
            assert how is not None
            shown = seen(request, how, reader)
            assert [one.reason for one in shown.proofs] == ([why] if sees else [])
            assert (Action.PROVE in {entry.action for entry in shown.history}) is sees
            steps[authority] = revision_for(request, 21, authority, how) - revision_for(blocked, 20, authority, how)
    assert steps == {HU: 1, IT: 0, ASKED_HU: 0, BEFORE: 0}
    assert disclosed(request).proofs == request.proofs
    erased = without_people(without_content(request))
    assert ("usr_prover" in repr(request), "usr_prover" in repr(erased)) == (True, False)
    (left,) = erased.proofs
    assert (left.authority_id, left.ground, left.reason) == (HU, Ground.PUBLIC_INTEREST, None)


async def blocked(replicas: Replicas, status: Status = Status.CLOSED) -> tuple[str, str]:
    """The id of a request that has ended so and is blocked, and that of a file it has."""
    file = await an_upload(replicas.asking, ITALY)
    justification = text(f"{SECRET} motivo")
    request = await a_request(replicas.asking, status, justification=justification, file_ids=[file.id])

    async def is_blocked() -> bool:
        await replicas.fire(after=BLOCKED_AFTER)
        found = await replicas.asking.read(ITALY, request.id)
        return found is not None and found.status == pb.REQUEST_STATUS_BLOCKED

    await until(is_blocked)
    return request.id, file.id


async def erased(replicas: Replicas, id_: str) -> None:
    async def is_erased() -> bool:
        await replicas.fire(after=ERASED_AFTER)
        return await replicas.asking.read(ITALY, id_) is None

    await until(is_erased)


async def reads(asking: Asking, reader: Caller, id_: str) -> list[tuple[set[str], int]]:
    """What *reader* was shown of the request by proofs: which parts, at which revision; the latest first."""
    found = await listed(asking.peer(administrator(reader)), asking.channel, id=id_, user_id=reader.user_id)
    return [(parts_of(one, id_), one.things[0].revision) for one in found.reads if method_of(one) == "ProveRequest"]


async def test_an_authority_reads_what_is_blocked_as_proof_and_each_reading_is_written_down(
    replicas: Replicas, capsys: pytest.CaptureFixture[str]
) -> None:
    asking = replicas.asking
    id_, file = await blocked(replicas)
    before = await asking.read(HUNGARY, id_)
    other = await asking.read(ITALY, id_)
    assert before is not None
    key = command("prove it", revision=before.revision)
    capsys.readouterr()
    shown = await asking.do(HUNGARY, "ProveRequest", command=key, id=id_, **PROOF)
    assert (shown.status, shown.view, shown.revision) == (
        pb.REQUEST_STATUS_BLOCKED, pb.REQUEST_VIEW_FULL, before.revision + 1,
    )  # fmt: skip
    assert (shown.justification.text, shown.subject.person.given_name) == (f"{SECRET} motivo", "Eszter")
    assert {one.question_code for one in shown.answers} == {"PQ1", "PQ3"}
    assert [one.id for one in shown.files] == [file]
    logged = next(line for line in capsys.readouterr().out.splitlines() if "blocked_request_read" in line)
    assert HUNGARY.user_id in logged
    assert id_ in logged
    assert SECRET not in logged
    # Sent again, it is the same proof, and read anew: what it answered is kept nowhere.
    assert await asking.do(HUNGARY, "ProveRequest", command=key, id=id_, **PROOF) == shown
    assert await reads(asking, HUNGARY, id_) == [(FULL, shown.revision)] * 2
    stored = await asking.documents.get(storage.REQUESTS, id_)
    assert stored is not None
    answers = stored.body["answered"]
    assert isinstance(answers, list)
    assert len(answers) == 2, "that of the blocking, and this one"
    # Whoever reads it without a proof, at either side, is told nothing of it still; nor can its file be had.
    assert await says_nothing(asking, HUNGARY, id_)
    with pytest.raises(NotFound):
        await downloaded(asking, HUNGARY, file)
    own = await asking.read(HUNGARY, id_)
    assert own is not None
    assert [(one.authority_id, one.country_code, one.ground, one.reason.text) for one in own.proofs] == [
        (HUNGARY.authority_id, "HU", common_pb2.PROOF_GROUND_CONSENT, PROOF["reason"].text)
    ]
    assert own.history[-1].action == pb.REQUEST_ACTION_PROVE
    assert await asking.read(ITALY, id_) == other
    for authority in (ITALY, HUNGARY):
        assert Action.PROVE not in {one.kind for one in await replicas.told(authority.authority_id, id_)}


async def test_whoever_may_prove_no_more_is_not_answered_again_and_nobody_is_once_it_is_erased(
    replicas: Replicas,
) -> None:
    asking = replicas.asking
    id_, _ = await blocked(replicas)
    key = command()
    assert SECRET in str(await asking.do(HUNGARY, "ProveRequest", command=key, id=id_, **PROOF))
    lost = replace(a_handler("HU", UserRole.VIEWER), user_id=HUNGARY.user_id)
    with pytest.raises(Forbidden) as found:
        await asking.do(lost, "ProveRequest", command=key, id=id_, **PROOF)
    assert SECRET not in found.value.message
    await erased(replicas, id_)
    with pytest.raises(NotFound):
        await asking.do(HUNGARY, "ProveRequest", command=key, id=id_, **PROOF)
    left = str(await asking.documents.get(storage.REQUESTS, id_))
    assert not [word for word in (SECRET, "bizonyítani", HUNGARY.user_id) if word in left]


async def test_a_responder_that_never_accepted_proves_without_whom_it_was_about(replicas: Replicas) -> None:
    asking = replicas.asking
    id_, _ = await blocked(replicas, Status.WITHDRAWN)
    shown = await asking.do(HUNGARY, "ProveRequest", id=id_, **PROOF)
    assert (shown.view, shown.HasField("subject"), len(shown.files)) == (pb.REQUEST_VIEW_WITHOUT_SUBJECT, False, 0)
    assert shown.justification.text == f"{SECRET} motivo"
    assert await reads(asking, HUNGARY, id_) == [({"CONTENT", "PROOF"}, shown.revision)]
    assert (await asking.do(ITALY, "ProveRequest", id=id_, **PROOF)).subject.person.given_name == "Eszter"


async def test_a_proof_that_is_refused_shows_and_leaves_nothing(replicas: Replicas) -> None:
    asking = replicas.asking
    id_, _ = await blocked(replicas)
    before = await asking.documents.get(storage.REQUESTS, id_)
    cases: tuple[tuple[Caller, dict[str, Any], type[Refusal], str], ...] = (
        (HUNGARY, {**PROOF, "ground": 0}, Invalid, "ground"),
        (HUNGARY, {**PROOF, "ground": 7}, Invalid, "ground"),
        (HUNGARY, {"ground": PROOF["ground"]}, Invalid, "reason"),
        (HUNGARY, {**PROOF, "reason": text(" ")}, Invalid, "reason.text"),
        (HUNGARY, {**PROOF, "reason": text("x", "tlh")}, Invalid, "reason.language"),
        (HUNGARY, {**PROOF, "command": command(revision=1)}, Stale, "revision"),
        (a_handler("HU", UserRole.VIEWER), PROOF, Forbidden, ""),
        (a_handler("HU", UserRole.ALLOCATOR), PROOF, Forbidden, ""),
        (a_coordinator("HU", LIMIC), PROOF, Forbidden, ""),
        (the_commission(), PROOF, NotFound, "id"),
        (a_handler("FR"), PROOF, NotFound, "id"),
    )
    for caller, fields, kind, field in cases:
        with cell(caller.user_id, kind, field):
            with pytest.raises(kind) as found:
                await asking.do(caller, "ProveRequest", id=id_, **fields)
            assert found.value.field == field
            assert SECRET not in found.value.message
    assert await asking.documents.get(storage.REQUESTS, id_) == before
    open_ = await a_request(asking, Status.ANSWERED)
    with pytest.raises(Conflict) as early:
        await asking.do(HUNGARY, "ProveRequest", id=open_.id, **PROOF)
    assert early.value.reason == "TRANSITION"


async def test_of_a_proof_and_an_erasure_at_once_either_reads_or_is_refused_and_nothing_is_left(
    replicas: Replicas,
) -> None:
    asking = replicas.asking
    for _ in range(3):
        id_, _ = await blocked(replicas)
        proving = asking.do(HUNGARY, "ProveRequest", id=id_, **PROOF)
        shown, _ = await asyncio.gather(proving, replicas.fire(after=ERASED_AFTER), return_exceptions=True)
        assert isinstance(shown, NotFound) or SECRET in str(shown)
        await erased(replicas, id_)
        assert SECRET not in str(await asking.documents.get(storage.REQUESTS, id_))
