"""The model of customer lifetime value is fitted to the orders of the database, on both engines."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from cdp import value_jobs
from chassis import DAY, HOUR, Event, FixedClock, NotFound, Refused, format_instant
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation import load
from contracts.value_model import VALUE_MODEL_FITTED, VALUES_RESPONSE
from profile_index.summaries import save_summaries
from profile_index.tables import LABELS
from rules import Summary
from services.segments import queries, store
from services.segments.domain.evaluation import EvaluationState
from services.segments.projections import MembershipReplay
from services.segments.registry import DefinitionRegistry
from services.segments.value_fitting import (
    ValueFitting,
    current_model,
    fit,
    ignore,
    read_histories,
)
from services.segments.value_settings import ValueSettings
from tests.support.statements import record_statements

NOW = 1_795_000_000_000_000
CUSTOMERS = 700


class Fitting:
    """The database of segments, with customers in it."""

    def __init__(self, database: Database) -> None:
        self.published: list[Event] = []
        self.clock = FixedClock(NOW)
        self.work = UnitOfWorkRunner(database, "segments", self.clock, self)
        self.registry = DefinitionRegistry()

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        self.published += events

    def fill(self, customers: int) -> None:
        self.work.run(partial(_fill, customers=customers))

    def due(self) -> int:
        query = sa.select(sa.func.count()).where(store.PROFILES.c.next_at == NOW)
        return int(self.work.read(lambda unit: unit.connection.scalar(query)) or 0)


def _fill(unit: UnitOfWork, customers: int) -> None:
    draw = random.Random(1)
    summaries = {}
    for number in range(customers):
        summary = Summary()
        for order in range(1 + int(draw.expovariate(0.7))):
            data = {
                "order_id": f"{number}-{order}",
                "revenue": draw.randint(1_000, 9_000),
                "currency": "EUR",
                "products": [],
            }
            at = NOW - draw.randint(1, 300) * DAY
            summary.add("order_completed", data, at, f"{number}-{order}")
        summaries[f"p{number:04}"] = (1, summary.dump())
    save_summaries(unit, summaries)
    labels = [{"stream_id": name, "profile_id": name, "last_epoch": 1} for name in summaries]
    unit.connection.execute(sa.insert(LABELS), labels)
    store.lock_profiles(unit, summaries)
    store.save_evaluation_states(unit, dict.fromkeys(summaries, EvaluationState(None, 1)))


@pytest.fixture
def fitting(service_database: Callable[..., Database]) -> Fitting:
    return Fitting(service_database("segments"))


def test_a_fit_is_stored_and_published_with_its_version(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    steps: list[tuple[str, int]] = []
    first = fit(fitting.work, ValueSettings(), lambda doing, done: steps.append((doing, done)))
    second = fit(fitting.work, ValueSettings())
    assert (first.version, second.version) == (1, 2)
    assert first.fitted.buying.customers == CUSTOMERS
    assert ("orders of profiles", CUSTOMERS) in steps
    assert steps[-1][0] == "evaluations"
    assert [event.type for event in fitting.published] == ["value_model_fitted"] * 2
    published = load(VALUE_MODEL_FITTED, fitting.published[1].data)
    assert published["version"] == 2
    assert fitting.work.read(current_model) == second
    assert fitting.work.read(current_model) is fitting.work.read(current_model)


def test_histories_are_read_of_all_pages(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    assert len(read_histories(fitting.work, ValueSettings().zone)) == CUSTOMERS


def test_with_too_few_repeaters_nothing_is_stored(fitting: Fitting) -> None:
    fitting.fill(20)
    with pytest.raises(Refused, match="needs 100 customers with orders on two days or more"):
        fit(fitting.work, ValueSettings())
    assert fitting.work.read(current_model) is None
    assert fitting.published == []


def test_the_timer_fits_an_hour_after_the_start_and_then_once_a_day(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    replicas = [ValueFitting(ValueSettings()), ValueFitting(ValueSettings())]
    for at, fitted in ((0, 0), (HOUR - 1, 0), (HOUR, 1), (HOUR + 1, 1), (DAY + HOUR, 2)):
        fitting.clock.at = NOW + at
        with capture_logs():
            for replica in replicas:
                replica.run_due(fitting.work, fitting.registry)
        assert len(fitting.published) == fitted


class FitKilled(BaseException):
    pass


def test_a_fit_whose_process_dies_is_made_an_hour_later_and_not_a_day(
    fitting: Fitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitting.fill(CUSTOMERS)
    models = ValueFitting(ValueSettings())
    models.run_due(fitting.work, fitting.registry)
    fitting.clock.at = NOW + HOUR
    with monkeypatch.context() as patch:
        patch.setattr(store, "add_value_model", _die)
        with pytest.raises(FitKilled):
            models.run_due(fitting.work, fitting.registry)
    for at, fitted in ((2 * HOUR - 1, 0), (2 * HOUR, 1), (3 * HOUR, 1), (DAY + 2 * HOUR, 2)):
        fitting.clock.at = NOW + at
        with capture_logs():
            models.run_due(fitting.work, fitting.registry)
        assert len(fitting.published) == fitted


def _die(*_arguments: object) -> None:
    raise FitKilled


def test_a_timer_that_can_fit_nothing_says_what_is_missing(fitting: Fitting) -> None:
    fitting.fill(20)
    models = ValueFitting(ValueSettings())
    with capture_logs() as logs:
        models.run_due(fitting.work, fitting.registry)
        fitting.clock.at += HOUR
        models.run_due(fitting.work, fitting.registry)
    (entry,) = logs
    assert entry["event"] == "value_model_not_fitted"
    assert "needs 100 customers" in entry["reason"]


def test_never_means_never(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    models = ValueFitting(ValueSettings(fit_every=None))
    models.run_due(fitting.work, fitting.registry)
    fitting.clock.at += 400 * DAY
    models.run_due(fitting.work, fitting.registry)
    assert fitting.published == []


def test_a_new_model_makes_every_profile_due(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    fit(fitting.work, ValueSettings())
    assert fitting.due() == 0
    assert fitting.work.run(partial(store.mark_some_due, segments={"lapsing"}, limit=500))
    assert fitting.due() == 500
    while fitting.work.run(partial(store.mark_some_due, segments={"lapsing"}, limit=500)):
        pass
    assert fitting.due() == CUSTOMERS
    assert not fitting.work.run(partial(store.mark_some_due, segments={"lapsing"}, limit=500))


def test_profiles_are_locked_in_their_order_before_they_are_marked(fitting: Fitting) -> None:
    if fitting.work.database.engine.dialect.name != "postgresql":
        return  # SQLite has one lock
    fitting.fill(CUSTOMERS)
    fit(fitting.work, ValueSettings())
    statements = record_statements(fitting.work.database.engine)
    fitting.work.run(partial(store.mark_some_due, segments={"lapsing"}, limit=500))
    (locking,) = (n for n, each in enumerate(statements) if _locks_in_order(each))
    (marking,) = (n for n, each in enumerate(statements) if "UPDATE profiles SET next_at" in each)
    assert locking < marking


def _locks_in_order(statement: str) -> bool:
    return "ORDER BY profiles.profile_id FOR NO KEY UPDATE" in " ".join(statement.split())


def test_without_a_rule_that_reads_values_no_profile_becomes_due(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    fit(fitting.work, ValueSettings())
    ValueFitting(ValueSettings(fit_every=None)).run_due(fitting.work, fitting.registry)
    assert fitting.due() == 0
    assert not fitting.work.run(partial(store.mark_some_due, segments={"lapsing"}, limit=500))


def test_a_profile_is_shown_by_the_model_in_force(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    fit(fitting.work, ValueSettings())

    def values(unit: UnitOfWork, profile_id: str) -> dict[str, object]:
        return queries.values(unit, current_model(unit), profile_id)

    response = fitting.work.read(partial(values, profile_id="p0001"))
    load(VALUES_RESPONSE, response)
    assert response["version"] == 1
    with pytest.raises(NotFound, match="is not a profile that segments knows"):
        fitting.work.read(partial(values, profile_id="nobody"))


def test_who_follows_memberships_passes_the_event_of_a_fit_by(fitting: Fitting) -> None:
    fitting.fill(CUSTOMERS)
    fit(fitting.work, ValueSettings())
    before = fitting.work.read(lambda unit: store.load_memberships(unit, ["value_model"]))
    fitting.work.run(lambda unit: MembershipReplay().apply(unit, fitting.published))
    after = fitting.work.read(lambda unit: store.load_memberships(unit, ["value_model"]))
    assert before == after == {"value_model": {}}
    assert fitting.work.read(partial(store.load_evaluation_state, profile_id="value_model")) is None


def test_the_command_fits_the_database_that_the_environment_names(
    service_database_uri: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = service_database_uri("segments")
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", uri)
    monkeypatch.setenv("CDP_CLOCK", format_instant(NOW))
    database = Database(uri)
    Fitting(database).fill(CUSTOMERS)
    model = value_jobs.fit_suite(None, ignore)
    assert (model["version"], model["buying"]["customers"]) == (1, CUSTOMERS)
    compared = value_jobs.compare(
        value_jobs.orders_from(None, None, None, ignore), 70, None, ignore
    )
    assert compared.total.customers > CUSTOMERS / 2
    database.close()
