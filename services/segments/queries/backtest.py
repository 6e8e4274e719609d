"""Who would have been in a segment of a rule, instant by instant, had it been in force."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from chassis import DAY, InvalidInput, Unavailable, parse_instant
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.segments import BACKTEST_RESPONSE
from profile_index import is_rebuild_due, streams_of
from rules import (
    Fact,
    ListedFacts,
    Occasion,
    OrderKeys,
    Rule,
    ShopContext,
    Summary,
    home_apart,
    order_key,
)
from rules.language.units import parse_duration
from rules.sql import NotInSql
from rules.summary.orders import ORDER_EVENTS
from services.segments import store
from services.segments.domain.definitions import not_defined, read_rule
from services.segments.queries.rule_warnings import LACKING
from services.segments.registry import DefinitionRegistry

BACKTEST_SECONDS = 3.0
QUERY_SECONDS = 6.0
MOST_STEPS = 400
_SAMPLE = 1_000
_OF_ORDERS = ORDER_EVENTS | {"loyalty_points_changed"}
_PAGE = 20  # whole histories
_EVENTS_BETWEEN_PAUSES = 500


class BacktestStep(NamedTuple):
    """How many were members at an instant, and who of them came and went since the one before."""

    members: int
    entries: int
    exits: int

    @classmethod
    def between(cls, before: Set[str], after: Set[str]) -> BacktestStep:
        """The step from the members at one instant to those at the next."""
        return cls(len(after), len(after - before), len(before - after))


@dataclass(frozen=True, slots=True)
class BacktestPage:
    """Some steps in their order, of so many profiles; `next` is None at the end."""

    steps: Sequence[BacktestStep]
    evaluated: int
    profiles: int
    next: int | None


def backtest(
    work: UnitOfWorkRunner, registry: DefinitionRegistry, request: Mapping[str, Any]
) -> dict[str, Any]:
    """The size of a segment, its entries and its exits between instants of the past.

    By SQL over everybody if the rule asks for single events alone; else the events of a sample of
    profiles are folded and evaluated. InvalidInput if the past of what it asks for is not kept,
    Unavailable if the read model lacks events until a rebuild.
    """
    rule = _rule(work, registry, request)
    if work.read(is_rebuild_due):
        raise Unavailable("backtest", LACKING)
    until = request.get("until") or work.clock.now()
    instants = _instants(request, until)
    if instants[0] < 0 or instants[-1] > work.clock.now() + DAY:
        raise InvalidInput("until", "and since span a time in the past, and after 1970")
    first = request.get("first", 0)
    try:
        page = by_sql(work, rule, instants, first, time.monotonic)
        method = "sql"
    except NotInSql:
        page, method = _of_sample(work, rule, instants), "evaluator"
        first = 0
    except store.QueryTimeout:
        raise Unavailable(
            "backtest", f"one instant takes more than {QUERY_SECONDS:.0f} s; ask a simpler rule"
        ) from None
    response: dict[str, Any] = BACKTEST_RESPONSE.dump(
        {
            "meaning": rule.describe(),
            "method": method,
            "evaluated": page.evaluated,
            "profiles": page.profiles,
            "steps": [
                {"at": at, **step._asdict()}
                for at, step in zip(instants[first + 1 :], page.steps, strict=False)
            ],
            "next": page.next,
            "until": until,
            "warnings": [*rule.warnings, *_kept_as_of_now(rule)],
        }
    )
    return response


def by_sql(
    work: UnitOfWorkRunner,
    rule: Rule[Summary],
    instants: Sequence[int],
    first: int,
    timer: Callable[[], float],
) -> BacktestPage:
    """The steps from instant `first` on, of all profiles, for as long as BACKTEST_SECONDS.

    Of the members by name no more are kept than those of two instants: there may be millions.
    """
    end = timer() + BACKTEST_SECONDS
    steps: list[BacktestStep] = []
    before: frozenset[str] | None = None
    for at in instants[first:]:
        if steps and timer() > end:
            break
        found = work.run(partial(store.select_members, rule=rule, at=at, seconds=QUERY_SECONDS))
        members = frozenset(found)
        if before is not None:
            steps.append(BacktestStep.between(before, members))
        before = members
    profiles = work.run(partial(store.count_in_time, seconds=QUERY_SECONDS))
    reached = first + len(steps)
    return BacktestPage(steps, profiles, profiles, reached if reached < len(instants) - 1 else None)


def _of_sample(
    work: UnitOfWorkRunner, rule: Rule[Summary], instants: Sequence[int]
) -> BacktestPage:
    try:
        return by_evaluator(work, rule, instants, time.monotonic)
    except store.QueryTimeout:
        raise Unavailable(
            "backtest",
            f"the database takes more than {QUERY_SECONDS:.0f} s to draw a sample of the shoppers;"
            " try again when it has less to do",
        ) from None


def by_evaluator(
    work: UnitOfWorkRunner,
    rule: Rule[Summary],
    instants: Sequence[int],
    timer: Callable[[], float],
) -> BacktestPage:
    """All steps, of as many profiles of a sample as BACKTEST_SECONDS allow.

    QueryTimeout if drawing the sample takes QUERY_SECONDS, and Unavailable if the time is not
    enough for the first of them.
    """
    profiles = work.run(partial(store.count_in_time, seconds=QUERY_SECONDS))
    sample = work.run(partial(store.sample_profiles, limit=_SAMPLE, seconds=QUERY_SECONDS))
    limit = _TimeLimit(timer, timer() + BACKTEST_SECONDS)
    members, entries, exits = ([0] * len(instants) for _ in range(3))
    evaluated = 0
    try:
        for past in _pasts(work, sample, limit):
            before = False
            verdicts = list(_replay(rule, past, instants, limit))
            for place, holds in enumerate(verdicts):
                members[place] += holds
                entries[place] += holds and not before
                exits[place] += before and not holds
                before = holds
            evaluated += 1
    except _TimeIsOver:
        if sample and not evaluated:
            raise Unavailable(
                "backtest",
                f"what the first shopper of the sample has done takes more than"
                f" {BACKTEST_SECONDS:.0f} s; ask for fewer steps",
            ) from None
    steps = [BacktestStep(*counts) for counts in zip(members, entries, exits, strict=True)]
    return BacktestPage(steps[1:], evaluated, profiles, None)


class _TimeIsOver(Exception):
    """The profile at hand is left out: nothing more is evaluated."""


@dataclass(frozen=True, slots=True)
class _TimeLimit:
    """Ends a replay at an instant of the timer, also in the middle of a profile."""

    timer: Callable[[], float]
    end: float

    @property
    def left(self) -> float:
        """The seconds that are left; _TimeIsOver if none are."""
        left = self.end - self.timer()
        if left <= 0:
            raise _TimeIsOver
        return left

    def pause(self) -> None:
        """Let other greenlets have their turn; _TimeIsOver if it is."""
        _ = self.left
        time.sleep(0)


@dataclass(frozen=True, slots=True)
class _Past:
    """The events of a profile, with its summary and the keys of its orders as they are at present.

    An order that is another profile's, as it was moved there or has its home there, is left out,
    whatever is told of it here.
    """

    history: Sequence[store.PastFact]
    present: Summary
    orders: OrderKeys


def _kept_as_of_now(rule: Rule[Summary]) -> list[str]:
    """What the rule asks for that has no past: since when a shopper has an account is not kept."""
    if "identity_changed" not in rule.reads.event_types:
        return []
    return [
        "who has an account now counts as having had one all the time: when it began is not kept"
    ]


def _pasts(
    work: UnitOfWorkRunner, profile_ids: Sequence[str], limit: _TimeLimit
) -> Iterator[_Past]:
    """What has happened to each profile, read some profiles at a time: at first one alone."""
    start, size = 0, 1
    while page := profile_ids[start : start + size]:
        try:
            pasts = work.run(partial(_load, profile_ids=page, seconds=limit.left))
        except store.QueryTimeout:
            raise _TimeIsOver from None
        yield from pasts
        start, size = start + size, min(2 * size, _PAGE)


def _load(unit: UnitOfWork, profile_ids: Sequence[str], seconds: float) -> list[_Past]:
    with store.limited_by_key(unit, seconds):
        streams = streams_of(unit, profile_ids)
        summaries = store.load_profile_summaries(unit, streams, {}, unit.now)
        histories = store.load_histories(unit, profile_ids)
        pasts = []
        for profile_id in profile_ids:
            present = summaries.get(profile_id, Summary())
            orders = OrderKeys(present.every_order())
            pasts.append(_Past(histories[profile_id], present, orders))
    return pasts


def _replay(
    rule: Rule[Summary], past: _Past, instants: Sequence[int], limit: _TimeLimit
) -> Iterator[bool]:
    """Whether the rule holds at each instant, by what had happened until then."""
    history = past.history
    summary, place = Summary(past.present.belongings()), 0
    summary.facts = ListedFacts.of((each.type, each.fact) for each in history)
    for at in instants:
        while place < len(history) and history[place].fact.at <= at:
            event_type, fact, occasion = history[place]
            occasion = _as_at_present(event_type, fact, occasion, past.orders)
            summary.add(event_type, fact.data, fact.at, fact.id, occasion)
            place += 1
            if place % _EVENTS_BETWEEN_PAUSES == 0:
                limit.pause()
        limit.pause()
        yield rule.evaluate(summary, at).value


def _as_at_present(event_type: str, fact: Fact, occasion: Occasion, orders: OrderKeys) -> Occasion:
    """The occasion of an event, whose order is whose it is now, and one of several if it is."""
    if event_type not in _OF_ORDERS or not isinstance(fact.data, Mapping):
        return occasion
    order = order_key(fact.data)
    if order is None:
        return occasion
    meant = orders.meant_in(fact.stream, order)
    return occasion._replace(apart=home_apart(meant), is_foreign=meant not in orders)


def _rule(
    work: UnitOfWorkRunner, registry: DefinitionRegistry, request: Mapping[str, Any]
) -> Rule[Summary]:
    rule = read_rule(request["rule"], ShopContext(registry.zone)) if "rule" in request else None
    if rule is None:
        definitions, segment = work.read(registry.current), request["segment"]
        if (unreadable := definitions.unreadable.get(segment)) is not None:
            message = f"is unreadable by this release: {unreadable.message}"
            raise Unavailable(f"segment {segment}", message)
        version = definitions.versions.get(segment)
        if version is None:
            raise not_defined(definitions, segment)
        rule = version.definition.rule
    for asked, what in ((rule.reads.segments, "other segments"), (rule.reads.values, "values")):
        if asked:
            names = ", ".join(sorted(asked))
            raise InvalidInput(
                "rule", f"asks for {what} ({names}), whose past is not kept: leave that part out"
            )
    return rule


def _instants(request: Mapping[str, Any], until: int | str) -> list[int]:
    """The instants at which steps end, after the one at which the first begins."""
    end = parse_instant(until) if isinstance(until, str) else until
    spans = {}
    for name, default in (("since", "30d"), ("step", "1d")):
        try:
            spans[name] = parse_duration(request.get(name, default))
        except ValueError as error:
            raise InvalidInput(name, str(error)) from None
    steps = -(-spans["since"] // max(spans["step"], 1))
    if not 0 < steps <= MOST_STEPS or spans["step"] <= 0:
        raise InvalidInput("step", f"there may be 1 to {MOST_STEPS} steps; these are {steps}")
    return [end - number * spans["step"] for number in range(steps, -1, -1)]
