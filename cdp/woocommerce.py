"""WooCommerce's REST interface: the orders that have changed, for what its webhooks have missed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from chassis.core.addresses import split_address
from chassis.core.errors import InvalidInput, Refused, Unavailable
from chassis.core.instants import SECOND, format_instant, parse_instant

_PATH = "/wp-json/wc/v3/orders"
_PAGE = 100
_STATUSES = ("any", "trash")  # what is in the bin is not among any
_SECONDS = 30.0
_TRIES = 4
_MOST_BYTES = 64 * 1024 * 1024
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

_MOVED = frozenset({301, 302, 303, 307, 308})

Order = Mapping[str, Any]
Fetch = Callable[[str, Mapping[str, str]], Any]


class _Staying(HTTPRedirectHandler):
    """Follows no redirection: the key would be sent to wherever it leads, perhaps in clear text."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


_OPENER = build_opener(_Staying)


@dataclass(frozen=True, slots=True)
class WooCommerceShop:
    """A shop's REST interface, with a key that may read orders."""

    url: str
    key: str = field(repr=False)
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """InvalidInput if the key would be sent where others can read it."""
        parts = split_address(self.url)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL):
            return
        raise InvalidInput("--url", "must be the shop's address, such as https://shop.example")

    def headers(self) -> dict[str, str]:
        """The headers of a request."""
        credentials = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {credentials}", "Accept": "application/json"}


def changed_orders(
    shop: WooCommerceShop, since: int, fetch: Fetch | None = None
) -> Iterator[list[Order]]:
    """The orders that have changed since an instant, page by page, in the order of their change.

    Each page begins where the one before ended, as orders change meanwhile, which moves them.
    """
    get = fetch or _get
    for status in _STATUSES:
        seen: set[tuple[Any, Any]] = set()
        cursor, page = since, 1
        while True:
            query = {
                "modified_after": format_instant(cursor)[:19],
                "dates_are_gmt": "true",
                "orderby": "modified",
                "order": "asc",
                "per_page": str(_PAGE),
                "page": str(page),
                "status": status,
            }
            orders = _orders(
                get(f"{shop.url.rstrip('/')}{_PATH}?{urlencode(query)}", shop.headers())
            )
            new = [each for each in orders if _version(each) not in seen]
            seen.update(map(_version, new))
            if new:
                yield new
            if len(orders) < _PAGE:
                break
            last = _modified_at(orders[-1]) - SECOND
            # Hundreds that have changed in one second are on pages of their own.
            cursor, page = (last, 1) if last > cursor else (cursor, page + 1)


def _orders(answer: Any) -> Sequence[Order]:
    if not isinstance(answer, list) or not all(isinstance(each, dict) for each in answer):
        raise Unavailable("shop", "has not answered with orders; is it the REST API?")
    return answer


def _version(order: Order) -> tuple[Any, Any]:
    return order.get("id"), order.get("date_modified_gmt")


def _modified_at(order: Order) -> int:
    return parse_instant(f"{order.get('date_modified_gmt')}Z", "date_modified_gmt")


def _get(url: str, headers: Mapping[str, str]) -> Any:
    """The JSON at an address; a few tries while the shop is busy."""
    for attempt in range(1, _TRIES + 1):
        try:
            request = Request(url, headers=dict(headers))  # noqa: S310 - http(s) alone
            with _OPENER.open(request, timeout=_SECONDS) as response:
                return json.loads(response.read(_MOST_BYTES))
        except HTTPError as error:
            error.close()
            if error.code not in _AGAIN:
                raise Refused("shop", _explained(error.code)) from None
            problem = f"answers {error.code}"
        except (OSError, HTTPException) as error:
            problem = f"cannot be reached ({getattr(error, 'reason', error)})"
        except ValueError:
            raise Unavailable("shop", "has not answered with JSON; is it the REST API?") from None
        if attempt < _TRIES:
            time.sleep(2**attempt)
    raise Unavailable("shop", f"{problem}; try again later: what was fetched is kept")


def _explained(status: int) -> str:
    if status in (401, 403):
        return f"answers {status}: the key must be one of WooCommerce that may read"
    if status in _MOVED:
        return f"answers {status}: it is at another address; give that one"
    return f"answers {status}; is the address that of the shop, with its REST API?"
