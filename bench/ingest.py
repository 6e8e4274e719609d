"""Orders recorded at a steady rate until it is ended: `bench.ingest URI RATE SHOPPERS`."""

from __future__ import annotations

# First of all: like a service, this process is green before anything else is imported.
import chassis.runtime.green  # noqa: F401  # isort: skip

import sys
import time

import eventlet
from nameko.standalone.rpc import ClusterRpcProxy

from bench.orders import batch

_SENDERS = 3
_A_CALL = 10  # events


def send(uri: str, rate: float, shoppers: int) -> None:
    """Record a third of `rate` events a second for ever; what is late is made up for."""
    begun = time.monotonic()
    with ClusterRpcProxy({"AMQP_URI": uri}, timeout=60) as proxy:
        turn = 0
        while True:
            due = begun + turn * _A_CALL * _SENDERS / rate
            eventlet.sleep(max(0.0, due - time.monotonic()))
            proxy.profiles.record(batch(shoppers, _A_CALL))
            turn += 1


if __name__ == "__main__":
    uri, rate, shoppers = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    threads = [eventlet.spawn(send, uri, rate, shoppers) for _ in range(_SENDERS)]
    print("sending", flush=True)
    for thread in threads:
        thread.wait()
