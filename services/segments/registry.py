"""The shelf: the definitions in force, as the database has them, compiled once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chassis import InvalidInput, Unavailable, new_id
from chassis.config.settings import Settings
from chassis.eventlog.unit_of_work import UnitOfWork
from services.segments import store
from services.segments.domain.definitions import (
    ActiveDefinitions,
    Definition,
    DefinitionVersion,
    load_definitions,
    read_definition,
)
from services.segments.store import StoredDefinition

_FROM_FILE = "file"
_DEFINED = "defined"


class DefinitionRegistry:
    """Keeps the definitions of the database compiled; puts those of segments.yaml into it.

    A definition of the file becomes a version when the file says something new, so a segment that
    was redefined by `define` stays so until the file's own definition changes.
    """

    def __init__(self, shipped: Sequence[Definition], ids: Callable[[], str] = new_id) -> None:
        self._shipped = shipped
        self._ids = ids
        self._newest = ""
        self._current = ActiveDefinitions(0, {})

    def current(self, unit: UnitOfWork) -> ActiveDefinitions:
        """The definitions in force.

        Raises Unavailable if another release put one in force that this one cannot read.
        """
        if store.newest_definition(unit.connection) != self._newest:
            written = store.load_written(unit.connection)
            written += self._put(unit, written, self._news(written), _FROM_FILE)
            self._current, self._newest = _compiled(written), written[-1].id
        return self._current

    def define(self, unit: UnitOfWork, definition: Definition) -> ActiveDefinitions:
        """Put a definition in force, unless it says what is in force already."""
        before = self.current(unit).versions.get(definition.segment)
        if before is None or not before.definition.says_the_same(definition):
            self._put(unit, store.load_written(unit.connection), [definition], _DEFINED)
        return self.current(unit)

    def _news(self, written: Sequence[StoredDefinition]) -> Sequence[Definition]:
        """What the file says and did not say when it was last read."""
        known = _latest([one for one in written if one.origin == _FROM_FILE])
        return [
            definition
            for definition in self._shipped
            if definition.segment not in known
            or not known[definition.segment].says(definition.rule.text, definition.description)
        ]

    def _put(
        self,
        unit: UnitOfWork,
        written: Sequence[StoredDefinition],
        news: Sequence[Definition],
        origin: str,
    ) -> list[StoredDefinition]:
        latest = _latest(written)
        generation = max((one.generation for one in written), default=0)
        added = [
            StoredDefinition(
                generation=generation + place,
                id=self._ids(),
                segment=definition.segment,
                version=latest[definition.segment].version + 1
                if definition.segment in latest
                else 1,
                rule=definition.rule.text,
                description=definition.description,
                origin=origin,
            )
            for place, definition in enumerate(news, start=1)
        ]
        if added:
            store.add_written(unit.connection, added, unit.now)
        return added


def open_registry(settings: Settings) -> DefinitionRegistry:
    """The shelf of one process; InvalidInput if segments.yaml has a mistake."""
    return DefinitionRegistry(load_definitions(settings.config_dir))


def _latest(written: Sequence[StoredDefinition]) -> Mapping[str, StoredDefinition]:
    return {one.segment: one for one in sorted(written, key=lambda one: one.version)}


def _compiled(written: Sequence[StoredDefinition]) -> ActiveDefinitions:
    versions = {}
    for segment, one in sorted(_latest(written).items()):
        try:
            definition = read_definition(
                {"segment": segment, "rule": one.rule, "description": one.description}
            )
        except InvalidInput as error:
            # Not a fault of the events at hand: they wait until this release is updated.
            message = f"has a rule that this release cannot read: {error.message}"
            raise Unavailable(f"segment {segment}", message) from None
        versions[segment] = DefinitionVersion(one.version, definition, one.generation)
    return ActiveDefinitions(max((one.generation for one in written), default=0), versions)
