"""The memory that bodies may take, of all requests of a process together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.core.errors import Unavailable
from services.gateway.server.metrics import BODY_BYTES, LIMITED

_SMALL = 64 * 1024
_SHARE_OF_LARGE = 0.75


class BodyBudget:
    """So many bytes of bodies under way, as they came and inflated.

    A quarter is left to small bodies: whoever sends large ones cannot keep out decisions.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_large = int(most * _SHARE_OF_LARGE)
        self._used = 0

    @contextmanager
    def account(self) -> Iterator[BodyAccount]:
        """The account of a request, which is given back at its end."""
        account = BodyAccount(self)
        try:
            yield account
        finally:
            self._change(-account.size)

    def take(self, size: int, is_small: bool) -> None:
        """Count so many bytes; Unavailable if there is no room for them."""
        if self._used + size > (self._most if is_small else self._most_of_large):
            LIMITED.labels("bytes").inc()
            raise Unavailable("body", "finds no room, as too many are under way; try again")
        self._change(size)

    def _change(self, size: int) -> None:
        self._used += size
        BODY_BYTES.inc(size)


class BodyAccount:
    """How many bytes a request has had of the budget, and whether it was refused after that."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.size = 0
        self.is_in_vain = True

    def take(self, size: int) -> None:
        """Count so many bytes more; Unavailable if there is no room for them."""
        self._budget.take(size, self.size + size <= _SMALL)
        self.size += size
