"""The events that an item of each kind becomes, without what all of them have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.gateway.domain.tracking.amounts import Properties, as_custom
from services.gateway.domain.tracking.authority import OF_THE_SHOP, Authority
from services.gateway.domain.tracking.consent import purposes_in
from services.gateway.domain.tracking.context import (
    PAGE_PROPERTIES,
    host_of,
    map_page,
)
from services.gateway.domain.tracking.items import (
    TrackedItem,
    Unmappable,
    object_of,
    text_of,
)
from services.gateway.domain.tracking.names import (
    CUSTOM_EVENT,
    event_name,
    snake_name,
    storable,
    trait_name,
)
from services.gateway.domain.tracking.spec import (
    CONSENT_UPDATES,
    SIGN_IN_REPORTED,
    spec_event,
    spec_type,
)

_ADDRESSES = frozenset({"email", "phone"})  # they are identifiers, which the log has as keys alone
_LOYALTY_TRAITS = frozenset({"loyalty_tier", "loyalty_enrolled"})
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class EventPart:
    """The type and the data of an event; `suffix` tells several of one item apart.

    An `addressed` one may have the shopper's addresses among its identifiers.
    """

    type: str
    data: Mapping[str, Any]
    suffix: str = ""
    addressed: bool = True


def parts_of(item: TrackedItem, authority: Authority) -> Iterator[EventPart]:
    """The events of an item, by its kind."""
    return _PARTS[item.kind](item, authority)


def tells_of_shop(item: TrackedItem) -> bool:
    """Whether an item tells what a shop's back end alone can know, such as an order."""
    named = item.text("event") if item.kind == "track" else None
    return named is not None and spec_type(snake_name(named)) in OF_THE_SHOP


def _identify(item: TrackedItem, authority: Authority) -> Iterator[EventPart]:
    traits = _traits_of(item)
    if authority.by_token:
        for name in _LOYALTY_TRAITS:
            traits.pop(name, None)
        yield EventPart("signed_in", {})
    if traits:
        suffix = ".traits" if authority.by_token else ""
        yield EventPart("traits_changed", {"traits": traits}, suffix)
    elif not authority.by_token:
        known = authority.signed_in is not None
        yield EventPart("account_updated" if known else "identify", {})


def _traits_of(item: TrackedItem) -> dict[str, Any]:
    """Traits under names that rules can ask for, without addresses."""
    sent = object_of(item.fields.get("traits")) or object_of(item.context.get("traits"))
    traits: dict[str, Any] = {}
    for name, value in storable(dict(sent), "traits").items():
        known = trait_name(name)
        if known is not None and known not in _ADDRESSES:
            traits.setdefault(known, value)
    return traits


def _track(item: TrackedItem, authority: Authority) -> Iterator[EventPart]:
    sent = item.text("event")
    if sent is None:
        raise Unmappable("event", "is missing: the name of what happened")
    properties = _properties_of(item)
    name = snake_name(sent)
    if name in CONSENT_UPDATES:
        yield _consent_update(item, authority, properties)
        return
    read = Properties(properties, authority.sender.source.settings.get("currency"))
    known = spec_event(name, read)
    if known is not None:
        yield EventPart(known.type, _without_addresses(known.shape(read)))
        return
    kind = event_name(sent)
    if kind == CUSTOM_EVENT:
        properties.setdefault("event_name", sent[:_LONGEST_NAME])
    if kind == "signed_in" and authority.signed_in is None:
        kind = SIGN_IN_REPORTED  # whoever says so proves nothing
    yield EventPart(kind, _without_addresses(as_custom(properties)))


def _consent_update(
    item: TrackedItem, authority: Authority, properties: Mapping[str, Any]
) -> EventPart:
    settings = authority.sender.source.settings
    purposes = purposes_in(item.context, settings) or purposes_in(properties, settings)
    if not purposes:
        raise Unmappable(
            "context.consent.categoryPreferences",
            "is missing: the categories that are consented to, such as {analytics: true}",
        )
    return EventPart("consent_changed", {"purposes": purposes}, addressed=False)


def _page(item: TrackedItem, _authority: Authority) -> Iterator[EventPart]:
    properties = _properties_of(item)
    data = {name: part for name, part in properties.items() if name not in PAGE_PROPERTIES}
    data |= map_page(properties)
    if (referrer := host_of(properties.get("referrer"))) is not None:
        data["referrer"] = referrer
    yield EventPart("page_viewed", _without_addresses(_named(item, data)))


def _screen(item: TrackedItem, _authority: Authority) -> Iterator[EventPart]:
    data = _named(item, _properties_of(item))
    yield EventPart("screen_viewed", _without_addresses(data))


def _named(item: TrackedItem, data: dict[str, Any]) -> dict[str, Any]:
    for name in ("name", "category"):
        if (text := item.text(name)) is not None:
            data[name] = text[:_LONGEST_NAME]
    return data


def _group(item: TrackedItem, _authority: Authority) -> Iterator[EventPart]:
    data = {"group_id": item.text("groupId"), "traits": _traits_of(item) or None}
    yield EventPart("group", {name: part for name, part in data.items() if part is not None})


def _alias(item: TrackedItem, _authority: Authority) -> Iterator[EventPart]:
    """Two ids of one shopper, as somebody says: recorded, and nothing is merged by it."""
    previous = item.text("previousId")
    data = {} if previous is None or "@" in previous else {"previous_id": previous}
    yield EventPart("alias", data)


def _properties_of(item: TrackedItem) -> dict[str, Any]:
    """The properties of an item; `context` is another thing in our events."""
    properties: dict[str, Any] = storable(dict(item.object("properties")), "properties")
    if "context" in properties:
        properties.setdefault("property_context", properties.pop("context"))
    return properties


def _without_addresses(data: Mapping[str, Any]) -> dict[str, Any]:
    """Data without the shopper's addresses, of which text alone can be one."""
    return {
        name: value
        for name, value in data.items()
        if name not in _ADDRESSES or text_of(value) is None
    }


_PARTS: Mapping[str, Callable[[TrackedItem, Authority], Iterator[EventPart]]] = {
    "identify": _identify,
    "track": _track,
    "page": _page,
    "screen": _screen,
    "group": _group,
    "alias": _alias,
}
