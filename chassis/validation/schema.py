"""Contracts: marshmallow schemas whose errors are one path and one clear message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from marshmallow.exceptions import SCHEMA

from chassis.core.errors import InvalidInput
from chassis.core.suggest import nearest
from chassis.validation.plain import MAX_EVENT_BYTES, check_plain, join

_UNKNOWN = "is not a known field"
_MESSAGES = {"unknown": _UNKNOWN, "type": "must be an object"}


class StrictSchema(Schema):
    """The base of every schema: unknown fields are refused by name, with a suggestion.

    `hint` is added where no field has a similar name. Build each schema once, at import.
    """

    hint = ""

    class Meta:
        unknown = RAISE

    error_messages = _MESSAGES

    def handle_error(self, error: ValidationError, *_args: Any, **_kwargs: Any) -> None:
        """Puts unknown fields first, since a misspelt name explains the missing field as well."""
        if not isinstance(error.messages, dict):
            return
        unknown = sorted(str(n) for n, texts in error.messages.items() if texts == [_UNKNOWN])
        if unknown:
            first = {unknown[0]: [self._unknown(unknown[0])]}
            error.messages = {
                **first,
                **{n: t for n, t in error.messages.items() if n not in first},
            }

    def _unknown(self, name: str) -> str:
        names = list(self.load_fields)
        suggestion = did_you_mean(name, names) or self.hint or f"; known are {', '.join(names)}"
        return _UNKNOWN + suggestion


def load(
    schema: Schema, value: object, path: str = "", *, max_bytes: int = MAX_EVENT_BYTES
) -> dict[str, Any]:
    """The value as the schema reads it; InvalidInput names the first wrong field by its path.

    `path` is where the value stands in the call, such as `events[3]`. The bounds of plain JSON are
    checked first.
    """
    check_plain(value, path, max_bytes=max_bytes)
    return load_checked(schema, value, path)


def load_checked(schema: Schema, value: Any, path: str = "") -> dict[str, Any]:
    """The same as `load`, of a value whose bounds have been checked already."""
    try:
        loaded: dict[str, Any] = schema.load(value)
    except ValidationError as error:
        parts, message = _first(error.messages)
        raise InvalidInput(join(path, parts), message) from None
    return loaded


def first_error(errors: Mapping[Any, Any] | list[Any]) -> tuple[str, str]:
    """The path and the message of the first error in marshmallow's nested errors."""
    parts, message = _first(errors)
    return join("", parts), message


def _first(errors: Mapping[Any, Any] | list[Any]) -> tuple[list[str | int], str]:
    parts: list[str | int] = []
    error: Any = errors
    while isinstance(error, dict):
        part, error = next(iter(error.items()))
        if part != SCHEMA:
            parts.append(part)
    while isinstance(error, list):
        error = error[0]
    return parts, str(error)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`; did you mean "…"?` if one of `names` is close, else nothing."""
    close = nearest(name, names)
    return f'; did you mean "{close}"?' if close else ""
