"""Normalising: one form for all the ways in which people write the same identifier."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

import phonenumbers

from identifiers.types import Normaliser

MAX_LENGTH = 254


class Unusable(ValueError):
    """A value that identifies nobody; the message says why, and never repeats the value."""


def clean(value: str) -> str:
    """`value` without what nobody sees; Unusable if nothing is left of it, or too much."""
    if len(value) > MAX_LENGTH:
        raise Unusable(f"is longer than {MAX_LENGTH} characters")
    value = value.strip()
    if not value:
        raise Unusable("is blank")
    if value.isascii() and value.isprintable():
        return value
    return _unicode(value)


def normalise(value: str, normaliser: Normaliser, default_region: str | None = None) -> str:
    """The form under which the clean `value` is compared; Unusable if it has none."""
    return _NORMALISERS[normaliser](value, default_region)


def _unicode(value: str) -> str:
    """Characters that look the same become the same; those that nobody can see are refused."""
    if any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in value
    ):
        raise Unusable("has control or invisible characters in it")
    return unicodedata.normalize("NFC", value)


def _exact(value: str, _region: str | None) -> str:
    return value


def _lower(value: str, _region: str | None) -> str:
    return value.casefold()


def _email(value: str, _region: str | None) -> str:
    local, at, domain = value.casefold().rpartition("@")
    if not at or not local or "@" in local or "." not in domain.strip(".") or " " in value:
        raise Unusable("is not an e-mail address; send it as name@shop.example")
    return f"{local}@{domain.rstrip('.')}"


def _phone(value: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Unusable("is not a phone number; send it with its country code, as +442079460958")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_NORMALISERS: Mapping[Normaliser, Callable[[str, str | None], str]] = {
    "exact": _exact,
    "lower": _lower,
    "email": _email,
    "phone": _phone,
}
