"""The tables and queries of identity.

Everything that changes something locks rows in one order, so that no two wait for each other:

    1. keys      the keys of the call, sorted
    2. profiles  the profiles of all streams that the call may move, sorted
    3. streams   of the log, sorted, when the facts are appended

A stream moves only under the lock of its profile, so the streams of a locked profile stay in it. If
there are streams of another profile by the time that the locks are there, or if it turns out that
more has to be known, the transaction starts again (`ConcurrentMove`, `Incomplete`): a further lock
would break the order. A split, a merge or a redraw begins with 2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis import Event, new_id
from chassis.database.bulk import RowStatement, among
from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.observation import Observation
from services.identity.domain.restoring import LostFact
from services.identity.domain.review import ReviewSubject
from services.identity.domain.state import (
    ALONE,
    NOBODY,
    SEVERAL,
    AddressTenure,
    IdentityPolicy,
    IdentityState,
    Needs,
    Period,
    ProfileFacts,
    Sighting,
    Tenure,
)

METADATA = sa.MetaData()

# A row for each key that was ever seen: it can be locked before it leads anywhere.
KEYS = sa.Table("keys", METADATA, sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS))

# See `state.Tenure`; `bond` is its `group`, and `parted` its `split_marks`. `opened_at` is -2^62
# for a guest's tenure before the first sign-in on a device.
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
    sa.Column("bond", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("current", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("parted", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column("home", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column(
        "signed_in", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL
    ),
    sa.Column("owner", sa.Text, info=PSEUDONYMOUS),
    sa.Column("owned_at", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("beside", sa.Text, info=PSEUDONYMOUS),
    sa.Column("beside_at", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("prior", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column("typed", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("ordered", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("empty", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
    sa.Column("untied", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
    sa.Column("fused", sa.Text, info=PSEUDONYMOUS),
    sa.UniqueConstraint("key", "number"),
)

# The periods of devices, see `state.Period`; what is before the first one is a guest's.
PERIODS = sa.Table(
    "periods",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("opened_at", sa.BigInteger, primary_key=True, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, info=PSEUDONYMOUS),
)

# Addresses that were proven or released, see `state.AddressTenure`; all others are held by nobody.
ADDRESSES = sa.Table(
    "addresses",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("number", sa.Integer, primary_key=True, info=NOT_PERSONAL),
    sa.Column("opened_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("holder", sa.Text, index=True, info=PSEUDONYMOUS),
    sa.Column("withdrawn", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("current", sa.Boolean, nullable=False, info=NOT_PERSONAL),
)

# Where addresses were told, and the address streams, see `state.Sighting`. `on_tenure` is the
# stream of a device's tenure or of an account's name; empty for the address by itself, and `nobody`
# for what strangers told with an address that was proven.
SIGHTINGS = sa.Table(
    "sightings",
    METADATA,
    sa.Column("address", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("address_tenure", sa.Integer, primary_key=True, info=NOT_PERSONAL),
    sa.Column("on_tenure", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("seen_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("own", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, unique=True, info=PSEUDONYMOUS),
    sa.Column("profile_id", sa.Text, index=True, info=PSEUDONYMOUS),
    sa.Column("epoch", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("pin", sa.Text, info=PSEUDONYMOUS),
    sa.Column("fused", sa.Text, info=PSEUDONYMOUS),
    sa.Column("untied", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("beyond_proof", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Index("ix_sightings_on_tenure", "on_tenure"),
)

# Every id that was ever a profile's, to lock it by; one that was merged away has no tenures. See
# `state.ProfileFacts`.
PROFILES = sa.Table(
    "profiles",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("account", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
    sa.Column("tied", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
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

# The columns in the order of the fields of `Tenure`, `Sighting` and so on: reading rows by name,
# field by field, makes resolving known events half as slow again.
_T, _S, _A, _P = TENURES.c, SIGHTINGS.c, ADDRESSES.c, PERIODS.c
_TENURE = [
    *(_T.stream_id, _T.key, _T.number, _T.opened_at, _T.founded_at, _T.profile_id, _T.epoch),
    *(
        _T.assurance,
        _T["bond"],
        _T.home,
        _T.current,
        _T.signed_in,
        _T.owner,
        _T.owned_at,
        _T.beside,
    ),
    *(_T.beside_at, _T.prior, _T.typed, _T.ordered, _T.empty, _T.untied, _T.fused, _T["parted"]),
]
_SIGHTING = [
    *(_S.address, _S.address_tenure, _S.on_tenure, _S.seen_at, _S.own),
    sa.func.coalesce(_S.stream_id, sa.literal_column("''")).label("stream_id"),
    sa.func.coalesce(_S.profile_id, sa.literal_column("''")).label("profile_id"),
    *(_S.epoch, _S.pin, _S.fused, _S.untied, _S.beyond_proof),
]
_ADDRESS = [_A.key, _A.number, _A.opened_at, _A.holder, _A.withdrawn, _A.current]
SELECT_TENURES = sa.select(*_TENURE)
SELECT_SIGHTINGS = sa.select(*_SIGHTING)
SELECT_ADDRESSES = sa.select(*_ADDRESS)

_ALL_FACTS = 1_000_000
_STREAM = _S.stream_id.is_not(None)
_CURRENT_TENURES = PreparedStatement(SELECT_TENURES.where(among(_T.key, "keys"), _T.current))
_CURRENT_ADDRESSES = PreparedStatement(SELECT_ADDRESSES.where(among(_A.key, "keys"), _A.current))
_TENURES_OF_KEYS = PreparedStatement(SELECT_TENURES.where(among(_T.key, "keys")))
_PERIODS_OF_KEYS = PreparedStatement(
    sa.select(_P.key, _P.opened_at, _P.stream_id).where(among(_P.key, "keys"))
)
_ADDRESSES_OF_KEYS = PreparedStatement(SELECT_ADDRESSES.where(among(_A.key, "keys")))
_HELD = PreparedStatement(SELECT_ADDRESSES.where(among(_A.holder, "streams")))
_TENURES_OF_STREAMS = PreparedStatement(SELECT_TENURES.where(among(_T.stream_id, "streams")))
_TENURES_OF_PROFILES = PreparedStatement(SELECT_TENURES.where(among(_T.profile_id, "profiles")))
_TENURES_OF_GROUPS = PreparedStatement(SELECT_TENURES.where(among(_T["bond"], "groups")))
_SIGHTINGS_OF_STREAMS = PreparedStatement(SELECT_SIGHTINGS.where(among(_S.stream_id, "streams")))
_SIGHTINGS_OF_PROFILES = PreparedStatement(SELECT_SIGHTINGS.where(among(_S.profile_id, "profiles")))
_SIGHTINGS_ON = PreparedStatement(
    SELECT_SIGHTINGS.where(among(_S.on_tenure, "streams"), sa.or_(_STREAM, _S.own))
)
_RANKED = (
    SELECT_SIGHTINGS.add_columns(
        sa.func.row_number()
        .over(
            partition_by=(_S.address, _S.address_tenure),
            order_by=(_S.seen_at.desc(), _S.stream_id.desc()),
        )
        .label("place")
    )
    .where(
        among(_S.address, "keys"),
        _STREAM,
        _S.on_tenure != sa.literal_column(f"'{NOBODY}'"),
        sa.not_(_S.beyond_proof),
    )
    .subquery()
)
_MOVABLE = PreparedStatement(
    sa.select(*list(_RANKED.c)[: len(_SIGHTING)]).where(
        _RANKED.c.place <= sa.bindparam("most", type_=sa.BigInteger)
    )
)
_SIGHTINGS_OF_PAIRS = RowStatement(
    """
    SELECT s.address, s.address_tenure, s.on_tenure, s.seen_at, s.own,
           coalesce(s.stream_id, '') AS stream_id, coalesce(s.profile_id, '') AS profile_id,
           s.epoch, s.pin, s.fused, s.untied, s.beyond_proof
    FROM {rows} JOIN sightings AS s
      ON s.address = text[key] AND s.on_tenure = text[stream]
    """,
    [*_SIGHTING],
)
_ADD_KEYS = RowStatement(
    "INSERT INTO keys (key) SELECT text[key] FROM {rows} WHERE true ON CONFLICT DO NOTHING"
)
_LOCK_KEYS = PreparedStatement(
    sa.select(KEYS.c.key).where(among(KEYS.c.key, "keys")).order_by(KEYS.c.key).with_for_update()
)
_LOCK_PROFILES = PreparedStatement(
    sa.select(PROFILES.c.profile_id, PROFILES.c.account, PROFILES.c.tied)
    .where(among(PROFILES.c.profile_id, "profile_ids"))
    .order_by(PROFILES.c.profile_id)
    .with_for_update()
)
_SAVE_PROFILES = RowStatement(
    """
    INSERT INTO profiles (profile_id, account, tied)
    SELECT text[profile_id], flag[account], number[tied] FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO UPDATE SET account = excluded.account, tied = excluded.tied
    """
)
_SAVE_PERIODS = RowStatement(
    """
    INSERT INTO periods (key, opened_at, stream_id)
    SELECT text[key], number[opened_at], text[stream_id] FROM {rows} WHERE true
    ON CONFLICT (key, opened_at) DO UPDATE SET stream_id = excluded.stream_id
    """
)
_SAVE_ADDRESSES = RowStatement(
    """
    INSERT INTO addresses (key, number, opened_at, holder, withdrawn, current)
    SELECT text[key], number[number], number[opened_at], text[holder], flag[withdrawn],
           flag[current]
    FROM {rows} WHERE true
    ON CONFLICT (key, number) DO UPDATE
    SET opened_at = excluded.opened_at, holder = excluded.holder, withdrawn = excluded.withdrawn,
        current = excluded.current
    """
)
_SAVE_SIGHTINGS = RowStatement(
    """
    INSERT INTO sightings (address, address_tenure, on_tenure, seen_at, own, stream_id, profile_id,
                           epoch, pin, fused, untied, beyond_proof)
    SELECT text[address], number[address_tenure], text[on_tenure], number[seen_at], flag[own],
           text[stream_id], text[profile_id], number[epoch], text[pin], text[fused], flag[untied],
           flag[beyond_proof]
    FROM {rows} WHERE true
    ON CONFLICT (address, address_tenure, on_tenure) DO UPDATE
    SET own = excluded.own, stream_id = excluded.stream_id, profile_id = excluded.profile_id,
        epoch = excluded.epoch, pin = excluded.pin, fused = excluded.fused,
        untied = excluded.untied,
        beyond_proof = sightings.beyond_proof OR excluded.beyond_proof
    """
)
# The streams of an address that were there before a proof moved the newest of them.
_LEAVE_BEYOND = RowStatement(
    """
    UPDATE sightings SET beyond_proof = true
    WHERE stream_id IN (
        SELECT s.stream_id FROM {rows}
        JOIN sightings AS s
          ON s.address = text[key] AND s.address_tenure = number[number]
         AND (s.seen_at < number[until]
              OR s.seen_at = number[until] AND s.stream_id < text[stream])
        WHERE s.on_tenure <> 'nobody' AND NOT s.beyond_proof
    )
    """
)
_SAVE_TENURES = RowStatement(
    """
    INSERT INTO tenures (stream_id, key, number, opened_at, founded_at, profile_id, epoch,
                         assurance, bond, home, current, signed_in, owner, owned_at, beside,
                         beside_at, prior, typed, ordered, empty, untied, fused, parted)
    SELECT text[stream_id], text[key], number[number], number[opened_at], number[founded_at],
           text[profile_id], number[epoch], text[assurance], text[bond], text[home], flag[current],
           flag[signed_in], text[owner], number[owned_at], text[beside], number[beside_at],
           text[prior], number[typed], number[ordered], flag[empty], flag[untied], text[fused],
           text[parted]
    FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET number = excluded.number, opened_at = excluded.opened_at, profile_id = excluded.profile_id,
        epoch = excluded.epoch, assurance = excluded.assurance, bond = excluded.bond,
        home = excluded.home, current = excluded.current, signed_in = excluded.signed_in,
        owner = excluded.owner, owned_at = excluded.owned_at, beside = excluded.beside,
        beside_at = excluded.beside_at, prior = excluded.prior, typed = excluded.typed,
        ordered = excluded.ordered, empty = excluded.empty, untied = excluded.untied,
        fused = excluded.fused, parted = excluded.parted
    """
)


class ConcurrentMove(Exception):
    """A key led to another profile by the time its own was locked: start again."""


def load_known(
    unit: UnitOfWork, policy: IdentityPolicy, observations: Collection[Observation]
) -> IdentityState:
    """Where the keys of observations lead now, and what was told with their addresses there.

    That is a row for each identifier, and one for the first address of each event.
    """
    state = IdentityState(policy, frozen=True)
    keys = {i.key for o in observations for i in (*o.names, *o.devices)}
    if keys:
        state.load(tenures=_tenures(_CURRENT_TENURES.execute(unit.connection, keys=sorted(keys))))
    firsts = {key for o in observations for key in _decisive_contacts(o)}
    if firsts:
        rows = _CURRENT_ADDRESSES.execute(unit.connection, keys=sorted(firsts))
        state.load(addresses=(AddressTenure(*row) for row in rows))
    _load_other_accounts(unit, state, observations)
    _load_pairs(unit, state, _pairs(state, observations))
    _load_pairs(unit, state, _further_pairs(state, observations))
    return state


def load_locked(
    unit: UnitOfWork,
    policy: IdentityPolicy,
    observations: Collection[Observation],
    needs: Needs,
) -> IdentityState:
    """All that observations may change, and `needs`, with the keys and the profiles locked.

    ConcurrentMove if a stream has just moved.
    """
    keys = sorted({i.key for o in observations for i in o.identifiers})
    _ADD_KEYS.execute(unit.connection, [{"key": key} for key in keys])
    _LOCK_KEYS.execute(unit.connection, keys=keys)
    return _load_under_locks(unit, policy, observations, needs, frozenset())


def load_whole(
    unit: UnitOfWork, policy: IdentityPolicy, profile_ids: Collection[str], needs: Needs
) -> IdentityState:
    """All streams of profiles, with what depends on them, and the profiles locked.

    ConcurrentMove if one has been merged into another meanwhile.
    """
    wanted = frozenset(profile_ids)
    return _load_under_locks(unit, policy, (), Needs(profiles=wanted) | needs, wanted)


def load_for_facts(
    unit: UnitOfWork, policy: IdentityPolicy, facts: Sequence[LostFact]
) -> IdentityState:
    """All that facts may change, with their profiles whole: their streams, identifiers, labels."""
    entries = [(stream, entry) for fact in facts for stream, entry in fact.entries.items()]
    keys = sorted({i["key"] for _, entry in entries for i in entry["identifiers"]})
    _ADD_KEYS.execute(unit.connection, [{"key": key} for key in keys])
    _LOCK_KEYS.execute(unit.connection, keys=keys)
    needs = Needs(
        profiles=frozenset(entry["profile_id"] for _, entry in entries),
        streams=frozenset(stream for stream, _ in entries),
    )
    found = _load(unit, policy, (), needs)
    labels = {stream.profile for stream in found.streams()}
    wanted = needs | Needs(profiles=frozenset(labels))
    state = _load_under_locks(unit, policy, (), wanted, frozenset())
    state.load(tenures=_tenures(_TENURES_OF_KEYS.execute(unit.connection, keys=keys)))
    rows = _PERIODS_OF_KEYS.execute(unit.connection, keys=keys)
    state.load(periods=(Period(*row) for row in rows))
    state.whole_keys.update(keys)
    return state


def _load_under_locks(
    unit: UnitOfWork,
    policy: IdentityPolicy,
    observations: Collection[Observation],
    needs: Needs,
    wanted: frozenset[str],
) -> IdentityState:
    state = _load(unit, policy, observations, needs)
    labels = {stream.profile for stream in state.streams()} | wanted
    if not labels:
        return state
    rows = _LOCK_PROFILES.execute(unit.connection, profile_ids=sorted(labels))
    state = _load(unit, policy, observations, needs)
    if not {stream.profile for stream in state.streams()} <= labels:
        raise ConcurrentMove
    if any(not state.members(profile) for profile in wanted):
        raise ConcurrentMove
    for row in rows:
        state.profiles[row.profile_id] = ProfileFacts(row.account, row.tied)
    return state


def _load(
    unit: UnitOfWork,
    policy: IdentityPolicy,
    observations: Collection[Observation],
    needs: Needs,
) -> IdentityState:
    state = IdentityState(policy)
    keys = sorted({i.key for o in observations for i in (*o.names, *o.devices)})
    contacts = sorted({i.key for o in observations for i in o.contacts})
    connection = unit.connection
    if keys:
        state.load(tenures=_tenures(_TENURES_OF_KEYS.execute(connection, keys=keys)))
        rows = _PERIODS_OF_KEYS.execute(connection, keys=keys)
        state.load(periods=(Period(*row) for row in rows))
        state.whole_keys.update(keys)
    _load_addresses(unit, state, contacts)
    _load_pairs(unit, state, _pairs(state, observations) | needs.pairs)
    needs = needs | _likely_needs(state, observations)
    state.loaded |= needs
    _load_needs(unit, state, needs)
    load_names(unit, state)
    _load_pairs(unit, state, _further_pairs(state, observations))
    return state


def _likely_needs(state: IdentityState, observations: Collection[Observation]) -> Needs:
    """What accounts' events and devices that are seen together mostly need.

    That is the profiles of guests who may join one another or an account, all of them; and of an
    account its names, with the addresses that are its own. It may have many devices: they are
    judged again only when it tells an address.
    """
    profiles: set[str] = set()
    groups: set[str] = set()
    for observation in observations:
        if observation.is_accounts or len(observation.devices) > 1:
            for device in observation.devices:
                current = state.current(device.key)
                if current is not None and not current.signed_in:
                    profiles.add(current.profile)
        if observation.is_accounts:
            names = [name for i in observation.names if (name := state.current(i.key))]
            groups.update(name.group for name in names)
            if names and _tells_new_address(state, names[0], observation):
                profiles.add(names[0].profile)
    addresses = {
        contact.key
        for observation in observations
        for contact in observation.proven_contacts(state.policy.types.contacts_verified)
        if state.address(contact.key, observation.time).held_by is None
    }
    return Needs(
        profiles=frozenset(profiles), groups=frozenset(groups), addresses=frozenset(addresses)
    )


def _tells_new_address(state: IdentityState, name: Tenure, observation: Observation) -> bool:
    """Whether an account tells an address that is not its own yet."""
    addresses = [state.address(contact.key, observation.time) for contact in observation.contacts]
    seen = [state.sightings.get((a.key, a.number, name.stream)) for a in addresses]
    return observation.tells_account and not all(s is not None and s.own for s in seen)


def _load_needs(unit: UnitOfWork, state: IdentityState, needs: Needs) -> None:
    """Load what is needed whole, with the groups, the address streams and the names around it."""
    connection = unit.connection
    if needs.streams:
        streams = sorted(needs.streams)
        state.load(tenures=_tenures(_TENURES_OF_STREAMS.execute(connection, streams=streams)))
        state.load(sightings=_sightings(_SIGHTINGS_OF_STREAMS.execute(connection, streams=streams)))
    if needs.addresses:
        most = state.policy.most_proven + 1
        rows = _MOVABLE.execute(connection, keys=sorted(needs.addresses), most=most)
        state.load(sightings=_sightings(rows))
        _load_addresses(unit, state, needs.addresses)
        alone = {s.stream for s in state.sightings.values() if s.stream and s.profile == s.stream}
        needs |= Needs(profiles=frozenset(alone))
        state.loaded |= needs
    if needs.profiles:
        wanted = sorted(needs.profiles)
        state.load(tenures=_tenures(_TENURES_OF_PROFILES.execute(connection, profiles=wanted)))
        rows = _SIGHTINGS_OF_PROFILES.execute(connection, profiles=wanted)
        state.load(sightings=_sightings(rows))
    groups = {t.group for t in state.tenures.values() if t.profile in needs.profiles}
    _load_groups(unit, state, groups | needs.groups)
    whole = [t.stream for t in state.tenures.values() if t.group in state.loaded.groups]
    if whole:
        rows = _SIGHTINGS_ON.execute(connection, streams=whole)
        state.load(sightings=_sightings(rows))
        state.whole_tenures.update(whole)


def _load_groups(unit: UnitOfWork, state: IdentityState, groups: Collection[str]) -> None:
    if groups:
        rows = _TENURES_OF_GROUPS.execute(unit.connection, groups=sorted(groups))
        state.load(tenures=_tenures(rows))
        state.loaded |= Needs(groups=frozenset(groups))


def load_names(unit: UnitOfWork, state: IdentityState) -> None:
    """The names and anchors that loaded streams refer to, and the names of the same accounts."""
    addresses = {s.address for s in state.sightings.values() if s.stream or s.own}
    _load_addresses(unit, state, addresses - state.whole_addresses)
    wanted: set[str] = set()
    for tenure in state.tenures.values():
        wanted |= {s for s in (tenure.owner, tenure.beside, tenure.prior, tenure.fused) if s}
        if tenure.group in state.loaded.groups:
            wanted.add(tenure.home)
    for sighting in state.sightings.values():
        wanted |= {s for s in (sighting.pin, sighting.fused) if s}
        if sighting.stream and sighting.on not in (ALONE, NOBODY):
            wanted.add(sighting.on)
    wanted |= {a.holder for a in state.address_tenures() if a.holder}
    missing = sorted(wanted - state.tenures.keys() - {SEVERAL})
    if missing:
        rows = _TENURES_OF_STREAMS.execute(unit.connection, streams=missing)
        state.load(tenures=_tenures(rows))
        rows = _SIGHTINGS_OF_STREAMS.execute(unit.connection, streams=missing)
        state.load(sightings=_sightings(rows))
    names = [t.group for t in state.tenures.values() if t.assurance == "verified"]
    _load_groups(unit, state, set(names) - state.loaded.groups)


def _load_other_accounts(
    unit: UnitOfWork, state: IdentityState, observations: Collection[Observation]
) -> None:
    """The accounts that hold the addresses and devices of another account's event."""
    keys = {i.key for o in observations if o.is_accounts for i in o.identifiers}
    owners = {t.owner for t in state.tenures.values() if t.key in keys and t.owner}
    holders = {a.holder for a in state.address_tenures() if a.key in keys and a.holder}
    missing = sorted((owners | holders) - state.tenures.keys())
    if missing:
        rows = _TENURES_OF_STREAMS.execute(unit.connection, streams=missing)
        state.load(tenures=_tenures(rows))


