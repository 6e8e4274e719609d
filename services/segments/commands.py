"""Commands: definitions are put in force, and profiles evaluated when a caller or time asks."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial

import structlog

from chassis import NotFound, Unavailable
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.outage import failure_reason
from identifiers import Accepted
from profile_index import current_profile, find
from services.segments import store
from services.segments.domain.definitions import ActiveDefinitions, Definition
from services.segments.evaluator import reevaluate_among, reevaluate_due, reevaluate_one
from services.segments.registry import DefinitionRegistry

_AT_ONCE = 100

_log = structlog.get_logger("segments")


def ensure_applied(unit: UnitOfWork, registry: DefinitionRegistry) -> ActiveDefinitions:
    """Put segments.yaml in force before a query, which itself never writes; what is then in force.

    Even the first call of a fresh database is answered with the segments of the file.
    """
    return registry.apply_file(unit)


def define(
    unit: UnitOfWork, registry: DefinitionRegistry, definition: Definition
) -> ActiveDefinitions:
    """Put a definition in force, as a new version unless the same one is in force already."""
    version = registry.apply_file(unit).versions.get(definition.segment)
    if version is None or not version.definition.says_the_same(definition):
        registry.add(unit, definition)
    return registry.apply_file(unit)


def reevaluate_shopper(
    unit: UnitOfWork, registry: DefinitionRegistry, shopper: str | Accepted
) -> str:
    """Evaluate a shopper who is due; the current profile, locked. NotFound if there is none.

    It is another profile's turn if this one was merged while we waited for its lock.
    """
    profile_id = _profile(unit, shopper)
    reevaluate_one(unit, registry, profile_id)
    if _profile(unit, shopper) != profile_id:
        return reevaluate_shopper(unit, registry, shopper)
    return profile_id


def reevaluate_for(work: UnitOfWorkRunner, registry: DefinitionRegistry, seconds: float) -> None:
    """Evaluate due profiles, some in each transaction, until none is left or time is up.

    A profile whose evaluation fails is found by halves and left alone for a while: it delays no
    other one, and stays due. Raises Unavailable if the database does not answer, or does not fit
    this release: that is nobody's fault.
    """
    end = time.monotonic() + seconds
    while _reevaluate_some(work, registry, end) == _AT_ONCE and time.monotonic() < end:
        time.sleep(0)  # other greenlets have their turn
    work.run(lambda unit: store.forget_evaluated(unit, registry.apply_file(unit).generation))


def _reevaluate_some(work: UnitOfWorkRunner, registry: DefinitionRegistry, end: float) -> int:
    """Evaluate some due profiles; how many were tried."""
    resting = work.read(store.resting_profiles)
    try:
        return work.run(partial(reevaluate_due, registry=registry, limit=_AT_ONCE, resting=resting))
    except Unavailable:
        raise
    except Exception:  # noqa: BLE001 - whose fault it is is looked for
        due = work.run(partial(_due, registry=registry, resting=resting))
        _isolate(work, registry, due, end)
        return len(due)


def _due(unit: UnitOfWork, registry: DefinitionRegistry, resting: Collection[str]) -> list[str]:
    return store.due_profiles(unit, registry.apply_file(unit).generation, _AT_ONCE, resting)


def _isolate(
    work: UnitOfWorkRunner, registry: DefinitionRegistry, profile_ids: Sequence[str], end: float
) -> None:
    """Evaluate all but the profiles that fail, by halves; past `end` the rest is left for later."""
    try:
        work.run(partial(reevaluate_among, registry=registry, profile_ids=profile_ids))
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - it delays no other profile
        if len(profile_ids) == 1:
            (profile_id,) = profile_ids
            pause = work.run(partial(store.postpone, profile_id=profile_id))
            _log.error(
                "evaluation_failed",
                profile_id=profile_id,
                retry_in=pause,
                reason=failure_reason(error),
            )
            return
        middle = len(profile_ids) // 2
        _isolate(work, registry, profile_ids[:middle], end)
        if time.monotonic() < end:
            _isolate(work, registry, profile_ids[middle:], end)


def _profile(unit: UnitOfWork, shopper: str | Accepted) -> str:
    """The current profile of an id, however old, or of the strongest known identifier."""
    if isinstance(shopper, str):
        current = current_profile(unit, shopper)
        if current is None:
            raise NotFound("profile_id", "is not a profile that segments knows")
        return current
    owners = find(unit, [identifier.key for identifier in shopper.keys])
    for identifier in shopper.keys:
        if identifier.key in owners:
            return owners[identifier.key].profile_id
    raise NotFound("identifiers", "lead to no profile that segments knows")
