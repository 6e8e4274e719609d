"""The tables and queries of identity.

Everything that changes something locks rows in one order, so that no two wait for each other:

    1. keys      the keys of the call, sorted
    2. profiles  the profiles that these keys lead to, sorted
    3. streams   of the log, sorted, when the facts are appended

A stream moves only under the lock of its profile, so the streams of a locked profile stay in it. If
a key leads to another profile by the time that its profile has been locked, the transaction starts
again (`ConcurrentMove`): a further lock would break the order. A split or a merge begins with 2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from chassis import Event, new_id
from chassis.database.bulk import RowStatement, among
from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.restoring import LostFact
from services.identity.domain.review import ReviewSubject
from services.identity.domain.state import IdentityPolicy, IdentityState, Profile, Tenure

METADATA = sa.MetaData()

# A row for each key that was ever seen: it can be locked before it leads anywhere.
KEYS = sa.Table("keys", METADATA, sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS))

# See `state.Tenure`; `bond` is its `same_device`, `bound_at` its `signed_in_at` and `parted` its
# `split_marks`. `opened_at` is -2^62 for the first tenure of a key. `verified` and `merges` are
# those of the profile, the same in all of its streams: most calls need no other table.
TENURES = sa.Table(
    "tenures",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("key", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("number", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("opened_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("founded_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("profile_id", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("epoch", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("assurance", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("bond", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("bound_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("current", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("parted", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column("verified", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
    sa.Column("merges", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.UniqueConstraint("key", "number"),
)

# Every id that was ever a profile's, to lock it by; one that was merged away has no tenures.
PROFILES = sa.Table(
    "profiles", METADATA, sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS)
)

# The review list, see `review.ReviewSubject`; `done_at` is when an entry was taken off, `done_by`
# the name of who did, as they gave it.
REVIEWS = sa.Table(
    "reviews",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("kind", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("subject", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("about", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("reason", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("event_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("first_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("last_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("done_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("done_by", sa.Text, info=NOT_PERSONAL),
    sa.UniqueConstraint("kind", "subject", "about", "reason"),
)

# The columns of a tenure in the order of its fields, whatever that is: reading rows by name, field
# by field, makes resolving known events half as slow again. Those of its profile follow.
_RENAMED = {
    "stream": "stream_id",
    "profile": "profile_id",
    "same_device": "bond",
    "signed_in_at": "bound_at",
    "split_marks": "parted",
}
_OF_TENURE = [TENURES.c[_RENAMED.get(field.name, field.name)] for field in fields(Tenure)]
SELECT_TENURES = sa.select(*_OF_TENURE, TENURES.c.verified, TENURES.c.merges)

_ALL_FACTS = 1_000_000
_LED_TO = sa.select(TENURES.c.profile_id).where(among(TENURES.c.key, "keys"))
_LOAD = PreparedStatement(SELECT_TENURES.where(among(TENURES.c.key, "keys")))
_LOAD_PROFILES = PreparedStatement(SELECT_TENURES.where(TENURES.c.profile_id.in_(_LED_TO)))
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
    """A key led to another profile by the time its own was locked: start again."""


def load(unit: UnitOfWork, policy: IdentityPolicy, keys: Collection[str]) -> IdentityState:
    """All tenures of `keys`, with the profiles that they are in."""
    rows = _LOAD.execute(unit.connection, keys=list(keys)) if keys else ()
    return IdentityState.of(policy, *read_tenures(rows))


def load_profiles(unit: UnitOfWork, policy: IdentityPolicy, keys: Collection[str]) -> IdentityState:
    """All streams of all profiles that `keys` lead to, in one view of the database."""
    tenures, profiles = read_tenures(_LOAD_PROFILES.execute(unit.connection, keys=list(keys)))
    complete = [profile.id for profile in profiles]
    return IdentityState.of(policy, tenures, profiles, complete=complete)


def load_locked(unit: UnitOfWork, policy: IdentityPolicy, keys: Collection[str]) -> IdentityState:
    """The same, with the keys and the profiles locked; ConcurrentMove if a key has just moved."""
    sorted_keys = sorted(keys)
    _ADD_KEYS.execute(unit.connection, [{"key": key} for key in sorted_keys])
    _LOCK_KEYS.execute(unit.connection, keys=sorted_keys)
    rows = _FIND_PROFILES.execute(unit.connection, keys=sorted_keys)
    locked = sorted({row.profile_id for row in rows})
    _LOCK_PROFILES.execute(unit.connection, profile_ids=locked)
    state = load_profiles(unit, policy, sorted_keys)
    if not state.profiles.keys() <= set(locked):
        raise ConcurrentMove
    return state


def load_whole(
    unit: UnitOfWork, policy: IdentityPolicy, profile_ids: Collection[str]
) -> IdentityState:
    """All streams of profiles; ConcurrentMove if one has been merged into another meanwhile."""
    query = SELECT_TENURES.where(TENURES.c.profile_id.in_(sorted(profile_ids)))
    tenures, profiles = read_tenures(unit.connection.execute(query))
    if {profile.id for profile in profiles} != set(profile_ids):
        raise ConcurrentMove
    return IdentityState.of(policy, tenures, profiles, complete=profile_ids)


def load_whole_locked(
    unit: UnitOfWork, policy: IdentityPolicy, profile_ids: Collection[str]
) -> IdentityState:
    """The same, with the profiles locked."""
    _LOCK_PROFILES.execute(unit.connection, profile_ids=sorted(profile_ids))
    return load_whole(unit, policy, profile_ids)


def load_for_facts(
    unit: UnitOfWork, policy: IdentityPolicy, facts: Sequence[LostFact]
) -> IdentityState:
    """All that facts may change, with their profiles whole: their streams, identifiers, labels."""
    entries = [(stream, entry) for fact in facts for stream, entry in fact.entries.items()]
    keys = sorted({i["key"] for _, entry in entries for i in entry["identifiers"]})
    _ADD_KEYS.execute(unit.connection, [{"key": key} for key in keys])
    _LOCK_KEYS.execute(unit.connection, keys=keys)
    named = sa.or_(
        TENURES.c.stream_id.in_({stream for stream, _ in entries}), TENURES.c.key.in_(keys)
    )
    found = unit.connection.execute(sa.select(TENURES.c.profile_id).where(named)).scalars()
    labels = {*found, *(entry["profile_id"] for _, entry in entries)}
    _LOCK_PROFILES.execute(unit.connection, profile_ids=sorted(labels))
    query = SELECT_TENURES.where(TENURES.c.profile_id.in_(labels))
    tenures, profiles = read_tenures(unit.connection.execute(query))
    return IdentityState.of(policy, tenures, profiles, complete=labels)


def save(unit: UnitOfWork, state: IdentityState) -> None:
    """Store what has changed in the state."""
    changed = set(state.changed)
    if state.changed_profiles:
        rows = [{"profile_id": profile} for profile in sorted(state.changed_profiles)]
        _ADD_PROFILES.execute(unit.connection, rows)
        for profile in state.changed_profiles:
            changed.update(member.stream for member in state.members(profile))
    if changed:
        tenures = (state.tenures[stream] for stream in sorted(changed))
        rows = [_row(tenure, state.profiles[tenure.profile]) for tenure in tenures]
        _SAVE_TENURES.execute(unit.connection, rows)


def find_profile(unit: UnitOfWork, profile_id: str) -> str | None:
    """The profile that an id, however old, stands for today; None if it never was one."""
    ids = sa.select(PROFILES.c.profile_id)
    query = sa.select(TENURES.c.profile_id).where(
        TENURES.c.stream_id == profile_id, TENURES.c.stream_id.in_(ids)
    )
    return unit.connection.execute(query).scalar()


def load_related(unit: UnitOfWork, profile_id: str) -> list[Tenure]:
    """All tenures of the keys that have one in a profile, in the order of their first events."""
    own = sa.select(TENURES.c.key).where(TENURES.c.profile_id == profile_id)
    query = SELECT_TENURES.where(TENURES.c.key.in_(own))
    rows = unit.connection.execute(query.order_by(TENURES.c.founded_at, TENURES.c.stream_id))
    return read_tenures(rows)[0]


def merged_profiles(unit: UnitOfWork, profile_id: str) -> list[str]:
    """The ids of what was merged into a profile."""
    streams = sa.select(TENURES.c.stream_id).where(TENURES.c.profile_id == profile_id)
    query = (
        sa.select(PROFILES.c.profile_id)
        .where(PROFILES.c.profile_id.in_(streams), PROFILES.c.profile_id != profile_id)
        .order_by(PROFILES.c.profile_id)
    )
    return list(unit.connection.execute(query).scalars())


def load_facts(unit: UnitOfWork, streams: Iterable[str]) -> list[Event]:
    """All facts of the log in `streams`, a copy for each stream."""
    return unit.history(dict.fromkeys(streams, 0), _ALL_FACTS)


def fresh_reviews(
    unit: UnitOfWork, subjects: Collection[ReviewSubject], since: int
) -> set[ReviewSubject]:
    """Those of `subjects` that are open, and were seen at `since` or later."""
    query = sa.select(*(REVIEWS.c[name] for name in ReviewSubject._fields)).where(
        REVIEWS.c.kind.in_({subject.kind for subject in subjects}),
        among(REVIEWS.c.subject, "subjects"),
        REVIEWS.c.done_at.is_(None),
        REVIEWS.c.last_at >= since,
    )
    names = sorted({subject.subject for subject in subjects})
    rows = unit.connection.execute(query, {"subjects": names})
    return {ReviewSubject(*row) for row in rows} & set(subjects)


def save_reviews(unit: UnitOfWork, entries: Mapping[ReviewSubject, str]) -> None:
    """Put entries on the review list; one that is on it was seen again, and is open again.

    `entries` maps what they are about to the event that showed it.
    """
    rows = [
        {
            "id": new_id(),
            **subject._asdict(),
            "event_id": event_id,
            "first_at": unit.now,
            "last_at": unit.now,
        }
        for subject, event_id in sorted(entries.items())
    ]
    statement = upsert(unit.connection, REVIEWS)
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "subject", "about", "reason"],
        set_={
            "last_at": sa.case(
                (REVIEWS.c.last_at > statement.excluded.last_at, REVIEWS.c.last_at),
                else_=statement.excluded.last_at,
            ),
            "event_id": statement.excluded.event_id,
            "done_at": None,
            "done_by": None,
        },
    )
    unit.connection.execute(statement.returning(REVIEWS.c.id), rows)


def list_reviews(
    unit: UnitOfWork, kind: str | None, limit: int, *, include_done: bool
) -> list[dict[str, Any]]:
    """The entries of the review list, the newest first; those that are open, or all."""
    query = sa.select(REVIEWS)
    if not include_done:
        query = query.where(REVIEWS.c.done_at.is_(None))
    if kind:
        query = query.where(REVIEWS.c.kind == kind)
    query = query.order_by(REVIEWS.c.last_at.desc(), REVIEWS.c.id).limit(limit)
    return [dict(row) for row in unit.connection.execute(query).mappings()]


def close_review(unit: UnitOfWork, review_id: str, by: str | None) -> bool:
    """Take an entry off the review list, unless it is off; whether there is one."""
    found = sa.select(REVIEWS.c.id).where(REVIEWS.c.id == review_id).with_for_update()
    if unit.connection.execute(found).first() is None:
        return False
    query = sa.update(REVIEWS).where(REVIEWS.c.id == review_id, REVIEWS.c.done_at.is_(None))
    unit.connection.execute(query.values(done_at=unit.now, done_by=by))
    return True


def current_profiles(unit: UnitOfWork, profile_ids: Collection[str]) -> dict[str, str]:
    """The profile that each id stands for today."""
    query = sa.select(TENURES.c.stream_id, TENURES.c.profile_id).where(
        TENURES.c.stream_id.in_(sorted(profile_ids))
    )
    return {row.stream_id: row.profile_id for row in unit.connection.execute(query)}


def accounts_on(unit: UnitOfWork, keys: Collection[str]) -> dict[str, int]:
    """How many accounts have been signed in on each device of `keys`."""
    query = (
        sa.select(TENURES.c.key, sa.func.count(TENURES.c.profile_id.distinct()).label("accounts"))
        .where(TENURES.c.key.in_(sorted(keys)), TENURES.c.assurance == "device", TENURES.c.verified)
        .group_by(TENURES.c.key)
    )
    return {row.key: row.accounts for row in unit.connection.execute(query)}


def read_tenures(rows: Iterable[Any]) -> tuple[list[Tenure], list[Profile]]:
    """The tenures of rows of `SELECT_TENURES`, and the profiles that they are in."""
    tenures: list[Tenure] = []
    profiles: dict[str, Profile] = {}
    for row in rows:
        tenure = Tenure(*row[: len(_OF_TENURE)])
        tenures.append(tenure)
        if tenure.profile not in profiles:
            profiles[tenure.profile] = Profile(tenure.profile, row.verified, row.merges)
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
        "bond": tenure.same_device,
        "bound_at": tenure.signed_in_at,
        "current": tenure.current,
        "parted": tenure.split_marks,
        "verified": profile.verified,
        "merges": profile.merges,
    }
