"""What a support desk's repairs have changed, so that the inverse of one takes it back. Pure.

Facts know nothing of the repair that set them: what a merge has overwritten, no split could tell
from them. So each repair is remembered with the fields that it has changed. A split that has the
two sides of a merge is its inverse, and so is a merge of what a split has parted. As long as all
that the earlier one has set still stands, the fields get back what they had before. Labels are a
function of the facts, so they are as before, too, however deep repairs are nested.

The marks of splits are no part of that comparison: they are added and removed one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from services.identity.domain.state import (
    AddressTenure,
    IdentityState,
    Repair,
    RowKey,
    Sighting,
    Stream,
    Tenure,
)

Row = Tenure | Sighting | AddressTenure
_NO_FACTS = {"profile", "epoch"}  # they follow from the others
_MARKS = "split_marks"


def rows_of(state: IdentityState) -> dict[RowKey, Row]:
    """All facts that were loaded, by their keys."""
    rows: dict[RowKey, Row] = {("tenure", t.stream): t for t in state.tenures.values()}
    rows |= {("sighting", *place): sighting for place, sighting in state.sightings.items()}
    rows |= {("address", a.key, a.number): a for a in state.address_tenures()}
    return rows


def remember(
    state: IdentityState,
    before: Mapping[RowKey, Row],
    repair: tuple[str, str, str],
    members: Set[str],
    sides: Mapping[str, Iterable[Stream]],
    takes_back: Repair | None,
) -> None:
    """Note in `state` what a repair has changed since its rows were `before`.

    `repair` is its id, its kind and the profile that was or is whole; `members` are
    all streams that it was about, and `sides` those of the two profiles that it has made, or of
    which it has made one.
    """
    changes = {
        key: fields
        for key, row in rows_of(state).items()
        if (was := before.get(key)) is not row and (fields := _changed(was, row))
    }
    groups = sorted({fields["group"][1] for fields in changes.values() if "group" in fields})
    mates = {group: _streams(state.group(group)) for group in groups}
    streams = {profile: _streams(side) for profile, side in sides.items()}
    results = {state.stream(s).profile for side in streams.values() for s in side}
    earlier = takes_back.id if takes_back else None
    here = {s.stream for s in state.streams() if s.profile in results}
    strangers = tuple(sorted(here - members))
    strays = tuple(sorted(members - here))
    made = Repair(*repair, earlier, streams, strangers, strays, changes, mates)
    state.repairs.append(made)
    state.new_repairs.append(made)


def find_inverse(
    state: IdentityState, kind: str, one: Iterable[Stream], other: Iterable[Stream]
) -> Repair | None:
    """The newest repair of a kind that had these two sides, if all that it has set still stands.

    One that was taken back comes after those that were not: taking it back again does anew what
    took it back.
    """
    sides = (set(_streams(one)), set(_streams(other)))
    for repair in _in_turn(state.repairs):
        if repair.kind == kind and _has_sides(repair, *sides) and _stands(state, repair):
            return repair
    return None


def _in_turn(repairs: Iterable[Repair]) -> list[Repair]:
    """The newest first of those that no other has taken back, then of all others."""
    standing: dict[str, Repair] = {}
    done: list[Repair] = []
    for repair in repairs:
        if repair.takes_back in standing:
            done += (standing.pop(repair.takes_back), repair)
        else:
            standing[repair.id] = repair
    done.sort(key=lambda repair: repair.id)
    return [*reversed(standing.values()), *reversed(done)]


def take_back(state: IdentityState, repair: Repair) -> list[str]:
    """Give what a repair has changed its values of before; returns the streams that may move."""
    touched: list[str] = []
    for key, fields in repair.changes.items():
        row = _find(state, key)
        earlier = {name: was for name, (was, _) in fields.items() if name != _MARKS}
        if isinstance(row, Tenure):
            if _MARKS in fields:
                earlier[_MARKS] = _marks_before(row.split_marks, *fields[_MARKS])
            state.change(row.stream, **earlier)
            touched.append(row.stream)
        elif isinstance(row, Sighting):
            state.change_sighting(row, **earlier)
            touched += [row.stream or row.on]
        elif row is not None:
            state.set_address(row._replace(**earlier))
            touched += (s.stream for s in state.movable(row.key, row.number))
    return touched


def _changed(was: Row | None, row: Row) -> dict[str, tuple[Any, Any]]:
    """The facts that differ, before and after. A sighting that is new was not an account's own."""
    if was is None:
        return {"own": (False, True)} if isinstance(row, Sighting) and row.own else {}
    pairs = zip(row._fields, was, row, strict=True)
    return {name: (a, b) for name, a, b in pairs if a != b and name not in _NO_FACTS}


def _has_sides(repair: Repair, one: set[str], other: set[str]) -> bool:
    if one | other != {*repair.strangers, *(s for side in repair.sides.values() for s in side)}:
        return False
    a, b = (set(streams) for streams in repair.sides.values())
    return (a <= one and b <= other) or (a <= other and b <= one)


def _stands(state: IdentityState, repair: Repair) -> bool:
    """Whether nothing has changed what a repair has set, or has come to a group that it made."""
    for key, fields in repair.changes.items():
        row = _find(state, key)
        if row is None:
            return False
        if "group" in fields:
            state.group(fields["group"][0])  # has to be there whole
        if any(getattr(row, name) != now for name, (_, now) in fields.items() if name != _MARKS):
            return False
    return all(_streams(state.group(group)) == mates for group, mates in repair.mates.items())


def _find(state: IdentityState, key: RowKey) -> Row | None:
    """A row by its key; Incomplete if it may be there, and None if it is gone."""
    kind, *place = key
    if kind == "tenure":
        return state.tenure(str(place[0]))
    if kind == "sighting":
        return state.sighting(str(place[0]), int(place[1]), str(place[2]))
    return state.address_tenure(str(place[0]), int(place[1]))


def _marks_before(now: str, was: str, then: str) -> str:
    """Split marks without those that a repair has added, with those that it has removed."""
    added, removed = set(then.split()) - set(was.split()), set(was.split()) - set(then.split())
    kept = [mark for mark in now.split() if mark not in added | removed]
    return " ".join([*kept, *sorted(removed)])


def _streams(members: Iterable[Stream]) -> tuple[str, ...]:
    return tuple(sorted(member.stream for member in members))
