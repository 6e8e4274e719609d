"""Who would be in a segment of a rule."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from typing import Any

from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation import load
from contracts.segments import PREVIEW_REQUEST, PREVIEW_RESPONSE
from profile_index import streams_of
from rules import Rule, ShopContext, Summary
from rules.sql import NotInSql
from services.segments import store
from services.segments.domain.definitions import check_asked, read_rule
from services.segments.domain.value_model import give_values
from services.segments.queries.rule_warnings import load_adviser
from services.segments.value_fitting import current_model

_PAGE = 500
_SAMPLE = 10
PREVIEW_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Selection:
    """The members by a rule, among the profiles that were looked at."""

    members: Sequence[str]
    evaluated: int
    profiles: int

    @property
    def complete(self) -> bool:
        """Whether everybody was looked at."""
        return self.evaluated == self.profiles


def preview(
    work: UnitOfWorkRunner,
    rule: object,
    zone: tzinfo = UTC,
    timer: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Who would be in a segment of that rule: all members, or those found in PREVIEW_SECONDS.

    SQL finds all of them, in PREVIEW_SECONDS at most, if the rule asks for single events alone;
    else, or if that takes longer, the profiles are evaluated one by one.
    """
    text = load(PREVIEW_REQUEST, {"rule": rule})["rule"]
    compiled = read_rule(text, ShopContext(zone))
    if compiled.reads.segments:
        check_asked("this", compiled, work.read(_segments))
    adviser = work.read(partial(load_adviser, zone=zone))
    now = work.clock.now()
    try:
        selection = select_by_sql(work, compiled, now)
    except (NotInSql, store.FactsMissing, store.QueryTimeout):
        selection = select_one_by_one(work, compiled, now, timer)
    response: dict[str, Any] = PREVIEW_RESPONSE.dump(
        {
            "meaning": compiled.describe(),
            "members": len(selection.members),
            "evaluated": selection.evaluated,
            "profiles": selection.profiles,
            "complete": selection.complete,
            "sample": selection.members[:_SAMPLE],
            "warnings": adviser.warnings(text),
            "as_of": now,
        }
    )
    return response


def select_by_sql(work: UnitOfWorkRunner, rule: Rule[Summary], now: int) -> Selection:
    """The members among all profiles, by one query.

    NotInSql, FactsMissing or QueryTimeout if it cannot be.
    """
    members = work.run(partial(store.select_members, rule=rule, at=now, seconds=PREVIEW_SECONDS))
    profiles = work.run(partial(store.count_in_time, seconds=PREVIEW_SECONDS))
    return Selection(members, profiles, profiles)


def select_one_by_one(
    work: UnitOfWorkRunner, rule: Rule[Summary], now: int, timer: Callable[[], float]
) -> Selection:
    """The members among the profiles that can be evaluated in PREVIEW_SECONDS, by their ids.

    Each page is a read of its own, so that others can go on meanwhile.
    """
    end = timer() + PREVIEW_SECONDS
    evaluated, after, complete = 0, "", False
    members: list[str] = []
    while not complete and timer() < end:
        page = work.read(partial(_evaluate_page, after=after, rule=rule, now=now))
        for profile_id, is_member in page.items():
            after = profile_id
            evaluated += is_member is not None
            if is_member:
                members.append(profile_id)
        complete = len(page) < _PAGE
        time.sleep(0)
    return Selection(members, evaluated, evaluated if complete else work.read(store.count_profiles))


def _evaluate_page(
    unit: UnitOfWork, after: str, rule: Rule[Summary], now: int
) -> dict[str, bool | None]:
    """Who of the next profiles in order would be in; None for one without streams.

    They are evaluated within the read: what they have archived is read when a rule asks for it.
    """
    profile_ids = store.page_of_profiles(unit, after, _PAGE)
    streams = streams_of(unit, profile_ids)
    summaries = store.load_profile_summaries(unit, streams, rule.reads.facts, unit.now)
    give_values(current_model(unit) if rule.reads.values else None, summaries.values())
    if rule.reads.segments:
        members = store.load_memberships(unit, summaries)
        for profile_id, summary in summaries.items():
            summary.memberships = dict.fromkeys(members[profile_id], (True, None))
    page: dict[str, bool | None] = dict.fromkeys(profile_ids)
    return page | {p: rule.evaluate(summary, now).value for p, summary in summaries.items()}


def _segments(unit: UnitOfWork) -> frozenset[str]:
    """The names of the segments in force."""
    standing = store.standing_definitions(unit)
    return frozenset(name for name, one in standing.items() if not one.is_end)
