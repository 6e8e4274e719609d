"""Servers stand still, services are gone and processes are killed while checkouts ask.

`make test` takes two pairs of faults, for a moment each; `make prove` takes each fault alone
and all pairs. A shop's own process asks meanwhile, by the client of examples/checkout and at each
door: every request is answered in time, with a reason if it is not answered in full, and what was
answered and reported is in the log afterwards. In which time the machine has not run the shop or a
door, although it was ready, is nobody's delay.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from deploy.machine import NoServer
from tests.conftest import FULL_SIZE
from tests.proofs.checkouts import CLIENT, CheckoutCall, CheckoutsSettings
from tests.proofs.clients import Receipt
from tests.proofs.faults import FAULTS, Fault, Target, together
from tests.proofs.heartbeats import VARIABLE as HEARTBEATS
from tests.proofs.heartbeats import read_stalls, stalled_seconds
from tests.proofs.workload import EventJson
from tests.support.own_servers import OwnPostgres, OwnRabbit, wait_until
from tests.support.ports import free_port
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ROOT, Process, ProcessSuite, plain_environment

pytestmark = pytest.mark.timeout(600)

KEY = "a-key-for-proofs-only"
DEADLINE_SECONDS = 0.5 if FULL_SIZE else 1.5  # that the checkouts give a decision
LATE_SECONDS = 0.1 if FULL_SIZE else 3.0  # a busy machine of a test is not to be judged
CALM_SECONDS = 1.0
FAULT_SECONDS = 8.0 if FULL_SIZE else 1.5
PAUSE, THREADS = (0.05, 2) if FULL_SIZE else (0.1, 1)
PATIENCE = 60.0
SERVICES = ("identity", "profiles", "segments", "offers")

CATALOGUE = """
placements:
  checkout:
    slots:
      banner: {fallback: {title: Free returns}}
      extras: {fallback: {title: Secure payment}}
holdouts: [{id: nobody, share: 5, hash_attribute: device_id}]
offers:
  - {id: ten_off, version: 1, slots: [checkout.banner], priority: 2, requires: any,
     cost: {amount: 1000, currency: EUR}, caps: [{by: shopper, most: 100000}],
     budget: {count: 1000000}, content: {title: Ten off}}
  - {id: newcomers, version: 1, slots: [checkout.extras], priority: 1, requires: device,
     when: '"first_time_visitor" in segments', content: {title: Welcome}}
"""


@dataclass(slots=True)
class DoorReplica:
    """A process of offers with a door, at an address that it keeps; `dead` are the times (s) from
    which and until which it has not answered."""

    address: str
    process: Process
    dead: list[tuple[float, float]] = field(default_factory=list)

    def answers(self) -> bool:
        """Whether the door is open, whatever else is wrong."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/ready", timeout=1):
                return True
        except urllib.error.HTTPError:
            return True  # not ready, but it says so
        except OSError:
            return False


