"""Whom an item is about, and who vouches for that.

A server's key vouches for the user id that comes with it. A browser's key vouches for nothing: a
token that the shop's back end has signed vouches for the user id, but for no order and no points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.event_schema import Origin
from contracts.event_types import ACCOUNT_EVENTS, ORDER_FOLLOW_UPS
from services.gateway.domain.tracking.items import Sender, TrackedItem, object_of, text_of
from services.gateway.domain.user_tokens import verified_user

_TOKEN_NAMES = ("userToken", "user_token")
# What a shop's back end alone can know, whoever is signed in on the page that tells it.
OF_THE_SHOP = ORDER_FOLLOW_UPS | {
    "order_completed",
    "checkout_completed",
    "contact_released",
    "loyalty_enrolled",
    "loyalty_points_changed",
    "loyalty_tier_changed",
}
_ADDRESSED_EVENTS = ACCOUNT_EVENTS | {
    "checkout_started",
    "consent_changed",
    "identify",
    "order_completed",
}
"""The types of which an address is told along; consent is, if a page says whose it is."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who an item is about; `signed_in` is the user id that something vouches for."""

    sender: Sender
    anonymous_id: str | None
    user_id: str | None
    signed_in: str | None

    @classmethod
    def of(cls, item: TrackedItem, sender: Sender) -> Authority:
        """The authority of an item: by the key, or by a token of the request or of the item."""
        user_id, anonymous_id = item.text("userId"), item.text("anonymousId")
        if sender.source.key_kind == "server":
            return cls(sender, anonymous_id, user_id, user_id)
        proven = _token_user(item, sender)
        if user_id is not None and proven is not None and user_id != proven:
            proven = None
        return cls(sender, anonymous_id, user_id or proven, proven)

    @property
    def by_token(self) -> bool:
        """Whether a browser's token vouches for the user id."""
        return self.signed_in is not None and self.sender.source.key_kind == "browser"

    def event(self, event_type: str, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Identifiers and proof of an event of a type."""
        identifiers = {"user_id": self.user_id, "anonymous_id": self.anonymous_id}
        if event_type in _ADDRESSED_EVENTS:
            identifiers |= addresses
        known = {name: value for name, value in identifiers.items() if value is not None}
        event: dict[str, Any] = {
            "identifiers": known,
            "authenticated": self._vouches_for(event_type),
        }
        if event_type in ACCOUNT_EVENTS and event["authenticated"]:
            verified = self.sender.source.emails_verified and not self.by_token
            event["proven"] = ["email"] if verified and "email" in known else []
        return event

    def origin(self, event_type: str) -> Origin:
        """By which entry an event comes in: what a token vouches for is as good as a server's."""
        if self.sender.source.key_kind == "server" or self._vouches_for(event_type):
            return "server"
        return "browser"

    def _vouches_for(self, event_type: str) -> bool:
        if self.signed_in is None:
            return False
        return not (self.by_token and event_type in OF_THE_SHOP)


def addresses_in(*places: Mapping[str, Any]) -> dict[str, str]:
    """The e-mail address and the telephone number in the first of several places that has one."""
    found: dict[str, str] = {}
    for name in ("email", "phone"):
        texts = (text_of(place.get(name)) for place in places)
        first = next((text for text in texts if text is not None), None)
        if first is not None:
            found[name] = first
    return found


def _token_user(item: TrackedItem, sender: Sender) -> str | None:
    if sender.user_id is not None:
        return sender.user_id
    for place in (item.context, item.object("traits"), object_of(item.context.get("traits"))):
        for name in _TOKEN_NAMES:
            user = verified_user(sender.source, place.get(name), sender.received_at)
            if user is not None:
                return user
    return None
