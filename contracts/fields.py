"""Fields of the domain: currencies, identifiers, and the versions of a token."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, types

from chassis.validation.fields import (
    StrictField,
    Text,
    check_length,
    check_name,
    check_text,
)
from chassis.validation.plain import kind
from chassis.validation.schema import Mending, Parts, mend_object
from chassis.validation.slips import meant_name
from contracts.countries import country_meant
from contracts.currencies import CURRENCIES, currencies_of

MAX_IDENTIFIERS = 10
_COUNTRY = re.compile(r"[A-Z]{2}")
_SOME = "give at least one, such as anonymous_id or user_id"
NO_IDENTIFIERS = f"is empty: {_SOME}"
_NOBODY: types.ErrorMessages = {"required": f"is missing: {_SOME}", "null": f"is empty: {_SOME}"}


class Currency(StrictField, fields.String):
    """An ISO 4217 code in capitals."""

    may_be_blank = True

    def read(self, value: Any) -> str:
        if isinstance(value, str) and value in CURRENCIES:
            return value
        if isinstance(value, str) and value.strip().upper() in CURRENCIES:
            raise ValidationError(f"must be written {value.strip().upper()}")
        got = "" if type(value) is str else f", not {kind(value)}"
        raise ValidationError(f"must be an ISO 4217 code such as USD or EUR{got}")

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        if type(value) is not str or value in CURRENCIES:
            return value
        code = value.strip().upper()
        meant = {code} if code in CURRENCIES else currencies_of(value)
        if len(meant) != 1:
            return value
        (code,) = meant
        mending.warn(parts, f"was read as {code}; write it so")
        return code


class Country(Text):
    """An ISO 3166 code of two letters, in capitals or not; UK is read as GB, and EL as GR."""

    def read(self, value: Any) -> str:
        code = country_meant(check_text(value))
        if not _COUNTRY.fullmatch(code):
            raise ValidationError("must be an ISO 3166 code of two letters, such as DE")
        return code


class Identifiers(StrictField, fields.Dict):
    """`{type: value}`: one to ten identifiers of a shopper.

    A whole number is the text of its digits; null and a flag, which programs send when they know
    nobody, become text that acceptance ignores with a reason.
    """

    default_error_messages = _NOBODY

    def read(self, value: Any) -> dict[str, str]:
        if type(value) is not dict:
            raise ValidationError(f"must be an object, not {kind(value)}: {_SOME}")
        if not value:
            raise ValidationError(NO_IDENTIFIERS)
        check_length(value, 1, MAX_IDENTIFIERS)
        texts: dict[str, str] = {}
        errors: dict[str, Any] = {}
        for name, identifier in value.items():
            try:
                check_name(name)
                texts[name] = identifier if type(identifier) is str else _identifier(identifier)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors)
        return texts

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        """`{"user_id": …}` for `{"userId": …}`, unless it has both."""
        value = mend_object(value, mending, parts)
        if type(value) is not dict:
            return value
        meant = {name: meant_name(name) for name in value}
        named: dict[str, Any] = {}
        for name, identifier in value.items():
            right = meant[name]
            if right == name or not right or [*meant.values()].count(right) > 1:
                named[name] = identifier
                continue
            mending.warn((*parts, name), f"was read as {right}; write it so")
            named[right] = identifier
        return named


class OptionalIdentifiers(Identifiers):
    """Identifiers, of which there may be none."""

    def read(self, value: Any) -> dict[str, str]:
        return value if value == {} else super().read(value)


def _identifier(value: object) -> str:
    """The text of an identifier that was sent as something else; ValidationError if it has none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
    return check_text(value)


class Versions(StrictField, fields.Dict):
    """`{stream: version}`: the token of a receipt, handed on as `at_least`."""

    def read(self, value: Any) -> dict[str, int]:
        if type(value) is not dict:
            raise ValidationError(f"must be a receipt's token, not {kind(value)}")
        errors = {
            stream: ["must be a version: a whole number, at least 0"]
            for stream, version in value.items()
            if type(version) is not int or version < 0
        }
        if errors:
            raise ValidationError(errors)
        return value
