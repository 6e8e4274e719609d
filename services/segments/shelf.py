"""The shelf: the definitions in force, as the database has them, compiled once a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chassis import InvalidInput, Unavailable, new_id
from chassis.settings import Settings
from chassis.work import Unit
from services.segments import store
from services.segments.definitions import (
    Definition,
    Definitions,
    Version,
    load_definitions,
    read_definition,
)
from services.segments.store import Written

_FROM_FILE = "file"
_DEFINED = "defined"


class Shelf:
    """Keeps the definitions of the database compiled; puts those of segments.yaml into it.

    A definition of the file becomes a version when the file says something new, so a segment that
    was redefined by `define` stays so until the file's own definition changes.
    """

    def __init__(self, shipped: Sequence[Definition], ids: Callable[[], str] = new_id) -> None:
        self._shipped = shipped
        self._ids = ids
        self._newest = ""
        self._current = Definitions(0, {})

    def current(self, unit: Unit) -> Definitions:
        """The definitions in force.

        Raises Unavailable if another release put one in force that this one cannot read.
        """
        if store.newest_definition(unit.connection) != self._newest:
            written = store.load_written(unit.connection)
            written += self._put(unit, written, self._news(written), _FROM_FILE)
            self._current, self._newest = _compiled(written), written[-1].id
        return self._current

    def define(self, unit: Unit, definition: Definition) -> Definitions:
        """Put a definition in force, unless it says what is in force already."""
        before = self.current(unit).versions.get(definition.segment)
        if before is None or not before.definition.says_the_same(definition):
            self._put(unit, store.load_written(unit.connection), [definition], _DEFINED)
        return self.current(unit)

    def _news(self, written: Sequence[Written]) -> Sequence[Definition]:
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
        unit: Unit,
        written: Sequence[Written],
        news: Sequence[Definition],
        origin: str,
    ) -> list[Written]:
        latest = _latest(written)
        generation = max((one.generation for one in written), default=0)
        added = [
            Written(
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


def open_shelf(settings: Settings) -> Shelf:
    """The shelf of one process; InvalidInput if segments.yaml has a mistake."""
    return Shelf(load_definitions(settings.config_dir))


def _latest(written: Sequence[Written]) -> Mapping[str, Written]:
    return {one.segment: one for one in sorted(written, key=lambda one: one.version)}


def _compiled(written: Sequence[Written]) -> Definitions:
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
        versions[segment] = Version(one.version, definition, one.generation)
    return Definitions(max((one.generation for one in written), default=0), versions)
