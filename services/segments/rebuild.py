"""The read model of segments, as a rebuild makes it.

Labels and summaries come from the log of profiles, and what was told of memberships from segments'
own. In the new model nothing is told: profiles whose memberships are as they were told are set down
as evaluated, and the others are left to be settled when it is in use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from chassis import Event
from chassis.rebuild import ReadModel
from chassis.schema import POSITIONS, RECONCILED
from chassis.settings import Settings
from chassis.work import Unit, Work
from directory import load_summaries, streams_of
from directory.tables import IDENTIFIERS, LABELS, SUMMARIES
from rules import Summary, combine
from services.segments import store
from services.segments.definitions import Definitions
from services.segments.evaluation import Membership, evaluate
from services.segments.settling import ENTERED, follow, settle_due
from services.segments.shelf import open_shelf
from services.segments.store import MEMBERSHIPS, PROFILES, Standing

_AT_ONCE = 500
_UNJUDGED = Standing(None, 0)


def read_model(settings: Settings, live: Work) -> ReadModel:
    """What is to be made anew, and how."""
    shelf = open_shelf(settings)

    def judge_all(shadow: Work, judged: Callable[[int], None]) -> None:
        definitions = live.run(shelf.current)
        pages = 0
        after: str | None = ""
        while after is not None:
            judged(pages * _AT_ONCE)
            after = shadow.run(partial(judge, definitions=definitions, after=after))
            pages += 1

    def settle(unit: Unit) -> bool:
        return settle_due(unit, shelf, _AT_ONCE) == _AT_ONCE

    return ReadModel(
        service="segments",
        tables=(POSITIONS, PROFILES, LABELS, IDENTIFIERS, SUMMARIES, MEMBERSHIPS, RECONCILED),
        held=(POSITIONS, PROFILES),
        projections={"profiles": Unsettled(), "segments": Told()},
        judge=judge_all,
        settle=settle,
    )


class Unsettled:
    """Keeps labels and summaries, and notes whom the events touch."""

    def apply(self, unit: Unit, events: Sequence[Event]) -> None:
        touched, _ = follow(unit, events)
        store.save_standings(unit.connection, dict.fromkeys(touched, _UNJUDGED))


class Told:
    """Keeps what segments itself has told of memberships."""

    def apply(self, unit: Unit, events: Sequence[Event]) -> None:
        told: dict[tuple[str, str], Membership | None] = {}
        for event in events:
            entered = Membership(event.occurred_at, event.data["definition_version"])
            place = event.stream, event.data["segment"]
            told[place] = entered if event.type == ENTERED else None
        store.delete_exits(unit.connection, told)
        store.save_entries(
            unit.connection, {place: entered for place, entered in told.items() if entered}
        )
        touched = {profile_id for profile_id, _ in told}
        store.save_standings(unit.connection, dict.fromkeys(touched, _UNJUDGED))


def judge(unit: Unit, definitions: Definitions, after: str) -> str | None:
    """Set down when the next profiles past `after` are due; the last of them, None at the end.

    Nothing is told. A profile that is not in the segments that were told of it stays unjudged.
    """
    page = store.page_of_unjudged(unit.connection, after, _AT_ONCE)
    streams = streams_of(unit.connection, page)
    stored = load_summaries(unit.connection, {s for part in streams.values() for s in part})
    members = store.load_memberships(unit.connection, page)
    judged: dict[str, Standing] = {}
    for profile_id in page:
        parts = [Summary.load(stored[s][1]) for s in streams[profile_id] if s in stored]
        evaluation = evaluate(
            combine(parts) if streams[profile_id] else None,
            definitions,
            members[profile_id],
            unit.now,
        )
        if not evaluation.changes:
            judged[profile_id] = Standing(evaluation.next_at, definitions.generation)
    if judged:
        store.save_standings(unit.connection, judged)
    return page[-1] if page else None
