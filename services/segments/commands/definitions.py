"""Commands that put definitions in force, and end them.

Each takes the lock of the definitions first, so that of two processes the later one finds what the
earlier one has done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import structlog
from prometheus_client import Gauge

from chassis import Conflict
from chassis.core.applied_files import FileStanding, file_standing
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.segments import store
from services.segments.domain.definitions import (
    ActiveDefinitions,
    Change,
    Definition,
    DefinitionFile,
    StandingDefinition,
    ask_for,
    asking_for,
    change_by,
    change_by_new_file,
    check_references,
    undefined,
)
from services.segments.store import DEFINED, FROM_FILE, StoredDefinition

DEFINITIONS_FILE_UNUSED = Gauge(
    "cdp_definitions_file_unused",
    "1 if the segments.yaml that this process has read is not the one in force.",
    ["service"],
)

_log = structlog.get_logger("segments")
_Judge = Callable[[Definition, StandingDefinition | None], Change]


def start(work: UnitOfWorkRunner, file: DefinitionFile) -> None:
    """Put the file that this process has read in force if it is new; else say so if it is not."""
    standing = work.run(partial(start_with, file=file))
    is_in_force = standing in (FileStanding.NEW, FileStanding.IN_FORCE)
    DEFINITIONS_FILE_UNUSED.labels(work.source).set(not is_in_force)
    log = _log.bind(service=work.source, sha256=file.sha256[:12])
    if standing is FileStanding.NEW:
        log.info("definitions_file_applied", segments=len(file.definitions))
    elif not is_in_force:
        log.warning(
            "definitions_file_unused",
            reason=f"it {standing.value}; `cdp segments apply` puts it in force",
        )


def start_with(unit: UnitOfWork, file: DefinitionFile) -> FileStanding:
    """Put the file that a process starts with in force if it is new; how it stood before.

    It happens once for a file's content. Segments that were defined by a command since the file
    before stay as they are unless the file itself has changed them.
    """
    standing = file_standing(file.applied, store.applied_files(unit))
    if standing is not FileStanding.NEW:
        return standing
    store.lock_definitions(unit)
    standing = file_standing(file.applied, store.applied_files(unit))
    if standing is FileStanding.NEW:
        _apply(unit, file, change_by_new_file)
    return standing


def apply(unit: UnitOfWork, file: DefinitionFile) -> Mapping[str, Change]:
    """Put a file in force as it stands; what that changed, by segment.

    Segments that it does not mention stay.
    """
    store.lock_definitions(unit)
    return _apply(unit, file, change_by)


def define(unit: UnitOfWork, definition: Definition) -> Change:
    """Put a definition in force: a new version if its rule says anything new, or other words."""
    store.lock_definitions(unit)
    standing = store.standing_definitions(unit)
    check_references([definition], standing)
    before = standing.get(definition.segment)
    change = change_by(definition, before)
    _put(unit, definition, before, change, DEFINED)
    return change


def delete(unit: UnitOfWork, segment: str) -> None:
    """End a segment: its members leave it. NotFound if there is none of that name.

    Conflict if the rule of another segment asks for it.
    """
    store.lock_definitions(unit)
    standing = store.standing_definitions(unit)
    before = _in_force(standing, segment)
    _check_unasked(standing, segment)
    store.add_definitions(unit, [_end(before)])


def rename(unit: UnitOfWork, segment: str, name: str) -> None:
    """Give a segment another name: its members leave the old one and enter the new one.

    The rules that ask for it ask for the new name from then on, as new versions by which nobody
    enters or leaves. NotFound if there is no such segment, Conflict if the name is taken, or if a
    rule that asks for it cannot be rewritten.
    """
    store.lock_definitions(unit)
    standing = store.standing_definitions(unit)
    before = _in_force(standing, segment)
    taken = standing.get(name)
    if taken is not None and not taken.is_end:
        raise Conflict("name", f"there is a segment {name} already; take another name")
    asking = [_asking_for(name, standing[each], segment) for each in asking_for(segment, standing)]
    renamed = StoredDefinition(
        segment=name,
        # No smaller one: what was measured by other rules of the segment has other versions.
        version=max(before.version, taken.version + 1 if taken else 1),
        generation=0,
        rule=before.rule,
        description=before.description,
        origin=DEFINED,
        renamed_from=segment,
    )
    store.add_definitions(unit, [_end(before), renamed, *asking])
    store.lock_measurements(unit)
    store.rename_weeks(unit, before, renamed)


def note_unreadable(work: UnitOfWorkRunner, definitions: ActiveDefinitions) -> None:
    """Say which versions this process cannot read, and judge those anew that all can read again.

    Profiles that a process evaluated that could not read a rule were not evaluated by it. Once no
    such process is left, every profile is evaluated by that rule once more.
    """
    for segment, version in definitions.unreadable.items():
        work.run(
            partial(
                store.note_unreadable,
                segment=segment,
                version=version.number,
                message=version.message,
            )
        )
    if work.read(store.has_old_notes):
        work.run(partial(_judge_readable_anew, definitions=definitions))


def _judge_readable_anew(unit: UnitOfWork, definitions: ActiveDefinitions) -> None:
    store.lock_definitions(unit)
    for segment, number in store.take_readable_again(unit):
        version = definitions.versions.get(segment)
        if version is not None and version.number == number:
            store.judge_anew(unit, segment, number)


def _apply(unit: UnitOfWork, file: DefinitionFile, judge: _Judge) -> Mapping[str, Change]:
    standing = store.standing_definitions(unit)
    check_references(file.definitions, standing)
    changes: dict[str, Change] = {}
    for definition in file.definitions:
        before = standing.get(definition.segment)
        changes[definition.segment] = judge(definition, before)
        _put(unit, definition, before, changes[definition.segment], FROM_FILE)
    store.note_file(unit, file)
    return changes


def _put(
    unit: UnitOfWork,
    definition: Definition,
    before: StandingDefinition | None,
    change: Change,
    origin: str,
) -> None:
    if change in (Change.ADDED, Change.CHANGED):
        version = StoredDefinition(
            segment=definition.segment,
            version=before.version + 1 if before else 1,
            generation=0,
            rule=definition.rule.text,
            description=definition.description,
            origin=origin,
        )
        store.add_definitions(unit, [version])
    elif change is Change.DESCRIBED and before is not None:
        store.describe(unit, definition.segment, before.version, definition.description)


def _in_force(standing: Mapping[str, StandingDefinition], segment: str) -> StandingDefinition:
    before = standing.get(segment)
    if before is None or before.is_end:
        raise undefined(segment, {name for name, one in standing.items() if not one.is_end})
    return before


def _check_unasked(standing: Mapping[str, StandingDefinition], segment: str) -> None:
    if asking := asking_for(segment, standing):
        names = ", ".join(asking)
        raise Conflict("segment", f"the rules of {names} ask for {segment}: change them first")


def _asking_for(name: str, before: StandingDefinition, segment: str) -> StoredDefinition:
    """The next version of a definition, which asks for `name` where it asked for `segment`."""
    rule = ask_for(name, before.rule, segment)
    if rule is None:
        raise Conflict(
            "segment", f"the rule of {before.segment} asks for {segment}: change it first"
        )
    return StoredDefinition(
        segment=before.segment,
        version=before.version + 1,
        generation=0,
        rule=rule,
        description=before.description,
        origin=DEFINED,
    )


def _end(before: StandingDefinition) -> StoredDefinition:
    return StoredDefinition(
        segment=before.segment,
        version=before.version + 1,
        generation=0,
        rule="False",
        description=before.description,
        origin=DEFINED,
        is_end=True,
    )
