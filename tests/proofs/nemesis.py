"""The course of a proof: what goes wrong, one thing after the other, while the traffic goes on."""

import random
import signal
import threading
import time
from functools import partial
from itertools import pairwise

import amqp
import kombu

from tests.proofs.workload import make_workload

SUBSCRIBERS = {"identity": ["profiles"], "profiles": ["segments", "offers"], "segments": ["offers"]}
FAULTS = {  # where the processes that follow a killed one are to die, see faulty.py
    ("identity", 0): ["committed:2"],
    ("profiles", 0): ["resolved:2", "committed:3"],
    ("segments", 0): ["committed:2"],
    ("offers", 0): ["applied:3"],
    ("profiles", 1): ["applied:2"],
    ("segments", 1): ["applied:3"],
}
_PATIENCE = 60.0


class TrafficGate:
    """Keeps the traffic in step with what goes wrong, so that neither is over before the other."""

    def __init__(self):
        self._allowed = 0.0
        self._changed = threading.Condition()

    def __call__(self, share):
        """Wait until this share of the traffic may have been sent."""
        with self._changed:
            self._changed.wait_for(lambda: share <= self._allowed, timeout=_PATIENCE)

    def allow(self, share):
        with self._changed:
            self._allowed = share
            self._changed.notify_all()


class Nemesis:
    """Kills each process of `suite` in turn, lets some die at exact places, cuts the connections
    to the broker, and lets messages get lost and come twice.

    `killed` and `deaths` tell what was done; `whose` the people of the stories sent for that.
    """

    def __init__(self, suite, seed):
        self.pace = TrafficGate()
        self.killed = []
        self.deaths = []
        self.whose = {}
        self.sent_again = 0
        self._suite = suite
        self._seed = seed
        self._first = {name: suite.alive(name) for name in suite.services}
        self._ended = []
        self._mortal = None
        self._operator_uri = suite.virtual_host.operator_uri()
        self._spy = _Spy(self._operator_uri, random.Random(seed))
        self._more = 0

    def run(self, senders):
        """Go through all of it while `senders` send; at the end everything is up again."""
        blows = self._blows(senders)
        try:
            for number, blow in enumerate(blows):
                self.pace.allow((number + 0.3) / len(blows))
                self._wait_until_ready()
                self.pace.allow((number + 1) / len(blows))
                self._wait_for_traffic((number + 0.6) / len(blows), senders)
                blow()
            self._wait_until_ready()
        finally:
            self.pace.allow(1.0)

    def _blows(self, senders):
        blows = []
        for number in (0, 1):
            for service in self._suite.services:
                faults = FAULTS.get((service, number), [])
                # Each process takes the place of the one before; the last is sound.
                blows.append(partial(self._kill, service, number, *faults[:1]))
                for fault, following in pairwise([*faults, None]):
                    blows.append(partial(self._let_die, senders, service, fault, following))
            if number == 0:
                blows.append(partial(self._cut, senders))
        return [*blows, partial(self._lose, senders)]

    def _kill(self, service, number, fault=None):
        process = self._first[service][number]
        self._suite.kill(process)
        self._ended.append(process)
        self.killed.append(f"{service}-{number}")
        self._start(service, fault)
        self.sent_again += self._spy.send_again()

    def _let_die(self, senders, service, fault, following):
        """Send until the process of `service` that is to end itself has come to the place."""
        process = self._mortal
        self._fill(senders, lambda: not process.alive, f"{process} comes to {fault}")
        status = process.popen.wait()
        assert status == -signal.SIGKILL, f"{process} ended with {status}\n{_end_of(process)}"
        self.deaths.append(f"{service} {fault.partition(':')[0]}")
        self._ended.append(process)
        self._mortal = None
        self._start(service, following)

    def _cut(self, senders):
        """Close every connection to the broker, in the midst of calls and of publishing."""
        cut = threading.Thread(target=self._suite.cut_connections)
        cut.start()
        self._fill(senders, lambda: not cut.is_alive(), "all connections are closed")
        cut.join()

    def _lose(self, senders):
        """Let all messages of some stories get lost, which no later event will give away."""
        with kombu.Connection(self._operator_uri) as connection:
            channel = connection.default_channel
            queues = [
                (f"{subscriber}.{source}", f"{source}.events")
                for source, subscribers in SUBSCRIBERS.items()
                for subscriber in subscribers
            ]
            for queue, exchange in queues:
                channel.queue_unbind(queue, exchange, "#")
            self._send_a_story(senders)
            for queue, exchange in queues:
                channel.queue_bind(queue, exchange, "#")

    def _fill(self, senders, condition, told):
        """Send more stories until `condition()` is true."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"Sent for {_PATIENCE:g} s in vain: {told}"
            self._send_a_story(senders)

    def _send_a_story(self, senders):
        story = make_workload(1, self._seed, name=f"more{self._more}-")
        self._more += 1
        self.whose |= story.whose
        senders.send_more(story)

    def _start(self, service, fault):
        """Start a process of `service`, without waiting for it; with a fault, a mortal one."""
        if fault is None:
            self._suite.start(service, wait=False)
        else:
            environment, program = {"CDP_FAULT": fault}, "tests.proofs.failpoints"
            self._mortal = self._suite.start(
                service, environment=environment, program=program, wait=False
            )

    def _wait_until_ready(self):
        """Wait until all that live are ready; nothing but a mortal one may have ended by itself."""
        self._suite.wait_for(self._suite.ready, "all processes consume their queues")
        for process in self._suite.processes:
            expected = process.alive or process is self._mortal or process in self._ended
            assert expected, f"{process} ended\n{_end_of(process)}"

    @staticmethod
    def _wait_for_traffic(share, senders):
        deadline = time.monotonic() + _PATIENCE
        while senders.share < share and senders.busy:
            assert time.monotonic() < deadline, f"the traffic stands at {senders.share:.0%}"
            time.sleep(0.02)


def _end_of(process):
    return "\n".join(process.log.read_text(errors="replace").splitlines()[-20:])


class _Spy:
    """Reads along what services publish, and sends a part of it again to their subscribers."""

    def __init__(self, amqp_uri, rng):
        self._amqp_uri = amqp_uri
        self._rng = rng
        with kombu.Connection(amqp_uri) as connection:
            channel = connection.default_channel
            for source in SUBSCRIBERS:
                channel.queue_declare(f"spy.{source}", durable=True, auto_delete=False)
                channel.queue_bind(f"spy.{source}", f"{source}.events", "#")

    def send_again(self):
        """Send a third of what came since the last time, twice and in any order; how many."""
        again = []
        with kombu.Connection(self._amqp_uri) as connection:
            channel = connection.default_channel
            for source, subscribers in SUBSCRIBERS.items():
                while message := channel.basic_get(f"spy.{source}", no_ack=True):
                    if self._rng.random() < 1 / 3:
                        again += 2 * [(message, f"{name}.{source}") for name in subscribers]
            self._rng.shuffle(again)
            for message, queue in again:
                copied = amqp.Message(message.body, **message.properties)
                channel.basic_publish(copied, "", queue)
        return len(again)
