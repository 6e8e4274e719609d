"""The nemesis of a proof: what goes wrong, one thing after another, while clients send."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import zip_longest

import amqp
import kombu

from tests.proofs.clients import Clients
from tests.proofs.workload import make_workload
from tests.support.system import Process, ProcessSuite

SUBSCRIBERS = {"identity": ["profiles"], "profiles": ["segments", "offers"], "segments": ["offers"]}
FAULTS = {  # failpoints of the processes that replace a killed one
    ("identity", 0): ["committed:2"],
    ("profiles", 0): ["resolved:2", "committed:3"],
    ("segments", 0): ["committed:2"],
    ("offers", 0): ["applied:3"],
    ("profiles", 1): ["applied:2"],
    ("segments", 1): ["applied:3"],
}
_PATIENCE = 60.0


class ClientGate:
    """Keeps the clients in step with the nemesis, so that neither finishes before the other."""

    def __init__(self) -> None:
        self._allowed = 0.0
        self._changed = threading.Condition()

    def __call__(self, share: float) -> None:
        """Wait until this share of the workload may be sent."""
        with self._changed:
            self._changed.wait_for(lambda: share <= self._allowed, timeout=_PATIENCE)

    def allow(self, share: float) -> None:
        with self._changed:
            self._allowed = share
            self._changed.notify_all()


class Nemesis:
    """Kills each process of `suite` in turn and some at failpoints, cuts all connections to the
    broker, loses messages and repeats others.

    `killed` and `deaths` say what it did; `whose` has the people of the journeys that it sent.
    """

    def __init__(self, suite: ProcessSuite, seed: int) -> None:
        self.gate = ClientGate()
        self.killed: list[str] = []
        self.deaths: list[str] = []
        self.whose: dict[str, str] = {}
        self.sent_again = 0
        self._suite = suite
        self._seed = seed
        self._originals = {name: suite.alive(name) for name in suite.services}
        self._dead: list[Process] = []
        self._doomed: Process | None = None
        self._operator_uri = suite.virtual_host.operator_uri()
        self._duplicator = MessageDuplicator(self._operator_uri, random.Random(seed))
        self._journeys = 0

    def run(self, clients: Clients) -> None:
        """Do all of it while `clients` send; at the end every process is up again."""
        steps = self._steps(clients)
        try:
            for number, step in enumerate(steps):
                self.gate.allow((number + 0.3) / len(steps))
                self._wait_until_ready()
                self.gate.allow((number + 1) / len(steps))
                self._wait_for_clients((number + 0.6) / len(steps), clients)
                step()
            self._wait_until_ready()
        finally:
            self.gate.allow(1.0)

    def _steps(self, clients: Clients) -> list[Callable[[], None]]:
        steps: list[Callable[[], None]] = []
        for number in (0, 1):
            for service in self._suite.services:
                faults = FAULTS.get((service, number), [])
                # Each process replaces the one before; the last has no failpoint.
                steps.append(partial(self._kill, service, number, *faults[:1]))
                for fault, following in zip_longest(faults, faults[1:]):
                    steps.append(partial(self._wait_for_death, clients, service, fault, following))
            if number == 0:
                steps.append(partial(self._cut, clients))
        return [*steps, partial(self._lose, clients)]

    def _kill(self, service: str, number: int, fault: str | None = None) -> None:
        process = self._originals[service][number]
        self._suite.kill(process)
        self._dead.append(process)
        self.killed.append(f"{service}-{number}")
        self._start(service, fault)
        self.sent_again += self._duplicator.send_again()

    def _wait_for_death(
        self, clients: Clients, service: str, fault: str, following: str | None
    ) -> None:
        """Send until the process with a failpoint has come to it."""
        process = self._doomed
        assert process is not None
        self._fill(clients, lambda: not process.alive, f"{process} reaches {fault}")
        status = process.popen.wait()
        assert status == -signal.SIGKILL, f"{process} ended with {status}\n{_end_of(process)}"
        self.deaths.append(f"{service} {fault.partition(':')[0]}")
        self._dead.append(process)
        self._doomed = None
        self._start(service, following)

    def _cut(self, clients: Clients) -> None:
        """Close every connection to the broker, amid calls and publishing."""
        cut = threading.Thread(target=self._suite.cut_connections)
        cut.start()
        self._fill(clients, lambda: not cut.is_alive(), "all connections are closed")
        cut.join()

    def _lose(self, clients: Clients) -> None:
        """Lose all messages of a journey, which no later event can reveal."""
        with kombu.Connection(self._operator_uri) as connection:
            channel = connection.default_channel
            queues = [
                (f"{subscriber}.{source}", f"{source}.events")
                for source, subscribers in SUBSCRIBERS.items()
                for subscriber in subscribers
            ]
            for queue, exchange in queues:
                channel.queue_unbind(queue, exchange, "#")
            self._send_a_journey(clients)
            for queue, exchange in queues:
                channel.queue_bind(queue, exchange, "#")

    def _fill(self, clients: Clients, condition: Callable[[], bool], awaited: str) -> None:
        """Send more journeys until `condition()` is true."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"Sent for {_PATIENCE:g} s without success until {awaited}"
            )
            self._send_a_journey(clients)

    def _send_a_journey(self, clients: Clients) -> None:
        journey = make_workload(1, self._seed, name=f"more{self._journeys}-")
        self._journeys += 1
        self.whose |= journey.whose
        clients.send_more(journey)

    def _start(self, service: str, fault: str | None) -> None:
        """Start a process of `service` without waiting for it, perhaps with a failpoint."""
        if fault is None:
            self._suite.start(service, wait=False)
        else:
            environment, program = {"CDP_FAULT": fault}, "tests.proofs.failpoints"
            self._doomed = self._suite.start(
                service, environment=environment, program=program, wait=False
            )

    def _wait_until_ready(self) -> None:
        """Wait until all live processes are ready; only one with a failpoint may have died."""
        self._suite.wait_for(self._suite.ready, "all processes consume their queues")
        for process in self._suite.processes:
            expected = process.alive or process is self._doomed or process in self._dead
            assert expected, f"{process} ended\n{_end_of(process)}"

    @staticmethod
    def _wait_for_clients(share: float, clients: Clients) -> None:
        deadline = time.monotonic() + _PATIENCE
        while clients.share < share and clients.busy:
            assert time.monotonic() < deadline, f"the workload is stuck at {clients.share:.0%}"
            time.sleep(0.02)


def _end_of(process: Process) -> str:
    return "\n".join(process.log.read_text(errors="replace").splitlines()[-20:])


class MessageDuplicator:
    """Copies what services publish, and sends some of it again to their subscribers."""

    def __init__(self, amqp_uri: str, rng: random.Random) -> None:
        self._amqp_uri = amqp_uri
        self._rng = rng
        with kombu.Connection(amqp_uri) as connection:
            channel = connection.default_channel
            for source in SUBSCRIBERS:
                channel.queue_declare(f"copy.{source}", durable=True, auto_delete=False)
                channel.queue_bind(f"copy.{source}", f"{source}.events", "#")

    def send_again(self) -> int:
        """Send a third of what came since the last time, twice and in random order; how many."""
        again = []
        with kombu.Connection(self._amqp_uri) as connection:
            channel = connection.default_channel
            for source, subscribers in SUBSCRIBERS.items():
                while message := channel.basic_get(f"copy.{source}", no_ack=True):
                    if self._rng.random() < 1 / 3:
                        again += 2 * [(message, f"{name}.{source}") for name in subscribers]
            self._rng.shuffle(again)
            for message, queue in again:
                copied = amqp.Message(message.body, **message.properties)
                channel.basic_publish(copied, "", queue)
        return len(again)
