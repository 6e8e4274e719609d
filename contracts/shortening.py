"""Events that are too large keep what the platform reads, and lose the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis.validation.plain import MAX_EVENT_BYTES, measure
from contracts.event_types import EVENT_TYPES


def shorten(value: Any) -> dict[str, Any] | None:
    """An event that is too large with less in it; None if that is no help.

    It loses its lines, or the context and the shop's own fields, or all of these.
    """
    name, data = type_and_data(value)
    schema = EVENT_TYPES.get(name)
    if schema is None or type(value.get("data")) not in {dict, type(None)}:
        return None
    bare = {name: part for name, part in value.items() if name != "context"}
    known = schema.known(data)
    for event, lesser in (
        (value, schema.shortened(data)),
        (bare, known),
        (bare, schema.shortened(known)),
    ):
        if lesser is not None and measure(shorter := {**event, "data": lesser}) <= MAX_EVENT_BYTES:
            return shorter
    return None


def lost(value: Mapping[str, Any], shorter: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What an event has lost by being shortened: its path and what became of it."""
    if "context" in value and "context" not in shorter:
        yield "context", "is left out"
    data, lesser = value.get("data") or {}, shorter["data"]
    for name in data:
        if name == "products" and data[name] != lesser.get(name):
            yield "data.products", "had to be shortened"
        elif name not in lesser:
            yield f"data.{name}", "is left out"


def type_and_data(value: Any) -> tuple[str, dict[str, Any]]:
    """The type and the data of an event, as far as they can be read."""
    if type(value) is not dict:
        return "", {}
    data = value.get("data")
    return text_in(value.get("type")), data if type(data) is dict else {}


def text_in(value: object) -> str:
    """The value if it is text, else nothing."""
    return value if type(value) is str else ""
