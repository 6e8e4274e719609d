"""Caps under fire: racers in several processes, merges and splits, and killed processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from chassis import MINUTE, FixedClock
from chassis.core.clock import SystemClock
from chassis.database.engine import Database, driver_uri
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from deploy.services import upgrade
from services.offers.commands import settle_grants
from tests.proofs.cap_audit import AuditTrail, install
from tests.proofs.cap_racers import BUDGET, FILE, MOST, MOST_IN_ALL, prepare
from tests.support.servers import Databases

ROOT = Path(__file__).parents[2]


@contextmanager
def killed_at_the_end() -> Iterator[list[subprocess.Popen[str]]]:
    """A list of processes, none of which is left behind."""
    processes: list[subprocess.Popen[str]] = []
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def start(uri: str, number: int, greenlets: int, seconds: int) -> subprocess.Popen[str]:
    """A process of racers; the first one moves shoppers, too."""
    words = [uri, str(number), str(greenlets), str(seconds), *(["move"] if number == 0 else [])]
    command = [sys.executable, "-W", "ignore", "-m", "tests.proofs.cap_racers", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def results(processes: list[subprocess.Popen[str]]) -> Counter[str]:
    """What became of all calls of processes that were not killed."""
    total: Counter[str] = Counter()
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        total.update(json.loads(output.splitlines()[-1]))
    return total


def rows(connection: sa.Connection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(sa.text(query))]


def check_what_is_left(database: Database) -> None:
    """Nothing that is confirmed is over a cap by one key, and nothing is reserved for ever."""
    with database.transaction() as connection:
        confirmed = rows(
            connection,
            "SELECT key, count(*) FROM grant_keys JOIN grants USING (grant_id)"
            " WHERE grants.state = 'confirmed' AND grants.cap_id = 'personal' AND key <> '*'"
            f" GROUP BY key HAVING count(*) > {MOST}",
        )
        assert confirmed == []
    later = FixedClock(SystemClock().now() + 31 * MINUTE)
    settle_grants(UnitOfWorkRunner(database, "offers", later), FILE.catalogue)
    with database.transaction() as connection:
        assert rows(connection, "SELECT 1 FROM grants WHERE state = 'reserved'") == []
        kept = rows(connection, "SELECT coalesce(sum(amount), 0) FROM budget_holds")
        assert kept == rows(connection, "SELECT sum(used) FROM budgets")
        confirmed = rows(
            connection,
            "SELECT count(*) FROM grants WHERE state = 'confirmed' AND cap_id = 'scarce'",
        )
        assert kept == confirmed, "a budget has what is confirmed, and no more"
        assert rows(connection, "SELECT 1 FROM moved_holders") == []


def test_no_grant_exceeds_a_cap_while_profiles_merge_and_processes_are_killed(
    databases: Databases, size: Callable[[int, int], int]
) -> None:
    owner, user = databases.create("offers", partial(upgrade, "offers"))
    engine = sa.create_engine(driver_uri(owner))
    database = Database(user)
    with engine.begin() as connection:
        install(connection)
    prepare(database)
    seconds, greenlets = size(2, 60), size(15, 50)
    processes, killed = size(2, 4), size(1, 8)
    with killed_at_the_end() as racers:
        racers += [start(user, number, greenlets, seconds) for number in range(processes)]
        for number in range(killed):
            time.sleep(seconds / (killed + 1))
            victim = racers.pop(1)
            victim.kill()
            victim.communicate()
            left = int(seconds - (number + 1) * seconds / (killed + 1)) or 1
            racers.append(start(user, processes + number, greenlets, left))
        total = results(racers)
    with engine.begin() as connection:
        trail = AuditTrail(connection)
        locks = rows(
            connection,
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
    findings = trail.check()
    print(dict(total), f"{findings.counted} counted, {findings.doubtful} doubtful")
    assert findings.wrong == []
    assert findings.counted > size(20, 100)
    # By ratio where the machine is busy: so few are counted, too.
    assert total["moved"] > min(size(3, 60), findings.counted / 10)
    assert trail.most_at_once("scarce") <= min(BUDGET, MOST_IN_ALL)
    assert locks == []
    assert total["confirm confirmed"] > 0
    assert total["reserve refused"] > 0
    check_what_is_left(database)
    database.close()
    engine.dispose()


def test_on_sqlite_one_process_exceeds_no_cap_either(
    tmp_path: Path, size: Callable[[int, int], int]
) -> None:
    uri = f"sqlite:///{tmp_path / 'offers.db'}"
    upgrade("offers", uri)
    database = Database(uri)
    with database.transaction() as connection:
        install(connection)
    prepare(database)
    with killed_at_the_end() as racers:
        racers.append(start(uri, 0, size(20, 200), size(2, 30)))
        total = results(racers)
    print(dict(total))
    with database.transaction() as connection:
        grants = rows(connection, "SELECT cap_id, by_shopper, in_all FROM audit")
    assert len(grants) > size(20, 100)
    assert max(by_shopper for cap_id, by_shopper, _ in grants if cap_id == "personal") <= MOST
    assert max(in_all for cap_id, _, in_all in grants if cap_id == "scarce") <= BUDGET
    check_what_is_left(database)
    database.close()
