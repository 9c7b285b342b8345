"""One replica that removes what is over: ``python -m tests.faults.removing_process FOLDER``. It looks all the time."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from chassis import removing as module
from chassis.process import clock
from chassis.removing import Removing, older
from chassis.timers import removal, timers
from engines.documents import Collection, Index, open_documents

THINGS = Collection("things", (Index(("state", "at")), Index(("owners",))))
TIMERS = timers("timers")
KEPT = timedelta(days=30)
REMOVALS = (older(THINGS, "at", KEPT, {"state": "DONE"}), removal(TIMERS, KEPT))


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/documents.db"


async def work(folder: Path) -> None:
    module.BATCH, module.PAUSE_S, module.LOOK_EVERY_S = 5, 0.0, 0.01
    async with open_documents(url_of(folder), [THINGS, TIMERS]) as documents:
        await Removing(documents, REMOVALS, clock).run()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
