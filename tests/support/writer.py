"""A process that appends to the toy's log: `python -m tests.support.writer URI SEED SIZE`.

All writers append the same SIZE events and facts, each in an order and in batches of its own, from
four greenlets, so that they collide on ids as well as on streams. It fails if an append fails.
"""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip

import random
import sys
import uuid
from collections.abc import Sequence

import eventlet

from chassis import Draft, JointDraft
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from tests.support.toy import append, joint_note, note, work_on

STREAMS = [f"s{i}" for i in range(8)]
_NAMES = uuid.UUID("5f0c0f1e-0000-4000-8000-000000000000")


def drafts(size: int) -> list[Draft | JointDraft]:
    """The `size` drafts that every writer appends; every third is a joint fact."""
    choose = random.Random(7)
    result: list[Draft | JointDraft] = []
    for number in range(size):
        fact = str(uuid.uuid5(_NAMES, str(number)))
        if number % 3 == 0:
            streams = choose.sample(STREAMS, choose.randint(1, 4))
            result.append(joint_note(streams, id=fact, data={"amount": number}))
        else:
            result.append(note(choose.choice(STREAMS), number, id=fact))
    return result


def append_all(work: UnitOfWorkRunner, mine: Sequence[Draft | JointDraft], seed: int) -> None:
    """Append `mine` in an order and in batches that follow from `seed`."""
    choose = random.Random(seed)
    left = list(mine)
    choose.shuffle(left)
    while left:
        batch = [left.pop() for _ in range(min(len(left), choose.randint(1, 9)))]
        append(work, *batch)


def main(uri: str, seed: int, size: int) -> None:
    """Append from four greenlets at once."""
    work = work_on(Database(uri))
    greenlets = [
        eventlet.spawn(append_all, work, drafts(size), 10 * seed + number) for number in range(4)
    ]
    for greenlet in greenlets:
        greenlet.wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
