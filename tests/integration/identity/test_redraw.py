"""What claims had joined in a release before: it stays on upgrade, and is parted on request."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chassis import FixedClock
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from deploy.services import upgrade
from services.identity import store
from services.identity.commands import RepairHandler, ResolveHandler
from services.identity.domain.responses import RepairResult
from tests.integration.identity.test_identity_concurrency import read_state
from tests.unit.identity.shop import OBSERVER, check_profile, recomputed_labels, seen

_DUMP = Path(__file__).parents[2] / "golden/databases/0.1.0-claims/sqlite/identity.sql"


class OldIdentity:
    """Identity on a database in which claims have joined profiles."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.work = UnitOfWorkRunner(database, "identity", FixedClock(10**15))
        self.repairs = RepairHandler(OBSERVER.policy)

    def labels(self) -> dict[str, str]:
        """The profile of each stream; the rules say the same."""
        state = read_state(self.database)
        labels = {stream.stream: stream.profile for stream in state.streams()}
        assert labels == recomputed_labels(state)
        for profile in set(labels.values()):
            check_profile(state, profile)
        return labels

    def redraw(self, *, dry_run: bool = False) -> list[RepairResult]:
        """Redraw, a profile at a time."""
        after: str | None = ""
        results: list[RepairResult] = []
        while after is not None:
            step = self.repairs.redraw(after, 1, self.work, dry_run=dry_run)
            after = step.after
            results += step.profiles
        return results

    def merge(self, one: str, other: str) -> None:
        """Merge two profiles, unless they are one."""
        now = self.work.read(lambda unit: store.current_profiles(unit, [one, other]))
        if now[one] != now[other]:
            self.repairs.merge(one, other, "they are one", self.work, dry_run=False)


@pytest.fixture
def before(tmp_path: Path) -> dict[str, str]:
    """The labels that the release had given; the database stands beside."""
    with closing(sqlite3.connect(tmp_path / "identity.db")) as connection:
        connection.executescript(_DUMP.read_text())
        return dict(connection.execute("SELECT stream_id, profile_id FROM tenures"))


@pytest.fixture
def identity(before: dict[str, str], tmp_path: Path) -> Iterator[OldIdentity]:
    assert before
    uri = f"sqlite:///{tmp_path}/identity.db"
    upgrade("identity", uri)
    database = Database(uri)
    yield OldIdentity(database)
    database.close()


def test_labels_stay_on_upgrade(identity: OldIdentity, before: dict[str, str]) -> None:
    assert identity.labels() == before


def test_a_dry_run_lists_what_would_be_parted_and_changes_nothing(
    identity: OldIdentity, before: dict[str, str]
) -> None:
    tried = identity.redraw(dry_run=True)
    assert identity.labels() == before
    done = identity.redraw()
    assert [result.after for result in tried] == [result.after for result in done]
    assert all(result.fact is None for result in tried)


def test_a_redraw_parts_what_claims_had_joined_and_a_second_one_nothing(
    identity: OldIdentity, before: dict[str, str]
) -> None:
    done = identity.redraw()
    labels = identity.labels()
    moved = {stream for stream in labels if labels[stream] != before[stream]}
    facts = [result.fact for result in done if result.fact is not None]
    assert len(facts) == len(done) > 0
    assert {e["stream"] for fact in facts for e in fact.data["streams"]} == moved
    assert {fact.data["reason"] for fact in facts} == {"redrawn"}
    assert identity.redraw() == []


def test_merges_restore_what_a_redraw_has_parted(
    identity: OldIdentity, before: dict[str, str]
) -> None:
    for result in identity.redraw():
        (profile,) = result.before
        for other in result.after:
            identity.merge(profile, other)
    assert identity.labels() == before


def test_what_is_new_follows_the_rules_before_a_redraw_too(identity: OldIdentity) -> None:
    orders = [
        seen(10**15 + n, {"anonymous_id": f"d{n}", "email": "x@b.example"}, type="order_completed")
        for n in range(2)
    ]
    results, _ = ResolveHandler(OBSERVER.policy).resolve(orders, identity.work)
    assert len({identity.labels()[result.stream] for result in results}) == 2  # type: ignore[union-attr]
