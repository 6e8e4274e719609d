"""Commands: definitions are put in force, and profiles evaluated when a caller or time asks."""

from __future__ import annotations

import time
from functools import partial

from chassis import NotFound
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from identifiers import Accepted
from profile_index import current_profile, find
from services.segments.domain.definitions import ActiveDefinitions, Definition
from services.segments.evaluator import reevaluate_due, reevaluate_one
from services.segments.registry import DefinitionRegistry

_AT_ONCE = 100


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
    """Evaluate due profiles, some in each transaction, until none is left or time is up."""
    end = time.monotonic() + seconds
    turn = partial(reevaluate_due, registry=registry, limit=_AT_ONCE)
    while work.run(turn) == _AT_ONCE and time.monotonic() < end:
        time.sleep(0)  # other greenlets have their turn


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
