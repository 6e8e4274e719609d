"""Fields of objects and lists, whose parts are fields of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence, Sized
from typing import Any, cast

from marshmallow import ValidationError, fields

from chassis.validation.fields.scalars import StrictField, Text
from chassis.validation.plain import kind
from chassis.validation.schema import Mending, Parts, StrictSchema, mend_object
from chassis.validation.slips import meant_json

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class JsonObject(StrictField, fields.Dict):
    """An object whose content is the caller's."""

    may_be_blank = True

    def read(self, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError(f"must be an object, not {kind(value)}")
        return value

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        return mend_object(value, mending, parts)


class JsonValue(StrictField, fields.Raw):
    """Any plain JSON value, null included."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)

    def read(self, value: Any) -> Any:
        return value


class MapOf(StrictField, fields.Dict):
    """An object of `fewest` to `most` names with values of one field.

    A name has letters, digits and `_`, or is text as `names` takes it.
    """

    may_be_blank = True

    def __init__(
        self,
        values: fields.Field[Any],
        *,
        names: Text | None = None,
        fewest: int = 1,
        most: int = 200,
        **kwargs: Any,
    ) -> None:
        values.required = True
        super().__init__(values=values, **kwargs)
        self.of, self.names, self.fewest, self.most = values, names, fewest, most

    def read(self, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError(f"must be an object, not {kind(value)}")
        check_length(value, self.fewest, self.most)
        errors: dict[str, Any] = {}
        for name, part in value.items():
            try:
                self._check_name(name)
                self.of.deserialize(part)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors)
        return value

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        value = mend_object(value, mending, parts)
        if type(value) is not dict:
            return value
        return {name: _mended(self.of, v, mending, (*parts, name)) for name, v in value.items()}

    def _check_name(self, name: str) -> None:
        if self.names is not None:
            self.names.read(name)
        elif not _WORD.fullmatch(name):
            raise ValidationError(
                "must be a name of letters, digits and _, at most 64, no digit first"
            )


class ListOf(StrictField, fields.List[Any]):
    """A list of `fewest` to `most` values of one field."""

    def __init__(
        self, of: fields.Field[Any], *, fewest: int = 0, most: int = 1_000, **kwargs: Any
    ) -> None:
        of.required = True
        super().__init__(of, **kwargs)
        self.fewest, self.most = fewest, most

    def read(self, value: Any) -> list[Any]:
        if type(value) is not list:
            raise ValidationError(f"must be a list, not {kind(value)}")
        check_length(value, self.fewest, self.most)
        loaded = []
        errors: dict[int, Any] = {}
        for index, part in enumerate(value):
            try:
                loaded.append(self.inner.deserialize(part))
            except ValidationError as error:
                errors[index] = error.messages
        if errors:
            raise ValidationError(errors)
        return loaded

    @property
    def has_fields(self) -> bool:  # type: ignore[override]
        return bool(getattr(self.inner, "has_fields", False))

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        value = mend_list(value, mending, parts)
        if type(value) is not list:
            return value
        return [_mended(self.inner, v, mending, (*parts, n)) for n, v in enumerate(value)]

    def near_misses(self, value: object, parts: Parts) -> Sequence[tuple[Parts, str]]:
        if type(value) is not list:
            return ()
        of: Any = self.inner
        shapes = {tuple(part) for part in value if type(part) is dict}  # of most lists one
        if not any(map(of.has_near_misses, shapes)):
            return ()
        return [
            miss
            for index, part in enumerate(value)
            for miss in of.near_misses(part, (*parts, index))
        ]


class Nested(StrictField, fields.Nested):
    """An object with a contract of its own."""

    has_fields = True

    def read(self, value: Any) -> Any:
        return self.schema.load(value)

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        return cast("StrictSchema", self.schema).mend(value, mending, parts)

    def has_near_misses(self, names: tuple[str, ...]) -> bool:
        """See `StrictSchema.has_near_misses`."""
        return cast("StrictSchema", self.schema).has_near_misses(names)

    def near_misses(self, value: object, parts: Parts) -> Sequence[tuple[Parts, str]]:
        return cast("StrictSchema", self.schema).near_misses(value, parts)


def _mended(field: Any, value: Any, mending: Mending, parts: Parts) -> Any:
    return None if value is None else field.mend(value, mending, parts)


def mend_list(value: Any, mending: Mending, parts: Parts) -> Any:
    """A list that is an object whose names are numbers, or that stands in a text as JSON."""
    if type(value) is str and (meant := meant_json(value, list)) is not None:
        mending.warn(parts, "is text, and was read as the list in it; send it without quotes")
        return meant
    if type(value) is dict and all(name.isdecimal() for name in value):
        mending.warn(parts, "is an object, and was read as the list of its values; send a list")
        return list(value.values())
    return value


def check_length(value: Sized, fewest: int, most: int) -> None:
    if not fewest <= len(value) <= most:
        raise ValidationError(f"must have {fewest} to {most:,} entries, has {len(value):,}")
