"""What stands in the documents of shops' programs: texts, ids, money and times of any spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chassis.core.errors import InvalidInput
from chassis.core.instants import parse_instant
from chassis.core.visible import visible
from services.gateway.domain import money

Document = Mapping[str, Any]

_MILLISECOND = 1_000
_LONGEST_TEXT = 200
_NOTE = re.compile(r"[\w.:|-]{1,100}", re.ASCII)
_HAS_ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)
_ZONE_WITHOUT_COLON = re.compile(r"([+-]\d\d)(\d\d)$")


class SumOfMoney(NamedTuple):
    """An amount in minor units of a currency."""

    amount: int
    currency: str


def text_of(value: Any) -> str:
    """A text without what nobody sees, or a number as text; of anything else, nothing.

    What somebody has typed must not cost an order: of what is very long, the beginning counts.
    """
    if isinstance(value, str):
        return visible(value[:_LONGEST_TEXT]).strip()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return str(value)


def id_of(value: Any) -> str:
    """An id: 17, "17", or the last part of `gid://shopify/Order/17`."""
    text = text_of(value)
    return text.rpartition("/")[2] if text.startswith("gid://") else text


def part_of(document: Any, *path: str) -> Document:
    """The object at a path, an empty one if there is none."""
    found = document
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def parts_of(document: Any, name: str) -> Sequence[Document]:
    """The objects of a list, none if there is no list."""
    found = document.get(name) if isinstance(document, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def required_id(document: Document, *names: str) -> str:
    """The first id that is there by one of the names; InvalidInput if none is."""
    for name in names:
        if found := id_of(document.get(name)):
            return found
    raise InvalidInput(names[0], "is missing")


def minor_units(value: Any, currency: str, field: str) -> int:
    """An amount in minor units; InvalidInput if it is none."""
    amount = money.minor_units(value, currency)
    if amount is None:
        raise InvalidInput(field, f"is no amount of {currency}, or may be two, as 12.990 may")
    return amount


def price_in(value: Any, currency: str) -> int | None:
    """What something costs, in minor units; None if that cannot be read, which costs no order."""
    return money.minor_units(value, currency) if currency else None


def instant_of(value: Any, field: str) -> int:
    """Microseconds of a time; one without a zone is in UTC, as in WooCommerce's `…_gmt`."""
    text = text_of(value)
    if not text:
        raise InvalidInput(field, "is missing")
    text = text.replace(" UTC", "Z").replace(" ", "T", 1).replace(" ", "")
    text = _ZONE_WITHOUT_COLON.sub(r"\1:\2", text)
    return parse_instant(text if _HAS_ZONE.search(text) else f"{text}Z", field)


def optional_instant(document: Document, *names: str) -> int | None:
    """The first time that is there by one of the names."""
    for name in names:
        if text_of(document.get(name)):
            return instant_of(document[name], name)
    return None


def required_instant(document: Document, *names: str) -> int:
    """The first time that is there by one of the names; InvalidInput if none is."""
    found = optional_instant(document, *names)
    if found is None:
        raise InvalidInput(names[0], "is missing")
    return found


def revision_of(instant: int) -> int:
    """The number of a version of something by the time of its last change."""
    return max(instant // _MILLISECOND, 0)


def noted(entries: Sequence[Document], names: Sequence[str], key: str = "name") -> str:
    """The id that a list of notes, `[{name, value}]`, has by the first of the names."""
    by_name = {text_of(each.get(key)): text_of(each.get("value")) for each in entries}
    found = next((by_name[name] for name in names if by_name.get(name)), "")
    return found if _NOTE.fullmatch(found) else ""
