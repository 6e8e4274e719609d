"""Who would be in a segment of a rule."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from typing import Any

from chassis import Unavailable
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

_FEWEST, _MOST = 10, 500  # profiles on a page
_PAGE_SECONDS = 0.2  # others wait no longer than about that for a page
_SAMPLE = 10
PREVIEW_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Selection:
    """How many are members by a rule, among the profiles that were looked at, and some of them."""

    members: int
    sample: Sequence[str]
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
        selection = _select_without_sql(work, compiled, now, timer)
    response: dict[str, Any] = PREVIEW_RESPONSE.dump(
        {
            "meaning": compiled.describe(),
            "members": selection.members,
            "evaluated": selection.evaluated,
            "profiles": selection.profiles,
            "complete": selection.complete,
            "sample": selection.sample,
            "warnings": adviser.warnings(text),
            "as_of": now,
        }
    )
    return response


def select_by_sql(
    work: UnitOfWorkRunner, rule: Rule[Summary], now: int, most: int = _SAMPLE
) -> Selection:
    """The members among all profiles, by one query; `most` of them by name.

    NotInSql, FactsMissing or QueryTimeout if it cannot be.
    """
    select = partial(store.sample_members, rule=rule, at=now, limit=most, seconds=PREVIEW_SECONDS)
    members, sample = work.run(select)
    profiles = work.run(partial(store.count_in_time, seconds=PREVIEW_SECONDS))
    return Selection(members, sample, profiles, profiles)


def _select_without_sql(
    work: UnitOfWorkRunner, rule: Rule[Summary], now: int, timer: Callable[[], float]
) -> Selection:
    try:
        return select_one_by_one(work, rule, now, timer)
    except store.QueryTimeout:
        raise Unavailable(
            "preview",
            f"the database takes more than {PREVIEW_SECONDS:.0f} s to count the shoppers;"
            " try again when it has less to do",
        ) from None


def select_one_by_one(
    work: UnitOfWorkRunner,
    rule: Rule[Summary],
    now: int,
    timer: Callable[[], float],
    most: int = _SAMPLE,
) -> Selection:
    """The members among the profiles that can be evaluated in PREVIEW_SECONDS, by their ids.

    Each page is a unit of its own, so that others can go on meanwhile: the first ones are small,
    as nobody knows how much there is to be read of a profile. QueryTimeout if it takes that long to
    count everybody.
    """
    end = timer() + PREVIEW_SECONDS
    members, evaluated, complete, size, after = 0, 0, False, _FEWEST, ""
    sample: list[str] = []
    while not complete and (began := timer()) < end:
        evaluate = partial(
            _evaluate_page, after=after, size=size, rule=rule, now=now, end=end, timer=timer
        )
        try:
            page, complete = work.run(evaluate)
        except store.QueryTimeout:
            break
        after = max(page, default=after)
        found = [profile_id for profile_id, is_member in page.items() if is_member]
        members += len(found)
        sample += found[: most - len(sample)]
        evaluated += sum(is_member is not None for is_member in page.values())
        size = min(2 * size, _MOST) if timer() - began < _PAGE_SECONDS / 2 else _FEWEST
        time.sleep(0)
    if complete:
        return Selection(members, sample, evaluated, evaluated)
    profiles = work.run(partial(store.count_in_time, seconds=PREVIEW_SECONDS))
    return Selection(members, sample, evaluated, profiles)


def _evaluate_page(
    unit: UnitOfWork,
    after: str,
    size: int,
    rule: Rule[Summary],
    now: int,
    end: float,
    timer: Callable[[], float],
) -> tuple[dict[str, bool | None], bool]:
    """Who of the next profiles in order would be in, and whether there are no others.

    None for one without streams. The page ends where the time is over, QueryTimeout if that is in a
    query. The profiles are evaluated within the unit: what they have archived is read when a rule
    asks for it.
    """
    with store.limited_by_key(unit, end - timer()):
        profile_ids = store.page_of_profiles(unit, after, size)
        streams = streams_of(unit, profile_ids)
        summaries = store.load_profile_summaries(unit, streams, rule.reads.facts, unit.now)
        give_values(current_model(unit) if rule.reads.values else None, summaries.values())
        if rule.reads.segments:
            members = store.load_memberships(unit, summaries)
            for profile_id, summary in summaries.items():
                summary.memberships = dict.fromkeys(members[profile_id], (True, None))
        page: dict[str, bool | None] = {}
        for profile_id in profile_ids:
            if timer() >= end:
                return page, False
            of_profile = summaries.get(profile_id)
            page[profile_id] = None if of_profile is None else rule.evaluate(of_profile, now).value
            time.sleep(0)
    return page, len(profile_ids) < size


def _segments(unit: UnitOfWork) -> frozenset[str]:
    """The names of the segments in force."""
    standing = store.standing_definitions(unit)
    return frozenset(name for name, one in standing.items() if not one.is_end)
