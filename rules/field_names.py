"""The names of the fields that events have had: whoever asks for another one is warned.

Names are kept without values, a limited number for each type of events. A key that looks like an
id, an address or a number is the name of no field: it is neither kept nor looked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rules.fields import purpose_name

MOST_TYPES = 500
"""So many types of events are told apart."""
MOST_ROWS = 300
"""So many names are kept of one type of events; whoever asks for others of it is not warned."""
DEEPEST = 4
"""Names are kept in objects up to so many levels deep."""

Fields = Mapping[str, frozenset[str]]
"""The names in each object by its dotted path, which is "" for the data of an event itself."""

# No name with an @, and none with five digits in a row.
_NAME = re.compile(r"(?!.*\d{5})[^\W\d][\w -]{0,63}")


def is_field_name(key: str) -> bool:
    """Whether a key of an object can be the name of a field."""
    return _NAME.fullmatch(key) is not None


def named_purposes(event_type: str, data: Any) -> Any:
    """The data of an event, in which a purpose of consent is a name however it was told.

    `purpose: email` says the same as `purposes: {email: …}`; only names are kept.
    """
    purpose = data.get("purpose") if isinstance(data, Mapping) else None
    if event_type != "consent_changed" or not isinstance(purpose, str):
        return data
    purposes = data.get("purposes")
    others = purposes if isinstance(purposes, Mapping) else {}
    return {**data, "purposes": {**others, purpose_name(purpose): data.get("granted")}}


class SeenFields:
    """The fields that are known to be kept, as trees that are quick to walk.

    A path is dotted, and that of a type of events itself is "".
    """

    def __init__(self) -> None:
        self._trees: dict[str, dict[str, Any]] = {}
        self._numbers: Counter[str] = Counter()

    def learn(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take over all (type of events, path) that are kept."""
        self._numbers.clear()
        for event_type, path in rows:
            tree = self._trees.setdefault(event_type, {})
            for name in path.split(".") if path else ():
                tree = tree.setdefault(name, {})
            self._numbers[event_type] += 1

    def unseen(self, events: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
        """The (type, path) that events have besides, sorted; `events` are (type, data)."""
        found: dict[str, set[str]] = {}
        for event_type, data in events:
            if self._numbers[event_type] > MOST_ROWS:
                continue
            tree = self._trees.get(event_type)
            if tree is None:
                if len(self._trees) + len(found) >= MOST_TYPES:
                    continue
                found.setdefault(event_type, {""})
            for path in _unseen(tree or {}, data, "", 1):
                found.setdefault(event_type, set()).add(path)
        return [
            (event_type, path)
            for event_type, paths in sorted(found.items())
            for path in sorted(paths)[: MOST_ROWS + 1 - self._numbers[event_type]]
        ]


def _unseen(tree: Mapping[str, Any], data: Any, above: str, depth: int) -> list[str]:
    """The paths in plain JSON that are not in a tree; the members of a list are one object.

    It runs for every event, and nearly always finds nothing.
    """
    found: list[str] = []
    if type(data) is list:
        for member in data:
            if type(member) is dict:
                found += _unseen(tree, member, above, depth)
    elif type(data) is dict:
        for key, value in data.items():
            known = tree.get(key)
            if known is None:
                if not is_field_name(key):
                    continue
                found.append(f"{above}{key}")
                known = {}
            if depth < DEEPEST and (type(value) is dict or type(value) is list):
                found += _unseen(known, value, f"{above}{key}.", depth + 1)
    return found


def fields_of(rows: Iterable[tuple[str, str]]) -> dict[str, Fields]:
    """The fields of each type of events, of all (type, path); of a type with too many, none."""
    paths: dict[str, list[str]] = {}
    for event_type, path in rows:
        paths.setdefault(event_type, []).append(path)
    return {
        event_type: _by_object(found) if len(found) <= MOST_ROWS else {}
        for event_type, found in paths.items()
    }


def fields_in(fields: Fields, path: str) -> Fields:
    """The fields of the object at a path, by the paths from there."""
    if not path:
        return fields
    found = {
        below.removeprefix(f"{path}."): names
        for below, names in fields.items()
        if below.startswith(f"{path}.")
    }
    return found | ({"": fields[path]} if path in fields else {})


def first_unknown(fields: Fields, path: Iterable[str]) -> tuple[str, str] | None:
    """The object and the name at which a path leaves the known fields.

    None if it does not, or leads to where nothing is known.
    """
    above = ""
    for name in path:
        names = fields.get(above)
        if not names or not is_field_name(name):
            return None
        if name not in names:
            return above, name
        above = f"{above}.{name}" if above else name
    return None


def _by_object(paths: Iterable[str]) -> Fields:
    names: dict[str, set[str]] = {}
    for path in paths:
        above, _, name = path.rpartition(".")
        if name:
            names.setdefault(above, set()).add(name)
    return {above: frozenset(found) for above, found in names.items()}
