"""Each alert fires under its fault and clears afterwards: Debian's Prometheus and a real suite.

`make test` makes the rules faster, all durations and ages by one factor; `make prove` takes them as
they are shipped. All faults are there at the same time, in services and processes of their own.
The suite has no gateway: tests/integration/gateway/test_gateway_metrics.py has what its alerts see.
"""

from __future__ import annotations

import http.client
import itertools
import json
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import amqp
import eventlet
import kombu
import pytest
import yaml
from nameko.exceptions import RemoteError, RpcTimeout

from chassis import Event, new_id
from identifiers.configuration import FILE as IDENTIFIERS
from tests.proofs.background import BackgroundWork
from tests.support.observability import ROOT, RULES
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus, hasten
from tests.support.system import Process, ProcessSuite
from tests.support.tcp_proxy import TcpProxy

pytestmark = pytest.mark.long

SPOILED = "tests.proofs.spoiled"
FACTOR = 30  # by which the rules are faster in `make test`
_SCRAPE_SECONDS = 2.5  # a scrape may take two
_CALLS = 100
_LAGS = "00000000-0000-7000-8000-000000000001"
_POISONED = "00000000-0000-7000-8000-000000000003"
_AHEAD = "00000000-0000-7000-8000-000000000002"


class WatchedSuite(ProcessSuite):
    """A suite whose processes have HTTP ports; `targets()` are those that were not taken down."""

    def start(self, service: str, **options: Any) -> Process:
        port = free_port()
        environment = {**(options.pop("environment", None) or {}), "CDP_HTTP_PORT": str(port)}
        process = super().start(service, environment=environment, **options)
        self._ports = [*getattr(self, "_ports", []), (process, port)]
        return process

    def take_down(self, process: Process) -> None:
        """End a process in order; it is no target any more."""
        self.stop(process)
        self._forget(process)

    def kill(self, process: Process) -> None:
        """End a process at once; it is no target any more."""
        super().kill(process)
        self._forget(process)

    def _forget(self, process: Process) -> None:
        self._ports = [pair for pair in self._ports if pair[0] is not process]

    def targets(self) -> dict[str, dict[str, str]]:
        """The labels of each target by its address, as service discovery would have them."""
        return {
            f"127.0.0.1:{port}": {"container": f"{process.service}-{process.role}"}
            for process, port in self._ports
        }


class LimitingProxy(TcpProxy):
    """What connects while it is frozen does not reach the server, and is dropped afterwards.

    Those that have given up would use up the server's connections.
    """

    def _accept(self) -> None:
        while True:
            inward, _ = self._listener.accept()
            if self.frozen:
                eventlet.spawn(self._drop_after_thaw, inward)
            else:
                eventlet.spawn(self._pass_on, inward, eventlet.connect(self._server))

    def _drop_after_thaw(self, inward: Any) -> None:
        while self.frozen:
            eventlet.sleep(0.1)
        inward.close()


class Traffic(BackgroundWork):
    """Shops that record events and ask for decisions, whatever the responses, within `with`."""

    def __init__(self, suite: ProcessSuite) -> None:
        super().__init__(self._record, self._decide, self._decide, self._decide)
        self._suite = suite

    def _record(self) -> None:
        numbers = itertools.count()
        self._repeat(0.1, lambda cdp: cdp.profiles.record(events=[_page_read(next(numbers))]))

    def _decide(self) -> None:
        """For a shopper whose events do not cease to come: what is late shows in the decision."""
        request = {"placement": "checkout", "identifiers": {"anonymous_id": "device-0"}}
        self._repeat(0.02, lambda cdp: cdp.offers.decide(request=request))

    def _repeat(self, pause: float, call: Callable[[Any], object]) -> None:
        while not self.ending.is_set():
            failures = (RemoteError, RpcTimeout, OSError, amqp.AMQPError)
            with suppress(*failures), self._suite.proxy(timeout=2) as cdp:
                while not self.ending.wait(pause):
                    call(cdp)


class ImpatientCallers(BackgroundWork):
    """Callers of an HTTP door who hang up as soon as they have asked, within `with`."""

    def __init__(self, address: str) -> None:
        super().__init__(self._ask)
        self._address = address

    def _ask(self) -> None:
        while not self.ending.wait(0.05):
            with suppress(OSError), closing(http.client.HTTPConnection(self._address)) as door:
                door.request("POST", "/v1/decide", "{}")


def _page_read(number: int) -> dict[str, Any]:
    return {
        "id": f"page-{number}",
        "type": "page_read",
        "time": datetime.now(UTC).isoformat(),
        "identifiers": {"anonymous_id": f"device-{number % 20}"},
        "authenticated": False,
        "data": {},
    }


