"""Events that could not be dealt with: ``python -m chassis.dead_letters {list,replay} TOPIC``.

What is replayed goes to its topic again with the id it had, so that consumers which had dealt with it drop it. Mend the cause first:
an event that fails again comes back here.
"""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from typing import Annotated, Any, TypeVar

import typer

from chassis import settings
from chassis.outbox import topic as topic_of
from chassis.reactions import dead
from engines import CannotOpen, NotPrepared
from engines.events import Received, open_events
from vocabulary.parts import SERVICES
from vocabulary.refusals import Unavailable

# What was replayed is not listed, and not replayed again.
GROUP = "dead-letters"
BATCH = 100
# So long without an event, and there are no more.
WAIT_S = 3.0

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Result = TypeVar("Result")


def _service(name: str) -> str:
    if name not in SERVICES:
        raise typer.BadParameter(f"there is no service {name!r}; there are {', '.join(SERVICES)}")
    return name


Service = Annotated[str, typer.Argument(help="the service whose events they are, such as requests", callback=_service)]


@app.command(name="list")
def show(service: Service) -> None:
    """Print each event that was set aside and not replayed since, with the reason."""
    found = _outcome(_listed(settings.read(settings.ProcessSettings).events, topic_of(service)))
    for received in found:
        event = received.event
        print(f"{event.time:%Y-%m-%d %H:%M:%S}  {event.id}  {event.type}  {event.subject}  {received.failure}")
    print(f"{len(found)} set aside")


@app.command()
def replay(service: Service) -> None:
    """Publish each event that was set aside once more."""
    count = _outcome(replayed(settings.read(settings.ProcessSettings).events, topic_of(service)))
    print(f"{count} replayed")


def _outcome(work: Coroutine[Any, Any, Result]) -> Result:
    """What comes of *work*; what keeps the log from being read is said without a traceback."""
    try:
        return asyncio.run(work)
    except (CannotOpen, NotPrepared, Unavailable) as reason:
        print(reason, file=sys.stderr)
        raise typer.Exit(1) from None


async def replayed(url: str, topic: str) -> int:
    """Publish what *topic*'s dead letters hold and was not replayed before; returns how many."""
    count = 0
    async with open_events(url) as events, events.join(GROUP, [dead(topic)]) as member:
        while found := await member.poll(limit=BATCH, wait_s=WAIT_S):
            for received in found:
                # At least once: killed in between, it is published again, and dropped by those who have seen it.
                await events.publish(topic, [received.event])
                await member.commit(received)
                count += 1
    return count


async def _listed(url: str, topic: str) -> Sequence[Received]:
    """What waits to be replayed. Nothing is committed, so that the next listing shows it too."""
    found: list[Received] = []
    async with open_events(url) as events, events.join(GROUP, [dead(topic)]) as member:
        while some := await member.poll(limit=BATCH, wait_s=WAIT_S):
            found += some
    return found


if __name__ == "__main__":
    app()
