"""The CPU time of a decision in process: request, query, choice and log, without nameko."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.calls import decide_request
from bench.decisions import catalogue
from chassis import Event, SystemClock, new_id
from chassis.database.engine import Database
from chassis.eventlog.spool import Spool
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from deploy.services import upgrade
from identifiers import accept, load_types
from services.offers.commands import DecisionHandler, Upstream
from services.offers.configuration import read_file
from services.offers.decision_log import DecisionLog
from services.offers.projections import SegmentProjection, ShopperProjection
from services.offers.registry import CatalogueRegistry
from tests.support.servers import Databases

OFFERS = 100
ROUNDS = 5
DECISIONS_A_ROUND = 500
_TOGETHER = 8  # decisions in one insert, as at four hundred a second
_KEY = b"key"


def measure(databases: Databases) -> dict[str, float]:
    """The median of five rounds, in µs of this process: PostgreSQL works elsewhere."""
    _owner, uri = databases.create("offers", partial(upgrade, "offers"))
    database = Database(uri)
    work = UnitOfWorkRunner(database, "offers", SystemClock())
    _follow_shopper(work)
    file = read_file(catalogue(OFFERS), is_shipped=False)
    handler = DecisionHandler(CatalogueRegistry(file), load_types(), _KEY, capacity=8)
    upstream = Upstream(lambda _at_least, _seconds: True, _memberships)
    request = decide_request(1)
    with tempfile.TemporaryDirectory() as folder:
        log = DecisionLog(work, Spool(Path(folder)))
        rounds = []
        for _ in range(ROUNDS + 1):
            start = time.process_time()
            for number in range(DECISIONS_A_ROUND):
                handler.decide(request, work, upstream, log)
                if number % _TOGETHER == 0:
                    log.write()
            rounds.append((time.process_time() - start) / DECISIONS_A_ROUND)
        log.stop(10)
    database.close()
    return {"decide100_cpu_us": round(1e6 * statistics.median(rounds[1:]))}


def _follow_shopper(work: UnitOfWorkRunner) -> None:
    """What offers has of the shopper who asks: an account with traits, in two segments."""
    now = work.clock.now()
    request = decide_request(1)
    (key,) = accept(request["identifiers"], load_types(), _KEY).keys
    known = {"key": key.key, "type": key.type.name, "tenure": 1, "assurance": "verified"}
    entry = {"stream": "p", "version": 1, "profile_id": "p", "epoch": 1, "identifiers": [known]}
    fact = {"reason": "created", "fact_id": new_id(), "streams": [entry]}
    joint = {"joint": True}
    traits = {"traits": {"loyalty_tier": "silver", "city": "Riga"}}
    events = [
        Event(new_id(), "profiles", "identity_changed", "p", 1, fact, now, now, 1, joint),
        Event(new_id(), "profiles", "traits_changed", "p", 2, traits, now, now),
        Event(new_id(), "profiles", "loyalty_points_changed", "p", 3, {"points": 75}, now, now),
    ]
    Inbox(work, "profiles").process(events, ShopperProjection())
    entries = [
        Event(new_id(), "segments", "segment_entered", "p", number, {"segment": name}, now, now)
        for number, name in enumerate(("high_value", "frequent_buyer"), start=1)
    ]
    Inbox(work, "segments").process(entries, SegmentProjection())


def _memberships(
    _profile_id: str, _at_least: Mapping[str, int], _seconds: float
) -> Mapping[str, Any]:
    raise RuntimeError("no request of the bench has a token")
