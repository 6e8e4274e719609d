"""A shop in a story: what it records, and what offers answers it over RPC or HTTP."""

from __future__ import annotations

import http.client
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

KEY = "a-key-for-stories-only"
PATIENT = 20_000  # milliseconds: a busy machine gives the same answer as an idle one

Request = Mapping[str, Any]


class Way(Protocol):
    """How a shop asks offers."""

    def decide(self, request: Request) -> str:
        """The answer as it is on the wire."""
        ...

    def report(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        """The receipt of one outcome."""
        ...


@dataclass(frozen=True, slots=True)
class OverRpc:
    """By a proxy of nameko."""

    proxy: Any

    def decide(self, request: Request) -> str:
        return json.dumps(self.proxy.offers.decide(request=request))

    def report(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        receipt: dict[str, Any]
        (receipt,) = self.proxy.offers.record_outcomes(outcomes=[outcome])["receipts"]
        return receipt


@dataclass(frozen=True, slots=True)
class OverHttp:
    """By the door of a process of offers."""

    address: str

    def decide(self, request: Request) -> str:
        status, answer = self.send("/v1/decide", request)
        assert status == 200, answer
        return answer

    def report(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        status, answer = self.send("/v1/outcomes", {"outcomes": [outcome]})
        assert status == 200, answer
        receipt: dict[str, Any]
        (receipt,) = json.loads(answer)["receipts"]
        return receipt

    def send(self, path: str, body: Any, key: str = KEY) -> tuple[int, str]:
        """The status and the body of a response."""
        with closing(http.client.HTTPConnection(self.address, timeout=30)) as connection:
            headers = {"Authorization": f"Bearer {key}"}
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read().decode()


@dataclass(slots=True)
class Story:
    """A shop in one story: its shoppers and orders are those of this story alone."""

    proxy: Any
    way: Way
    number: int
    token: dict[str, int] = field(default_factory=dict)
    _events: Iterator[int] = field(default_factory=itertools.count)

    def who(self, **names: str) -> dict[str, str]:
        """Identifiers that no other story uses."""
        ends = {"email": f".{self.number}@shop.example", "phone": f"{self.number:03}"}
        return {kind: name + ends.get(kind, f"-{self.number}") for kind, name in names.items()}

    def event(
        self, kind: str, time: str, who: Mapping[str, str], *, proven: bool = False, **data: Any
    ) -> dict[str, Any]:
        """An event of a day of November 2026, such as "03", or in full; `proven`: authenticated."""
        return {
            "id": f"story-{self.number}-{next(self._events)}",
            "type": kind,
            "time": time if "T" in time else f"2026-11-{time}T12:00:00Z",
            "identifiers": who,
            "authenticated": proven,
            "data": data,
        }

    def order(self, time: str, who: Mapping[str, str], cents: int) -> dict[str, Any]:
        """An order of a shopper who has signed in."""
        order_id = f"order-{self.number}-{next(self._events)}"
        money = {"revenue": cents, "currency": "USD"}
        return self.event("order_completed", time, who, proven=True, order_id=order_id, **money)

    def record(self, *events: Mapping[str, Any]) -> None:
        """Record events; from now on decisions wait until these count."""
        response = self.proxy.profiles.record(events=list(events))
        assert {each["status"] for each in response["receipts"]} == {"appended"}, response
        self.token |= response["token"]

    def answer(
        self, who: Mapping[str, str], *items: Any, placement: str = "checkout", **more: Any
    ) -> str:
        """The answer to a request, as it was on the wire."""
        context = {
            "items": list(items),
            "value": sum(each["price"] for each in items if type(each) is dict),
            "currency": "USD",
            **more.pop("context", {}),
        }
        request = {"placement": placement, "identifiers": who, "context": context}
        return self.way.decide({**request, "at_least": self.token, "deadline_ms": PATIENT, **more})

    def decide(self, who: Mapping[str, str], *items: Any, **more: Any) -> dict[str, Any]:
        """The decision for a request, which is not degraded."""
        decision: dict[str, Any] = json.loads(self.answer(who, *items, **more))
        assert (decision["degraded"], decision["stale"]) == ([], False), decision["degraded"]
        return decision


def offers_in(decision: Mapping[str, Any]) -> dict[str, list[str]]:
    """The offers in each slot that shows any."""
    offers = {
        slot: [block["offer_id"] for block in blocks if block["offer_id"]]
        for slot, blocks in decision["slots"].items()
    }
    return {slot: ids for slot, ids in offers.items() if ids}


def content(decision: Mapping[str, Any], slot: str) -> dict[str, Any]:
    """What the first block of a slot says."""
    found: dict[str, Any] = decision["slots"][slot][0]["content"]
    return found


def without_id(answer: str) -> str:
    """An answer without the id that makes it one of its own."""
    found, count = re.subn(r'("decision_id": ?)"[^"]+"', r'\1""', answer)
    assert count == 1
    return found
