"""The back ends of shops: they send each event until it has a receipt, with the same id."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from nameko.exceptions import RemoteError, RpcTimeout
from nameko.standalone.rpc import ClusterRpcProxy

from tests.proofs.workload import EventJson, Strand, Workload

Receipt = dict[str, Any]

_TIMEOUT = 4.0
_PATIENCE = 120.0
_STRANDS_A_CALL = 4
_TRY_AGAIN = {"Unavailable"}  # any other error of a service is a defect


class Clients:
    """Several clients at once; `gate(share of events sent)` blocks each until it may send more.

    They send within `with`. `receipts` has every receipt by event id. One more client repeats what
    the others have sent or are sending at that moment.
    """

    def __init__(
        self, amqp_uri: str, strands: list[Strand], gate: Callable[[float], None], count: int = 4
    ) -> None:
        self.receipts: dict[str, list[Receipt]] = {}
        self.calls = 0
        self.tries = 0
        self._receipted = 0
        self._amqp_uri = amqp_uri
        self._gate = gate
        self._total = sum(len(batch) for strand in strands for batch in strand)
        self._sent: deque[EventJson] = deque(maxlen=200)
        self._done = threading.Event()
        self._errors: list[BaseException] = []
        shares = [[list(strand) for strand in strands[number::count]] for number in range(count)]
        self._threads = [
            threading.Thread(target=self._guarded, args=(self._send, number, share))
            for number, share in enumerate(shares)
        ]
        self._repeater = threading.Thread(target=self._guarded, args=(self._repeat,))

    def __enter__(self) -> Self:
        for thread in [*self._threads, self._repeater]:
            thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._errors.append(error)  # so that all give up
        self._end()

    def finish(self) -> None:
        """Wait until everything is sent; raises the error of a client that gave up."""
        self._end()
        if self._errors:
            raise self._errors[0]

    def _end(self) -> None:
        for thread in self._threads:
            thread.join()
        self._done.set()
        self._repeater.join()

    @property
    def share(self) -> float:
        """The share of events with receipts; raises the error of a client that gave up."""
        if self._errors:
            raise self._errors[0]
        return self._receipted / self._total

    @property
    def busy(self) -> bool:
        """Whether any client still sends."""
        return any(thread.is_alive() for thread in self._threads)

    def send_more(self, workload: Workload) -> None:
        """Send another workload, beside the clients."""
        proxy = ReconnectingProxy(self._amqp_uri)
        for strand in workload.strands:
            for batch in strand:
                self._record(proxy, batch)
        proxy.close()

    def _guarded(self, run: Callable[..., None], *arguments: Any) -> None:
        try:
            run(*arguments)
        except Exception as error:  # noqa: BLE001 - raised where the clients are waited for
            self._errors.append(error)

    def _send(self, number: int, strands: list[Strand]) -> None:
        rng = random.Random(number)
        proxy = ReconnectingProxy(self._amqp_uri)
        waiting = deque(strands)
        while waiting and not self._errors:
            self._gate(self._receipted / self._total)
            turn = [waiting.popleft() for _ in range(min(_STRANDS_A_CALL, len(waiting)))]
            batch = [event for strand in turn for event in strand[0]]
            if rng.random() < 0.2:
                batch += rng.sample(batch, min(2, len(batch)))
            self._sent.extend(batch)
            if rng.random() < 0.1:
                _hang_up(self._amqp_uri, batch)
            self._record(proxy, batch)
            self._receipted += sum(len(strand.pop(0)) for strand in turn)
            waiting.extend(strand for strand in turn if strand)
        proxy.close()

    def _repeat(self) -> None:
        rng = random.Random("echo")
        proxy = ReconnectingProxy(self._amqp_uri)
        while not self._done.wait(0.1):
            sent = list(self._sent)
            if len(sent) > 20:
                self._record(proxy, rng.sample(sent[-100:], 10))
        proxy.close()

    def _record(self, proxy: ReconnectingProxy, batch: list[EventJson]) -> None:
        deadline = time.monotonic() + _PATIENCE
        self.calls += 1
        while True:
            self.tries += 1
            try:
                response = proxy.record(batch)
                break
            except Exception as error:
                refused = isinstance(error, RemoteError) and error.exc_type not in _TRY_AGAIN
                if refused or self._errors or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        assert [receipt["event_id"] for receipt in response["receipts"]] == [e["id"] for e in batch]
        for receipt in response["receipts"]:
            self.receipts.setdefault(receipt["event_id"], []).append(receipt)


def _hang_up(amqp_uri: str, batch: list[EventJson]) -> None:
    """Call and hang up before the response comes; the same events are then sent again."""
    with (
        suppress(RpcTimeout, OSError),
        ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=0.01) as services,
    ):
        services.profiles.record(events=batch)


class ReconnectingProxy:
    """A nameko proxy, replaced after any error."""

    def __init__(self, amqp_uri: str) -> None:
        self._amqp_uri = amqp_uri
        self._proxy: Any = None
        self._services: Any = None

    def record(self, events: list[EventJson]) -> Any:
        try:
            if self._services is None:
                self._proxy = ClusterRpcProxy({"AMQP_URI": self._amqp_uri}, timeout=_TIMEOUT)
                self._services = self._proxy.start()
            return self._services.profiles.record(events=events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._proxy is not None:
            with suppress(Exception):  # it may be broken in any way
                self._proxy.stop()
        self._proxy = self._services = None
