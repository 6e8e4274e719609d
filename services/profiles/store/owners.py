"""Whose streams are while a call is recorded, and which of the profiles are accounts'."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from chassis import JointDraft
from chassis.database.bulk import among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import EVENTS
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import IDENTIFIERS, LABELS
from services.profiles.domain.owners import (
    OwnerHistory,
    OwnerLabel,
    label_of,
    labels_in_call,
    labels_of_facts,
    lacking,
    owner_history,
    with_stored,
)

_IS_ACCOUNT = IDENTIFIERS.c.assurance == sa.literal_column("'verified'")
_LABELS = PreparedStatement(
    sa.select(LABELS.c.stream_id, LABELS.c.profile_id, LABELS.c.last_epoch).where(
        among(LABELS.c.stream_id, "streams")
    )
)
_ACCOUNTS = PreparedStatement(
    sa.select(LABELS.c.profile_id)
    .distinct()
    .select_from(LABELS.join(IDENTIFIERS, IDENTIFIERS.c.stream_id == LABELS.c.stream_id))
    .where(
        among(LABELS.c.profile_id, "profiles"),
        sa.not_(among(LABELS.c.stream_id, "moved")),
        _IS_ACCOUNT,
    )
)
_NAMES = PreparedStatement(
    sa.select(IDENTIFIERS.c.stream_id)
    .distinct()
    .where(among(IDENTIFIERS.c.stream_id, "streams"), _IS_ACCOUNT)
)
_FACTS = PreparedStatement(
    sa.select(EVENTS.c.stream_id, EVENTS.c.data, EVENTS.c.metadata).where(
        among(EVENTS.c.stream_id, "streams"),
        EVENTS.c.type == sa.literal_column("'identity_changed'"),
    )
)


def owners(
    unit: UnitOfWork,
    streams: Iterable[str],
    facts: Sequence[JointDraft],
    places: Mapping[str, int],
    contested: Mapping[str, str | None],
    streams_in_call: Iterable[str] = (),
) -> OwnerHistory:
    """Whose `streams` are with each event of a call; `places` are those of its events, by id.

    Which profiles are accounts' is found out for the `contested` streams alone, with the profiles
    that identity has named: that of an account of many devices would be read each time. Of these it
    also matters what events of the call have moved before: those of a call that failed then, or was
    deferred, are in the log of `streams_in_call` already.
    """
    moved = labels_in_call(facts, places)
    if contested and len(places) > 1:
        earlier = _labels_from_log(unit, {*streams, *streams_in_call}, places)
        moved = with_stored(moved, earlier)
    wanted = {*streams, *(moved if contested else ())}
    names = _names(unit, moved) if contested else frozenset()
    stored = {
        row.stream_id: [OwnerLabel(row.last_epoch, row.profile_id, row.stream_id in names)]
        for row in _LABELS.execute(unit.connection, streams=sorted(wanted))
    }
    moved = {stream: labels for stream, labels in moved.items() if stream in wanted}
    labels = with_stored(moved, stored)
    if late := lacking(labels):
        labels = with_stored(labels, _labels_before(unit, late))
    accounts = _accounts(unit, labels, contested, moved) if contested else frozenset()
    return owner_history(labels, accounts)


def _labels_from_log(
    unit: UnitOfWork, streams: Iterable[str], places: Mapping[str, int]
) -> dict[str, list[OwnerLabel]]:
    """The labels that events of a call have given to streams before the call."""
    facts = [
        (row.metadata["causation_id"], row.data["streams"])
        for row in _FACTS.execute(unit.connection, streams=sorted(streams))
        if row.metadata.get("causation_id") in places
    ]
    return labels_of_facts((places[event_id], entries) for event_id, entries in facts)


def _names(unit: UnitOfWork, streams: Iterable[str]) -> frozenset[str]:
    """Those of the streams that are led to by the name of an account."""
    wanted = sorted(set(streams))
    rows = _NAMES.execute(unit.connection, streams=wanted) if wanted else ()
    return frozenset(row.stream_id for row in rows)


def _accounts(
    unit: UnitOfWork,
    labels: Mapping[str, Sequence[OwnerLabel]],
    contested: Mapping[str, str | None],
    moved: Collection[str],
) -> frozenset[str]:
    profiles = {named for named in contested.values() if named}
    profiles |= {each.profile_id for stream in contested for each in labels.get(stream, ())}
    rows = _ACCOUNTS.execute(unit.connection, profiles=sorted(profiles), moved=sorted(moved))
    return frozenset(row.profile_id for row in rows)


def _labels_before(unit: UnitOfWork, epochs: Mapping[str, int]) -> dict[str, list[OwnerLabel]]:
    """The last label of each stream before an epoch, from the log."""
    found: dict[str, list[OwnerLabel]] = {}
    for row in _FACTS.execute(unit.connection, streams=sorted(epochs)):
        for entry in row.data["streams"]:
            stream, epoch = entry["stream"], entry["epoch"]
            known = found.get(stream, [])
            if (
                stream == row.stream_id
                and (known[0].epoch if known else 0) < epoch < epochs[stream]
            ):
                found[stream] = [label_of(entry)]
    return found