def _load_addresses(unit: UnitOfWork, state: IdentityState, keys: Collection[str]) -> None:
    if keys:
        rows = _ADDRESSES_OF_KEYS.execute(unit.connection, keys=sorted(keys))
        state.load(addresses=(AddressTenure(*row) for row in rows))
        state.whole_addresses.update(keys)


def _load_pairs(unit: UnitOfWork, state: IdentityState, pairs: Collection[tuple[str, str]]) -> None:
    if pairs:
        rows = [{"key": address, "stream": on} for address, on in sorted(pairs)]
        found = _SIGHTINGS_OF_PAIRS.execute(unit.connection, rows)
        state.load(sightings=_sightings(found))
        state.loaded |= Needs(pairs=frozenset(pairs))


def _pairs(
    state: IdentityState, observations: Collection[Observation]
) -> frozenset[tuple[str, str]]:
    """The places in which the contacts of observations may have been told before."""
    pairs: set[tuple[str, str]] = set()
    for observation in observations:
        contacts = [contact.key for contact in observation.contacts]
        leading = observation.names if observation.is_accounts else observation.devices
        if leading:
            streams = [t.stream for i in leading for t in state.tenures_of(i.key)]
            pairs.update((key, stream) for key in contacts for stream in streams)
            if not observation.is_accounts:
                claimed = [name.key for name in observation.names[:1]]
                pairs.update((key, stream) for key in claimed for stream in streams)
        if not leading or observation.proves_address:
            for key in contacts[:1] or [name.key for name in observation.names[:1]]:
                pairs |= {(key, ALONE), (key, NOBODY)}
    return frozenset(pairs)


