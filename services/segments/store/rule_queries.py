"""Rules asked in SQL, of the facts of all profiles at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from chassis.database.engine import failure_code
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import is_rebuild_due
from profile_index.tables import LABELS
from rules import Fact, Occasion, Rule, Summary
from rules.sql import POSTGRESQL, SQLITE, Query, translate
from services.segments.store.evaluation import count_profiles
from services.segments.store.facts import FACTS

_RELATIONS = """
WITH profile_facts AS NOT MATERIALIZED (
    SELECT labels.profile_id, facts.type, facts.at, facts.stream_id, facts.version, facts.data
    FROM facts JOIN labels ON labels.stream_id = facts.stream_id
),
profiles AS (SELECT DISTINCT labels.profile_id FROM labels)
"""
_COUNT_AND_SAMPLE = """
SELECT profile_id, (SELECT count(*) FROM selected) AS number FROM selected
ORDER BY profile_id LIMIT :most
"""
# A service's sessions plan for queries by key. These read whole tables.
_PLANS = {"enable_seqscan": "on", "enable_hashjoin": "on", "enable_mergejoin": "on"}
_SET = sa.text("SELECT set_config(:name, :value, true)")
_CANCELED = "57014"
_SQLITE_INTERRUPT = 9
_STEPS_BETWEEN_LOOKS = 100_000


class QueryTimeout(Exception):
    """The query took longer than it may."""


class FactsMissing(Exception):
    """The facts of earlier events are missing until the read model has been rebuilt."""


def select_members(unit: UnitOfWork, rule: Rule[Summary], at: int, seconds: float) -> list[str]:
    """The profiles for which a rule holds at an instant (µs), sorted.

    The unit has to be one of `run`, as its transaction is given other plans. Raises NotInSql if the
    rule asks for anything but single events, FactsMissing, and QueryTimeout after `seconds`.
    """
    query = _translate(unit, rule, at)
    with limited(unit, seconds):
        found = unit.connection.execute(sa.text(_RELATIONS + query.text), query.parameters)
        return sorted(found.scalars())


def sample_members(
    unit: UnitOfWork, rule: Rule[Summary], at: int, limit: int, seconds: float
) -> tuple[int, list[str]]:
    """How many profiles a rule holds for at an instant, and the first `limit` of them.

    See `select_members`: the others stay in the database, as there may be millions.
    """
    query = _translate(unit, rule, at)
    text = f"{_RELATIONS}, selected AS MATERIALIZED ({query.text}){_COUNT_AND_SAMPLE}"
    with limited(unit, seconds):
        parameters = {**query.parameters, "most": limit}
        rows = unit.connection.execute(sa.text(text), parameters).all()
    return rows[0].number if rows else 0, [row.profile_id for row in rows]


def _translate(unit: UnitOfWork, rule: Rule[Summary], at: int) -> Query:
    query = translate(rule, POSTGRESQL if _is_postgresql(unit) else SQLITE, at)
    if is_rebuild_due(unit):
        raise FactsMissing
    return query


def count_in_time(unit: UnitOfWork, seconds: float) -> int:
    """How many profiles have streams; QueryTimeout after `seconds`. The unit is one of `run`."""
    with limited(unit, seconds):
        return count_profiles(unit)


def _is_postgresql(unit: UnitOfWork) -> bool:
    return unit.connection.dialect.name == "postgresql"


def limited(unit: UnitOfWork, seconds: float) -> AbstractContextManager[None]:
    """Within it a query may read whole tables, for as long as `seconds`; then QueryTimeout.

    The unit has to be one of `run`: both hold until its transaction ends.
    """
    if _is_postgresql(unit):
        return _limited_postgresql(unit.connection, seconds, _PLANS)
    return _limited_sqlite(unit.connection, seconds)


def limited_by_key(unit: UnitOfWork, seconds: float) -> AbstractContextManager[None]:
    """The same for queries by key, whose plans stay as they are."""
    if _is_postgresql(unit):
        return _limited_postgresql(unit.connection, seconds, {})
    return _limited_sqlite(unit.connection, seconds)


@contextmanager
def _limited_postgresql(
    connection: sa.Connection, seconds: float, plans: Mapping[str, str]
) -> Iterator[None]:
    """Other plans, and a limit, until the transaction ends."""
    settings = {**plans, "statement_timeout": f"{max(round(1_000 * seconds), 1)}ms"}
    for name, value in settings.items():
        connection.execute(_SET, {"name": name, "value": value})
    try:
        yield
    except DBAPIError as error:
        if failure_code(error) == _CANCELED:
            raise QueryTimeout from None
        raise


@contextmanager
def _limited_sqlite(connection: sa.Connection, seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == _SQLITE_INTERRUPT:
            raise QueryTimeout from None
        raise
    finally:
        driver.set_progress_handler(None, 0)


class PastFact(NamedTuple):
    """An event of a profile: its type, what rules read of it, and who told it when."""

    type: str
    fact: Fact
    occasion: Occasion


def sample_profiles(unit: UnitOfWork, limit: int, seconds: float) -> list[str]:
    """Up to `limit` profiles, old and new alike: by the ends of their ids, which are random.

    QueryTimeout after `seconds`, as all profiles are read. The unit is one of `run`.
    """
    # A subquery, as DISTINCT may be ordered by what it selects alone.
    profiles = sa.select(LABELS.c.profile_id).distinct().subquery()
    end = sa.func.substr(profiles.c.profile_id, sa.func.length(profiles.c.profile_id) - 5)
    query = sa.select(profiles.c.profile_id).order_by(end, profiles.c.profile_id).limit(limit)
    with limited(unit, seconds):
        return list(unit.connection.execute(query).scalars())


def load_histories(unit: UnitOfWork, profile_ids: Sequence[str]) -> dict[str, list[PastFact]]:
    """All facts of each profile, in the order of their time."""
    query = (
        sa.select(LABELS.c.profile_id, FACTS)
        .join_from(LABELS, FACTS, FACTS.c.stream_id == LABELS.c.stream_id)
        .where(LABELS.c.profile_id.in_(profile_ids))
        .order_by(FACTS.c.at, FACTS.c.stream_id, FACTS.c.version)
    )
    histories: dict[str, list[PastFact]] = {profile_id: [] for profile_id in profile_ids}
    for row in unit.connection.execute(query):
        fact = Fact(row.at, f"{row.stream_id}/{row.version}", row.data)
        occasion = Occasion(
            at=row.at,
            event_id=fact.id,
            arrival=(row.at, row.version),
            recorded_at=row.at,
            by_browser=bool(row.by_browser),
            is_unproven=bool(row.is_unproven),
        )
        histories[row.profile_id].append(PastFact(row.type, fact, occasion))
    return histories
