"""A subscriber fetches what it misses, whatever becomes of its comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import Unavailable
from chassis.core.errors import NotFound
from chassis.database.tables import OUTBOX, RECONCILED
from chassis.eventlog.log import FIRST_HEADS
from chassis.eventlog.reader import RemoteLog
from chassis.projections.inbox import Inbox
from tests.support.toy import append, note
from tests.support.toy_services import Profiles, Segments, Wire, wait_until


class OlderProfiles(Profiles):
    """The source in the release before, which has no call `heads`."""

    heads = None  # type: ignore[assignment]


@pytest.fixture
def older(broker: Any, toy_uris: Mapping[str, str]) -> Iterator[Wire]:
    """A follower of this release beside a source of the one before."""
    made = Wire(broker.uri, toy_uris, (OlderProfiles, Segments))
    made.start()
    yield made
    made.stop()


def test_a_gap_closes_though_the_source_cannot_compare_heads_yet(older: Wire) -> None:
    with pytest.raises(NotFound):
        older.call("profiles", "heads")
    append(older.log, note("gap"), note("gap"), note("alone"))
    older.log.run(lambda unit: unit.connection.execute(sa.delete(OUTBOX)))
    older.call("profiles", "put", streams=["gap"])
    wait_until(lambda: older.versions(["gap"]) == {"gap": 3})
    query = sa.select(RECONCILED.c.compared_at)
    compared = older.own.read(lambda unit: unit.connection.execute(query).scalars().all())
    assert set(compared) <= {None}, "that it was not compared shows"


def test_a_comparison_with_the_release_before_says_what_it_waits_for() -> None:
    def call(method: str, **_arguments: Any) -> Any:
        raise NotFound(method, "is not a method of the service")

    with pytest.raises(Unavailable, match="release"):
        RemoteLog(call).heads(FIRST_HEADS)


def test_a_gap_closes_while_every_comparison_fails(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = []

    def fail(_inbox: Inbox, _log: Any) -> int:
        failures.append(1)
        raise ValueError("a fault of ours")

    monkeypatch.setattr(Inbox, "reconcile", fail)
    wait_until(lambda: len(failures) > 1)
    append(wire.log, note("failing"), note("failing"))
    wire.log.run(lambda unit: unit.connection.execute(sa.delete(OUTBOX)))
    wire.call("profiles", "put", streams=["failing"])
    wait_until(lambda: wire.versions(["failing"]) == {"failing": 3})
    monkeypatch.undo()
    append(wire.log, note("healed"))
    wire.log.run(lambda unit: unit.connection.execute(sa.delete(OUTBOX)))
    wait_until(lambda: wire.versions(["healed"]) == {"healed": 1})
