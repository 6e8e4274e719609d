"""A campaign of faults against one suite, and what it shows of each of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kombu

from bench.calls import echo_service
from tests.proofs.checker import Checker
from tests.proofs.clients import Receipt
from tests.proofs.faults import Fault
from tests.proofs.hazards import VARIABLE
from tests.proofs.healing import FollowingSampler, seconds_until_healed
from tests.proofs.observer import SuiteObserver
from tests.proofs.open_loop import OpenLoopClient
from tests.proofs.shops import LANES, Phase, Rates, Shops, share
from tests.proofs.workload import EventJson
from tests.support.own_servers import OwnPostgres, OwnRabbit
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ProcessSuite

REFERENCE_ECHO_MS = 2.0  # of the machine to which the limits below refer
_SLOWEST = 3.0  # no machine is taken for slower than that: a limit must stay one
HELD_SECONDS = 5.0
THAWED_SECONDS = {"process": 2.0, "database": 2.0, "broker": 10.0}

_CALM_SECONDS = 2.0
_AFTERWARDS_SECONDS = 4.0  # live calls are watched for so long after a fault
_PATIENCE = 60.0
_RECONCILE_SECONDS = 5
# The tables of all services that hold something about streams, by the column that names them.
_OF_STREAMS = {
    "stream_id": (
        "events",
        "streams",
        "labels",
        "identifiers",
        "summaries",
        "archived_orders",
        "archived_days",
        "tenures",
        "sightings",
        "periods",
        "positions",
    ),
    "profile_id": ("memberships",),
}


@dataclass(slots=True)
class Outcome:
    """What the proof shows of a fault; `healed` is None if it did not heal in time.

    Times are in seconds. `longest_gap` is the longest time without an answer to calls that the
    fault does not affect, `standstill` that in which a service applied nothing of a source, and
    `failing` how long after the fault live calls were not answered yet. `decisions_whole` is the
    share of decisions that came in time and are not degraded; `unseen` ones were logged, and no
    checkout waited for them any more.
    """

    fault: str
    flaws: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    healed: float | None = None
    decisions_in_time: float = 0.0
    decisions_whole: float = 0.0
    events: int = 0
    longest_gap: float = 0.0
    gap_lane: str = ""
    standstill: float = 0.0
    standstill_of: str = ""
    failing: float = 0.0
    unseen: int = 0
    dead_letters: int = 0
    echo_ms: float = 0.0

    @property
    def scale(self) -> float:
        """How much slower the machine was than the one that limits refer to."""
        return min(_SLOWEST, max(1.0, self.echo_ms / REFERENCE_ECHO_MS))

    def too_slow(self, fault: Fault) -> list[str]:
        """Where it took longer than we promise, on a machine as busy as this one was."""
        lines = []
        limit = HELD_SECONDS * self.scale
        if fault.of_one and self.longest_gap > limit:
            lines.append(f"{self.gap_lane} was held for {self.longest_gap:.1f} s, not {limit:.1f}")
        if fault.of_one and not fault.delays_events and self.standstill > limit:
            lines.append(f"{self.standstill_of} stood for {self.standstill:.1f} s, not {limit:.1f}")
        if fault.thawed and self.failing > (limit := THAWED_SECONDS[fault.thawed] * self.scale):
            lines.append(f"live calls failed for {self.failing:.1f} s, not {limit:.1f}")
        return lines


class Campaign:
    """Two replicas of each service on servers of their own, traffic, and one fault after another.

    Within `with` the servers are up; a suite that a fault has harmed for good is replaced.
    """

    def __init__(self, directory: Path, rates: Rates, seed: int) -> None:
        self.outcomes: list[Outcome] = []
        self.suite: ProcessSuite
        self.rabbit = OwnRabbit()
        self.postgres = OwnPostgres()
        self.shops: Shops
        self.hazards = directory
        self._rates = rates
        self._seed = seed
        self._directory = directory
        self._suites = 0
        self._servers = ExitStack()
        self._running = ExitStack()
        self._echo = ExitStack()
        self._known: set[str] = set()
        self._receipts: dict[str, list[Receipt]] = {}
        self._dead_letters = 0

    def __enter__(self) -> Campaign:
        with ExitStack() as stack:
            stack.enter_context(self.postgres)
            stack.enter_context(self.rabbit)
            self._databases = Databases(uri=self.postgres.uri)
            self._virtual_hosts = VirtualHosts(self._databases, self.rabbit.broker)
            self._start_suite()
            self._servers = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        # What was made in the servers goes with them.
        self._running.close()
        self._servers.close()

    def run(self, fault: Fault) -> Outcome:
        """Do a fault under traffic, and see how the suite gets over it."""
        outcome = Outcome(fault.name)
        self.outcomes.append(outcome)
        try:
            self._run(fault, outcome)
        except Exception as error:  # noqa: BLE001 - a suite that can go on no more is a finding
            outcome.stuck.append(f"{type(error).__name__}: {str(error)[:2_000]}")
        if outcome.stuck or outcome.flaws:
            self._start_suite()
        return outcome

    def send(self, event: EventJson) -> Receipt:
        """Record one more event; its receipt is checked like those of the traffic."""
        response = self.suite.call("profiles", "record", events=[event])
        receipt: Receipt = response["receipts"][0]
        self.shops.phase.receipts[event["id"]] = [receipt]
        return receipt

    def final_flaws(self) -> list[str]:
        """What is wrong after all faults in everything that the present suite has stored."""
        observer = SuiteObserver(self.suite)
        try:
            observer.wait_until_quiet(_PATIENCE)
            checker = Checker(observer, _now())
            return checker.flaws() + checker.receipts(self._receipts)
        finally:
            observer.close()

    def _run(self, fault: Fault, outcome: Outcome) -> None:
        if self.shops.phase.echoes and not self.shops.phase.echoes[-1].in_time:
            self._start_echo()
        phase = self.shops.begin(f"{fault.name.replace(' ', '')[:40]}-{len(self.outcomes)}")
        following = FollowingSampler(self.suite)
        with following.running():
            time.sleep(_CALM_SECONDS)
            began = time.monotonic()
            with fault.run(self):
                time.sleep(fault.seconds)
            ended = time.monotonic()
            outcome.healed, outcome.stuck = seconds_until_healed(self.suite, _PATIENCE)
            time.sleep(max(0.0, _AFTERWARDS_SECONDS - (time.monotonic() - ended)))
            over = time.monotonic()
        if not self.shops.drain(_PATIENCE):
            outcome.stuck.append("some events never got a receipt")
        self._judge_calls(fault, phase, outcome, (began, ended, over))
        outcome.standstill, outcome.standstill_of = following.longest_standstill(began, over)
        if not outcome.stuck:
            self._judge_tables(fault, phase, outcome)

    def _judge_calls(
        self, fault: Fault, phase: Phase, outcome: Outcome, times: tuple[float, float, float]
    ) -> None:
        began, ended, over = times
        outcome.events = len(phase.receipts)
        outcome.decisions_in_time = round(share(phase.calls["decide"]), 4)
        whole = [not result["degraded"] for result in phase.decisions()]
        outcome.decisions_whole = round(sum(whole) / max(1, len(phase.calls["decide"])), 4)
        gaps = [
            (phase.gap(lane, began, over), lane) for lane in LANES if lane not in fault.affected
        ]
        outcome.longest_gap, outcome.gap_lane = max(gaps, default=(0.0, ""))
        outcome.failing = max(phase.failing_after(lane, ended) for lane in LANES)
        calm = [c.answered_at - c.sent_at for c in phase.echoes if c.answered_at]
        outcome.echo_ms = round(1_000 * statistics.median(calm), 2) if calm else 0.0
        outcome.flaws += sorted(set(phase.defects))

    def _judge_tables(self, fault: Fault, phase: Phase, outcome: Outcome) -> None:
        observer = PhaseObserver(self.suite)
        try:
            observer.wait_until_quiet(_PATIENCE)
            observer.hide(self._known)
            outcome.flaws += _checked(observer, phase)
            logged = {row[0] for row in observer.rows("offers", "SELECT id FROM events")}
            decisions = {
                decision["decision_id"]
                for decision in phase.decisions()
                if "decision_not_logged" not in decision["degraded"]
            }
            if (missing := decisions - logged) and not fault.loses_decisions:
                outcome.flaws.append(f"{len(missing)} decisions are not in the log of offers")
            outcome.unseen = len(logged - decisions)
            outcome.dead_letters = observer.dead_letters() - self._dead_letters
        finally:
            observer.close()
        self._dead_letters += outcome.dead_letters
        self._known |= observer.streams
        self._receipts |= phase.receipts

    def _start_suite(self) -> None:
        self._running.close()
        self._known = set()
        self._receipts = {}
        self._dead_letters = 0
        self._suites += 1
        directory = self._directory / f"suite-{self._suites}"
        directory.mkdir()
        suite = ProcessSuite(
            self._databases,
            self._virtual_hosts,
            replicas=2,
            environment={
                "CDP_RECONCILE_SECONDS": str(_RECONCILE_SECONDS),
                VARIABLE: str(self.hazards),
            },
            directory=directory,
            others=["echo"],
            program="tests.proofs.hazards",
        )
        with ExitStack() as stack:
            self.suite = stack.enter_context(suite)
            self._echo = stack.enter_context(ExitStack())
            self._start_echo()
            client = stack.enter_context(OpenLoopClient(self.suite.client_uri))
            self.shops = stack.enter_context(Shops(client, self._rates, self._seed))
            self._running = stack.pop_all()

    def _start_echo(self) -> None:
        """Start nameko's echo, or replace one that has lost its queue as plain nameko does."""
        self._echo.close()
        self._echo.enter_context(echo_service(self.suite.virtual_host))


