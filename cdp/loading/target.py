"""The services, as a load calls them: `record`, and whether those that follow profiles are near."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.runtime.client import Client
from contracts.topology import followers

_SOURCE = "profiles"
FOLLOWERS = followers(_SOURCE)


@dataclass(frozen=True, slots=True)
class RemoteTarget:
    """The services that a client reaches; `followers` are those that the load is to wait for."""

    client: Client
    followers: Sequence[str] = FOLLOWERS

    def record(self, events: Sequence[Any]) -> list[dict[str, Any]]:
        """The receipts of profiles, one an event."""
        answer = self.client.call(_SOURCE, "record", events=list(events))
        receipts: list[dict[str, Any]] = answer["receipts"]
        return receipts

    def behind(self, places: Mapping[str, int]) -> Iterator[tuple[str, float, dict[str, int]]]:
        """Of each follower: its name, the seconds that it took to answer, where it is behind."""
        for name in self.followers:
            began = time.monotonic()
            answer = self.client.call(name, "behind", source=_SOURCE, places=dict(places))
            yield name, time.monotonic() - began, answer["behind"]
