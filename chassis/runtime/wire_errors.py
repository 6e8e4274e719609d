"""Our errors as nameko sends them, under a path that every release knows."""

from __future__ import annotations

from typing import Any

from nameko.exceptions import get_module_path, registry, serialize

from chassis.core import errors
from chassis.core.errors import ServiceError

# The module of the first release.
_WIRE_MODULE = "chassis.errors"


def register_errors() -> None:
    """Let nameko read our errors as their classes, from this and other releases."""
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, ServiceError):
            registry[f"{_WIRE_MODULE}.{kind.__name__}"] = kind
            registry[get_module_path(kind)] = kind


def serialize_error(error: Exception) -> dict[str, Any]:
    """An error as nameko sends it; ours under the path that every release knows."""
    serialized: dict[str, Any] = serialize(error)
    if isinstance(error, ServiceError):
        serialized["exc_path"] = f"{_WIRE_MODULE}.{type(error).__name__}"
    return serialized
