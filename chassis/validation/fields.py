"""Field types: strict about JSON's types, and clear about what to send instead."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence, Sized
from typing import Any, cast

from marshmallow import ValidationError, fields, missing, types

from chassis.core.errors import InvalidInput
from chassis.core.instants import format_instant, parse_instant
from chassis.validation.plain import kind
from chassis.validation.schema import Mending, Parts, StrictSchema, did_you_mean, mend_object
from chassis.validation.slips import (
    means_nothing,
    meant_flag,
    meant_instant,
    meant_json,
    meant_name,
    meant_round,
    meant_whole,
)

MAX_AMOUNT = 10**15
MAX_NAME = 64

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:?\d\d)$", re.ASCII)
_ABSENT: types.ErrorMessages = {
    "required": "is missing",
    "null": "must not be null",
}
_FIX = {int: "; put it in quotes", float: "; put it in quotes", type(None): "; leave it out"}


class StrictField(fields.Field[Any]):
    """What all fields share: one wording, and no validators beside `read`."""

    default_error_messages = _ABSENT
    has_fields = False  # whether its values have named fields, which may be misspelt
    may_be_blank = False  # whether text for nothing, if it is no value, can only mean none

    def read(self, value: Any) -> Any:
        """The value inside of a value from outside; ValidationError says what to send instead."""
        raise NotImplementedError

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:  # noqa: ARG002
        """What a slip of a sender can only mean, with a warning; anything else as it is.

        Only what `read` refuses gets here, or stands beside it.
        """
        return value

    def near_misses(self, value: object, parts: Parts) -> Sequence[tuple[Parts, str]]:  # noqa: ARG002
        """See `StrictSchema.near_misses`."""
        return ()

    def deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        """What marshmallow calls. Null is as good as absent, unless the field allows it as a value.

        No chain of validators is built: it would double the cost.
        """
        if value is not missing and value is not None:
            return self.read(value)
        if value is None and self.allow_none:
            return None
        if self.required:
            raise self.make_error("required" if value is missing else "null")
        return self.load_default() if callable(self.load_default) else self.load_default


class Text(StrictField, fields.String):
    """Text of `shortest` to `longest` characters; with `printable`, no control characters."""

    may_be_blank = True

    def __init__(
        self, *, shortest: int = 1, longest: int = 1_000, printable: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.shortest, self.longest, self.printable = shortest, longest, printable

    def read(self, value: Any) -> str:
        text = check_text(value)
        if not text and self.shortest:
            raise ValidationError("must not be empty")
        if not self.shortest <= len(text) <= self.longest:
            raise ValidationError(
                f"must have {self.shortest} to {self.longest:,} characters, has {len(text):,}"
            )
        if self.printable and (not text.isprintable() or text.strip() != text):
            raise ValidationError("must not have control characters, nor spaces at either end")
        return text

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        if type(value) is int or (type(value) is float and value.is_integer()):
            mending.warn(parts, "is a number, and was read as text; put it in quotes")
            return str(int(value))
        if self.printable and type(value) is str and value != (bare := value.strip()):
            mending.warn(parts, "has blanks at an end, and was read without them")
            return bare
        return value


class Name(StrictField, fields.String):
    """A snake_case name of at most 64 characters, such as an event type or a segment."""

    def read(self, value: Any) -> str:
        return check_name(value)


class Choice(StrictField, fields.String):
    """One of a few texts."""

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def read(self, value: Any) -> str:
        if value in self.choices:
            return str(value)
        wrong = "" if type(value) is str else f", not {kind(value)}"
        suggestion = did_you_mean(value, self.choices) if type(value) is str else ""
        raise ValidationError(f"must be one of {', '.join(self.choices)}{wrong}{suggestion}")


class Integer(StrictField, fields.Integer):
    """A whole number from `least` to `most`; neither 1.0 nor "1" nor true is one."""

    wanted = "a whole number"
    may_be_blank = True

    def __init__(self, *, least: int | None = None, most: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def read(self, value: Any) -> int:
        if type(value) is not int:
            raise ValidationError(f"must be {self.wanted}, not {_described(value)}")
        if self.least is not None and value < self.least:
            raise ValidationError(f"must be {self.wanted}, at least {self.least}")
        if self.most is not None and value > self.most:
            raise ValidationError(f"must be {self.wanted}, at most {self.most:,}")
        return value

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        return self._mended(value, meant_round(value), mending, parts)

    def _mended(self, value: Any, meant: int | None, mending: Mending, parts: Parts) -> Any:
        if meant is None or type(value) is int:
            return value
        slip = "is text" if type(value) is str else "has decimals"
        fix = "send it without quotes" if type(value) is str else "send it without them"
        mending.warn(parts, f"{slip}, and was read as the number {meant}; {fix}")
        return meant


class Amount(Integer):
    """Money in minor units (cents of USD, yen of JPY), not negative.

    What has a mark for decimals may be in major units, and is refused.
    """

    wanted = "a whole number of minor units (4999 for 49.99)"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"least": 0, "most": MAX_AMOUNT, **kwargs})

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        meant = meant_whole(value) if type(value) is str else None
        return self._mended(value, meant, mending, parts)


class Number(StrictField, fields.Float):
    """A number, with decimals or without; neither text nor infinite."""

    def read(self, value: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ValidationError(f"must be a number, not {_described(value)}")
        return float(value)


class Boolean(StrictField, fields.Boolean):
    """True or false, and nothing that merely looks like it."""

    def read(self, value: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError(f"must be true or false, not {_described(value)}")
        return value

    def meant(self, value: Any) -> bool | None:
        """What a value that is neither can mean, if it can mean one thing only."""
        return meant_flag(value)

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        if type(value) is bool or (meant := self.meant(value)) is None:
            return value
        word = "true" if meant else "false"
        mending.warn(parts, f"is {kind(value)}, and was read as {word}; send {word} without quotes")
        return meant


def is_rfc_3339(text: str) -> bool:
    """Whether an instant is written in the one way that leaves no choice: T, seconds, zone."""
    return _RFC3339.match(text) is not None


class Instant(StrictField, fields.String):
    """RFC 3339 text with a zone outside, microseconds since the epoch inside."""

    may_be_blank = True

    def read(self, value: Any) -> int:
        try:
            return parse_instant(value)
        except InvalidInput as error:
            raise ValidationError(error.message) from None

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return None if value is None else format_instant(value)

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        """RFC 3339 of an instant that has its zone, and is written in another way."""
        if type(value) is str and is_rfc_3339(value):
            return value
        if (standard := meant_instant(value)) is None:
            return value
        mending.warn(parts, f"was read as {standard}; write it so, with T, seconds and zone")
        return standard


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


def _described(value: object) -> str:
    """What a value is, for a message about one that is none of what is wanted."""
    if type(value) is float:
        return "a fraction"
    return "empty text" if type(value) is str and means_nothing(value) else kind(value)


def check_text(value: object) -> str:
    """Text; ValidationError says what to do with what is none."""
    if not isinstance(value, str):
        fix = _FIX.get(type(value), "")
        raise ValidationError(f"must be text, not {kind(value)}{fix}")
    return value


def check_name(value: object) -> str:
    """A snake_case name; ValidationError says how to write it otherwise."""
    name = check_text(value)
    if len(name) > MAX_NAME:
        raise ValidationError(f"is too long: a name has at most {MAX_NAME} characters")
    if not _NAME.fullmatch(name):
        words = meant_name(name)
        fix = f': write "{words}"' if _NAME.fullmatch(words) else " such as order_completed"
        raise ValidationError(f"must be snake_case{fix}")
    return name


def check_length(value: Sized, fewest: int, most: int) -> None:
    if not fewest <= len(value) <= most:
        raise ValidationError(f"must have {fewest} to {most:,} entries, has {len(value):,}")