class Faults:
    """Plants a fault for every alert, and heals them all."""

    def __init__(self, suite: WatchedSuite, folder: Path, stack: ExitStack) -> None:
        self._suite = suite
        self._folder = folder
        self._stack = stack
        self._heal: list[Callable[[], object]] = []
        self._proxies = {
            "broker": LimitingProxy(suite.virtual_host.uri("offers")),
            "database": LimitingProxy(suite.user_uris["offers"]),
        }
        self._identity = suite.alive("identity")
        self._segments = suite.alive("segments")
        # What is going to be spoiled is sound at first.
        suite.start("segments", role="events", wait=False)
        self._frozen = suite.start("segments", role="events", wait=False)
        self._stalled = suite.start("profiles", environment={"CDP_WORKERS": "50"}, wait=False)
        environment = {
            "CDP_OFFERS_AMQP_URI": self._proxies["broker"].through(suite.virtual_host.uri("offers"))
        }
        suite.start("offers", role="rpc", environment=environment, wait=False)
        environment = {
            "CDP_OFFERS_DATABASE_URI": self._proxies["database"].through(suite.user_uris["offers"])
        }
        suite.start("offers", role="rpc", environment=environment)

    def plant(self) -> None:
        """Everything that leaves identity alive."""
        self._send_poison()
        self._slow_down_offers()
        self._start_a_spoiled_process()
        for proxy in self._proxies.values():
            proxy.frozen = True
        self._heal.append(self._thaw_proxies)
        self._suite.freeze(self._frozen)
        self._heal.append(lambda: self._suite.thaw(self._frozen))
        for process in self._segments:
            self._suite.take_down(process)
        self._heal.append(lambda: self._suite.start("segments", wait=False))
        self._spoil_databases()
        self._leave_a_transaction_open()
        self._stall()

    def rename_a_column(self) -> None:
        """What segments' release expects of its tables is not so."""
        table = "ALTER TABLE summaries RENAME COLUMN"
        self._execute("segments", f"{table} state TO gone")
        self._undo("segments", f"{table} gone TO state")

    def kill_identity(self) -> None:
        for process in self._identity:
            self._suite.take_down(process)
        self._heal.append(lambda: self._suite.start("identity", wait=False))

    def heal(self) -> None:
        """As an operator would."""
        for step in self._heal:
            step()

    def _thaw_proxies(self) -> None:
        for proxy in self._proxies.values():
            proxy.frozen = False

    def _slow_down_offers(self) -> None:
        """Events reach offers far slower than they are recorded."""
        sound = self._suite.alive("offers")[0]
        environment = {"CDP_SPOILED": "slow:2", "CDP_BATCH_SIZE": "1"}
        slow = self._suite.start(
            "offers", role="events", environment=environment, program=SPOILED, wait=False
        )
        self._suite.start("offers", role="rpc")
        self._suite.take_down(sound)

        def replace() -> None:
            self._suite.kill(slow)
            self._suite.start("offers", wait=False)

        self._heal.append(replace)

    def _start_a_spoiled_process(self) -> None:
        """One more process of offers, with a wrong clock and a configuration of its own.

        Its spool is full, and the callers of its door hang up.
        """
        directory = self._folder / "configuration"
        directory.mkdir()
        shutil.copy(ROOT / "identifiers" / IDENTIFIERS, directory)
        with (directory / IDENTIFIERS).open("a") as file:
            file.write("# Not as elsewhere.\n")
        door = f"127.0.0.1:{free_port()}"
        environment = {
            "CDP_SPOILED": "clock:90,full",
            "CDP_CONFIG_DIR": str(directory),
            "CDP_OFFERS_HTTP": door,
            "CDP_OFFERS_KEYS": "only-for-this-proof",
        }
        self._stack.enter_context(ImpatientCallers(door))
        process = self._suite.start(
            "offers", role="rpc", environment=environment, program=SPOILED, wait=False
        )
        self._heal.append(lambda: self._suite.kill(process))

    def _spoil_databases(self) -> None:
        """Rows as faults leave them, and a table that is not there."""
        now = time.time_ns() // 1_000
        # An event that the source does not have yet, and streams that a restored one lost.
        self._insert("segments", "positions", source="profiles", stream_id=_LAGS, version=0, seen=1)
        self._insert("segments", "position_gaps", source="profiles", stream_id=_LAGS)
        self._insert(
            "segments",
            "positions",
            source="profiles",
            stream_id=_AHEAD,
            version=5,
            seen=5,
            halted=True,
            restored_to=3,
        )
        # A profile that no process can evaluate, and is to try again tomorrow.
        self._insert("segments", "profiles", profile_id=_LAGS, next_at=1, generation=0)
        tomorrow = now + 86_400 * 1_000_000
        self._insert(
            "segments", "failing_evaluations", profile_id=_LAGS, failures=9, try_at=tomorrow
        )
        # A deferred event whose body is damaged.
        self._insert("profiles", "waiting", event_id=_LAGS, received_at=now, sealed="damaged")
        self._execute("offers", "ALTER TABLE dead_letters RENAME TO letters")
        self._undo("offers", "ALTER TABLE letters RENAME TO dead_letters")

    def _leave_a_transaction_open(self) -> None:
        """It holds the horizon, and a row of the outbox that no process can publish."""
        connection = self._suite.administrator("profiles")
        self._heal.append(connection.close)
        claimed_at = time.time_ns() // 1_000  # no other process takes it before it is locked
        self._insert("profiles", "outbox", id=_old_id(), refs="[]", claimed_at=claimed_at)
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_current_xact_id()")
        cursor.execute("SELECT * FROM outbox WHERE refs::text = '[]' FOR UPDATE")

    def _send_poison(self) -> None:
        """An event comes to segments of which its database cannot store the outcome."""
        event = Event(
            id=new_id(),
            source="profiles",
            type="order_completed",
            stream=_POISONED,
            version=1,
            data={"order_id": "poison"},
            occurred_at=1,
            recorded_at=1,
        )
        function = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        self._execute(
            "segments", f"{function} $$ BEGIN RAISE 'poison' USING ERRCODE = '22023'; END $$"
        )
        self._execute(
            "segments",
            "CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON summaries FOR EACH ROW"
            f" WHEN (NEW.stream_id = '{_POISONED}') EXECUTE FUNCTION refuse()",
        )
        with kombu.Connection(self._suite.virtual_host.operator_uri()) as connection:
            message = amqp.Message(
                json.dumps(event.to_wire()),
                content_type="application/json",
                content_encoding="utf-8",
            )
            connection.default_channel.basic_publish(message, "", "segments.profiles")
        self._undo("segments", "DROP TRIGGER poison ON summaries")
        self._undo("segments", "DROP FUNCTION refuse()")
        self._undo("segments", "DELETE FROM positions WHERE stream_id = %s", _POISONED)
        self._undo("segments", "UPDATE dead_letters SET redriven_at = 1")

    def _stall(self) -> None:
        """A process stands still while calls come, until their callers have given up."""
        self._suite.freeze(self._stalled)
        with kombu.Connection(self._suite.client_uri) as connection:
            for _ in range(_CALLS):
                call = amqp.Message(
                    json.dumps({"args": [], "kwargs": {}}),
                    content_type="application/json",
                    content_encoding="utf-8",
                    reply_to="nobody",
                    correlation_id=new_id(),
                    expiration="1000",
                )
                connection.default_channel.basic_publish(call, "nameko-rpc", "profiles.ping")
            time.sleep(3)
        self._suite.thaw(self._stalled)

    def _insert(self, service: str, table: str, **row: Any) -> None:
        """A row, which is deleted when the fault is healed."""
        defaults = {"halted": False} if table == "positions" else {}
        values = {**defaults, **row}
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        key, value = next((k, v) for k, v in values.items() if k != "source")
        self._execute(service, insert, *values.values())
        self._undo(service, f"DELETE FROM {table} WHERE {key} = %s", value)

    def _execute(self, service: str, statement: str, *values: Any) -> None:
        connection = self._suite.administrator(service)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
        connection.close()

    def _undo(self, service: str, statement: str, *values: Any) -> None:
        self._heal.append(lambda: self._execute(service, statement, *values))


