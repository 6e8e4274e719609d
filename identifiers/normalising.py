"""Normalising: one form for all the ways in which people write the same identifier."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

import idna
import phonenumbers

from chassis.core.visible import visible
from identifiers.types import Normaliser

MAX_LENGTH = 254

# What is dialled for the + of an international number (ITU-T E.123); a region may have its own.
_INTERNATIONAL = re.compile(r"^\(?00\)?(?=[\s().\-/]*[1-9])")

# What stands around an address where it is copied out of a list, a cell or a header.
_QUOTES = {
    '"': '"', "'": "'", "`": "`", "<": ">", "\u201c": "\u201d", "\u2018": "\u2019",
    "\u201e": "\u201c", "\u201a": "\u2018", "\u00ab": "\u00bb", "\u00bb": "\u00ab",
}  # fmt: skip
_LIST_MARKS = ",; "
_LINK = re.compile(r"mailto(?::|%3a)(?://)?\s*", re.IGNORECASE)
# An address with the name of its owner before it, as programs for mail write it (RFC 5322).
_NAMED = re.compile(r"[^<>@]*<\s*([^<>@\s]+@[^<>@\s]+?)\s*>")
# What no address has but in quotes, which nobody's has: a rest of what it was copied with. Quotes
# of a language are no part of one either.
_ASTRAY = re.compile(r"""[<>()\[\]:;,\\\u201c-\u201f\u00ab\u00bb]|%3a|&lt|&gt""", re.IGNORECASE)

# RFC 3490 knows them between the labels of a domain.
_OTHER_DOTS = re.compile(r"[\u3002\uff0e\uff61]")

_GMAIL = ("gmail.com", "googlemail.com")

_OF_TOWNS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)

_BRAZIL, _MEXICO = 55, 52
_AREA_DIGITS = 2
# Numbers of mobile phones in Brazil have nine digits after the area code, the first one a 9; until
# 2016 they had eight, of which the first was 6 to 9.
_OLD_MOBILE_BRAZIL = re.compile(r"\d{2}[6-9]\d{7}")
# Until 2019 a 1 stood before the ten digits of a mobile phone in Mexico, when called from abroad.
_OLD_MOBILE_MEXICO = re.compile(r"1(\d{10})")


class Unusable(ValueError):
    """A value that identifies nobody; the message says why, and never repeats the value."""


def clean(value: str) -> str:
    """`value` without what nobody sees; Unusable if nothing is left of it, or too much."""
    if len(value) > MAX_LENGTH:
        raise Unusable(f"is longer than {MAX_LENGTH} characters")
    value = value.strip()
    if not (value.isascii() and value.isprintable()):
        value = _unicode(value).strip()
    if not value:
        raise Unusable("is blank")
    return value


def normalise(value: str, normaliser: Normaliser, default_region: str | None = None) -> str:
    """The form under which the clean `value` is compared; Unusable if it has none."""
    return _NORMALISERS[normaliser](value, default_region)


def bare_address(value: str) -> str:
    """An e-mail address without what it was copied with: `<mailto:ann@shop.example?subject=Hi>,`.

    Of any other value as much as is left of it.
    """
    if value[:1].isalnum() and value[-1:].isalnum() and ":" not in value and "%" not in value:
        return value
    bare = _listed(value)
    if named := _NAMED.fullmatch(bare):
        bare = named[1]
    while len(bare) > 1 and _QUOTES.get(bare[0]) == bare[-1]:
        bare = _listed(bare[1:-1])
    link = _LINK.match(bare)
    return bare[link.end() :].partition("?")[0] if link else bare


def _listed(text: str) -> str:
    """An entry of a list without the marks beside it."""
    return text.lstrip(_LIST_MARKS).rstrip(_LIST_MARKS + ".")


def without_alias(address: str) -> str:
    """The mailbox behind an e-mail address in its compared form, as far as its form tells.

    What follows a plus sign is the owner's own (RFC 5233); Gmail ignores dots, too, and has two
    domains.
    """
    local, _, domain = address.rpartition("@")
    bare = local.partition("+")[0] or local
    if domain in _GMAIL:
        return f"{bare.replace('.', '') or bare}@{_GMAIL[0]}"
    return f"{bare}@{domain}"


def _unicode(value: str) -> str:
    """Without invisible characters, and accents composed with their letters.

    A character that Unicode replaces by another one, such as the sign of kelvin by a K, stays what
    it is: two people may have names that differ in it.
    """
    text = visible(value)
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise Unusable("has half of a surrogate pair in it")
    parts: list[str] = []
    begin = 0
    for index, character in enumerate(text):
        if _is_replaced(character):
            parts += [unicodedata.normalize("NFC", text[begin:index]), character]
            begin = index + 1
    return "".join([*parts, unicodedata.normalize("NFC", text[begin:])])


def _is_replaced(character: str) -> bool:
    return not character.isascii() and unicodedata.normalize("NFC", character) != character


def _exact(value: str, _region: str | None) -> str:
    return value


def _lower(value: str, _region: str | None) -> str:
    """Plain lower case, under which ß is no ss and the sign of kelvin no k."""
    if value.isascii():
        return value.lower()
    return "".join(each if _is_replaced(each) else each.lower() for each in value)


def _email(value: str, region: str | None) -> str:
    local, at, domain = _lower(value, region).rpartition("@")
    domain = _OTHER_DOTS.sub(".", domain)
    is_plain = at and local and "@" not in local and "." in domain.strip(".") and " " not in value
    if not is_plain or _ASTRAY.search(value) is not None or '"' in domain:
        raise Unusable("is not an e-mail address; send it as name@shop.example")
    return f"{local}@{_domain(domain.rstrip('.'))}"


def _domain(domain: str) -> str:
    """The domain in ASCII by IDNA 2008 (RFC 5891), or as it is if that does not know it."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain).decode("ascii")
    except idna.IDNAError:
        return domain


