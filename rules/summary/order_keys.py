"""The keys of orders: by which what is told of one, in any stream of its shopper, is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from rules.fields import text_or_none

_SEPARATOR = "\x1f"
_APART = "\x1e"


def order_key(data: Mapping[str, Any], apart: str = "") -> str | None:
    """The key of the order that an event's data names: its id, within its store; None without.

    Of several orders of one id all but the first are kept `apart`, each by the stream of its home:
    they stay several when their shoppers turn out to be one.
    """
    order_id = text_or_none(data.get("order_id"))
    if order_id is None:
        return None
    store = text_or_none(data.get("store"))
    key = f"{store}{_SEPARATOR}{order_id}" if store else order_id
    return key_apart(key, apart) if apart else key


def key_apart(key: str, stream: str) -> str:
    """The key of the order that is kept apart, at home in a stream, from another of the same id."""
    return f"{key}{_APART}{stream}"


def store_and_id(key: str) -> tuple[str | None, str]:
    """The store whose order a key is of, if it has one, and the id of the order within it."""
    store, _, order_id = _split(key)[0].rpartition(_SEPARATOR)
    return store or None, order_id


def home_apart(key: str) -> str:
    """The stream of the home of an order that is kept apart from another; empty for any other."""
    return _split(key)[1]


def _split(key: str) -> tuple[str, str]:
    name, _, stream = key.partition(_APART)
    return name, stream


class OrderKeys:
    """The keys of a profile's orders, by which to find of which of them something tells."""

    __slots__ = ("_apart", "_keys")

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(keys)
        self._apart: dict[str, list[str]] = defaultdict(list)
        for key in [each for each in self._keys if _APART in each]:
            self._apart[_split(key)[0]].append(key)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def meant_in(self, stream: str, key: str) -> str:
        """The key of the order that is meant by `key` in a stream.

        That which the stream keeps apart, if there is one; else the first order of the id, or the
        only one, if its home has moved since. With none of these it is `key`.
        """
        name, home = _split(key)
        apart = self._apart.get(name, ())
        only = apart[0] if len(apart) == 1 else None
        if key in apart:
            return key
        if (own := key_apart(name, stream)) in apart:
            return own
        if home and only is not None:
            return only
        return name if name in self._keys else only or key