def _further_pairs(
    state: IdentityState, observations: Collection[Observation]
) -> frozenset[tuple[str, str]]:
    """The same for contacts that are noted with an address stream, or with an unproven name's."""
    pairs: set[tuple[str, str]] = set()
    for observation in observations:
        has_streams = not observation.is_accounts and (
            not observation.devices or bool(observation.names)
        )
        if has_streams and len(observation.contacts) + len(observation.names) > 1:
            keys = {i.key for i in (*observation.contacts[:1], *observation.names[:1])}
            streams = {s.stream for s in state.sightings.values() if s.address in keys}
            contacts = [contact.key for contact in observation.contacts]
            pairs.update((key, stream) for key in contacts for stream in streams if stream)
    return frozenset(pairs - state.loaded.pairs)


def _decisive_contacts(observation: Observation) -> list[str]:
    """The contacts whose tenures matter: all that an account tells, else the first."""
    contacts = [contact.key for contact in observation.contacts]
    return contacts if observation.is_accounts else contacts[:1]


def save(unit: UnitOfWork, state: IdentityState) -> None:
    """Store what has changed in the state."""
    connection = unit.connection
    if state.changed_profiles:
        rows = [
            {"profile_id": profile, "account": facts.account, "tied": facts.tied}
            for profile in sorted(state.changed_profiles)
            for facts in (state.profile(profile),)
        ]
        _SAVE_PROFILES.execute(connection, rows)
    if state.changed:
        rows = [_tenure_row(state.tenures[stream]) for stream in sorted(state.changed)]
        _SAVE_TENURES.execute(connection, rows)
    if state.changed_sightings:
        rows = [_sighting_row(state.sightings[p]) for p in sorted(state.changed_sightings)]
        _SAVE_SIGHTINGS.execute(connection, rows)
    if state.left_beyond:
        rows = [
            {"key": key, "number": number, "until": first.seen_at, "stream": first.stream}
            for (key, number), first in sorted(state.left_beyond.items())
        ]
        _LEAVE_BEYOND.execute(connection, rows)
    periods, addresses = state.changed_rows()
    if periods:
        rows = [{"key": p.key, "opened_at": p.opened_at, "stream_id": p.stream} for p in periods]
        _SAVE_PERIODS.execute(connection, rows)
    if addresses:
        _SAVE_ADDRESSES.execute(
            connection,
            [
                {
                    "key": a.key,
                    "number": a.number,
                    "opened_at": a.opened_at,
                    "holder": a.holder,
                    "withdrawn": a.withdrawn,
                    "current": a.current,
                }
                for a in addresses
            ],
        )