def _phone(value: str, region: str | None) -> str:
    """E.164, and an extension after it as in RFC 3966, for that is another telephone."""
    number = _parse_phone(value, region)
    if number is None or not phonenumbers.is_possible_number(number):
        raise Unusable("is not a phone number; send it with its country code, as +442079460958")
    if _lacks_area_code(number):
        raise Unusable("is a phone number without its area code; send it whole, as +442079460958")
    national = phonenumbers.national_significant_number(number)
    if _is_made_up(national):
        raise Unusable("is a placeholder, which would stand for everybody")
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.country_code == _BRAZIL and _OLD_MOBILE_BRAZIL.fullmatch(national):
        form = f"+{_BRAZIL}{national[:_AREA_DIGITS]}9{national[_AREA_DIGITS:]}"
    return f"{form};ext={number.extension}" if number.extension else form


def _parse_phone(value: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    if region is None:
        value = _INTERNATIONAL.sub("+", value)
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    old = _OLD_MOBILE_MEXICO.fullmatch(str(number.national_number))
    if old and number.country_code == _MEXICO:
        number.national_number = int(old[1])
    return number


def _lacks_area_code(number: phonenumbers.PhoneNumber) -> bool:
    """Whether it can be dialled within a town alone: each town has such a number."""
    lengths = [
        phonenumbers.is_possible_number_for_type_with_reason(number, kind) for kind in _OF_TOWNS
    ]
    is_short = phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY in lengths
    return is_short and not phonenumbers.is_valid_number(number)


def _is_made_up(national: str) -> bool:
    """Whether somebody has kept one key pressed, or gone along the keys."""
    return len(set(national)) == 1 or national in "01234567890"


_NORMALISERS: Mapping[Normaliser, Callable[[str, str | None], str]] = {
    "exact": _exact,
    "lower": _lower,
    "email": _email,
    "phone": _phone,
}
