"""The settings of a source, written by hand: each has a name and a form. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from chassis.core.addresses import split_address
from chassis.core.errors import InvalidInput
from chassis.core.suggest import suggest
from contracts.currencies import CURRENCIES

_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
_SOURCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_MOST_PURPOSES = 100


def check_source_id(source_id: str) -> None:
    """InvalidInput for an id that cannot stand in the address of a webhook."""
    if not _SOURCE_ID.fullmatch(source_id):
        message = (
            "must be letters, digits, - and _, at most 60, such as web: it is part of the address"
            " of webhooks"
        )
        raise InvalidInput("ID", message)


def check_setting(name: str, value: Any) -> None:
    """InvalidInput if there is no such setting, or its value has another form; null removes one."""
    check = _CHECKS.get(name)
    if check is None:
        raise InvalidInput("--setting", f"{name[:50]} is no setting; {suggest(name, _CHECKS)}")
    if value is not None and (wrong := check(value)) is not None:
        raise InvalidInput("--setting", f"{name} {wrong}")


def _currency(value: Any) -> str | None:
    is_one = isinstance(value, str) and value in CURRENCIES
    return None if is_one else "must be a currency of ISO 4217 in capitals, such as EUR"


def _address(value: Any) -> str | None:
    wrong = "must be an address that browsers reach, such as https://shop.example/cdp"
    if not isinstance(value, str):
        return wrong
    url = split_address(value)
    is_one = url.scheme in ("http", "https") and url.netloc and not (url.query or url.fragment)
    return None if is_one else wrong


def _purposes(value: Any) -> str | None:
    is_one = (
        isinstance(value, Mapping)
        and len(value) <= _MOST_PURPOSES
        and all(each is None or isinstance(each, str) for each in value.values())
    )
    return None if is_one else 'must be an object such as {"stats": "analytics", "other": null}'


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be the text of a mapping file"


def _domain(value: Any) -> str | None:
    is_one = isinstance(value, str) and _HOST.fullmatch(value)
    return None if is_one else "must be the host of the shop, such as mugs.myshopify.com"


_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "consent_purposes": _purposes,
    "currency": _currency,
    "mapping": _text,
    "public_url": _address,
    "shop_domain": _domain,
}
