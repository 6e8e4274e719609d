"""Fitting the model of customer lifetime value: a job that reads in pages and gives way to others.

A timer of one replica runs it, as clv.yaml says, or `cdp clv fit`. Orders are read in pages, a unit
of work each; the search for the parameters holds no connection. The new model, and the event of it,
are stored in one transaction. Profiles are marked as due for evaluation after that, some at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from functools import partial

import structlog

from chassis import HOUR, Draft, Refused, new_id
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from clv import BuyingHistory, FittedModel, estimate
from contracts.value_model import VALUE_MODEL_FITTED
from rules.summary.book import StandingOrder
from services.segments import store
from services.segments.domain.value_model import (
    VersionedModel,
    from_plain,
    to_plain,
)
from services.segments.registry import DefinitionRegistry
from services.segments.value_settings import ValueSettings

STREAM = "value_model"
FITTED = "value_model_fitted"

Progress = Callable[[str, int], None]
"""Called with what is being done ("orders of profiles", "evaluations"), and how many are done."""

_PAGE = 100
_FIRST_FIT = HOUR  # after the start: what is loaded into a new suite should be there by then
_AGAIN = HOUR  # after a fit that came to no end, as its process or the database died

_decoded: dict[str, VersionedModel] = {}
_log = structlog.get_logger("segments")


def ignore(doing: str, done: int) -> None:
    """Show no progress."""
    del doing, done


def current_model(unit: UnitOfWork) -> VersionedModel | None:
    """The model in force, decoded once in a process; None before the first fit."""
    key = store.newest_value_model(unit)
    if key is None:
        return None
    if key.id not in _decoded:
        model = from_plain(VALUE_MODEL_FITTED.load(store.load_value_model(unit, key)))
        _decoded.clear()  # only that in force is asked for
        _decoded[key.id] = model
    return _decoded[key.id]


class ValueFitting:
    """Fits the model when it is time, as clv.yaml says; one in each process."""

    def __init__(self, settings: ValueSettings) -> None:
        self._settings = settings

    def run_due(self, work: UnitOfWorkRunner, registry: DefinitionRegistry) -> None:
        """Fit if it is time, and mark profiles as due if a new model has changed what rules read.

        If no rule reads values, there is nothing to mark: a new rule is evaluated anyway.
        """
        every, now = self._settings.fit_every, work.clock.now()
        claim = partial(store.claim_fit, first=_FIRST_FIT, again=_AGAIN)
        if every is not None and work.run(claim):
            try:
                model = fit(work, self._settings)
            except Refused as refused:
                _log.warning("value_model_not_fitted", reason=str(refused))
            else:
                _log.info("value_model_fitted", version=model.version)
            work.run(partial(store.schedule_fit, at=now + every))
        mark_due(work, registry)


def mark_due(work: UnitOfWorkRunner, registry: DefinitionRegistry) -> None:
    """Mark profiles as due, some in each transaction, until all are that a new model may change."""
    while work.run(partial(_mark_some, registry=registry)):
        time.sleep(0)


def fit(
    work: UnitOfWorkRunner, settings: ValueSettings, progress: Progress = ignore
) -> VersionedModel:
    """Fit a model to all orders until now, put it in force and publish it.

    Refused with too few customers who came back.
    """
    now = work.clock.now()
    histories = read_histories(work, settings.zone, progress)

    def give_way(done: int) -> None:
        progress("evaluations", done)
        time.sleep(0)  # other greenlets have their turn

    fitted = estimate(histories, now, settings.fit, give_way)
    return work.run(partial(_record, fitted=fitted, zone_name=settings.zone_name))


def read_histories(
    work: UnitOfWorkRunner, zone: tzinfo, progress: Progress = ignore
) -> Sequence[BuyingHistory]:
    """The histories of all profiles with orders."""
    return [
        history
        for orders in read_orders(work, progress)
        if (history := BuyingHistory.of(orders, zone)) is not None
    ]


def read_orders(
    work: UnitOfWorkRunner, progress: Progress = ignore
) -> Iterator[Sequence[StandingOrder]]:
    """The standing orders of each profile that has any, read in pages."""
    done, after = 0, ""
    while page := work.read(partial(store.page_of_orders, after=after, limit=_PAGE)):
        yield from (orders for orders in page.values() if orders)
        done, after = done + len(page), max(page)
        progress("orders of profiles", done)
        time.sleep(0)


def _mark_some(unit: UnitOfWork, registry: DefinitionRegistry) -> bool:
    if segments := registry.current(unit).index.read_values:
        return store.mark_some_due(unit, segments, _PAGE)
    store.end_marking(unit)
    return False


def _record(unit: UnitOfWork, fitted: FittedModel, zone_name: str) -> VersionedModel:
    before = store.newest_value_model(unit)
    key = store.ValueModelKey(1 if before is None else before.version + 1, new_id())
    model = VersionedModel(key.version, zone_name, fitted)
    data = VALUE_MODEL_FITTED.dump(to_plain(model))
    store.add_value_model(unit, key, data)
    unit.append([Draft(key.id, STREAM, FITTED, data, unit.now)])
    return model