def _old_id() -> str:
    """A UUIDv7 as it was made an hour ago."""
    now = UUID(new_id()).int
    return str(UUID(int=now - (3_600_000 << 80)))


def rules_of_services() -> dict[str, Any]:
    """The rules, without those of the gateway."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {"groups": [group for group in groups if group["name"] != "gateway"]}


def alerts_of_services() -> set[str]:
    """The names of the alerts that have to fire here."""
    return {rule["alert"] for group in rules_of_services()["groups"] for rule in group["rules"]}


class Watcher:
    """What Prometheus says of a suite: the alerts that fire now, and those that ever have."""

    def __init__(self, prometheus: Prometheus, suite: WatchedSuite) -> None:
        self.ever: dict[str, dict[str, str]] = {}
        self.seconds: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self._begin = time.monotonic()
        self._prometheus = prometheus
        self._suite = suite

    def begin(self) -> None:
        """What has fired before does not count."""
        self.ever.clear()
        self.seconds.clear()
        self._begin = time.monotonic()

    def firing(self) -> set[str]:
        self._prometheus.watch(self._suite.targets())
        alerts = [each for each in self._prometheus.alerts() if each["state"] == "firing"]
        for alert in alerts:
            name = alert["labels"]["alertname"]
            self.ever.setdefault(name, alert["annotations"])
            self.seconds.setdefault(name, time.monotonic() - self._begin)
            self.last[name] = time.monotonic()
        return {alert["labels"]["alertname"] for alert in alerts}

    def fired(self) -> set[str]:
        """The alerts that have fired at some time."""
        self.firing()
        return set(self.ever)

    def is_calm(self) -> bool:
        """Whether all processes have been scraped a few times, and no rule holds."""
        self._prometheus.watch(self._suite.targets())
        up = self._prometheus.query('count_over_time(up{job="cdp"}[1h]) > 3 and up == 1')
        return len(up) == len(self._suite.targets()) and not self._prometheus.alerts()

    def wait(self, condition: Callable[[], bool], text: str, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < deadline, f"{text}: {self.state()}"
            time.sleep(0.25)

    def state(self) -> dict[str, Any]:
        """For the message of a test that fails."""
        missing = alerts_of_services() - set(self.ever)
        down = [each["metric"]["container"] for each in self._prometheus.query("up == 0")]
        texts = [
            alert["annotations"]["description"]
            for alert in self._prometheus.alerts()
            if alert["state"] == "firing"
        ]
        return {"firing": self.firing(), "never": missing, "down": down, "texts": texts}


@pytest.mark.timeout(7_200)
def test_every_alert_fires_under_its_fault_and_clears_afterwards(
    suite: Callable[..., ProcessSuite],
    size: Callable[[int, int], int],
    tmp_path: Path,
    databases: Any,
    virtual_hosts: Any,
) -> None:
    factor = size(FACTOR, 4)  # with the rules as they are it takes half an hour
    patience = 120 + 1_800 / factor
    rules = hasten(rules_of_services(), factor)
    (folder := tmp_path / "prometheus").mkdir()
    (logs := tmp_path / "logs").mkdir()
    environment = {"CDP_RECONCILE_SECONDS": str(max(1, 30 / factor)), "CDP_WORKERS": "6"}
    with ExitStack() as stack:
        system = WatchedSuite(databases, virtual_hosts, environment=environment, directory=logs)
        stack.enter_context(system)
        prometheus = stack.enter_context(
            Prometheus(folder, rules, max(_SCRAPE_SECONDS, 15 / factor))
        )
        faults = Faults(system, tmp_path, stack)
        stack.enter_context(Traffic(system))
        watcher = Watcher(prometheus, system)
        begin = time.monotonic()
        watcher.wait(watcher.is_calm, "all is well", patience)
        well = time.monotonic()
        watcher.begin()
        plant_all(faults, watcher, patience)
        fired = time.monotonic()
        for name, annotations in watcher.ever.items():
            assert "<no value>" not in str(annotations), name
            assert "error" not in str(annotations).lower(), name
        faults.heal()
        watcher.wait(lambda: not watcher.firing(), "all clear", patience)
        report(watcher, well - begin, fired - well, fired)


def plant_all(faults: Faults, watcher: Watcher, patience: float) -> None:
    """Plant every fault, until every alert has fired."""
    faults.plant()
    first = {"CdpEventsLate", "CdpStreamsHalted", "CdpDeadLetters", "CdpEventsUnrecordable"}
    watcher.wait(lambda: first <= watcher.fired(), "alerts fire", patience)
    faults.rename_a_column()
    watcher.wait(lambda: "CdpOutage" in watcher.fired(), "an outage is noticed", patience)
    faults.kill_identity()
    names = alerts_of_services()
    watcher.wait(lambda: not names - watcher.fired(), "every alert fires", patience)


def report(watcher: Watcher, sound_after: float, fired_after: float, fired: float) -> None:
    """Print when each alert fired, and cleared."""
    cleared = {name: round(at - fired) for name, at in watcher.last.items()}
    print("cleared after seconds:", cleared)
    print("fired after seconds:", {name: round(s) for name, s in watcher.seconds.items()})
    print(
        f"sound after {sound_after:.0f} s; all {len(watcher.seconds)} alerts had fired"
        f" {fired_after:.0f} s after the faults began, and were clear"
        f" {time.monotonic() - fired:.0f} s after they ended"
    )
