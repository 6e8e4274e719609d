"""What the requests of a process may take together, and those of one address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.gateway.server.budget import BodyAccount, BodyBudget
from services.gateway.server.limits import AtOnceLimit, RateLimit, network_of


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """The bounds of requests, by the address that is believed to have sent them."""

    rate: RateLimit
    at_once: AtOnceLimit
    budget: BodyBudget

    @contextmanager
    def admit(self, address: str) -> Iterator[BodyAccount]:
        """Count a request as long as it is under way; TooManyRequests if it is one too many."""
        network = network_of(address)
        self.rate.take(network)
        with self.at_once.one(network), self.budget.account() as account:
            yield account
