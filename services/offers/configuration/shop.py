"""What an offers.yaml says of the shop as a whole: its zone, languages, markets, and delivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.config.yaml_document import Entry
from chassis.core.languages import is_language
from chassis.validation.fields import MAX_AMOUNT
from contracts.countries import COUNTRIES, country_meant
from contracts.currencies import CURRENCIES
from services.offers.domain.languages import Languages
from services.offers.domain.markets import Market

SHOP_FIELDS = ("zone", "languages", "markets", "free_delivery")
_DIMENSIONS = ("countries", "currencies", "stores")


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """The zone of the shop's clocks, its languages, and its markets by name.

    `free_delivery` has by currency the value, in minor units, from which delivery is free.
    """

    zone: tzinfo = UTC
    languages: Languages | None = None
    markets: Mapping[str, Market] = field(default_factory=dict)
    free_delivery: Mapping[str, int] = field(default_factory=dict)


def read_shop(root: Mapping[str, Entry]) -> ShopSettings:
    """The settings in the fields of an offers.yaml; what it does not say is as by default."""
    return ShopSettings(
        zone=_read_zone(root["zone"]) if "zone" in root else UTC,
        languages=_read_languages(root["languages"]) if "languages" in root else None,
        markets=_read_markets(root["markets"]) if "markets" in root else {},
        free_delivery=_read_amounts(root["free_delivery"]) if "free_delivery" in root else {},
    )


def _read_zone(entry: Entry) -> tzinfo:
    name = entry.text(64)
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        entry.refuse("must be the name of a time zone such as Europe/Berlin")


def _read_languages(entry: Entry) -> Languages:
    """The languages, the first of which is that of all contents."""
    tags: list[str] = []
    for item in entry.items():
        tag = item.literal()  # YAML takes Norwegian's `no` for a no
        if not is_language(tag):
            item.refuse(
                f"`{tag}` is no language that we know; write a tag such as en, de-AT or pt-BR"
            )
        if tag.lower() in (other.lower() for other in tags):
            item.refuse(f"`{tag}` appears twice; remove one")
        tags.append(tag)
    if not tags:
        entry.refuse("must name at least the language of the contents, such as `[en]`")
    return Languages(tuple(tags))


def _read_amounts(entry: Entry) -> dict[str, int]:
    amounts: dict[str, int] = {}
    for currency, item in entry.fields().items():
        if currency not in CURRENCIES:
            item.refuse(f"`{currency}` must be an ISO 4217 code in capitals, such as EUR")
        amounts[currency] = item.whole(0, MAX_AMOUNT)
    return amounts


def _read_markets(entry: Entry) -> dict[str, Market]:
    markets: dict[str, Market] = {}
    for name, item in entry.named().items():
        fields = item.record(required=(), optional=_DIMENSIONS)
        if not fields:
            item.refuse(f"says nothing; give at least one of {', '.join(_DIMENSIONS)}")
        markets[name] = Market(
            name,
            _read_values(fields.get("countries"), _country),
            _read_values(fields.get("currencies"), _currency),
            _read_values(fields.get("stores"), lambda store: store.text(200)),
        )
    return markets


def _read_values(entry: Entry | None, read: Callable[[Entry], str]) -> frozenset[str]:
    if entry is None:
        return frozenset()
    values = frozenset(read(item) for item in entry.items())
    if not values:
        entry.refuse("must name at least one; else remove it")
    return values


def _country(entry: Entry) -> str:
    code = entry.literal()  # YAML takes Norway's NO for a no
    if code not in COUNTRIES:
        meant = country_meant(code)
        fix = f"write `{meant}`" if meant in COUNTRIES else "such as DE"
        entry.refuse(f"`{code}` is no ISO 3166 code of a country, in two capitals; {fix}")
    return code


def _currency(entry: Entry) -> str:
    code = entry.text(64)
    if code not in CURRENCIES:
        entry.refuse(f"`{code}` must be an ISO 4217 code in capitals, such as EUR")
    return code
