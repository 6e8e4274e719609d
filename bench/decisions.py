"""Decisions by catalogues of 10, 100 and 1,000 offers, against nameko's echo in the same minutes.

Each figure is the median of five rounds, and each round measures the echo as well. Only those of
`decide_reserve` reserve anything. The log is on, with its spool.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import eventlet
from growthbook import GrowthBook

from bench.calls import SHOPPERS, Call, Proxies, decide_request, echo_service
from bench.door import DoorCaller
from bench.flow import record_first_orders
from bench.orders import shopper_id
from bench.statistics import percentile, timed
from tests.support.system import ProcessSuite

ROUNDS = 5
CALLS_A_ROUND = 400
CALLERS = 8
LOADED_SECONDS = 8
LOADED_RATE = 500  # events a second
_TURN = 0.01  # a decision and an echo in turn: 50 of each a second
LATE_CALLERS = 32
LATE_CALLS = 60
DEADLINE_MS = 10

_SLOTS = ("banner", "order_summary", "payment", "footer")
_ELIGIBLE = 'basket_value("USD") > {n} and context.device == "mobile"'
_CAPPED = ", caps: [{by: shopper, most: 1000000, within: 1d}]"
_RULES = (
    '"high_value" in segments and basket_value("USD") > {n}',
    _ELIGIBLE,
    '"first_time_visitor" in segments and context.device == "desktop"',
    'traits.loyalty_tier == "gold" or basket_value("USD") > {n}',
    'has_consent("email") and basket_value("USD") > {n}',
)

Durations = list[float]
Figures = dict[str, float]


def catalogue(offers: int, banner: str = "") -> str:
    """An offers.yaml of so many offers in four slots, of which one in ten is eligible.

    `banner` are more fields of the offers that are eligible in the first slot.
    """
    lines = ["placements:", "  checkout:", "    slots:"]
    lines += [f"      {slot}: {{fallback: {{title: Nothing}}}}" for slot in _SLOTS]
    lines.append("offers:")
    for number in range(offers):
        slot = _SLOTS[number % len(_SLOTS)]
        is_eligible = number // len(_SLOTS) % 10 == 2
        form = _ELIGIBLE if is_eligible else _RULES[number % len(_RULES)]
        more = banner if is_eligible and number % len(_SLOTS) == 0 else ""
        rule = form.format(n=100 + number % 100 if is_eligible else 1_000 + number)
        lines.append(
            f"  - {{id: offer_{number}, version: 1, slots: [checkout.{slot}],"
            f" priority: {number * 37 % 101}, requires: device, when: '{rule}',"
            f' content: {{title: "Title {number}", text: "Of offer {number}"}}{more}}}'
        )
    return "\n".join(lines) + "\n"


def measure(suite: ProcessSuite) -> Figures:
    """The figures of decisions; `bench/README.md` says what each is."""
    record_first_orders(suite, SHOPPERS)
    rounds: dict[str, list[float]] = {}
    with (
        echo_service(suite.virtual_host),
        Proxies(suite.client_uri, CALLERS) as proxies,
        suite.proxy(timeout=60) as administrator,
        closing(DoorCaller(suite)) as door,
    ):
        for number in range(ROUNDS + 1):
            found = _alone(proxies.started[0], door, administrator)
            found |= _together(proxies.started)
            if number:  # the first round warms up
                for name, value in found.items():
                    rounds.setdefault(name, []).append(value)
        loaded = [_loaded(suite, proxies.started[0]) for _ in range(ROUNDS)]
        late = [_late(suite) for _ in range(ROUNDS)]
    figures = {name: round(statistics.median(values), 2) for name, values in rounds.items()}
    return figures | {
        "decide_loaded_p99_over_echo": round(statistics.median(loaded), 2),
        "deadline_over_p99_ms": round(statistics.median(late), 2),
        "decision_log_bytes": _log_bytes(suite),
        "growthbook_10_experiments_us": growthbook_us(),
    }


def _alone(proxy: Any, door: DoorCaller, administrator: Any) -> Figures:
    """One caller: the echo, decisions by each catalogue, over HTTP, and with a reservation."""
    echo = _durations(proxy, _echo, CALLS_A_ROUND)
    administrator.offers.apply(file=catalogue(100, _CAPPED))
    _reservations(proxy, 20)
    reserve = _reservations(proxy, CALLS_A_ROUND)
    by_size: dict[int, Durations] = {}
    for size in (10, 1_000, 100):
        administrator.offers.apply(file=catalogue(size))
        _durations(proxy, _decide, 20)
        by_size[size] = _durations(proxy, _decide, CALLS_A_ROUND)
    _durations(door, _decide_over_http, 20)
    http = _durations(door, _decide_over_http, CALLS_A_ROUND)
    p50 = {size: percentile(durations, 50) for size, durations in by_size.items()}
    return {
        "decide100_p50_over_echo": p50[100] / percentile(echo, 50),
        "decide100_p99_over_echo": percentile(by_size[100], 99) / percentile(echo, 99),
        "decide_http_p50_over_echo": percentile(http, 50) / percentile(echo, 50),
        "decide_reserve_p50_over_echo": percentile(reserve, 50) / percentile(echo, 50),
        "decide1000_p50_over_decide10": p50[1_000] / p50[10],
    }


def _together(proxies: list[Any]) -> Figures:
    """Eight callers: how many calls a second, decisions by 100 offers and echoes."""
    rates = []
    for call in (_echo, _decide):
        start = time.monotonic()
        threads = [
            eventlet.spawn(_durations, proxy, call, CALLS_A_ROUND // CALLERS) for proxy in proxies
        ]
        for thread in threads:
            thread.wait()
        rates.append(1 / (time.monotonic() - start))
    echo, decide = rates
    return {"decide_per_s_over_echo": decide / echo}


def _loaded(suite: ProcessSuite, proxy: Any) -> float:
    """One caller at 50 calls a second, while events are recorded: the p99 over the echo's."""
    echo: Durations = []
    decide: Durations = []
    with _ingestion(suite):
        begun = time.monotonic()
        for turn in range(int(LOADED_SECONDS / _TURN)):
            eventlet.sleep(max(0.0, begun + turn * _TURN - time.monotonic()))
            call, durations = (_echo, echo) if turn % 2 else (_decide, decide)
            durations += _durations(proxy, call, 1, first=turn)
    return percentile(decide, 99) / percentile(echo, 99)


