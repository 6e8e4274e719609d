"""Whom a request is about: the fields of its query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.core.errors import InvalidInput, Refused
from services.gateway.domain.exchange import EdgeRequest

_PROFILE = "profile_id"
_PLACEMENT, _SLOT = "cart", "upsell"
_OF_THE_REQUEST = {"writeKey", "userToken"}
_NOT_VERIFIED = (
    "is not verified: send the token of a user who is signed in (signed with the source's secret"
    " for users, `exp` ahead and at most a day after `iat`), or the user_id with a server's key"
)
_NOBODY = "is missing: name the shopper by user_id, device_id, … or by profile_id"


def recommendations_request(request: EdgeRequest) -> dict[str, Any]:
    """The argument of `offers.decide` for the user of the query; Refused if another one asks."""
    user_id = request.query.get("user_id", "").strip()
    if not user_id:
        raise InvalidInput("user_id", "is missing: whose recommendations?")
    if request.source.key_kind == "browser" and request.user_id != user_id:
        raise Refused("user_id", "is not proven: send this user's token, or a server's key")
    asked: dict[str, Any] = {
        "placement": request.query.get("placement", _PLACEMENT),
        "identifiers": {"user_id": user_id},
        "authenticated": True,
    }
    return {**asked, "dry_run": True} if request.source.test else asked


def recommendations_in(request: EdgeRequest, decision: Mapping[str, Any]) -> dict[str, Any]:
    """The offers of a slot of a decision, without its fallback."""
    slots = decision.get("slots", {})
    slot = request.query.get("slot", _SLOT)
    if slot not in slots:
        raise InvalidInput("slot", f"is none of the placement's; there are {', '.join(slots)}")
    return {
        "user_id": request.query["user_id"],
        "decision_id": decision.get("decision_id"),
        "slot": slot,
        "recommendations": [block for block in slots[slot] if block["offer_id"] is not None],
    }


def verified_user_of(request: EdgeRequest) -> str:
    """The user whom a user token proves, or a server's key names; Refused in the same words else.

    A server's key that sends a token along means the token's user.
    """
    named, proven = request.query.get("user_id", "").strip(), request.user_id
    if proven is None and request.source.key_kind == "server":
        proven = named
    if not proven or (named and named != proven):
        raise Refused("user_id", _NOT_VERIFIED)
    return proven


def shopper_of(query: Mapping[str, str]) -> dict[str, Any]:
    """The arguments by which services find a shopper: `profile_id`, or identifiers by type."""
    fields = {name: value for name, value in query.items() if name not in _OF_THE_REQUEST}
    if not any(value.strip() for value in fields.values()):
        raise InvalidInput("user_id", _NOBODY)
    if _PROFILE in fields:
        if len(fields) > 1:
            raise InvalidInput(_PROFILE, "stands alone: leave out the identifiers")
        return fields
    return {"identifiers": fields}
