"""The one query of a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from chassis.database.bulk import among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import IDENTIFIERS, LABELS, SUMMARIES
from services.offers.domain.recognition import IdentifierMatch, ProfileSegments, StreamState
from services.offers.store.tables import HALTED_IN_SEGMENTS, MEMBERSHIPS, UNREADABLE_SEGMENTS

_OF_SEGMENTS = POSITIONS.alias("of_segments")
_STREAMS = LABELS.alias("streams")
_PROOFS = IDENTIFIERS.alias("proofs")
# A subquery that goes stream by stream: the planner cannot choose another way because it takes
# verified identifiers to be rare. 1 and 0 are literals, since a parameter there has no plain type.
_IS_ACCOUNT = (
    sa.select(
        sa.func.max(
            sa.case(
                (
                    sa.exists().where(
                        _PROOFS.c.stream_id == _STREAMS.c.stream_id,
                        _PROOFS.c.assurance == "verified",
                    ),
                    sa.literal_column("1"),
                ),
                else_=sa.literal_column("0"),
            )
        )
    )
    .where(_STREAMS.c.profile_id == LABELS.c.profile_id)
    .scalar_subquery()
)


def _degraded(
    positions: sa.FromClause, *halted: sa.ColumnElement[bool]
) -> sa.ColumnElement[str | None]:
    """Why a decision from the stream of these positions is degraded; null if it is not."""
    return sa.case(
        (sa.or_(positions.c.halted, *halted), "events_halted"),
        (positions.c.seen > positions.c.version, "events_lagging"),
    )


# The columns of the one query of a decision, whose rows are of three kinds: matches have a key,
# unreadable segments a name, and the states of streams neither. `state` is a profile's segments or
# a stream's summary.
_COLUMNS = (
    "key",
    "assurance",
    "profile_id",
    "is_account",
    "stream_id",
    "version",
    "state",
    "as_of",
    "degraded",
    "segment",
    "since",
)


def _rows(**columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """A SELECT of all of _COLUMNS, null where a kind of row has no such column."""
    # PostgreSQL takes a plain null in the first SELECT of a union for a text.
    nulls = {"since": sa.cast(sa.null(), sa.BigInteger)}
    return sa.select(
        *(columns.get(name, nulls.get(name, sa.null())).label(name) for name in _COLUMNS)
    )


_MATCHES = (
    _rows(
        key=IDENTIFIERS.c.key,
        stream_id=IDENTIFIERS.c.stream_id,
        assurance=IDENTIFIERS.c.assurance,
        profile_id=LABELS.c.profile_id,
        is_account=_IS_ACCOUNT,
        version=MEMBERSHIPS.c.version,
        state=MEMBERSHIPS.c.segments,
        as_of=MEMBERSHIPS.c.as_of,
        degraded=_degraded(_OF_SEGMENTS),
    )
    .select_from(
        IDENTIFIERS.join(LABELS, LABELS.c.stream_id == IDENTIFIERS.c.stream_id)
        .outerjoin(MEMBERSHIPS, MEMBERSHIPS.c.profile_id == LABELS.c.profile_id)
        .outerjoin(
            _OF_SEGMENTS,
            sa.and_(
                _OF_SEGMENTS.c.source == "segments",
                _OF_SEGMENTS.c.stream_id == LABELS.c.profile_id,
            ),
        )
    )
    .where(among(IDENTIFIERS.c.key, "keys"))
    .cte("matches")
)
_STREAM_STATES = (
    _rows(
        profile_id=LABELS.c.profile_id,
        stream_id=LABELS.c.stream_id,
        version=POSITIONS.c.version,
        state=SUMMARIES.c.state,
        degraded=_degraded(POSITIONS, HALTED_IN_SEGMENTS.c.stream_id.is_not(None)),
    )
    .select_from(
        LABELS.outerjoin(
            POSITIONS,
            sa.and_(POSITIONS.c.source == "profiles", POSITIONS.c.stream_id == LABELS.c.stream_id),
        )
        .outerjoin(SUMMARIES, SUMMARIES.c.stream_id == LABELS.c.stream_id)
        .outerjoin(HALTED_IN_SEGMENTS, HALTED_IN_SEGMENTS.c.stream_id == LABELS.c.stream_id)
    )
    .where(LABELS.c.profile_id.in_(sa.select(_MATCHES.c.profile_id)))
)
# One query, because the shopper waits.
_UNREADABLE = _rows(segment=UNREADABLE_SEGMENTS.c.segment, since=UNREADABLE_SEGMENTS.c.since)
_RECOGNISE = PreparedStatement(sa.union_all(sa.select(_MATCHES), _STREAM_STATES, _UNREADABLE))


class Matches(NamedTuple):
    """The match of each identifier key that is known, and the streams of each profile, sorted.

    `unreadable` has the segments that stand still, and since when (µs).
    """

    by_key: Mapping[str, IdentifierMatch]
    streams: Mapping[str, Sequence[StreamState]]
    unreadable: Mapping[str, int]


def load_matches(unit: UnitOfWork, keys: Sequence[str]) -> Matches:
    """What the identifier `keys` lead to."""
    matches: dict[str, IdentifierMatch] = {}
    streams: dict[str, list[StreamState]] = {}
    unreadable: dict[str, int] = {}
    for row in _RECOGNISE.execute(unit.connection, keys=keys) if keys else ():
        if row.segment is not None:
            unreadable[row.segment] = row.since
        elif row.key is None:
            state = StreamState(row.stream_id, row.version or 0, row.state, row.degraded)
            streams.setdefault(row.profile_id, []).append(state)
        else:
            segments = (
                None if row.version is None else ProfileSegments(row.version, row.state, row.as_of)
            )
            matches[row.key] = IdentifierMatch(
                row.profile_id,
                bool(row.is_account),
                row.assurance,
                segments,
                row.degraded,
                row.stream_id,
            )
    for states in streams.values():
        states.sort(key=lambda state: state.stream)
    return Matches(matches, streams, unreadable)
