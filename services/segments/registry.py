"""The registry: the definitions in force, compiled once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chassis import InvalidInput, Unavailable, new_id
from chassis.config.settings import Settings
from chassis.eventlog.unit_of_work import UnitOfWork
from services.segments import store
from services.segments.configuration import load_definitions, read_definition
from services.segments.domain.definitions import ActiveDefinitions, Definition, DefinitionVersion
from services.segments.store import StoredDefinition

_FROM_FILE = "file"
_DEFINED = "defined"


class DefinitionRegistry:
    """Keeps the stored definitions compiled, and stores those of segments.yaml.

    A definition of the file becomes a version when the file has changed it, so a segment that was
    redefined by `define` stays so until the file's own definition changes.
    """

    def __init__(
        self, file_definitions: Sequence[Definition], ids: Callable[[], str] = new_id
    ) -> None:
        self._file_definitions = file_definitions
        self._ids = ids
        self._active = ActiveDefinitions(0, {})
        self._newest: str | None = None  # the id of the newest stored definition among the active
        self._is_applied = False  # whether the file was applied to these

    def current(self, unit: UnitOfWork) -> ActiveDefinitions:
        """The definitions in force, only read.

        Raises Unavailable if another release put one in force that this one cannot read.
        """
        if store.newest_definition(unit) != self._newest:
            self._compile(store.load_definitions(unit))
            self._is_applied = False
        return self._active

    def apply_file(self, unit: UnitOfWork) -> ActiveDefinitions:
        """Store what the file has changed; the definitions then in force, as from `current`.

        It is applied once, and again whenever the stored definitions have changed since. One
        statement finds out both whether to apply and what is in force, as this runs for every
        batch of events.
        """
        if store.newest_definition(unit) != self._newest or not self._is_applied:
            stored = store.load_definitions(unit)
            self._compile([*stored, *self._add(unit, stored, self._changed(stored), _FROM_FILE)])
            self._is_applied = True
        return self._active

    def add(self, unit: UnitOfWork, definition: Definition) -> None:
        """Store a definition as the next version of its segment."""
        self._add(unit, store.load_definitions(unit), [definition], _DEFINED)

    def _changed(self, stored: Sequence[StoredDefinition]) -> Sequence[Definition]:
        """The definitions of the file that are not as the file last had them."""
        latest = _latest([one for one in stored if one.origin == _FROM_FILE])
        return [
            definition
            for definition in self._file_definitions
            if definition.segment not in latest
            or not latest[definition.segment].says_the_same(definition)
        ]

    def _add(
        self,
        unit: UnitOfWork,
        stored: Sequence[StoredDefinition],
        definitions: Sequence[Definition],
        origin: str,
    ) -> Sequence[StoredDefinition]:
        """Store `definitions` as the next versions of their segments."""
        latest = _latest(stored)
        generation = max((one.generation for one in stored), default=0)
        added = [
            StoredDefinition(
                generation=number,
                id=self._ids(),
                segment=definition.segment,
                version=latest[definition.segment].version + 1
                if definition.segment in latest
                else 1,
                rule=definition.rule.text,
                description=definition.description,
                origin=origin,
            )
            for number, definition in enumerate(definitions, start=generation + 1)
        ]
        if added:
            store.add_definitions(unit, added)
        return added

    def _compile(self, stored: Sequence[StoredDefinition]) -> None:
        self._active = _compiled(stored)
        self._newest = stored[-1].id if stored else None


def open_registry(settings: Settings) -> DefinitionRegistry:
    """The registry of one process; InvalidInput if segments.yaml has a mistake."""
    return DefinitionRegistry(load_definitions(settings.config_dir))


def _latest(stored: Sequence[StoredDefinition]) -> Mapping[str, StoredDefinition]:
    return {one.segment: one for one in sorted(stored, key=lambda one: one.version)}


def _compiled(stored: Sequence[StoredDefinition]) -> ActiveDefinitions:
    versions = {}
    for segment, one in sorted(_latest(stored).items()):
        try:
            definition = read_definition(
                {"segment": segment, "rule": one.rule, "description": one.description}
            )
        except InvalidInput as error:
            # No fault of the events being applied: they wait until this release is updated.
            message = f"has a rule that this release cannot read: {error.message}"
            raise Unavailable(f"segment {segment}", message) from None
        versions[segment] = DefinitionVersion(one.version, definition, one.generation)
    return ActiveDefinitions(max((one.generation for one in stored), default=0), versions)
