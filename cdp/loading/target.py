"""The services, as a load calls them: `record`, and how far those that follow profiles lag."""

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
    """The services that a client reaches; the load waits for `followers`."""

    client: Client
    followers: Sequence[str] = FOLLOWERS

    def record(self, events: Sequence[Any]) -> list[dict[str, Any]]:
        """The receipts of profiles, one for each event."""
        response = self.client.call(_SOURCE, "record", events=list(events))
        receipts: list[dict[str, Any]] = response["receipts"]
        return receipts

    def lagging(self, versions: Mapping[str, int]) -> Iterator[tuple[str, float, dict[str, int]]]:
        """For each follower: its name, the seconds it took to respond, and where it lags."""
        for name in self.followers:
            began = time.monotonic()
            response = self.client.call(name, "behind", source=_SOURCE, places=dict(versions))
            yield name, time.monotonic() - began, response["behind"]
