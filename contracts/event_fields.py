"""Fields of events: what the data of several types has, each with the slips that it forgives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields

from chassis.core.suggest import near_misses
from chassis.core.visible import visible
from chassis.validation.fields import (
    Amount,
    Boolean,
    Instant,
    JsonValue,
    ListOf,
    MapOf,
    StrictField,
    Text,
    is_rfc_3339,
    mend_list,
)
from chassis.validation.plain import kind
from chassis.validation.schema import Mending, Parts, first_error, mend_object
from chassis.validation.slips import means_nothing, meant_flag, meant_number

MAX_PRODUCTS = 500
MAX_QUANTITY = 1_000_000
MAX_TEXT = 200
MAX_STORE = 64
MAX_POINTS = 10**12

MAX_REVISION = 2**53 - 1

LOYALTY_TRAITS = {"loyalty_tier": Text(longest=64), "loyalty_enrolled": Boolean()}
_LOYALTY_NAMES = frozenset(LOYALTY_TRAITS)
_NO_ID = "is a program's word for nothing, which would stand for all alike; send its own id"
_GRANTED = {"granted": True, "subscribed": True, "denied": False, "unsubscribed": False}


class Moment(Instant):
    """An instant that is recorded as it was sent."""

    def read(self, value: Any) -> Any:
        super().read(value)
        if not is_rfc_3339(value):
            raise ValidationError("must be written as 2026-11-21T19:30:00Z")
        return value

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return value


class Id(Text):
    """What something is called in the shop: characters that nobody sees are no part of it.

    A program's word for nothing, such as `null`, names nothing.
    """

    def __init__(self, *, longest: int = MAX_TEXT, **kwargs: Any) -> None:
        super().__init__(longest=longest, **kwargs)

    def read(self, value: Any) -> str:
        text = super().read(value)
        if not text.isprintable() and visible(text) != text:
            raise ValidationError("must not have characters that nobody sees, such as controls")
        if means_nothing(text):
            raise ValidationError(_NO_ID)
        return text

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        value = super().mend(value, mending, parts)
        if type(value) is str and value != (text := visible(value)):
            mending.warn(parts, "has characters that nobody sees, and was read without them")
            return text
        return value


class Reference(Id):
    """What an order, a cart or a refund is called; blanks around it are no part of it."""

    def read(self, value: Any) -> str:
        text = super().read(value)
        if text != text.strip():
            raise ValidationError("must not have blanks at either end")
        return text

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        bare = value.strip() if type(value) is str else value
        mended = super().mend(bare, mending, parts)
        if mended != bare:
            return mended.strip()
        if bare != value:
            mending.warn(parts, "has blanks at an end, and was read without them")
        return bare


class Quantity(StrictField, fields.Float):
    """How many pieces, or how much of what is sold by weight: 0 and decimals are quantities too."""

    wanted = "a number such as 2 or 0.5"
    may_be_blank = True

    def read(self, value: Any) -> int | float:
        if type(value) not in {int, float}:
            raise ValidationError(f"must be {self.wanted}, not {kind(value)}")
        if not 0 <= value <= MAX_QUANTITY:
            raise ValidationError(f"must be {self.wanted}, from 0 to {MAX_QUANTITY:,}")
        return value  # type: ignore[no-any-return]

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        meant = meant_number(value) if type(value) is str else None
        if meant is None:
            return value
        mending.warn(parts, f"is text, and was read as the number {meant}; send it without quotes")
        return meant


class OrderLines(ListOf):
    """The lines of an order or a cart; one that cannot be read is left out, and the others count.

    A line that stands alone is a list of one; an object whose names are numbers is a list, as some
    programs write one, and so is one without names.
    """

    may_be_blank = True

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        lines = super().mend(self._as_list(value, mending, parts), mending, parts)
        if type(lines) is not list:
            return lines
        if len(lines) > self.most and not self.required:
            mending.warn(parts, f"are left out: at most {self.most} lines are taken")
            return None
        return self._readable(lines, mending, parts)

    def _as_list(self, value: Any, mending: Mending, parts: Parts) -> Any:
        if type(value) is not list:
            value = mend_list(mend_object(value, mending, parts), mending, parts)
        if type(value) is not dict:
            return value
        if "product_id" in value or "sku" in value:
            mending.warn(parts, "is one line, and was read as a list of it; send a list")
            return [value]
        return value

    def _readable(self, lines: list[Any], mending: Mending, parts: Parts) -> list[Any]:
        readable = []
        for place, line in enumerate(lines):
            try:
                self.inner.deserialize(line)
            except ValidationError as error:
                path, message = first_error({place: error.messages})
                name = path.partition(".")[2]
                where = f"{name} " if name else ""
                mending.warn(
                    (*parts, place), f"is left out, as it cannot be read: {where}{message}"
                )
            else:
                readable.append(line)
        return readable


class OrderNumber(Reference):
    """The id of an order where there may be none: blank text alone is no way to say so."""

    may_be_blank = False


class RefundAmount(Amount):
    """Money of a refund, of which blank text alone may mean nothing or all: it is refused."""

    may_be_blank = False


class Traits(MapOf):
    """Traits by name, null to take one away; those of the loyalty programme have their types."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(JsonValue(), **kwargs)

    def read(self, value: Any) -> dict[str, Any]:
        traits = super().read(value)
        errors: dict[str, Any] = {}
        for name, field in LOYALTY_TRAITS.items():
            try:
                field.deserialize(traits.get(name))
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors)
        return traits

    has_fields = True

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        value = mend_object(value, mending, parts)
        if type(value) is not dict:
            return value
        return value | {
            name: field.mend(value[name], mending, (*parts, name))
            for name, field in LOYALTY_TRAITS.items()
            if value.get(name) is not None
        }

    def near_misses(self, value: object, parts: Parts) -> Sequence[tuple[Parts, str]]:
        names = tuple(value) if type(value) is dict else ()
        return [((*parts, name), close) for name, close in near_misses(names, _LOYALTY_NAMES)]


class Consent(Boolean):
    """Whether consent is given, which tag managers and mailing programs have words for."""

    def meant(self, value: Any) -> bool | None:
        word = value.strip().lower() if type(value) is str else ""
        return _GRANTED.get(word, meant_flag(value))
