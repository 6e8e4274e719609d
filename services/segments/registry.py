"""The registry: the definitions in force, compiled once a process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

from chassis import InvalidInput
from chassis.eventlog.unit_of_work import UnitOfWork
from services.segments import store
from services.segments.configuration import read_definition
from services.segments.domain.definitions import (
    ActiveDefinitions,
    DefinitionVersion,
    NameEnd,
    UnreadableVersion,
)
from services.segments.store import StoredDefinition


class DefinitionRegistry:
    """Keeps the stored definitions compiled; whatever changes them is in `commands`."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        """The shop's zone, in which the days of rules begin"""
        self._active = ActiveDefinitions({})
        self._set: str | None = None  # the id of the set that is compiled

    def current(self, unit: UnitOfWork) -> ActiveDefinitions:
        """The definitions in force, only read: one statement unless they have changed."""
        current = store.definition_set(unit)
        if current != self._set:
            # The id was read first: a set that changes meanwhile is read again the next time.
            self._active = compile_all(store.load_definitions(unit), self.zone)
            self._set = current
        return self._active


def compile_all(stored: Sequence[StoredDefinition], zone: tzinfo = UTC) -> ActiveDefinitions:
    """The definitions of all `stored` versions; a rule that cannot be read stops its segment."""
    versions: dict[str, DefinitionVersion] = {}
    unreadable: dict[str, UnreadableVersion] = {}
    history: dict[str, list[tuple[int, int]]] = defaultdict(list)
    former = _former_names(stored)
    latest = {row.segment: row for row in sorted(stored, key=lambda row: row.version)}
    for row in sorted(stored, key=lambda row: row.generation):
        history[row.segment].append((row.generation, row.version))
    for segment, row in sorted(latest.items()):
        if row.is_end:
            continue
        try:
            definition = read_definition(
                {"segment": segment, "rule": row.rule, "description": row.description}, zone
            )
        except InvalidInput as error:
            unreadable[segment] = UnreadableVersion(
                row.version, row.rule, row.description, error.message
            )
            continue
        versions[segment] = DefinitionVersion(
            row.version, definition, row.generation, former[segment]
        )
    ended = {segment: row.version for segment, row in latest.items() if row.is_end}
    return ActiveDefinitions(versions, unreadable, ended, history)


def _former_names(stored: Sequence[StoredDefinition]) -> Mapping[str, Mapping[str, NameEnd]]:
    """By segment the names that it had before, as `DefinitionVersion` has them.

    A profile may still be a member by any of them, if it has not been evaluated since.
    """
    former: dict[str, dict[str, NameEnd]] = defaultdict(dict)
    ended: dict[str, dict[str, NameEnd]] = {}
    for row in sorted(stored, key=lambda row: row.generation):
        if row.is_end:
            end = NameEnd(row.version, row.generation)
            ended[row.segment] = {row.segment: end, **former.pop(row.segment, {})}
        elif row.renamed_from is not None:
            names = ended.get(row.renamed_from, {})
            former[row.segment] = {name: at for name, at in names.items() if name != row.segment}
    return former
