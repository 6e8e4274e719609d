"""Shops that send events, checkouts that ask, and pings of every service, whatever fails.

An event is sent again until it has a receipt. A decision and a ping are not: whoever waits for one
has given up by then.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, pairwise
from typing import Any

from contracts.topology import SERVICE_NAMES
from tests.proofs.clients import Receipt
from tests.proofs.open_loop import OpenLoopClient, TimedCall
from tests.proofs.workload import EventJson, Strand, make_workload

DEADLINE_MS = 500
LANES = (*SERVICE_NAMES, "record", "decide")
_PINGS_A_SECOND = 5
_STRANDS_A_CALL = 4
_BATCHES_UNDER_WAY = 200  # with more of them the machine is too slow, and shops wait
_BATCHES_TO_DRAIN = 8  # under way at once when the rest is sent, at no rate
_JOURNEYS_AT_ONCE = 6  # one of each kind
_RECORD_LIMIT = 4.0
_PING_LIMIT = 2.0
_PAUSE = 0.2  # before events are sent again
_TICK = 0.005
_TRY_AGAIN = {"Late", "Unavailable"}  # any other error is a defect of a service


@dataclass(frozen=True, slots=True)
class Rates:
    """How many events shops send, and how many decisions checkouts ask for, in a second."""

    events: float
    decisions: float


@dataclass(slots=True)
class Phase:
    """What was sent and answered in a phase of the proof."""

    name: str
    calls: dict[str, list[TimedCall]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    echoes: list[TimedCall] = field(default_factory=list)
    receipts: dict[str, list[Receipt]] = field(default_factory=dict)
    receipted_at: dict[str, float] = field(default_factory=dict)
    whose: dict[str, str] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)

    def answers(self, lane: str) -> list[float]:
        """When calls of a lane were answered in time, ascending."""
        return sorted(c.answered_at for c in self.calls[lane] if c.in_time and c.answered_at)

    def gap(self, lane: str, start: float, end: float) -> float:
        """The longest time between `start` and `end` without an answer in a lane."""
        times = [start, *(at for at in self.answers(lane) if start <= at <= end), end]
        return max(after - before for before, after in pairwise(times))

    def failing_after(self, lane: str, start: float) -> float:
        """How long after `start` the last call was sent that was not answered in time; 0 if none.

        One call alone does not count: a machine may be busy for a moment.
        """
        calls = sorted((c for c in self.calls[lane] if c.sent_at >= start), key=lambda c: c.sent_at)
        failures = [b.sent_at for a, b in pairwise(calls) if not a.in_time and not b.in_time]
        return max(failures) - start if failures else 0.0

    def decisions(self) -> list[dict[str, Any]]:
        """What checkouts were answered in time."""
        return [call.result for call in self.calls["decide"] if call.in_time]


class Shops:
    """Sends through `client` in a thread of its own, within `with`."""

    def __init__(self, client: OpenLoopClient, rates: Rates, seed: int) -> None:
        self.phase = Phase("")
        self._client = client
        self._rates = rates
        self._rng = random.Random(seed)
        self._numbers = count()
        self._strands: deque[Strand] = deque()
        self._under_way = 0
        self._again: deque[tuple[float, list[EventJson], list[Strand]]] = deque()
        self._shoppers: deque[dict[str, str]] = deque(maxlen=500)
        self._open = False
        self._stopping = threading.Event()
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Shops:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self._thread.join()

    def begin(self, name: str) -> Phase:
        """Begin a phase, with shoppers of its own."""
        self.check()
        self.phase = Phase(name)
        self._open = True
        return self.phase

    def drain(self, patience: float) -> bool:
        """Send no more but the rest of what was begun; whether all of it has receipts in time."""
        self._open = False
        deadline = time.monotonic() + patience
        while self._strands or self._under_way or self._again:
            self.check()
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def check(self) -> None:
        """Raise what has ended the thread, if anything has."""
        if self._errors:
            raise self._errors[0]

    def _run(self) -> None:
        try:
            self._send_until_stopped()
        except Exception as error:  # noqa: BLE001 - raised where somebody waits for the traffic
            self._errors.append(error)

    def _send_until_stopped(self) -> None:
        events, decisions = _Tokens(self._rates.events), _Tokens(self._rates.decisions)
        pings = _Tokens(_PINGS_A_SECOND)
        while not self._stopping.wait(_TICK):
            self._client.expire()
            for tokens in (events, decisions, pings):
                tokens.earn()
            self._send_again()
            while self._may_send(events):
                events.left -= self._send_events()
            while self._open and decisions.take():
                self._send_decision()
            while self._open and pings.take():
                self._send_pings()

    def _may_send(self, tokens: _Tokens) -> bool:
        if self._open:
            return tokens.left > 0 and self._under_way < _BATCHES_UNDER_WAY
        return bool(self._strands) and self._under_way < _BATCHES_TO_DRAIN

    def _send_events(self) -> int:
        """Send the next batch of a few strands in one call; returns how many events that are."""
        if not self._strands:
            self._begin_journeys()
        turn = [self._strands.popleft() for _ in range(min(_STRANDS_A_CALL, len(self._strands)))]
        batch = [event for strand in turn for event in strand.pop(0)]
        self._under_way += 1
        self._send_batch(batch, turn)
        return len(batch)

    def _begin_journeys(self) -> None:
        number = next(self._numbers)
        name = f"{self.phase.name}-{number}-"
        workload = make_workload(_JOURNEYS_AT_ONCE, number, name, datetime.now(UTC))
        self.phase.whose |= workload.whose
        self._strands.extend(workload.strands)

    def _send_again(self) -> None:
        now = time.monotonic()
        while self._again and self._again[0][0] <= now:
            _, batch, turn = self._again.popleft()
            self._send_batch(batch, turn)

    def _send_batch(self, batch: list[EventJson], turn: list[Strand]) -> None:
        phase = self.phase

        def done(call: TimedCall) -> None:
            phase.calls["record"].append(call)
            if call.in_time:
                self._note(phase, call, batch)
                self._strands.extend(strand for strand in turn if strand)
                self._under_way -= 1
                return
            if call.error not in _TRY_AGAIN:
                phase.defects.append(f"profiles.record raised {call.error}")
            self._again.append((time.monotonic() + _PAUSE, batch, turn))

        self._client.send(
            TimedCall("profiles", "record", {"events": batch}, _RECORD_LIMIT, done=done)
        )

    def _note(self, phase: Phase, call: TimedCall, batch: list[EventJson]) -> None:
        receipts = call.result["receipts"]
        if [receipt["event_id"] for receipt in receipts] != [event["id"] for event in batch]:
            phase.defects.append("profiles.record returned other receipts than events were sent")
        for receipt in receipts:
            phase.receipts.setdefault(receipt["event_id"], []).append(receipt)
            phase.receipted_at.setdefault(receipt["event_id"], time.time())
        self._shoppers.extend(event["identifiers"] for event in batch)

    def _send_decision(self) -> None:
        if not self._shoppers:
            return
        identifiers = self._rng.choice(self._shoppers)
        request = {
            "placement": "checkout",
            "identifiers": identifiers,
            "authenticated": "user_id" in identifiers,
            "context": {"value": 24_900, "currency": "USD"},
            "deadline_ms": DEADLINE_MS,
        }
        call = TimedCall("offers", "decide", {"request": request}, DEADLINE_MS / 1_000)
        call.done = self._noted("decide")
        self._client.send(call)

    def _send_pings(self) -> None:
        for service in SERVICE_NAMES:
            call = TimedCall(service, "ping", {}, _PING_LIMIT, done=self._noted(service))
            self._client.send(call)
        echo = TimedCall("echo", "echo", {"value": 1}, _PING_LIMIT, done=self.phase.echoes.append)
        self._client.send(echo)

    def _noted(self, lane: str) -> Any:
        phase = self.phase

        def done(call: TimedCall) -> None:
            phase.calls[lane].append(call)
            if call.error not in ("", *_TRY_AGAIN):
                phase.defects.append(f"{call.service}.{call.method} raised {call.error}")

        return done


@dataclass(slots=True)
class _Tokens:
    """So many a second; what could not be sent within a second is given up, and so is a debt."""

    a_second: float
    left: float = 0.0
    earned_at: float = field(default_factory=time.monotonic)

    def earn(self) -> None:
        now = time.monotonic()
        earned = self.a_second * (now - self.earned_at)
        self.left = min(max(self.left, -self.a_second) + earned, self.a_second)
        self.earned_at = now

    def take(self) -> bool:
        if self.left < 1:
            return False
        self.left -= 1
        return True


def share(calls: Iterable[TimedCall]) -> float:
    """The share of calls that were answered in time; 1 if there are none."""
    counts = Counter(call.in_time for call in calls)
    return counts[True] / counts.total() if counts else 1.0
