"""The review list: what only a person can decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from chassis import Event, NotFound
from chassis.core.instants import SECOND
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import store
from services.identity.domain import review
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import ResolutionResult

_FRESH = SECOND


class ReviewHandler:
    """Puts on the review list what only a person can decide.

    It does so after the batch. If a crash prevents it, the next such event makes the entry.
    """

    def note(
        self,
        observations: Sequence[Observation],
        results: Sequence[ResolutionResult],
        facts: Sequence[Event],
        work: UnitOfWorkRunner,
    ) -> None:
        """Note refused merges, profiles at a limit and devices that accounts share.

        An entry that was taken off the list is on it again.
        """
        refusals = review.refusals(observations, results)
        devices = review.handed_over(facts)
        if refusals or devices:
            work.run(partial(_note, refusals=refusals, devices=devices))


def close_review(unit: UnitOfWork, review_id: str, by: str | None = None) -> None:
    """Take an entry off the review list; NotFound if it is not on it."""
    if not store.close_review(unit, review_id, by):
        raise NotFound("done", "is not an entry of the review list")


def _note(
    unit: UnitOfWork, refusals: Mapping[review.ReviewSubject, str], devices: Mapping[str, str]
) -> None:
    accounts = store.accounts_on(unit, devices, review.MANY_ACCOUNTS) if devices else {}
    entries = {**refusals, **review.shared_devices(devices, accounts)}
    if not entries:
        return
    # What many events show at once is written once a second.
    fresh = store.fresh_reviews(unit, entries, unit.now - _FRESH)
    if seen := {subject: event for subject, event in entries.items() if subject not in fresh}:
        store.save_reviews(unit, seen)
