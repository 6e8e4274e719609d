"""Who one can be in the demo shop: the five shoppers of the demo, whose stories end just now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdp.demo.demo import DEMO_CLOCK, EXAMPLES, read_events
from chassis.core.instants import format_instant, parse_instant

_TIME = "time"


@dataclass(frozen=True, slots=True)
class DemoShopper:
    """One of the five: the `device` of the story, if it has one, and the account, if there is one.

    `cart` is what has been put into it in the story.
    """

    key: str
    name: str
    about: str
    device: str | None = None
    user_id: str | None = None
    cart: tuple[tuple[str, int], ...] = ()


_SHOPPERS = (
    DemoShopper(
        "ines",
        "Ines",
        "a first-time guest with a kettle in her cart",
        device="guest-browser",
        cart=(("kettle-2l", 1),),
    ),
    DemoShopper(
        "omar",
        "Omar",
        "has bought once, and is signed in",
        device="omar-laptop",
        user_id="omar",
        cart=(("shade-linen", 2),),
    ),
    DemoShopper(
        "grace",
        "Grace",
        "a gold member who buys every week",
        user_id="grace",
        cart=(("poles-trek", 1),),
    ),
    DemoShopper(
        "watch",
        "An anonymous runner",
        "came for a running watch, on a phone",
        device="watch-phone",
        cart=(("watch-run-5", 1),),
    ),
    DemoShopper("lena", "Lena", "left a cart behind the day before", user_id="lena"),
)
SHOPPERS: Mapping[str, DemoShopper] = {shopper.key: shopper for shopper in _SHOPPERS}


def accounts() -> list[DemoShopper]:
    """Those who can sign in."""
    return [shopper for shopper in SHOPPERS.values() if shopper.user_id]


def stories(now: int) -> list[dict[str, Any]]:
    """The demo's stories, moved so that they end at `now` (µs)."""
    shift = now - parse_instant(DEMO_CLOCK)
    return [_moved(event, shift) for event in read_events(EXAMPLES / "shoppers.ndjson")]


def _moved(event: Mapping[str, Any], shift: int) -> dict[str, Any]:
    time = format_instant(parse_instant(event[_TIME]) + shift)
    return {**json.loads(json.dumps(event)), _TIME: time}
