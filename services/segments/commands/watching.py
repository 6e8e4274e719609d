"""Commands that measure the segments, and say which of them drift.

Every ten minutes one replica counts everybody. What it counts last in a week stands for that week,
and is what the next one is compared with.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import structlog

from chassis import MINUTE, Draft
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.stability import SEGMENT_DRIFTED
from services.segments import store
from services.segments.domain.definitions import ActiveDefinitions
from services.segments.domain.stability import Measurement, population_stability, week_of
from services.segments.registry import DefinitionRegistry
from services.segments.store import MeasuredWeek

STREAM = "segment_drift"
DRIFTED = "segment_drifted"

_EVERY = 10 * MINUTE
_SECONDS = 20.0
_IDS = uuid.UUID("8d0f4a52-9f0b-5b3e-8b7e-6a2c1c1b7a90")
_log = structlog.get_logger("segments")


def measure_due(work: UnitOfWorkRunner, registry: DefinitionRegistry) -> None:
    """Measure the segments if it is time; of several replicas one does."""
    if work.run(partial(store.claim_measurement, every=_EVERY)):
        measure(work, registry)


def measure(work: UnitOfWorkRunner, registry: DefinitionRegistry) -> None:
    """Count the members of each segment, store the numbers, and publish which segments drift.

    A segment drifts if its population stability index against the last week that was measured is
    over the threshold. That is published once for a segment and week, as soon as it is seen. Not
    so where the rule has changed since, or profiles are still to be evaluated by it.
    """
    try:
        measured = work.run(partial(_count, registry=registry))
    except store.QueryTimeout:
        _log.warning("segments_not_measured", reason=f"counting took over {_SECONDS:.0f} s")
        return
    drifting = work.run(partial(_record, registry=registry, measured=measured))
    for segment, psi in drifting.items():
        _log.warning("segment_drifted", segment=segment, psi=round(psi, 4))


def _count(unit: UnitOfWork, registry: DefinitionRegistry) -> Mapping[str, Measurement]:
    versions = registry.current(unit).versions
    with store.limited(unit, _SECONDS):
        population, members = store.count_profiles(unit), store.count_members(unit)
    return {
        segment: Measurement(unit.now, population, members.get(segment, 0), version.number)
        for segment, version in versions.items()
    }


def _record(
    unit: UnitOfWork, registry: DefinitionRegistry, measured: Mapping[str, Measurement]
) -> Mapping[str, float]:
    """Store measurements, and append which segments drift; their indices."""
    store.lock_measurements(unit)
    measured = _still_in_force(measured, registry.current(unit))
    if not measured:
        return {}
    name = week_of(next(iter(measured.values())).at, registry.zone).name
    present = {s: weeks[-1] for s, weeks in store.load_weeks(unit, name, name).items()}
    before = store.newest_before(unit, name)
    settled = _evaluated_by_all(unit, registry)
    threshold = store.watch_settings(unit).drift_threshold
    weeks: dict[str, MeasuredWeek] = {}
    drafts: list[Draft] = []
    for segment, measurement in measured.items():
        stored, base = present.get(segment), before.get(segment)
        if stored is not None and stored.measured.at > measurement.at:
            continue  # another replica was later and has been faster
        psi = population_stability(None if base is None else base.measured, measurement)
        week = MeasuredWeek(name, measurement, psi, None if stored is None else stored.drifted_at)
        is_over = psi is not None and psi > threshold and week.drifted_at is None
        is_same_rule = base is not None and base.measured.version == measurement.version
        if base is not None and is_same_rule and is_over and segment in settled:
            week = replace(week, drifted_at=unit.now)
            drafts.append(_drifted(segment, base, week, threshold))
        weeks[segment] = week
    store.save_weeks(unit, weeks)
    if drafts:
        unit.append(drafts)
    return {draft.data["segment"]: draft.data["psi"] for draft in drafts}


def _still_in_force(
    measured: Mapping[str, Measurement], definitions: ActiveDefinitions
) -> Mapping[str, Measurement]:
    """Without segments that were deleted, renamed or given another rule after they were counted."""
    versions = definitions.versions
    return {
        segment: measurement
        for segment, measurement in measured.items()
        if segment in versions and versions[segment].number == measurement.version
    }


def _evaluated_by_all(unit: UnitOfWork, registry: DefinitionRegistry) -> set[str]:
    """The segments by whose rule every profile has been evaluated but those that fail."""
    oldest = store.oldest_generation(unit)
    versions = registry.current(unit).versions.items()
    return {segment for segment, version in versions if version.has_evaluated_all(oldest)}


def _drifted(segment: str, base: MeasuredWeek, week: MeasuredWeek, threshold: float) -> Draft:
    """The event, whose id follows from segment, version and week: it is never appended twice.

    The version sets apart what drifted by that name before, if another segment has the name now.
    """
    data = {
        "segment": segment,
        "week": week.week,
        "psi": week.psi,
        "threshold": threshold,
        "definition_version": week.measured.version,
        "before": _plain(base),
        "after": _plain(week),
    }
    event_id = str(uuid.uuid5(_IDS, f"{segment}/{week.measured.version}/{week.week}"))
    at = week.measured.at
    return Draft(event_id, STREAM, DRIFTED, SEGMENT_DRIFTED.dump(data), at)


def _plain(week: MeasuredWeek) -> dict[str, object]:
    measured = week.measured
    return {
        "week": week.week,
        "members": measured.members,
        "population": measured.population,
        "measured_at": measured.at,
    }