def find_profile(unit: UnitOfWork, profile_id: str) -> str | None:
    """The profile that an id, however old, stands for today; None if it never was one."""
    if not unit.connection.execute(
        sa.select(PROFILES.c.profile_id).where(PROFILES.c.profile_id == profile_id)
    ).scalar():
        return None
    return current_profiles(unit, [profile_id]).get(profile_id)


def load_profile(
    unit: UnitOfWork, profile_id: str
) -> tuple[list[Tenure], list[Sighting], list[Period]]:
    """The tenures and the address streams of a profile, and all periods of its devices."""
    connection = unit.connection
    tenures = _tenures(_TENURES_OF_PROFILES.execute(connection, profiles=[profile_id]))
    sightings = _sightings(_SIGHTINGS_OF_PROFILES.execute(connection, profiles=[profile_id]))
    keys = sorted({tenure.key for tenure in tenures})
    periods = [Period(*row) for row in _PERIODS_OF_KEYS.execute(connection, keys=keys)]
    return tenures, sightings, periods


def held_addresses(unit: UnitOfWork, names: Collection[str]) -> list[AddressTenure]:
    """The tenures of addresses that the accounts of name streams hold."""
    rows = _HELD.execute(unit.connection, streams=sorted(names))
    return [tenure for row in rows if (tenure := AddressTenure(*row)).held_by]


