"""What the requests of a process may take together, and those of one address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chassis.core.errors import Unavailable
from services.gateway.server.budget import BodyAccount, BodyBudget
from services.gateway.server.limits import AtOnceLimit, RateLimit, network_of

_BYTES_A_REQUEST = 64 * 1024  # to read and parse so many costs more than most requests


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """The bounds of requests, by the address that is believed to have sent them."""

    rate: RateLimit
    at_once: AtOnceLimit
    budget: BodyBudget

    @contextmanager
    def admit(self, address: str) -> Iterator[BodyAccount]:
        """Count a request as long as it is under way; TooManyRequests if it is one too many.

        One whose large body was read in vain counts as several, unless there was no room for it:
        that is no fault of its sender. That is known at its end: so it may take more than there is,
        and the requests after it wait.
        """
        network = network_of(address)
        self.rate.take(network)
        with self.at_once.one(network), self.budget.account() as account:
            try:
                yield account
            except Unavailable:
                account.is_in_vain = False
                raise
            finally:
                if account.is_in_vain:
                    self.rate.charge(network, account.size // _BYTES_A_REQUEST)
