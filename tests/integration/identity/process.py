"""A process that resolves: `python -m tests.integration.identity.process`, driven by its pipes.

It reads one line of JSON, says `ready`, waits for another line, resolves, and prints its answers;
then it does the same again, until there are no more lines.
"""

import chassis.runtime.green  # noqa: F401  # isort: skip

import json
import random
import sys
from collections.abc import Callable, Iterator

from chassis import FixedClock, Unavailable
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.identity.commands import ResolveHandler
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution, ResolutionResult
from tests.unit.identity.shop import OBSERVER, seen

BATCH = 100
_CALLS = 100  # a shop repeats a call until it is answered: what was resolved by then is kept


def first_sign_ins(number: int, size: int) -> Iterator[list[Observation]]:
    """`size` accounts, each for the first time, each process on a device of its own."""
    for account in range(size):
        identifiers = {"user_id": f"u{account}", "anonymous_id": f"d{account}-{number}"}
        yield [seen(number + 1, identifiers, signed_in=True)]


def conflicts(number: int, size: int) -> Iterator[list[Observation]]:
    """`size` observations of 200 people; three in ten carry an identifier of somebody else."""
    chance = random.Random(number)
    batch: list[Observation] = []
    for index in range(size):
        person = chance.randrange(200)
        other = chance.randrange(200) if chance.random() < 0.3 else person
        own = {"device_id": f"d{other}", "anonymous_id": f"a{person}-{chance.randrange(3)}"}
        identifiers = {kind: own[kind] for kind in own if chance.random() < 0.6}
        signed_in = chance.random() < 0.4
        if signed_in:
            identifiers["user_id"] = f"u{person}"
        if chance.random() < 0.3 or not identifiers:
            identifiers["email"] = f"p{other}@shop.example"
        kinds = ["product_viewed", "order_completed", "signed_in", "signed_out"]
        (kind,) = chance.choices(kinds, (10, 4, 5, 1))
        event_id = f"{number}-{index}"
        batch.append(
            seen(index + 1, identifiers, signed_in=signed_in, type=kind, event_id=event_id)
        )
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


WORK: dict[str, Callable[[int, int], Iterator[list[Observation]]]] = {
    "first_sign_ins": first_sign_ins,
    "conflicts": conflicts,
}


def _resolve(
    resolver: ResolveHandler, batch: list[Observation], work: UnitOfWorkRunner
) -> list[ResolutionResult]:
    """The results, asked for again where identity could not answer in time."""
    for attempt in range(_CALLS):
        try:
            return resolver.resolve(batch, work)[0]
        except Unavailable as error:
            print(f"call {attempt + 1} of one batch: {error}", file=sys.stderr, flush=True)
    raise AssertionError(f"no answer after {_CALLS} calls")


def main() -> None:
    while line := sys.stdin.readline():
        request = json.loads(line)
        database = Database(request["uri"])
        work = UnitOfWorkRunner(database, "identity", FixedClock(0))
        resolver = ResolveHandler(OBSERVER.policy)
        print("ready", flush=True)
        sys.stdin.readline()
        places: list[list[str]] = []
        for batch in WORK[request["work"]](request["number"], request["size"]):
            answers = _resolve(resolver, batch, work)
            places += [[a.stream, a.profile] for a in answers if isinstance(a, Resolution)]
        database.close()
        print(json.dumps(places), flush=True)


if __name__ == "__main__":
    main()
