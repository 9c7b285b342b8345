"""What is known of people who have left, and what people said of the system, goes when its time has come."""

from datetime import timedelta

from chassis.caller import Caller
from chassis.process import clock
from chassis.removing import Removing
from engines.documents import open_documents
from protos.directory.v1 import directory_pb2 as pb
from services.directory import storage
from tests.directory.conftest import Asking, command
from tests.directory.staff import a_signin, added, an_office, do, people_of, refused, signs_in
from tests.directory.test_feedback import NIMIC, OFFICE, read, send
from vocabulary.refusals import NotFound


async def remove(asking: Asking, days: int) -> None:
    """Remove what is over so many days later."""
    ahead = timedelta(days=days)
    async with open_documents(asking.settings.documents("directory"), storage.COLLECTIONS) as documents:
        await Removing(documents, storage.removals(asking.settings), lambda: clock() + ahead).remove_all()


async def why(asking: Asking, admin: Caller, office: str) -> list[str]:
    """The reasons in the record for which people have left."""
    told = (await asking(admin, "ListChanges", authority_id=office)).changes
    return [one.reason for one in told if one.command == pb.DIRECTORY_COMMAND_DEACTIVATE_USER]


async def in_store(asking: Asking, id_: str) -> str:
    """All that is stored of an authority."""
    async with open_documents(asking.settings.documents("directory"), storage.COLLECTIONS) as documents:
        return str(await documents.get(storage.AUTHORITIES, id_))


async def test_whoever_left_three_years_ago_is_known_by_nothing_but_an_id(small: Asking) -> None:
    """Who works there stays, as does who came back elsewhere; the record of the authority still says by id who did what."""
    office, (admin,) = await an_office(small)
    elsewhere, (other,) = await an_office(small)
    signin = a_signin()
    made, stays = await added(small, admin, office, signin=signin), await added(small, admin, office)
    leaving = command()
    gone = await do(small, admin, "DeactivateUser", command=leaving, id=made.id, reason="long illness")
    back = await added(small, other, elsewhere, signin=signin)
    await remove(small, 1_095)
    assert await people_of(small, office, former=True) == [gone]
    assert await do(small, admin, "DeactivateUser", command=leaving, id=made.id, reason="long illness") == gone
    assert await why(small, admin, office) == ["long illness"]
    await remove(small, 1_097)
    assert await why(small, admin, office) == [""]
    assert "illness" not in await in_store(small, office)
    assert await people_of(small, office, former=True) == []
    assert {one.id for one in await people_of(small, office)} == {admin.user_id, stays.id}
    assert list((await small(admin, "BatchGetUsers", ids=[made.id, stays.id])).users) == [stays]
    assert await signs_in(small, signin) == back
    assert await refused(small, admin, NotFound, "EditUser", id=made.id, name="x") == ("id", "NOT_FOUND")
    (authority,) = await small.seen(admin, office)
    assert authority.id == office


async def test_feedback_is_read_for_a_year(small: Asking) -> None:
    sent = await send(small, OFFICE)
    await remove(small, 364)
    assert await read(small, NIMIC) == [sent]
    await remove(small, 366)
    assert await read(small, NIMIC) == []
