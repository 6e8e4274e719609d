"""The tables of the model of customer lifetime value, and the orders that it is fitted to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import streams_of
from rules import combine
from rules.summary.book import StandingOrder
from services.segments.store.archived_orders import load_stream_summaries
from services.segments.store.evaluation import mark_due, page_of_profiles
from services.segments.store.metadata import METADATA

# Every model that was fitted; the latest is in force. The version of one that was rolled back is
# used again, its `id` is not. Profiles up to `marked_to` have been marked as due for evaluation by
# the model; null once all have.
VALUE_MODELS = sa.Table(
    "value_models",
    METADATA,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("id", sa.Text, nullable=False, unique=True, info=NOT_PERSONAL),
    sa.Column("fitted_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("model", sa.JSON, nullable=False, info=NOT_PERSONAL),
    sa.Column("marked_to", sa.Text, info=PSEUDONYMOUS),
)

# One row: when the model is to be fitted next. Whoever moves `next_at` on fits it, and moves it on
# to the next time when that is done.
VALUE_FIT_SCHEDULE = sa.Table(
    "value_fit_schedule",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("next_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
_ONLY = 1
_NEWEST = PreparedStatement(
    sa.select(VALUE_MODELS.c.version, VALUE_MODELS.c.id)
    .order_by(VALUE_MODELS.c.version.desc())
    .limit(sa.literal_column("1"))
)


@dataclass(frozen=True, slots=True)
class ValueModelKey:
    """The version of a stored model, and its id."""

    version: int
    id: str


def newest_value_model(unit: UnitOfWork) -> ValueModelKey | None:
    """The model in force; None before the first fit."""
    row = next(iter(_NEWEST.execute(unit.connection)), None)
    return None if row is None else ValueModelKey(row.version, row.id)


def load_value_model(unit: UnitOfWork, key: ValueModelKey) -> Mapping[str, Any]:
    """A model that there is, as plain JSON."""
    query = sa.select(VALUE_MODELS.c.model).where(VALUE_MODELS.c.id == key.id)
    model: Mapping[str, Any] = unit.connection.execute(query).scalar_one()
    return model


def add_value_model(unit: UnitOfWork, key: ValueModelKey, model: Mapping[str, Any]) -> None:
    """Put a model in force; of two writers of one version the later one is to be run again."""
    row = {**asdict(key), "fitted_at": unit.now, "model": dict(model), "marked_to": ""}
    unit.connection.execute(sa.insert(VALUE_MODELS).values(row))


def claim_fit(unit: UnitOfWork, first: int, again: int) -> bool:
    """Whether the model is to be fitted now, by the caller alone, who says when it is to be next.

    If the caller does not, as it has died, the model is to be fitted `again` (µs) later. `first`
    after the first call it is to be fitted for the first time.
    """
    connection = unit.connection
    row = {"id": _ONLY, "next_at": unit.now + first}
    connection.execute(upsert(connection, VALUE_FIT_SCHEDULE).values(row).on_conflict_do_nothing())
    due = VALUE_FIT_SCHEDULE.c.next_at <= unit.now
    claimed = connection.execute(
        sa.update(VALUE_FIT_SCHEDULE).where(due).values(next_at=unit.now + again)
    )
    return claimed.rowcount == 1


def schedule_fit(unit: UnitOfWork, at: int) -> None:
    """Have the model fitted next at an instant (µs)."""
    unit.connection.execute(sa.update(VALUE_FIT_SCHEDULE).values(next_at=at))


def page_of_orders(
    unit: UnitOfWork, after: str, limit: int
) -> Mapping[str, Sequence[StandingOrder]]:
    """The standing orders of the next `limit` profiles past `after`, in the order of their ids."""
    profile_ids = page_of_profiles(unit, after, limit)
    streams = streams_of(unit, profile_ids)
    stored = load_stream_summaries(unit, {stream for part in streams.values() for stream in part})
    orders: dict[str, Sequence[StandingOrder]] = {}
    for profile_id in profile_ids:
        parts = [stored[stream] for stream in streams[profile_id] if stream in stored]
        orders[profile_id] = combine(parts).book(unit.now).orders
    return orders


def mark_some_due(unit: UnitOfWork, segments: Collection[str], limit: int) -> bool:
    """Mark some more profiles as due, as the newest model has changed their values; false if none.

    The rules of `segments` read them. The model's row is locked, so that replicas take turns.
    """
    newest = sa.select(sa.func.max(VALUE_MODELS.c.version)).scalar_subquery()
    query = sa.select(VALUE_MODELS.c.version, VALUE_MODELS.c.marked_to).where(
        VALUE_MODELS.c.version == newest, VALUE_MODELS.c.marked_to.is_not(None)
    )
    row = unit.connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        return False
    page = page_of_profiles(unit, row.marked_to, limit)
    mark_due(unit, page, segments)
    unit.connection.execute(
        sa.update(VALUE_MODELS)
        .where(VALUE_MODELS.c.version == row.version)
        .values(marked_to=page[-1] if len(page) == limit else None)
    )
    return True


def end_marking(unit: UnitOfWork) -> None:
    """Mark no more profiles as due by the models that there are."""
    marking = VALUE_MODELS.c.marked_to.is_not(None)
    unit.connection.execute(sa.update(VALUE_MODELS).where(marking).values(marked_to=None))