def _late(suite: ProcessSuite) -> float:
    """How many ms past its deadline a decision is answered at p99, by the clock of the server.

    32 callers ask more than a process can do. The time is that from when a worker begins.
    """
    (process,) = suite.alive("offers")
    skipped = process.log.stat().st_size

    def caller(proxy: Any) -> None:
        for number in range(LATE_CALLS):
            proxy.offers.decide(request={**decide_request(number), "deadline_ms": DEADLINE_MS})

    with Proxies(suite.client_uri, LATE_CALLERS) as proxies:
        for thread in [eventlet.spawn(caller, proxy) for proxy in proxies.started]:
            thread.wait()
    eventlet.sleep(0.2)
    with process.log.open() as log:
        log.seek(skipped)
        lines = [json.loads(line) for line in log if '"answered"' in line]
    took = [line["ms"] for line in lines if line["entry_point"] == "decide"]
    return max(0.0, percentile(took, 99) - DEADLINE_MS)


@contextmanager
def _ingestion(suite: ProcessSuite) -> Iterator[None]:
    """Events of other shoppers are recorded meanwhile, by a process of its own."""
    arguments = [suite.client_uri, str(LOADED_RATE), str(SHOPPERS)]
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "bench.ingest", *arguments], stdout=subprocess.PIPE
    ) as process:
        if process.stdout is not None:
            process.stdout.readline()
        eventlet.sleep(1)
        try:
            yield
        finally:
            process.kill()


def _log_bytes(suite: ProcessSuite) -> float:
    """The JSON of a decision in the log, its data and metadata, in bytes on average."""
    connection = suite.administrator("offers")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT avg(octet_length(CAST(data AS text)) + octet_length(CAST(metadata AS text)))"
            " FROM events WHERE type = 'offer_decided'"
        )
        size = cursor.fetchone()[0]
    connection.close()
    return round(float(size))


def growthbook_us() -> float:
    """Ten experiments of one shopper, evaluated by GrowthBook's SDK in this process: CPU µs."""
    features = {
        f"slot_{number}": {
            "defaultValue": "control",
            "rules": [
                {
                    "key": f"experiment_{number}",
                    "condition": {"device": "mobile", "value": {"$gt": 200}},
                    "variations": ["control", "treatment"],
                    "weights": [0.5, 0.5],
                    "hashVersion": 2,
                    "hashAttribute": "id",
                }
            ],
        }
        for number in range(10)
    }

    def evaluate(shopper: int) -> None:
        attributes = {"id": shopper_id(shopper), "device": "mobile", "value": 24_900}
        client = GrowthBook(attributes=attributes, features=features)
        for name in features:
            client.evalFeature(name)
        client.destroy()

    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for shopper in range(200):
            evaluate(shopper)
        times.append((time.process_time() - start) / 200)
    return round(1e6 * statistics.median(times), 1)


def _durations(proxy: Any, call: Call, calls: int, first: int = 0) -> Durations:
    shoppers = [(first + number * 7) % SHOPPERS for number in range(calls)]
    return [timed(partial(call, proxy, shopper)) for shopper in shoppers]


def _reservations(proxy: Any, calls: int) -> Durations:
    """Of decisions that reserve; released after them, as a reservation is shown again else."""
    keys: list[str] = []
    durations = _durations(proxy, partial(_reserve, keys), calls)
    for key in keys:
        proxy.offers.release(key=key)
    return durations


def _echo(proxy: Any, shopper: int) -> object:
    return proxy.echo.echo(decide_request(shopper))


def _decide(proxy: Any, shopper: int) -> object:
    return proxy.offers.decide(request=decide_request(shopper))


def _decide_over_http(door: DoorCaller, shopper: int) -> object:
    return door.decide(decide_request(shopper))


def _reserve(keys: list[str], proxy: Any, shopper: int) -> object:
    decision = proxy.offers.decide(request={**decide_request(shopper), "reserve": True})
    if not decision.get("reservations"):
        raise RuntimeError(f"nothing is reserved: {decision}")
    keys += [each["key"] for each in decision["reservations"].values()]
    return decision