def merged_profiles(unit: UnitOfWork, profile_id: str) -> list[str]:
    """The ids of what was merged into a profile."""
    query = (
        sa.select(PROFILES.c.profile_id)
        .where(
            sa.or_(
                PROFILES.c.profile_id.in_(
                    sa.select(TENURES.c.stream_id).where(TENURES.c.profile_id == profile_id)
                ),
                PROFILES.c.profile_id.in_(
                    sa.select(SIGHTINGS.c.stream_id).where(SIGHTINGS.c.profile_id == profile_id)
                ),
            ),
            PROFILES.c.profile_id != profile_id,
        )
        .order_by(PROFILES.c.profile_id)
    )
    return list(unit.connection.execute(query).scalars())


def load_fused(unit: UnitOfWork, after: str, limit: int) -> list[str]:
    """Profiles whose streams claims have joined, in order, past `after`."""
    fused = sa.union(
        sa.select(TENURES.c.profile_id).where(TENURES.c.fused.is_not(None)),
        sa.select(SIGHTINGS.c.profile_id).where(SIGHTINGS.c.fused.is_not(None)),
    ).subquery()
    query = sa.select(fused.c.profile_id).where(fused.c.profile_id > after)
    return list(unit.connection.execute(query.order_by(fused.c.profile_id).limit(limit)).scalars())


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
    streams = sorted(profile_ids)
    return {
        row.stream_id: row.profile_id
        for statement in (_TENURES_OF_STREAMS, _SIGHTINGS_OF_STREAMS)
        for row in statement.execute(unit.connection, streams=streams)
    }