class CheckoutSuite:
    """The services on servers of their own; of offers two processes have a door, and one has none.

    It is the target of the faults.
    """

    def __init__(self, directory: Path) -> None:
        self.suite: ProcessSuite
        self.postgres = OwnPostgres()
        self.rabbit = OwnRabbit()
        self.hazards = directory
        self.doors: list[DoorReplica] = []
        self.heartbeats = directory / "heartbeats"
        self._directory = directory
        self._stack = ExitStack()
        self._shops = 0

    def __enter__(self) -> CheckoutSuite:
        (self._directory / "offers.yaml").write_text(CATALOGUE)
        self.heartbeats.mkdir()
        with ExitStack() as stack:
            stack.enter_context(self.postgres)
            stack.enter_context(self.rabbit)
            databases = Databases(uri=self.postgres.uri)
            self.suite = ProcessSuite(
                databases,
                VirtualHosts(databases, self.rabbit.broker),
                services=SERVICES,
                environment={"CDP_CONFIG_DIR": str(self._directory)},
                directory=self._directory,
                program="tests.proofs.heartbeats",
            )
            stack.enter_context(self.suite)
            for _ in range(2):
                address = f"127.0.0.1:{free_port()}"
                self.doors.append(DoorReplica(address, self.open_door(address)))
            self.suite.wait_until_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def open_door(self, address: str) -> Process:
        """Start a process of offers with a door, without waiting for it."""
        environment = {
            "CDP_OFFERS_HTTP": address,
            "CDP_OFFERS_KEYS": KEY,
            HEARTBEATS: str(self.heartbeats),
        }
        return self.suite.start("offers", role="rpc", environment=environment, wait=False)

    def kill(self, door: DoorReplica) -> None:
        """End a door's process at once."""
        door.dead.append((time.monotonic(), float("inf")))
        self.suite.kill(door.process)

    def start(self, door: DoorReplica) -> None:
        """Start it again at the same address; it is not there yet."""
        door.process = self.open_door(door.address)

    def wait_for(self, door: DoorReplica) -> None:
        """Wait until it answers."""
        wait_until(door.answers, f"the door at {door.address} is open", PATIENCE)
        door.dead[-1] = (door.dead[-1][0], time.monotonic())

    def send(self, event: EventJson) -> Receipt:
        """Record one more event."""
        receipts = self.suite.call("profiles", "record", events=[event])["receipts"]
        receipt: Receipt = receipts[0]
        return receipt

    @contextmanager
    def shop(self) -> Iterator[CheckoutsSettings]:
        """A shop whose checkouts ask within `with`; at its end all its reports are accepted."""
        self._shops += 1
        directory = self._directory / f"shop-{self._shops}"
        directory.mkdir()
        shop = CheckoutsSettings(
            [door.address for door in self.doors],
            KEY,
            self.suite.client_uri,
            str(directory),
            DEADLINE_SECONDS,
            PAUSE,
            THREADS,
            str(self.heartbeats),
        )
        command = ["nice", sys.executable, "-W", "ignore", "-m", "tests.proofs.checkouts"]
        environment = {**plain_environment(), "PYTHONPATH": str(ROOT)}
        with (directory / "errors").open("wb") as errors:
            process = subprocess.Popen(
                [*command, json.dumps(asdict(shop))], cwd=ROOT, env=environment, stderr=errors
            )
        try:
            wait_until(lambda: len(calls_of(shop)) > 3, "the checkouts ask")
            yield shop
            shop.stop.touch()
            assert process.wait(PATIENCE) == 0, (directory / "errors").read_text()
        finally:
            process.kill()
            process.wait()

    def logged(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of a type in the log of offers: id and data of each."""
        connection = self.suite.administrator("offers")
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, data FROM events WHERE type = %s", [kind])
            rows: list[tuple[str, dict[str, Any]]] = cursor.fetchall()
        connection.close()
        return rows


def calls_of(shop: CheckoutsSettings) -> list[CheckoutCall]:
    """The calls of a shop's checkouts so far."""
    if not shop.calls.exists():
        return []
    lines = shop.calls.read_text().splitlines(keepends=True)
    return [CheckoutCall(**json.loads(line)) for line in lines if line.endswith("\n")]


# The faults that this proof adds


@contextmanager
def _stop_broker(target: Target) -> Iterator[None]:
    target.rabbit.stop_at_once()
    yield
    target.rabbit.start()


@contextmanager
def _take_helpers_away(target: Target) -> Iterator[None]:
    """Segments and identity are killed."""
    services = ("segments", "identity")
    for process in [each for service in services for each in target.suite.alive(service)]:
        target.suite.kill(process)
    yield
    for service in services:
        target.suite.start(service, wait=False)


@contextmanager
def _kill_a_door(target: Target) -> Iterator[None]:
    """A process with a door is killed, and started again while other faults go on."""
    assert isinstance(target, CheckoutSuite)
    door = target.doors[0]
    target.kill(door)
    target.start(door)
    yield
    target.wait_for(door)


HELPERS = Fault("segments and identity away", _take_helpers_away, 1, ("helpers",))
DOOR = Fault("a door killed", _kill_a_door, 1, ("door",))
BROKER = Fault("the broker stopped", _stop_broker, 1, ("broker",))
FROZEN_BROKER = FAULTS["freeze the broker"]
FROZEN_DATABASE = FAULTS["freeze the database"]
SINGLE = (DOOR, HELPERS, BROKER, FROZEN_BROKER, FROZEN_DATABASE)
PAIRS = [
    together(first, second)
    for first, second in combinations(SINGLE, 2)
    if not set(first.touches) & set(second.touches)
]
FEW = (together(DOOR, FROZEN_BROKER), together(HELPERS, FROZEN_DATABASE))
CHOSEN = [*SINGLE, *PAIRS] if FULL_SIZE else FEW


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckoutSuite]:
    try:
        made = CheckoutSuite(tmp_path_factory.mktemp("checkouts"))
    except NoServer as error:
        pytest.fail(str(error), pytrace=False)  # a proof that did not run proves nothing
    with made:
        yield made


