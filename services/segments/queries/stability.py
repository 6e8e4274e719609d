"""How segments move from week to week, and what looks wrong about their members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from chassis import NotFound, Unavailable
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.stability import STABILITY_RESPONSE, WARNINGS_RESPONSE
from rules import reads_without_consent
from services.segments import store
from services.segments.domain.definitions import (
    ActiveDefinitions,
    Definition,
    not_defined,
)
from services.segments.domain.stability import (
    UNCHANGED_FOR,
    CalendarWeek,
    Measurement,
    WatchedSegment,
    overlap,
    population_stability,
    sensitive_warning,
    similar_sizes,
    warnings_of,
    weeks_until,
)
from services.segments.domain.stays import MedianStay, median_stay
from services.segments.queries.rule_warnings import WITHOUT_MODEL
from services.segments.registry import DefinitionRegistry
from services.segments.store import Flow, MeasuredWeek

WATCH_SECONDS = 20.0
_WEEKS = 12
_SECOND = 1_000_000


def stability(
    work: UnitOfWorkRunner, registry: DefinitionRegistry, request: Mapping[str, Any]
) -> dict[str, Any]:
    """The last weeks of each segment, or of one; NotFound if there is none of that name.

    Unavailable if the database takes longer than WATCH_SECONDS.
    """
    return _in_time(work, lambda unit: _stability(unit, registry, request))


def warnings(work: UnitOfWorkRunner, registry: DefinitionRegistry) -> dict[str, Any]:
    """What looks wrong about the members of each segment, and what to do.

    Unavailable if the database takes longer than WATCH_SECONDS.
    """
    return _in_time(work, lambda unit: _warnings(unit, registry.current(unit)))


def _in_time(
    work: UnitOfWorkRunner, respond: Callable[[UnitOfWork], dict[str, Any]]
) -> dict[str, Any]:
    def limited(unit: UnitOfWork) -> dict[str, Any]:
        with store.limited(unit, WATCH_SECONDS):
            return respond(unit)

    try:
        return work.run(limited)
    except store.QueryTimeout:
        raise Unavailable(
            "stability", f"takes the database more than {WATCH_SECONDS:.0f} s; ask for fewer weeks"
        ) from None


def _stability(
    unit: UnitOfWork, registry: DefinitionRegistry, request: Mapping[str, Any]
) -> dict[str, Any]:
    definitions = registry.current(unit)
    versions = definitions.versions
    if (segment := request.get("segment")) is not None:
        if segment in definitions.unreadable:
            raise NotFound("segment", f"{segment} cannot be read by this release")
        if segment not in versions:
            raise not_defined(definitions, segment)
        versions = {segment: versions[segment]}
    weeks = weeks_until(unit.now, request.get("weeks", _WEEKS), registry.zone)
    population, members = store.count_profiles(unit), store.count_members(unit)
    measured = store.load_weeks(unit, weeks[0].name, weeks[-1].name)
    before = store.newest_before(unit, weeks[0].name)
    flows = store.count_flows(unit, [week.begin for week in weeks], unit.now + 1, versions)
    segments = []
    for name, version in versions.items():
        now = Measurement(unit.now, population, members.get(name, 0), version.number)
        by_week = {each.week: each.measured for each in measured.get(name, ())}
        by_week[weeks[-1].name] = now
        base, of_segment = before.get(name), flows.get(name, {})
        lengths = [length for flow in of_segment.values() for length in flow.lengths]
        segments.append(
            {
                "segment": name,
                "version": version.number,
                "members": now.members,
                "median_stay": _stay(median_stay(lengths)),
                "weeks": _weeks(weeks, by_week, base, of_segment),
            }
        )
    response: dict[str, Any] = STABILITY_RESPONSE.dump(
        {
            "population": population,
            "threshold": store.watch_settings(unit).drift_threshold,
            "as_of": unit.now,
            "segments": segments,
        }
    )
    return response


def _weeks(
    weeks: Sequence[CalendarWeek],
    measured: Mapping[str, Measurement],
    base: MeasuredWeek | None,
    flows: Mapping[int, Flow],
) -> list[dict[str, Any]]:
    """The weeks from the first of which anything is known on."""
    before = None if base is None else base.measured
    rows: list[dict[str, Any]] = []
    for place, week in enumerate(weeks):
        found, flow = measured.get(week.name), flows.get(place, Flow())
        if not rows and before is None and found is None and not (flow.entries or flow.exits):
            continue
        rows.append(
            {
                "week": week.name,
                "begins_at": week.begin,
                "measured_at": found and found.at,
                "population": found and found.population,
                "members": found and found.members,
                "version": found and found.version,
                "psi": population_stability(before, found),
                "entries": flow.entries,
                "exits": flow.exits,
                "median_stay": _stay(median_stay(flow.lengths)),
            }
        )
        before = found or before
    return rows


def _warnings(unit: UnitOfWork, definitions: ActiveDefinitions) -> dict[str, Any]:
    watch = store.watch_settings(unit)
    versions = definitions.versions
    population, counted = store.count_profiles(unit), store.count_members(unit)
    sizes = {segment: counted.get(segment, 0) for segment in versions}
    overlaps = _overlaps(unit, sizes)
    defined = store.defined_at(unit)
    past = store.newest_until(unit, unit.now - UNCHANGED_FOR)
    oldest, has_model = store.oldest_generation(unit), store.newest_value_model(unit) is not None
    listed = []
    for segment, version in versions.items():
        base = past.get(segment)
        watched = WatchedSegment(
            segment,
            sizes[segment],
            population,
            defined[segment],
            version.number,
            overlaps.get(segment, {}),
            None if base is None else base.measured,
        )
        of_population: Iterable[str] = ()
        if version.definition.rule.reads.values and not has_model:
            of_population = [WITHOUT_MODEL]
        elif version.has_evaluated_all(oldest):
            of_population = warnings_of(watched, unit.now, watch.drift_threshold)
        found = [
            *of_population,
            *sensitive_warnings(version.definition, watch.sensitive),
        ]
        listed.append({"segment": segment, "warnings": found})
    response: dict[str, Any] = WARNINGS_RESPONSE.dump({"as_of": unit.now, "segments": listed})
    return response


def sensitive_warnings(definition: Definition, sensitive: Iterable[str]) -> list[str]:
    """The warning of a rule that reads sensitive traits without a consent, if it does."""
    traits = reads_without_consent(definition.rule.condition, frozenset(sensitive))
    return [sensitive_warning(traits)] if traits else []


def _overlaps(unit: UnitOfWork, sizes: Mapping[str, int]) -> Mapping[str, Mapping[str, float]]:
    """By segment the others that are about as large, and by how much it overlaps them."""
    overlaps: dict[str, dict[str, float]] = {}
    for pair, common in store.count_in_both(unit, similar_sizes(sizes)).items():
        one, other = pair
        share = overlap(sizes[one], sizes[other], common)
        overlaps.setdefault(one, {})[other] = overlaps.setdefault(other, {})[one] = share
    return overlaps


def _stay(median: MedianStay) -> dict[str, int | None]:
    length, over = (
        None if each is None else each // _SECOND for each in (median.length, median.over)
    )
    return {"seconds": length, "over_seconds": over}