def accounts_on(unit: UnitOfWork, keys: Collection[str]) -> dict[str, int]:
    """How many accounts have been signed in on each device of `keys`."""
    query = (
        sa.select(TENURES.c.key, sa.func.count(TENURES.c.profile_id.distinct()).label("accounts"))
        .where(TENURES.c.key.in_(sorted(keys)), TENURES.c.signed_in)
        .group_by(TENURES.c.key)
    )
    return {row.key: row.accounts for row in unit.connection.execute(query)}


def _tenures(rows: Iterable[Any]) -> list[Tenure]:
    return [Tenure(*row) for row in rows]


def _sightings(rows: Iterable[Any]) -> list[Sighting]:
    return [Sighting(*row) for row in rows]


def _tenure_row(tenure: Tenure) -> dict[str, Any]:
    return {
        "stream_id": tenure.stream,
        "key": tenure.key,
        "number": tenure.number,
        "opened_at": tenure.opened_at,
        "founded_at": tenure.founded_at,
        "profile_id": tenure.profile,
        "epoch": tenure.epoch,
        "assurance": tenure.assurance,
        "bond": tenure.group,
        "home": tenure.home,
        "current": tenure.current,
        "signed_in": tenure.signed_in,
        "owner": tenure.owner,
        "owned_at": tenure.owned_at,
        "beside": tenure.beside,
        "beside_at": tenure.beside_at,
        "prior": tenure.prior,
        "typed": tenure.typed,
        "ordered": tenure.ordered,
        "empty": tenure.empty,
        "untied": tenure.untied,
        "fused": tenure.fused,
        "parted": tenure.split_marks,
    }


def _sighting_row(sighting: Sighting) -> dict[str, Any]:
    return {
        "address": sighting.address,
        "address_tenure": sighting.number,
        "on_tenure": sighting.on,
        "seen_at": sighting.seen_at,
        "own": sighting.own,
        "stream_id": sighting.stream or None,
        "profile_id": sighting.profile or None,
        "epoch": sighting.epoch,
        "pin": sighting.pin,
        "fused": sighting.fused,
        "untied": sighting.untied,
        "beyond_proof": sighting.beyond_proof,
    }
