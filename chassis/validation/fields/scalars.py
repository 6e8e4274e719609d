"""Fields of single values: strict about JSON's types, and clear about what to send instead."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields, missing, types

from chassis.core.errors import InvalidInput
from chassis.core.instants import format_instant, parse_instant
from chassis.validation.plain import kind
from chassis.validation.schema import Mending, Parts, did_you_mean
from chassis.validation.slips import (
    means_nothing,
    meant_flag,
    meant_instant,
    meant_name,
    meant_number,
    meant_round,
    meant_whole,
)

MAX_AMOUNT = 10**15
MAX_NAME = 64

_NAME = re.compile(r"[a-z][a-z0-9_]*")
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

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        meant = meant_number(value) if type(value) is str else None
        if meant is None:
            return value
        mending.warn(parts, f"is text, and was read as the number {meant}; send it without quotes")
        return meant


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
