"""The tables and queries of identity.

Rows are locked in one order: the keys of the call, sorted, and then the profiles that they lead to,
sorted. Whoever moves a stream holds its profile; the streams of a locked profile stay in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.engine import upsert
from chassis.database.prepared import PreparedStatement
from services.identity.domain.state import IdentityPolicy, IdentityState, Profile, Tenure

METADATA = sa.MetaData()

# A row for each key that was ever seen: it can be locked before it leads anywhere.
KEYS = sa.Table("keys", METADATA, sa.Column("key", sa.Text, primary_key=True))

# See `state.Tenure`; `opened_at` is -2^62 for the first tenure of a key. `verified` and `merges`
# are those of the profile, the same in all of its streams: most calls need no other table.
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
    sa.Column("verified", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("merges", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("key", "number"),
)

# Every id that was ever a profile's, to lock it by; a merged one has no tenures any more.
PROFILES = sa.Table("profiles", METADATA, sa.Column("profile_id", sa.Text, primary_key=True))

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

_OF_PROFILE = 2  # so many of the last columns
_LED_TO = sa.select(TENURES.c.profile_id).where(among(TENURES.c.key, "keys"))
_LOAD = PreparedStatement(sa.select(TENURES).where(among(TENURES.c.key, "keys")))
_LOAD_PROFILES = PreparedStatement(sa.select(TENURES).where(TENURES.c.profile_id.in_(_LED_TO)))
_FIND_PROFILES = PreparedStatement(_LED_TO)
_ADD_KEYS = RowStatement(
    "INSERT INTO keys (key) SELECT text[key] FROM {rows} WHERE true ON CONFLICT DO NOTHING"
)
_LOCK_KEYS = PreparedStatement(
    sa.select(KEYS.c.key).where(among(KEYS.c.key, "keys")).order_by(KEYS.c.key).with_for_update()
)
_LOCK_PROFILES = PreparedStatement(
    sa.select(PROFILES.c.profile_id)
    .where(among(PROFILES.c.profile_id, "profile_ids"))
    .order_by(PROFILES.c.profile_id)
    .with_for_update()
)
_ADD_PROFILES = RowStatement(
    "INSERT INTO profiles (profile_id) SELECT text[profile_id] FROM {rows} WHERE true"
    " ON CONFLICT DO NOTHING"
)
_SAVE_TENURES = RowStatement(
    """
    INSERT INTO tenures (stream_id, key, number, opened_at, founded_at, profile_id, epoch,
                         assurance, bond, bound_at, current, parted, verified, merges)
    SELECT text[stream_id], text[key], number[number], number[opened_at], number[founded_at],
           text[profile_id], number[epoch], text[assurance], text[bond], number[bound_at],
           flag[current], text[parted], flag[verified], number[merges]
    FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET key = excluded.key, number = excluded.number, opened_at = excluded.opened_at,
        founded_at = excluded.founded_at, profile_id = excluded.profile_id,
        epoch = excluded.epoch, assurance = excluded.assurance, bond = excluded.bond,
        bound_at = excluded.bound_at, current = excluded.current, parted = excluded.parted,
        verified = excluded.verified, merges = excluded.merges
    """
)


class ConcurrentMove(Exception):
    """A key led to another profile by the time its own was locked: begin again."""


def load(connection: sa.Connection, rules: IdentityPolicy, keys: Collection[str]) -> IdentityState:
    """All tenures of `keys`, with the profiles that they are in."""
    rows = _LOAD.execute(connection, keys=list(keys)) if keys else ()
    return IdentityState.of(rules, *_read(rows))


def load_profiles(
    connection: sa.Connection, rules: IdentityPolicy, keys: Collection[str]
) -> IdentityState:
    """All streams of all profiles that `keys` lead to, in one view of the database."""
    tenures, profiles = _read(_LOAD_PROFILES.execute(connection, keys=list(keys)))
    return IdentityState.of(rules, tenures, profiles, complete=[profile.id for profile in profiles])


def load_locked(
    connection: sa.Connection, rules: IdentityPolicy, keys: Collection[str]
) -> IdentityState:
    """The same, with the keys and the profiles locked; Moved if a key has just moved elsewhere.

    Then the transaction is to be given up, since profiles are locked in sorted order.
    """
    sorted_keys = sorted(keys)
    _ADD_KEYS.execute(connection, [{"key": key} for key in sorted_keys])
    _LOCK_KEYS.execute(connection, keys=sorted_keys)
    led_to = _FIND_PROFILES.execute(connection, keys=sorted_keys)
    wanted = sorted({row.profile_id for row in led_to})
    _LOCK_PROFILES.execute(connection, profile_ids=wanted)
    state = load_profiles(connection, rules, sorted_keys)
    if not state.profiles.keys() <= set(wanted):
        raise ConcurrentMove
    return state


def load_whole(
    connection: sa.Connection, rules: IdentityPolicy, profile_ids: Collection[str], *, lock: bool
) -> IdentityState:
    """All streams of profiles that have some, the profiles locked if wanted.

    Moved if one of them has been merged into another meanwhile.
    """
    wanted = sorted(profile_ids)
    if lock:
        _LOCK_PROFILES.execute(connection, profile_ids=wanted)
    query = sa.select(TENURES).where(TENURES.c.profile_id.in_(wanted))
    tenures, profiles = _read(connection.execute(query))
    if {profile.id for profile in profiles} != set(wanted):
        raise ConcurrentMove
    return IdentityState.of(rules, tenures, profiles, complete=wanted)


def save(connection: sa.Connection, state: IdentityState) -> None:
    """Store what has changed in the state."""
    changed = set(state.changed)
    if state.changed_profiles:
        rows = [{"profile_id": profile} for profile in sorted(state.changed_profiles)]
        _ADD_PROFILES.execute(connection, rows)
        for profile in state.changed_profiles:
            changed.update(member.stream for member in state.members(profile))
    if changed:
        tenures = (state.tenures[stream] for stream in sorted(changed))
        rows = [_row(tenure, state.profiles[tenure.profile]) for tenure in tenures]
        _SAVE_TENURES.execute(connection, rows)


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
    query = sa.select(TENURES).where(TENURES.c.key.in_(own))
    rows = connection.execute(query.order_by(TENURES.c.founded_at, TENURES.c.stream_id))
    related, _ = _read(rows)
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
        tenure = Tenure(*row[:-_OF_PROFILE])
        tenures.append(tenure)
        if tenure.profile not in profiles:
            profiles[tenure.profile] = Profile(tenure.profile, *row[-_OF_PROFILE:])
    return tenures, list(profiles.values())


def _row(tenure: Tenure, profile: Profile) -> dict[str, Any]:
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
        "verified": profile.verified,
        "merges": profile.merges,
    }


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
        .where(TENURES.c.key.in_(sorted(keys)), TENURES.c.assurance == "device", TENURES.c.verified)
        .group_by(TENURES.c.key)
    )
    return {row.key: row.accounts for row in connection.execute(query)}
