"""The tables and queries of identity.

Rows are locked in one order: the keys of the call, sorted, and then the profiles that they lead to,
sorted. Whoever moves a stream holds its profile; the streams of a locked profile stay in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database import upsert
from services.identity.state import Profile, Rules, State, Tenure

METADATA = sa.MetaData()

# A row for each key that was ever seen: it can be locked before it leads anywhere.
KEYS = sa.Table("keys", METADATA, sa.Column("key", sa.Text, primary_key=True))

# See `state.Tenure`; `opened_at` is -2^62 for the first tenure of a key.
TENURES = sa.Table(
    "tenures",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("founded_at", sa.BigInteger, nullable=False),
    sa.Column("profile_id", sa.Text, nullable=False, index=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("assurance", sa.Text, nullable=False),
    sa.Column("bond", sa.Text, nullable=False),
    sa.Column("bound_at", sa.BigInteger),
    sa.Column("current", sa.Boolean, nullable=False),
    sa.Column("parted", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("key", "number"),
)

# Every id that was ever a profile's; one that has been merged has no tenures any more.
PROFILES = sa.Table(
    "profiles",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("merges", sa.Integer, nullable=False),
)

# What a person should look at, once for each kind and subject. `subject` is a profile, or the key
# of a device; `about` the identifier that was refused. `done_at` is when somebody had looked.
REVIEWS = sa.Table(
    "reviews",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("first_at", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("done_at", sa.BigInteger),
    sa.UniqueConstraint("kind", "subject", "about", "reason"),
)

_LOADED = sa.select(TENURES, PROFILES.c.verified, PROFILES.c.merges).join(
    PROFILES, PROFILES.c.profile_id == TENURES.c.profile_id
)
_WIDTH = len(TENURES.c)


class Moved(Exception):
    """A key led to another profile by the time its own was locked: begin again."""


def create_tables(op: Any) -> None:
    """Migration step: the tables of identity."""
    METADATA.create_all(op.get_bind(), tables=[KEYS, TENURES, PROFILES], checkfirst=False)


def add_partings_and_reviews(op: Any) -> None:
    """Migration step: what a support desk decides, and what it should look at."""
    bind = op.get_bind()
    # Databases that are made today have the column from the first step on.
    if "parted" not in {column["name"] for column in sa.inspect(bind).get_columns("tenures")}:
        op.add_column("tenures", sa.Column("parted", sa.Text, nullable=False, server_default=""))
    METADATA.create_all(bind, tables=[REVIEWS], checkfirst=False)


def load(connection: sa.Connection, rules: Rules, keys: Collection[str]) -> State:
    """All tenures of `keys`, with the rows of the profiles that they are in."""
    rows = connection.execute(_LOADED.where(TENURES.c.key.in_(keys))) if keys else ()
    return State.of(rules, *_read(rows))


def load_profiles(connection: sa.Connection, rules: Rules, keys: Collection[str]) -> State:
    """All streams of all profiles that `keys` lead to, in one view of the database."""
    led_to = sa.select(TENURES.c.profile_id).where(TENURES.c.key.in_(keys))
    rows = connection.execute(_LOADED.where(TENURES.c.profile_id.in_(led_to)))
    tenures, profiles = _read(rows)
    return State.of(rules, tenures, profiles, complete=[profile.id for profile in profiles])


def load_locked(connection: sa.Connection, rules: Rules, keys: Collection[str]) -> State:
    """The same, with the keys and the profiles locked; Moved if a key has just moved elsewhere.

    Then the transaction is to be given up, since profiles are locked in sorted order.
    """
    sorted_keys = sorted(keys)
    missing = upsert(connection, KEYS).on_conflict_do_nothing().returning(KEYS.c.key)
    connection.execute(missing, [{"key": key} for key in sorted_keys])
    connection.execute(
        sa.select(KEYS.c.key)
        .where(KEYS.c.key.in_(sorted_keys))
        .order_by(KEYS.c.key)
        .with_for_update()
    ).all()
    led_to = sa.select(TENURES.c.profile_id).where(TENURES.c.key.in_(sorted_keys))
    wanted = sorted(set(connection.execute(led_to).scalars()))
    connection.execute(
        sa.select(PROFILES.c.profile_id)
        .where(PROFILES.c.profile_id.in_(wanted))
        .order_by(PROFILES.c.profile_id)
        .with_for_update()
    ).all()
    state = load_profiles(connection, rules, sorted_keys)
    if not state.profiles.keys() <= set(wanted):
        raise Moved
    return state


def load_whole(
    connection: sa.Connection, rules: Rules, profile_ids: Collection[str], *, lock: bool
) -> State:
    """All streams of profiles that have some, the profiles locked if wanted.

    Moved if one of them has been merged into another meanwhile.
    """
    wanted = sorted(profile_ids)
    if lock:
        query = sa.select(PROFILES.c.profile_id).where(PROFILES.c.profile_id.in_(wanted))
        connection.execute(query.order_by(PROFILES.c.profile_id).with_for_update()).all()
    rows = connection.execute(_LOADED.where(TENURES.c.profile_id.in_(wanted)))
    tenures, profiles = _read(rows)
    if {profile.id for profile in profiles} != set(wanted):
        raise Moved
    return State.of(rules, tenures, profiles, complete=wanted)


def save(connection: sa.Connection, state: State) -> None:
    """Store what has changed in the state."""
    profiles = [
        {"profile_id": profile.id, "verified": profile.verified, "merges": profile.merges}
        for profile in (state.profiles[name] for name in sorted(state.changed_profiles))
    ]
    _upsert(connection, PROFILES, profiles)
    tenures = [_row(state.tenures[stream]) for stream in sorted(state.changed)]
    _upsert(connection, TENURES, tenures)


def find_profile(connection: sa.Connection, profile_id: str) -> str | None:
    """The profile that an id, however old, stands for today; None if it never was one."""
    was_one = sa.select(PROFILES.c.profile_id)
    query = sa.select(TENURES.c.profile_id).where(
        TENURES.c.stream_id == profile_id, TENURES.c.stream_id.in_(was_one)
    )
    return connection.execute(query).scalar()


def describe(
    connection: sa.Connection, profile_id: str
) -> tuple[list[Tenure], list[Tenure], list[str]]:
    """A profile's tenures, all tenures of their keys, and the ids of what was merged into it."""
    own = sa.select(TENURES.c.key).where(TENURES.c.profile_id == profile_id)
    rows = connection.execute(
        sa.select(TENURES)
        .where(TENURES.c.key.in_(own))
        .order_by(TENURES.c.founded_at, TENURES.c.stream_id)
    )
    related = [Tenure(*row) for row in rows]
    tenures = [tenure for tenure in related if tenure.profile == profile_id]
    streams = sa.select(TENURES.c.stream_id).where(TENURES.c.profile_id == profile_id)
    merged = connection.execute(
        sa.select(PROFILES.c.profile_id)
        .where(PROFILES.c.profile_id.in_(streams), PROFILES.c.profile_id != profile_id)
        .order_by(PROFILES.c.profile_id)
    )
    return tenures, related, list(merged.scalars())


