"""Loading the lines of devices: most whole, and of a till what is near the times that matter.

A till has thousands of tenures, and each of them another account. Whatever is loaded under locks is
locked, so reading them all would make the sign-ins on all tills of a shop wait for one another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.observation import Observation
from services.identity.domain.state import BEGINNING, DeviceLine, IdentityState, Moment, Period
from services.identity.store.tenures import (
    NEWEST_PERIODS,
    PERIODS_AROUND,
    PERIODS_AT,
    PERIODS_OF_KEYS,
    TENURES_AROUND,
    TENURES_OF_KEYS,
    tenures_of_rows,
)

_ACCOUNTS = 3  # a device on which fewer tenures are accounts' has all of them loaded


def load_near(
    unit: UnitOfWork,
    state: IdentityState,
    observations: Collection[Observation],
    moments: Collection[Moment],
    new_keys: frozenset[str],
) -> None:
    """The tenures of names and devices, and the lines of the devices, as far as they matter.

    Of `new_keys` there are none.
    """
    newest = 2 * state.policy.near  # a device with fewer periods is loaded whole
    devices = {i.key for o in observations for i in o.devices}
    lines = {key: DeviceLine(key) for key in sorted(devices)}
    if known := sorted(devices - new_keys):
        rows = [{"device": key} for key in known]
        _put(lines, NEWEST_PERIODS.execute(unit.connection, rows, skipped=newest - 1))
    long = {key: line for key, line in lines.items() if len(line) >= newest}
    short = {i.key for o in observations for i in (*o.names, *o.devices)}
    short -= long.keys() | new_keys
    if short:
        found = TENURES_OF_KEYS.execute(unit.connection, keys=sorted(short))
        state.load(tenures=tenures_of_rows(found))
    if long:
        times = {(i.key, o.time) for o in observations for i in o.devices if i.key in long}
        _load_parts(unit, state, long, times, [m for m in moments if m[0] in long])
    state.load_lines(lines.values())


def load_whole_lines(unit: UnitOfWork, state: IdentityState, keys: Collection[str]) -> None:
    """All tenures and periods of keys."""
    state.load(tenures=tenures_of_rows(TENURES_OF_KEYS.execute(unit.connection, keys=sorted(keys))))
    lines = {key: DeviceLine(key) for key in keys}
    _put(lines, PERIODS_OF_KEYS.execute(unit.connection, keys=sorted(keys)))
    state.load_lines(lines.values())


def _load_parts(
    unit: UnitOfWork,
    state: IdentityState,
    lines: dict[str, DeviceLine],
    times: Collection[tuple[str, int]],
    moments: Collection[Moment],
) -> None:
    """What matters at `times` of lines whose newest periods are there."""
    near = state.policy.near
    late = {(key, time, near) for key, time in times if time < lines[key].newest}
    wanted = late.union(moments)
    for reach in sorted({reach for _, _, reach in wanted}):
        rows = [
            {"device": key, "instant": time}
            for key, time, own_reach in sorted(wanted)
            if own_reach == reach
        ]
        _put(lines, PERIODS_AROUND.execute(unit.connection, rows, skipped=reach - 1))
    for key, line in lines.items():
        line.knows([moment for moment in wanted if moment[0] == key], 2 * near)
    instants = {(key, time, "") for key, time in times} | {(key, BEGINNING, "") for key in lines}
    instants |= {(key, time, "") for key, time, _ in wanted}
    instants |= {(p.key, p.opened_at, p.stream or "") for line in lines.values() for p in line}
    rows = [
        {"device": key, "instant": at, "led_to": stream} for key, at, stream in sorted(instants)
    ]
    found = TENURES_AROUND.execute(unit.connection, rows, skipped=_ACCOUNTS - 1)
    state.load(tenures=tenures_of_rows(found))
    for key, line in lines.items():
        line.instants = frozenset(time for own_key, time, _ in instants if own_key == key)
        accounts = [tenure for tenure in state.tenures_of(key) if tenure.signed_in]
        line.has_all_accounts = len(accounts) < _ACCOUNTS
    # Those of accounts' newest tenures show that others were there, however long ago; and a spare
    # tenure's shows whether it is in use.
    rows = [
        {"device": key, "instant": tenure.opened_at}
        for key in sorted(lines)
        for tenure in state.tenures_of(key)
        if tenure.signed_in or tenure.empty
    ]
    _put(lines, PERIODS_AT.execute(unit.connection, rows))


def _put(lines: dict[str, DeviceLine], rows: Iterable[tuple[str, int, str | None]]) -> None:
    for row in rows:
        lines[row[0]].put(Period(*row))
