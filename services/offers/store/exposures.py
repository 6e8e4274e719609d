"""What experiments keep of shoppers: first exposures, clicks and conversions; their statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import IDENTIFIERS, LABELS
from services.offers.domain.exposures import ExposedCount, ExposedResponse, ExposureConflict
from services.offers.store.tables import (
    EXPOSURES,
    ORDER_RETURNS,
    RESPONSES,
    REUSED_ORDER_IDS,
)

_SAVE_EXPOSURES = RowStatement(
    """
    INSERT INTO exposures (experiment, key, variant, hash_attribute, at)
    SELECT text[experiment], text[key], text[variant], text[hash_attribute], number[at]
    FROM {rows} WHERE true
    ON CONFLICT (experiment, key, variant) DO UPDATE SET at = excluded.at
    WHERE excluded.at < exposures.at
    """
)
_SAVE_RESPONSES = RowStatement(
    """
    INSERT INTO responses (outcome_id, key, kind, at, value, currency, store, order_id)
    SELECT text[outcome_id], text[key], text[kind], number[at], number[value], text[currency],
        text[store], text[order_id]
    FROM {rows} WHERE true
    ON CONFLICT (outcome_id, key) DO NOTHING
    """
)
_EXPOSURES = sa.select(
    EXPOSURES.c.experiment,
    EXPOSURES.c.variant,
    EXPOSURES.c.hash_attribute,
    EXPOSURES.c.key,
    EXPOSURES.c.at,
)
# Two queries: where one condition or the other holds, PostgreSQL reads the whole table.
_OF_SHOPPER = PreparedStatement(
    sa.union(
        _EXPOSURES.where(among(EXPOSURES.c.key, "keys")),
        _EXPOSURES.join(IDENTIFIERS, IDENTIFIERS.c.key == EXPOSURES.c.key).where(
            among(IDENTIFIERS.c.stream_id, "streams")
        ),
    )
)


def load_exposures(
    unit: UnitOfWork, keys: Sequence[str], streams: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    """By experiment the earliest exposure of a shopper with these identifier keys and streams.

    Each has its `variant`, its `hash_attribute` and its `key`.
    """
    rows = _OF_SHOPPER.execute(unit.connection, keys=keys, streams=streams)
    earliest: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.key, row.variant)):
        earliest.setdefault(
            row.experiment,
            {"variant": row.variant, "hash_attribute": row.hash_attribute, "key": row.key},
        )
    return earliest


def load_conflicts(
    unit: UnitOfWork, profile_ids: Sequence[str] = (), keys: Sequence[str] = ()
) -> list[ExposureConflict]:
    """The shoppers who saw several variants of an experiment: of these, or led to by these keys."""
    shopper, identifiers, labels = _profile_of(EXPOSURES.c.key)
    query = (
        sa.select(
            shopper.label("shopper"),
            labels.c.profile_id,
            EXPOSURES.c.experiment,
            EXPOSURES.c.variant,
            sa.func.min(EXPOSURES.c.at).label("at"),
        )
        .select_from(
            EXPOSURES.outerjoin(identifiers, identifiers.c.key == EXPOSURES.c.key).outerjoin(
                labels, labels.c.stream_id == identifiers.c.stream_id
            )
        )
        .where(EXPOSURES.c.key.in_(_keys_of_shoppers(unit, profile_ids, keys)))
        .group_by(shopper, labels.c.profile_id, EXPOSURES.c.experiment, EXPOSURES.c.variant)
        .order_by(EXPOSURES.c.experiment, "shopper", "at", EXPOSURES.c.variant)
    )
    rows = unit.connection.execute(query)
    return [
        ExposureConflict(experiment, who, profile_id, tuple(row.variant for row in variants))
        for (experiment, who, profile_id), group in groupby(
            rows, lambda row: (row.experiment, row.shopper, row.profile_id)
        )
        if len(variants := list(group)) > 1
    ]


def _keys_of_shoppers(
    unit: UnitOfWork, profile_ids: Sequence[str], keys: Sequence[str]
) -> list[str]:
    """The keys that lead to these profiles, or to those to which these keys lead; and the keys."""
    led_to = (
        sa.select(LABELS.c.profile_id)
        .join(IDENTIFIERS, IDENTIFIERS.c.stream_id == LABELS.c.stream_id)
        .where(IDENTIFIERS.c.key.in_(keys))
    )
    profiles = {*profile_ids, *unit.connection.execute(led_to).scalars()}
    leading = (
        sa.select(IDENTIFIERS.c.key)
        .join(LABELS, LABELS.c.stream_id == IDENTIFIERS.c.stream_id)
        .where(LABELS.c.profile_id.in_(sorted(profiles)))
    )
    return sorted({*keys, *unit.connection.execute(leading).scalars()})


def save_exposures(unit: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep exposures; of one shopper in one variant the earliest stands."""
    if rows:
        _SAVE_EXPOSURES.execute(unit.connection, list(rows))


