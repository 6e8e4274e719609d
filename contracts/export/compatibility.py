"""Compatibility: what a change of a JSON Schema breaks for those who rely on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Direction = Literal["arguments", "result", "event"]
"""Who relies on a schema: those who send arguments, those who read a result, or, for an event,
both: it is written once and read for ever, and a log keeps those that were written before."""

_LEAST = ("minimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "propertyNames", "not", "anyOf", "oneOf", "dependencies")
_ALL = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def breaks(
    before: Mapping[str, Any], after: Mapping[str, Any], direction: Direction, at: str = ""
) -> list[str]:
    """What `after` breaks of `before`, each as `path: what`; empty if the change is compatible.

    A field that is removed, retyped or newly required; in what is read, also one that need not be
    there any more; in what is sent, also bounds that are tighter. Both schemas are without
    references.
    """
    return list(_breaks(before, after, direction, at))


def _breaks(
    before: Mapping[str, Any], after: Mapping[str, Any], direction: Direction, at: str
) -> Iterator[str]:
    ways, ways_now = _ways(before), _ways(after)
    if ways and len(ways) <= len(ways_now):
        for one, now in zip(ways, ways_now, strict=False):
            yield from _breaks(one, now, direction, at)
        return
    retyped = _retyped(before, after, direction)
    if retyped:
        yield f"{at or 'it'}: {retyped}"
        return
    if direction != "result":
        for fault in _narrowed(before, after):
            yield f"{at or 'it'}: {fault}"
    yield from _fields(before, after, direction, at)
    for name, path in (("items", f"{at}[]"), ("additionalProperties", f"{at}.*".lstrip("."))):
        ours, theirs = before.get(name), after.get(name)
        if isinstance(ours, dict) or isinstance(theirs, dict):
            yield from _breaks(_schema(ours), _schema(theirs), direction, path)


def _fields(
    before: Mapping[str, Any], after: Mapping[str, Any], direction: Direction, at: str
) -> Iterator[str]:
    ours, theirs = before.get("properties", {}), after.get("properties", {})
    had, has = set(before.get("required", ())), set(after.get("required", ()))
    for name in sorted(ours.keys() | theirs.keys()):
        path = f"{at}.{name}".lstrip(".")
        if name not in theirs:
            yield f"{path}: is removed"
            continue
        if name in ours:
            yield from _breaks(ours[name], theirs[name], direction, path)
        if direction != "result" and name in has - had:
            yield f"{path}: is newly required"
        if direction != "arguments" and name in had - has:
            yield f"{path}: is no longer always there"


def _retyped(before: Mapping[str, Any], after: Mapping[str, Any], direction: Direction) -> str:
    ours, theirs = _types(before), _types(after)
    lost = ours - theirs if direction != "result" else set()
    new = theirs - ours if direction != "arguments" else set()
    if lost or new or before.get("const") != after.get("const"):
        return f"is retyped, from {_type_of(before)} to {_type_of(after)}"
    return ""


def _narrowed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Values that were accepted before and are not any more."""
    if "enum" in after and (
        "enum" not in before or not _values(before["enum"]) <= _values(after["enum"])
    ):
        yield f"takes fewer values, now {', '.join(sorted(_values(after['enum'])))}"
    for names, tighter in ((_LEAST, max), (_MOST, min)):
        for name in names:
            ours, theirs = before.get(name), after.get(name)
            if (
                theirs is not None
                and theirs != ours
                and (ours is None or tighter(ours, theirs) == theirs)
            ):
                yield f"has a tighter {name}, {theirs}"
    for name in _EXACT:
        if name in after and after[name] != before.get(name):
            yield f"has another {name}"
    if after.get("additionalProperties") is False and before.get("additionalProperties", True):
        yield "takes no further fields any more"


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    names = schema.get("type", _ALL)
    types = frozenset({names} if isinstance(names, str) else names)
    return types | {"integer"} if "number" in types else types


def _type_of(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return repr(schema["const"])
    names = schema.get("type", "anything")
    return names if isinstance(names, str) else " or ".join(names)


def _values(enum: list[Any]) -> set[str]:
    return {str(value) for value in enum}


def _ways(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternative forms of a call's arguments, if there are several."""
    return [] if "type" in schema else [way for way in schema.get("anyOf", ()) if "type" in way]


def _schema(value: Any) -> Mapping[str, Any]:
    """What `additionalProperties` or `items` means: absent and true are anything."""
    return value if isinstance(value, dict) else {}
