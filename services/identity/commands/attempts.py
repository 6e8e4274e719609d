"""Units of work that are run again as long as streams move under them, or more has to be known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from chassis import Unavailable
from chassis.eventlog.unit_of_work import Patience, UnitOfWork, UnitOfWorkRunner
from services.identity import store
from services.identity.domain.state import Incomplete, Needs

T = TypeVar("T")
_ATTEMPTS = 50


class Attempts:
    """The attempts at one unit of work. Together they wait as long as a unit does.

    With `dry_run` it only reads.
    """

    def __init__(self, work: UnitOfWorkRunner, *, dry_run: bool = False) -> None:
        self._patience = Patience()
        self._work = work.with_patience(self._patience)
        self._dry_run = dry_run

    @property
    def are_over(self) -> bool:
        """Whether it is too late for another one."""
        return self._patience.is_over

    @property
    def seconds_left(self) -> float:
        """How long they may still wait for others."""
        return self._patience.seconds_left

    def run(self, function: Callable[[UnitOfWork, Needs], T]) -> T:
        """What `function` returns, given all that it has to know.

        Unavailable if time is up, or each of many attempts has failed.
        """
        run = self._work.read if self._dry_run else self._work.run
        needs = Needs()
        for _ in range(_ATTEMPTS):
            try:
                return run(partial(_call, function, needs))
            except Incomplete as incomplete:
                needs |= incomplete.needs
            except store.ConcurrentMove:
                pass
            if self.are_over:
                break
        raise Unavailable("identity", "has too many changes of these profiles; try again")


def _call(function: Callable[[UnitOfWork, Needs], T], needs: Needs, unit: UnitOfWork) -> T:
    return function(unit, needs)
