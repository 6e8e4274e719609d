"""Languages: numbers, money and plurals as people write them, by the data of CLDR.

A language is named by its tag of BCP 47, such as `de` or `de-AT`. All functions but `is_language`
want one that is a language; the data of each is read once and kept.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, get_currency_precision

# A category of greater numbers alone, such as the French one of millions, needs no text of its own.
_COUNTED = 1_000
# Browsers send the written languages of Norwegian, and shops name either these or the whole.
_NORWEGIAN = {"nb": ("no",), "nn": ("no", "nb"), "no": ("nb", "nn")}


def is_language(tag: str) -> bool:
    """Whether there is data for a language of this tag."""
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


@lru_cache(4_096)
def wider_languages(tag: str) -> tuple[str, ...]:
    """A tag as CLDR has it and what it is a part of, the nearest first, in small letters.

    `zh-TW` is `zh-hant-tw`, `zh-hant` and `zh`; `nb` is `nb` and `no`.
    None of what is no language.
    """
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return ()
    parts = [each for each in (locale.language, locale.script, locale.territory) if each]
    wider = ["-".join(parts[:length]).lower() for length in range(len(parts), 0, -1)]
    return (*wider, *_NORWEGIAN.get(locale.language, ()))


def plural_category(language: str, number: float) -> str:
    """The plural category of a number: `zero`, `one`, `two`, `few`, `many` or `other`."""
    return str(_locale(language).plural_form(number))


@cache
def plural_categories(language: str) -> frozenset[str]:
    """The plural categories that whole numbers up to a thousand have."""
    return frozenset(plural_category(language, number) for number in range(_COUNTED + 1))


def every_plural_category(language: str) -> frozenset[str]:
    """The plural categories that any number has, those of millions or of fractions alone too."""
    return frozenset(_locale(language).plural_form.tags) | {"other"}


def format_number(language: str, number: float) -> str:
    """A number with the signs of the language: 1,325.5 in English, 1.325,5 in German."""
    return str(format_decimal(number, locale=_locale(language)))


def format_money(language: str, amount: Decimal, currency: str) -> str:
    """An amount of an ISO 4217 currency in major units: €48.00 in English, 48,00 € in German.

    Where people write no decimals, as in forints, it has those that are not 0: it is never rounded.
    """
    is_round = amount == round(amount, get_currency_precision(currency))
    return str(
        format_currency(
            amount,
            currency,
            locale=_locale(language),
            currency_digits=is_round,
            decimal_quantization=is_round,
        )
    )


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")