@pytest.mark.parametrize("fault", CHOSEN, ids=lambda fault: fault.name.replace(" ", "-"))
def test_every_request_is_answered_in_time_whatever_fails(
    checkouts: CheckoutSuite, fault: Fault
) -> None:
    with checkouts.shop() as shop:
        time.sleep(CALM_SECONDS)
        began = time.monotonic()
        with fault.run(checkouts):
            time.sleep(FAULT_SECONDS)
            ended = time.monotonic()
        wait_for_whole_answers(checkouts, shop, time.monotonic())
    calls = calls_of(shop)
    during = [call for call in calls if began <= call.began and call.ended <= ended]
    print(summary(during))
    assert_answered(checkouts, calls)
    if FROZEN_DATABASE.name in fault.name:
        frozen = [call for call in during if call.began > began + 2 * CALM_SECONDS]
        assert all(call.degraded for call in frozen)
    elif FULL_SIZE:
        whole = [not call.degraded for call in during if call.by != CLIENT and not call.error]
        assert sum(whole) >= 0.9 * len(whole)
    assert_logged(checkouts, calls)


def test_with_no_door_the_broker_is_asked_and_without_it_stored_blocks_are_shown(
    checkouts: CheckoutSuite,
) -> None:
    with checkouts.shop() as shop:
        for door in checkouts.doors:
            checkouts.kill(door)
        killed = time.monotonic()
        wait_until(
            lambda: any(call.decision_id for call in by_client_since(shop, killed)),
            "the client asks over RabbitMQ",
        )
        with FROZEN_BROKER.run(checkouts):
            frozen = time.monotonic()
            wait_until(
                lambda: any(not call.decision_id for call in by_client_since(shop, frozen)),
                "the client shows the stored blocks",
            )
        for door in checkouts.doors:
            checkouts.start(door)
        for door in checkouts.doors:
            checkouts.wait_for(door)
        wait_for_whole_answers(checkouts, shop, time.monotonic())
    calls = calls_of(shop)
    stored = [call for call in calls if call.by == CLIENT and not call.decision_id]
    assert all(call.degraded[0].startswith("stored fallback: ") for call in stored)
    assert_answered(checkouts, calls)
    assert_logged(checkouts, calls)


def by_client_since(shop: CheckoutsSettings, start: float) -> list[CheckoutCall]:
    """The calls by the client that began after an instant."""
    return [call for call in calls_of(shop) if call.by == CLIENT and call.began > start]


def wait_for_whole_answers(checkouts: CheckoutSuite, shop: CheckoutsSettings, since: float) -> None:
    """Wait until the client and each door have decided again with all that they need."""
    askers = {CLIENT, *(door.address for door in checkouts.doors)}

    def is_whole() -> bool:
        whole = [c for c in calls_of(shop) if c.began > since and not c.degraded and not c.error]
        return {call.by for call in whole} == askers

    checkouts.suite.wait_for(is_whole, "all decide in full again")


def assert_answered(checkouts: CheckoutSuite, calls: Iterable[CheckoutCall]) -> None:
    """Each call has its answer in time, but for those at a door whose process was dead."""
    dead = {door.address: door.dead for door in checkouts.doors}
    due = [
        call
        for call in calls
        if not any(call.began < end and start < call.ended for start, end in dead.get(call.by, ()))
    ]
    stalls = read_stalls(checkouts.heartbeats)

    def took(call: CheckoutCall) -> float:
        return call.ended - call.began - stalled_seconds(stalls, call.began, call.ended)

    print(f"at most {max(map(took, due)):.3f} s without the stalls of the machine")
    assert [call for call in due if call.error] == []
    assert [call for call in due if took(call) > DEADLINE_SECONDS + LATE_SECONDS] == []


def assert_logged(checkouts: CheckoutSuite, calls: Iterable[CheckoutCall]) -> None:
    """Each decision that was answered is in the log, and each report once."""
    answered = {
        call.decision_id
        for call in calls
        if call.decision_id and "decision_not_logged" not in call.degraded
    }
    reports = [(call.decision_id, *block) for call in calls for block in call.reported]
    assert answered
    assert reports

    def missing() -> set[str]:
        return answered - {id_ for id_, _ in checkouts.logged("offer_decided")}

    checkouts.suite.wait_for(lambda: not missing(), "every decision that was answered is logged")
    logged = [
        (data["decision_id"], data["slot"], data.get("offer_id"))
        for _, data in checkouts.logged("offer_shown")
    ]
    assert len(logged) == len(set(logged))
    assert set(reports) <= set(logged)


def summary(calls: list[CheckoutCall]) -> str:
    """How many calls by whom, how long the slowest took, and what was degraded."""
    lines = []
    for by in sorted({call.by for call in calls}):
        theirs = [call for call in calls if call.by == by]
        slowest = max(call.ended - call.began for call in theirs)
        reasons = sorted({reason for call in theirs for reason in call.degraded})[:6]
        lines.append(f"{by}: {len(theirs)} calls, {slowest:.3f} s at most, {reasons}")
    return "\n".join(lines)
