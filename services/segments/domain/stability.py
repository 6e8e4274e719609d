"""How a segment's share of all profiles moves from week to week, and what looks wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from chassis.core.instants import DAY

SMALL_SHARE = 0.01
LARGE_OVERLAP = 0.95
UNCHANGED_FOR = 90 * DAY


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What segments.yaml says beside the segments.

    `sensitive` are traits that a rule is to read with consent alone. A segment drifts if its index
    of a week is over `drift_threshold`.
    """

    sensitive: tuple[str, ...] = ()
    drift_threshold: float = 0.1


STANDARD_WATCH = WatchSettings()


def setting_changes(before: WatchSettings, after: WatchSettings) -> Iterator[tuple[str, str, str]]:
    """The settings that differ: (name, value before, value after), as segments.yaml writes them."""
    if before.sensitive != after.sensitive:
        yield "sensitive", _list(before.sensitive), _list(after.sensitive)
    if before.drift_threshold != after.drift_threshold:
        yield "drift_threshold", f"{before.drift_threshold:g}", f"{after.drift_threshold:g}"


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


@dataclass(frozen=True, slots=True)
class CalendarWeek:
    """A week by ISO 8601, such as 2026-W48, from Monday to Sunday of a time zone: [begin, end)."""

    name: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """How many of all profiles were in a segment, by a version of its definition, at an instant."""

    at: int
    population: int
    members: int
    version: int


def week_of(at: int, zone: tzinfo) -> CalendarWeek:
    """The week in which an instant (µs) lies."""
    day = datetime.fromtimestamp(at / 1_000_000, zone).date()
    monday = day - timedelta(days=day.weekday())
    year, number, _ = monday.isocalendar()
    begin, end = (_midnight(monday + timedelta(days=days), zone) for days in (0, 7))
    return CalendarWeek(f"{year}-W{number:02}", begin, end)


def weeks_until(at: int, count: int, zone: tzinfo) -> Sequence[CalendarWeek]:
    """The last `count` weeks, that of an instant (µs) at the end."""
    weeks = [week_of(at, zone)]
    while len(weeks) < count:
        weeks.append(week_of(weeks[-1].begin - 1, zone))
    return weeks[::-1]


def _midnight(day: date, zone: tzinfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1_000_000


def population_stability(before: Measurement | None, after: Measurement | None) -> float | None:
    """The population stability index (PSI) of a segment between two measurements; None without.

    It is the sum of (a - b) ln(a / b) over two groups, those in the segment and those not, of which
    b and a are the shares of all profiles before and after: 0 if nothing has moved, and symmetric.
    A group without anybody is taken as half a profile, since the logarithm of 0 is none. From 10 %
    to 20 % it is 0.081, from 10 % to 22 % 0.112. N. Siddiqi, Credit Risk Scorecards (Wiley 2006),
    section 8, takes less than 0.1 as no change and over 0.25 as a large one.
    """
    if before is None or after is None or not before.population or not after.population:
        return None
    b, a = _share(before), _share(after)
    return (a - b) * math.log(a / b) + (b - a) * math.log((1 - a) / (1 - b))


def _share(measured: Measurement) -> float:
    nobody = 0.5 / measured.population
    return min(max(measured.members / measured.population, nobody), 1 - nobody)


def similar_sizes(sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Pairs of segments, sorted, that may overlap by more than LARGE_OVERLAP, by their sizes."""
    by_size = sorted((size, segment) for segment, size in sizes.items() if size)
    for place, (size, segment) in enumerate(by_size):
        for larger, other in by_size[place + 1 :]:
            if size <= LARGE_OVERLAP * larger:
                break
            first, second = sorted((segment, other))
            yield first, second


def overlap(size: int, other_size: int, common: int) -> float:
    """The overlap of two segments: who is in both, as a share of who is in either of them.

    That is Jaccard's index. A segment that is a small part of another one overlaps it little.
    """
    either = size + other_size - common
    return common / either if either else 0.0


@dataclass(frozen=True, slots=True)
class WatchedSegment:
    """What warnings of a segment are made from.

    It has `members` of `population` profiles, its rule is as it is since `defined_at`, and
    `overlaps` says by how much it overlaps others. `past` is the last measurement that is at least
    UNCHANGED_FOR old.
    """

    segment: str
    members: int
    population: int
    defined_at: int
    version: int
    overlaps: Mapping[str, float]
    past: Measurement | None = None


def warnings_of(watched: WatchedSegment, now: int, threshold: float) -> Iterator[str]:
    """What looks wrong with a segment, and what to do about it."""
    name, members, population = watched.segment, watched.members, watched.population
    if not population:
        return
    if members < SMALL_SHARE * population:
        yield (
            f"under {SMALL_SHARE:.0%} of the shoppers are members, {members:,} of {population:,}:"
            f" widen its rule, or end it (cdp segments delete {name})"
        )
    for other, share in sorted(watched.overlaps.items()):
        if share > LARGE_OVERLAP:
            yield (
                f"{share:.1%} of those who are in it or in {other} are in both: keep one of the"
                f' two, or let one leave out the other by `and "{other}" not in segments`'
            )
    present = Measurement(now, population, members, watched.version)
    moved = population_stability(watched.past, present)
    is_unchanged = now - watched.defined_at >= UNCHANGED_FOR
    if is_unchanged and watched.past and moved is not None and moved > threshold:
        past_share = watched.past.members / watched.past.population
        yield (
            f"its rule has been the same for {(now - watched.defined_at) // DAY} days, and its"
            f" share went from {past_share:.1%} to {members / population:.1%} in"
            f" {(now - watched.past.at) // DAY} days (PSI {moved:.2f}): see cdp segments stability"
            f" {name}, and change the rule if that was not meant"
        )


def sensitive_warning(traits: Iterable[str]) -> str:
    """The warning of a rule that reads sensitive traits of shoppers who may not have consented."""
    names = ", ".join(sorted(traits))
    return (
        f"it reads {names}, listed as sensitive, also of shoppers who have not consented: add"
        ' `and has_consent("PURPOSE")` with the purpose that they were asked for, or leave'
        f" {names} out"
    )
