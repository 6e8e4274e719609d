"""A shop on the embedded suite, for cases that shops meet: what is told, and what is answered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cdp.embedded import Lag
from chassis import FixedClock, parse_instant
from tests.support.toy_services import wait_until

NOW = "2026-11-20T12:00:00Z"
_WHO = frozenset({"user_id", "loyalty_id", "email", "phone", "device_id", "anonymous_id"})


class CallsServices(Protocol):
    """What calls the services."""

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """The response of a service."""
        ...


@dataclass(slots=True)
class CaseShop:
    """The four services, and a shop that tells them what shoppers do.

    Identifiers and orders are those of this case alone: each gets the number of the case.
    """

    client: CallsServices
    clock: FixedClock
    case: int
    lags: Callable[[], Sequence[Lag]]
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def event(
        self,
        kind: str,
        time: str = NOW,
        who: Mapping[str, Any] | None = None,
        /,
        *,
        authenticated: bool = False,
        event_id: str | None = None,
        **data: Any,
    ) -> dict[str, Any]:
        """An event of a shopper; `time` may be a date, or an hour of the day on which it is now."""
        for name in ("order_id", "cart_id", "reference"):
            if name in data:
                data[name] = self.mine(data[name])
        return {
            "id": event_id or f"case-{self.case}-{next(self._numbers)}",
            "type": kind,
            "time": instant(time),
            "identifiers": {name: self._identifier(name, v) for name, v in (who or {}).items()},
            "authenticated": authenticated,
            "data": data,
        }

    def mine(self, name: Any) -> str:
        """A name of an order, a cart or a shopper that no other case uses."""
        return f"{name}-{self.case}"

    def _identifier(self, name: str, value: str) -> str:
        if name == "email":
            return f"{value}.{self.case}@shop.example"
        if name == "phone" and value.isdecimal():
            return f"+49151{self.case:06d}{value}"
        return self.mine(value)

    def receipts(self, *events: Mapping[str, Any], origin: str = "server") -> list[dict[str, Any]]:
        """Record events in one call; their receipts."""
        response = self.client.call("profiles", "record", events=list(events), origin=origin)
        receipts: list[dict[str, Any]] = response["receipts"]
        return receipts

    def record(self, *events: Mapping[str, Any], origin: str = "server") -> list[dict[str, Any]]:
        """Record events, each in a call of its own; all are appended."""
        receipts = [receipt for event in events for receipt in self._recorded(event, origin)]
        assert [receipt["status"] for receipt in receipts] == ["appended"] * len(events), receipts
        return receipts

    def _recorded(self, event: Mapping[str, Any], origin: str) -> list[dict[str, Any]]:
        """The receipts of one event, once it waits for identity no more: machines may be slow."""
        receipts = self.receipts(event, origin=origin)
        if receipts[0]["status"] != "accepted":
            return receipts

        def is_recorded() -> bool:
            receipts[:] = self.receipts(event, origin=origin)
            return bool(receipts[0]["status"] != "accepted")

        wait_until(is_recorded)
        assert receipts[0]["status"] == "duplicate"
        return [{**receipts[0], "status": "appended"}]

    def wait_until_followed(self) -> None:
        """Wait until every service has applied whatever those that it follows have recorded.

        Seen twice, as what a service applies may make it record something in its turn.
        """

        def is_followed() -> bool:
            return all(lag.applied == lag.total for _ in range(2) for lag in self.lags())

        wait_until(is_followed)

    def profile(self, **who: str) -> dict[str, Any]:
        """A profile, by identifiers as the shop knows them.

        An address leads to nobody: who was told with it alone is where something more goes.
        """
        identifiers = {name: self._identifier(name, value) for name, value in who.items()}
        request: dict[str, Any] = {"identifiers": identifiers}
        if who.keys() <= {"email", "phone"}:
            (receipt,) = self.record(self.event("product_viewed", NOW, who, product_id="x"))
            request = {"profile_id": receipt["profile_id"]}
        profile: dict[str, Any] = self.client.call("profiles", "get", **request)
        return profile

    def orders(self, **who: str) -> tuple[int, dict[str, int]]:
        """How many orders stand, and their revenue by currency."""
        orders = self.profile(**who)["orders"]
        return orders["count"], orders["revenue"]

    def segments(self, **who: str) -> set[str]:
        """The segments that a shopper is in, once all that was told has been followed."""
        profile = self.profile(**who)

        def ask() -> Any:
            return self.client.call(
                "segments",
                "memberships",
                profile_id=profile["profile_id"],
                at_least=profile["versions"],
                wait_ms=10_000,
            )

        wait_until(lambda: not ask()["stale"])
        return {each["segment"] for each in ask()["segments"]}

    def timeline(self, **who: str) -> dict[str, Any]:
        """What happened to a shopper."""
        identifiers = {name: self._identifier(name, value) for name, value in who.items()}
        timeline: dict[str, Any] = self.client.call(
            "profiles", "timeline", identifiers=identifiers, limit=100
        )
        return timeline


def instant(text: str) -> str:
    """`10-01`, `09:00` and `2026-06-01` in full, in the year or on the day of now."""
    if "T" in text:
        return text
    if ":" in text:
        return f"{NOW[:11]}{text}{'' if len(text) > 5 else ':00'}Z"
    return f"{NOW[:5] if len(text) == 5 else ''}{text}T12:00:00Z"


def clock() -> FixedClock:
    """The clock of the cases, which stands still."""
    return FixedClock(parse_instant(NOW))