class PhaseObserver(SuiteObserver):
    """Sees only those streams of a suite that were not known before, once the known are hidden."""

    streams: frozenset[str] = frozenset()

    def lagging(self) -> list[str]:
        """What is not done yet: calls that nobody waits for any more may still change something."""
        return super().lagging() + self._calls()

    def hide(self, known: Collection[str]) -> None:
        """From now on only other streams than `known` are seen, `streams`."""
        everything = {
            row[0]
            for service in self._suite.services
            for row in self.rows(service, "SELECT stream_id FROM streams")
        }
        self.streams = frozenset(everything).difference(known)
        for connection in self._connections.values():
            with connection.cursor() as cursor:
                self._hide_all_but_new(cursor)

    def dead_letters(self) -> int:
        """How many events were dead letters."""
        query = "SELECT count(*) FROM dead_letters WHERE version IS NOT NULL"
        return sum(int(self.rows(service, query)[0][0]) for service in self._suite.services)

    def _calls(self) -> list[str]:
        with kombu.Connection(self._operator_uri) as connection:
            return [
                line
                for service in self._suite.services
                for line in self._waiting(connection, f"rpc-{service}")
            ]

    def _hide_all_but_new(self, cursor: Any) -> None:
        cursor.execute("CREATE TEMP TABLE new_streams (id text PRIMARY KEY)")
        cursor.execute("INSERT INTO new_streams SELECT unnest(%s)", [sorted(self.streams)])
        for column, tables in _OF_STREAMS.items():
            for table in tables:
                cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
                if cursor.fetchone()[0]:
                    cursor.execute(
                        f"CREATE TEMP VIEW {table} AS SELECT * FROM public.{table}"
                        f" WHERE {column} IN (SELECT id FROM new_streams)"
                    )


def _checked(observer: SuiteObserver, phase: Phase) -> list[str]:
    """What is wrong in what a phase has stored, seen twice: time itself moves some segments."""
    flaws: list[str] = []
    for _ in range(2):
        checker = Checker(observer, _now())
        flaws = [
            *checker.receipts(phase.receipts),
            *checker.flaws(),
            *checker.people(phase.whose),
        ]
        if not flaws:
            break
        time.sleep(2)
    return flaws


def _now() -> int:
    return time.time_ns() // 1_000
