"""Fields of events: what the data of several types has, each with the slips that it forgives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError

from chassis.core.suggest import near_misses
from chassis.core.visible import visible
from chassis.validation.fields import (
    Amount,
    Boolean,
    Instant,
    JsonValue,
    ListOf,
    MapOf,
    Number,
    Text,
    is_rfc_3339,
    mend_list,
)
from chassis.validation.plain import kind
from chassis.validation.schema import Mending, Parts, first_error, mend_object
from chassis.validation.slips import means_nothing, meant_flag, was_rounded

MAX_PRODUCTS = 500
MAX_QUANTITY = 1_000_000
MAX_TEXT = 200
MAX_STORE = 64
MAX_SAVED_ID = 200
MAX_POINTS = 10**12

MAX_REVISION = 2**53 - 1

_NO_ID = "is a program's word for nothing, which would stand for all alike; send its own id"
_ROUNDED = "was rounded by a spreadsheet, and would stand for several; export the column as text"
_LAST_DIGITS = re.compile(r"[0-9]{4}")
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
        if was_rounded(text):
            raise ValidationError(_ROUNDED)
        return text

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        bare = value.strip() if type(value) is str else value
        mended = super().mend(bare, mending, parts)
        if mended != bare:
            return mended.strip()
        if bare != value:
            mending.warn(parts, "has blanks at an end, and was read without them")
        return bare


class CartNumber(Reference):
    """What a cart is called: 0 is what shops' programs have where there is none yet."""

    def read(self, value: Any) -> str:
        text = super().read(value)
        if not text.strip("0"):
            raise ValidationError(_NO_ID)
        return text

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        mended = super().mend(value, mending, parts)
        if type(mended) is not str or not mended or mended.strip("0"):
            return mended
        mending.warn(parts, "is 0, which names no cart, and was left out")
        return None


class Label(Text):
    """A word by which events are compared; a program's word for nothing is none."""

    def read(self, value: Any) -> str:
        text = super().read(value)
        if means_nothing(text):
            raise ValidationError("is a program's word for nothing; leave it out")
        return text


class LastDigits(Text):
    """The last four digits of a card."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=4, **kwargs)

    def read(self, value: Any) -> str:
        if type(value) is not str or not _LAST_DIGITS.fullmatch(value):
            raise ValidationError('must be the last four digits as text, such as "4242"')
        return value


class Quantity(Number):
    """How many pieces, or how much of what is sold by weight: 0 and decimals are quantities too."""

    wanted = "a number such as 2 or 0.5"
    may_be_blank = True

    def read(self, value: Any) -> int | float:
        if type(value) not in {int, float}:
            raise ValidationError(f"must be {self.wanted}, not {kind(value)}")
        if not 0 <= value <= MAX_QUANTITY:
            raise ValidationError(f"must be {self.wanted}, from 0 to {MAX_QUANTITY:,}")
        return value  # type: ignore[no-any-return]


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


class TierTrait(Label):
    """The tier that a shopper has; a program's word for nothing takes it away, as null does."""

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        mended = super().mend(value, mending, parts)
        if type(mended) is str and means_nothing(mended):
            mending.warn(parts, "is a program's word for nothing, and was read as null: no tier")
            return None
        return mended


class NewTier(Text):
    """The tier that a shopper has from now on; a program's word for nothing is none."""

    def read(self, value: Any) -> str:
        text = super().read(value)
        if means_nothing(text):
            raise ValidationError(
                "is a program's word for nothing; to take the tier away, send traits_changed with"
                " loyalty_tier: null"
            )
        return text


LOYALTY_TRAITS = {"loyalty_tier": TierTrait(longest=64), "loyalty_enrolled": Boolean()}
_LOYALTY_NAMES = frozenset(LOYALTY_TRAITS)


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


class Purposes(MapOf):
    """Purposes of consent, each granted or not; one without a name costs no other one."""

    def __init__(self) -> None:
        super().__init__(Consent(), names=Label(longest=64))

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        purposes = super().mend(value, mending, parts)
        if type(purposes) is not dict:
            return purposes
        named = {name: granted for name, granted in purposes.items() if not means_nothing(name)}
        if not named:
            return purposes
        for name in purposes:
            if name not in named:
                mending.warn((*parts, name), "names no purpose, and was left out")
        return named