def _read(rows: Iterable[Any]) -> tuple[list[Tenure], list[Profile]]:
    tenures: list[Tenure] = []
    profiles: dict[str, Profile] = {}
    for row in rows:
        tenure = Tenure(*row[:_WIDTH])
        tenures.append(tenure)
        if tenure.profile not in profiles:
            profiles[tenure.profile] = Profile(tenure.profile, *row[_WIDTH:])
    return tenures, list(profiles.values())


def _row(tenure: Tenure) -> dict[str, Any]:
    return {
        "stream_id": tenure.stream,
        "key": tenure.key,
        "number": tenure.number,
        "opened_at": tenure.opened_at,
        "founded_at": tenure.founded_at,
        "profile_id": tenure.profile,
        "epoch": tenure.epoch,
        "assurance": tenure.assurance,
        "bond": tenure.bond,
        "bound_at": tenure.bound_at,
        "current": tenure.current,
        "parted": tenure.parted,
    }


def _upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = upsert(connection, table)
    (key,) = table.primary_key.columns
    statement = statement.on_conflict_do_update(
        index_elements=[key],
        set_={c.name: statement.excluded[c.name] for c in table.columns if c is not key},
    )
    # Asked to return something, SQLAlchemy sends many rows in one statement.
    connection.execute(statement.returning(key), rows)


def note_reviews(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Put entries on the review list; one that is there was seen again, and is open again."""
    statement = upsert(connection, REVIEWS)
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "subject", "about", "reason"],
        set_={
            "last_at": statement.excluded.last_at,
            "event_id": statement.excluded.event_id,
            "done_at": None,
        },
    )
    connection.execute(statement.returning(REVIEWS.c.id), rows)


def list_reviews(connection: sa.Connection, kind: str | None, limit: int) -> list[dict[str, Any]]:
    """The open entries of the review list, the newest first."""
    query = sa.select(REVIEWS).where(REVIEWS.c.done_at.is_(None))
    if kind:
        query = query.where(REVIEWS.c.kind == kind)
    query = query.order_by(REVIEWS.c.last_at.desc(), REVIEWS.c.id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def close_review(connection: sa.Connection, review_id: str, now: int) -> bool:
    """Take an entry off the review list; whether it was there."""
    query = sa.update(REVIEWS).where(REVIEWS.c.id == review_id).values(done_at=now)
    return bool(connection.execute(query).rowcount)


def current_profiles(connection: sa.Connection, profile_ids: Collection[str]) -> dict[str, str]:
    """The profile that each id stands for today."""
    query = sa.select(TENURES.c.stream_id, TENURES.c.profile_id).where(
        TENURES.c.stream_id.in_(sorted(profile_ids))
    )
    return {row.stream_id: row.profile_id for row in connection.execute(query)}


def accounts_on(connection: sa.Connection, keys: Collection[str]) -> dict[str, int]:
    """How many accounts have been signed in on each device of `keys`."""
    query = (
        sa.select(TENURES.c.key, sa.func.count(TENURES.c.profile_id.distinct()).label("accounts"))
        .join(PROFILES, PROFILES.c.profile_id == TENURES.c.profile_id)
        .where(
            TENURES.c.key.in_(sorted(keys)), TENURES.c.assurance == "device", PROFILES.c.verified
        )
        .group_by(TENURES.c.key)
    )
    return {row.key: row.accounts for row in connection.execute(query)}