def save_responses(unit: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep clicks and conversions, each once for a key."""
    if rows:
        _SAVE_RESPONSES.execute(unit.connection, list(rows))


def _profile_of(
    key: sa.ColumnElement[str],
) -> tuple[sa.ColumnElement[str], sa.FromClause, sa.FromClause]:
    """The shopper of a key: the profile to which it leads now, else the key itself."""
    identifiers, labels = IDENTIFIERS.alias(), LABELS.alias()
    return sa.func.coalesce(labels.c.profile_id, key), identifiers, labels


def _shoppers(experiment: str) -> sa.CTE:
    """The exposed shoppers of an experiment: in which variant, since when, and in how many."""
    unit, identifiers, labels = _profile_of(EXPOSURES.c.key)
    rows = (
        sa.select(unit.label("unit"), EXPOSURES.c.variant, EXPOSURES.c.at)
        .select_from(
            EXPOSURES.outerjoin(identifiers, identifiers.c.key == EXPOSURES.c.key).outerjoin(
                labels, labels.c.stream_id == identifiers.c.stream_id
            )
        )
        .where(EXPOSURES.c.experiment == experiment)
        .cte("exposed_keys")
    )
    return (
        sa.select(
            rows.c.unit,
            sa.func.min(rows.c.variant).label("variant"),
            sa.func.min(rows.c.at).label("at"),
            sa.func.count(rows.c.variant.distinct()).label("variants"),
        )
        .group_by(rows.c.unit)
        .cte("shoppers")
    )


def _leading_keys(shoppers: sa.CTE) -> sa.CTE:
    """The keys that lead to shoppers now: those of a profile, and of one whom nobody knows hers."""
    of_profiles = (
        sa.select(shoppers.c.unit, IDENTIFIERS.c.key)
        .join_from(shoppers, LABELS, LABELS.c.profile_id == shoppers.c.unit)
        .join(IDENTIFIERS, IDENTIFIERS.c.stream_id == LABELS.c.stream_id)
    )
    of_nobody = sa.select(shoppers.c.unit, shoppers.c.unit.label("key"))
    return sa.union(of_profiles, of_nobody).cte("leading_keys")


def count_exposed(unit: UnitOfWork, experiment: str) -> Sequence[ExposedCount]:
    """The exposed shoppers of an experiment by variant."""
    shoppers = _shoppers(experiment)
    only = sa.case((shoppers.c.variants == 1, shoppers.c.variant))
    query = sa.select(only, sa.func.count(), sa.func.min(shoppers.c.at)).group_by(only)
    return [ExposedCount(*row) for row in unit.connection.execute(query)]


def _responses_of(leading: sa.CTE) -> sa.CTE:
    """What shoppers did, by the keys that lead to them; an order is dated by its first report.

    Where an id stands for several orders nobody knows which reports are of one: each has its own.
    """
    store = sa.func.coalesce(RESPONSES.c.store, "")
    is_reused = sa.exists().where(
        REUSED_ORDER_IDS.c.order_id == RESPONSES.c.order_id, REUSED_ORDER_IDS.c.store == store
    )
    first_at = sa.func.min(RESPONSES.c.at).over(
        partition_by=(leading.c.unit, store, RESPONSES.c.order_id)
    )
    is_order = sa.and_(RESPONSES.c.order_id.is_not(None), ~is_reused)
    return (
        sa.select(
            leading.c.unit,
            sa.case((is_order, first_at), else_=RESPONSES.c.at).label("at"),
            *(column for column in RESPONSES.c if column.name not in ("key", "at")),
        )
        .distinct()
        .join_from(leading, RESPONSES, RESPONSES.c.key == leading.c.key)
        .cte("of_shoppers")
    )


def _returns_of(responses: sa.CTE) -> sa.CTE:
    """What the orders of responses have given back: of an id of several orders, its shopper's."""
    homes = LABELS.alias("homes")
    rows = (
        responses.join(
            ORDER_RETURNS,
            sa.and_(
                ORDER_RETURNS.c.order_id == responses.c.order_id,
                ORDER_RETURNS.c.store == sa.func.coalesce(responses.c.store, ""),
            ),
        )
        .outerjoin(homes, homes.c.stream_id == ORDER_RETURNS.c.stream_id)
        .outerjoin(
            REUSED_ORDER_IDS,
            sa.and_(
                REUSED_ORDER_IDS.c.order_id == ORDER_RETURNS.c.order_id,
                REUSED_ORDER_IDS.c.store == ORDER_RETURNS.c.store,
            ),
        )
    )
    is_whole = sa.func.count() > sa.func.count(ORDER_RETURNS.c.amount)
    return (
        sa.select(
            responses.c.unit,
            responses.c.outcome_id,
            sa.func.sum(sa.func.coalesce(ORDER_RETURNS.c.amount, 0)).label("returned"),
            is_whole.label("is_returned"),
        )
        .select_from(rows)
        .where(
            sa.or_(REUSED_ORDER_IDS.c.order_id.is_(None), homes.c.profile_id == responses.c.unit)
        )
        .group_by(responses.c.unit, responses.c.outcome_id)
        .cte("returns")
    )


def load_exposed_responses(
    unit: UnitOfWork, experiment: str, before: int, within: int
) -> Iterable[ExposedResponse]:
    """What the exposed shoppers of an experiment did, who were in one variant alone.

    From `before` µs before the first exposure until `within` µs after it. An order is dated by the
    first report of it.
    """
    shoppers = _shoppers(experiment)
    responses = _responses_of(_leading_keys(shoppers))
    returns = _returns_of(responses)
    query = (
        sa.select(
            shoppers.c.unit,
            shoppers.c.variant,
            shoppers.c.at.label("exposed_at"),
            responses.c.outcome_id,
            responses.c.kind,
            responses.c.at,
            responses.c.value,
            responses.c.currency,
            responses.c.store,
            responses.c.order_id,
            returns.c.returned,
            returns.c.is_returned,
        )
        .select_from(
            shoppers.join(responses, responses.c.unit == shoppers.c.unit).outerjoin(
                returns,
                sa.and_(
                    returns.c.unit == responses.c.unit,
                    returns.c.outcome_id == responses.c.outcome_id,
                ),
            )
        )
        .where(
            shoppers.c.variants == 1,
            responses.c.at >= shoppers.c.at - before,
            responses.c.at < shoppers.c.at + within,
        )
        .order_by(shoppers.c.unit, responses.c.at, responses.c.outcome_id)
    )
    for row in unit.connection.execute(query):
        yield ExposedResponse(
            shopper=row.unit,
            variant=row.variant,
            exposed_at=row.exposed_at,
            outcome_id=row.outcome_id,
            kind=row.kind,
            at=row.at,
            value=row.value,
            currency=row.currency,
            store=row.store,
            order_id=row.order_id,
            returned=int(row.returned or 0),
            is_returned=bool(row.is_returned),
        )
