"""Runs `cdp` in a process that kills itself, as a power cut would, at a failpoint.

    CDP_FAULT=resolved:3 python -m tests.proofs.failpoints run profiles

resolved   identity has returned new facts, and profiles has appended nothing yet
committed  events are in the log, and none of them was sent to the broker
applied    a batch of messages was applied, and none of them was acknowledged
The number says at which arrival there.
"""

import os
import signal
import warnings
from typing import Any

warnings.filterwarnings("ignore")  # as `cdp` does, before nameko is imported

import chassis.runtime.green  # noqa: E402, F401 - before all that it makes cooperative
from cdp.main import main  # noqa: E402
from chassis.messaging.publisher import BrokerPublisher  # noqa: E402
from chassis.runtime.subscriber import Subscribe  # noqa: E402


class Failpoint:
    def __init__(self, text: str) -> None:
        name, _, arrivals = text.partition(":")
        self._left = int(arrivals)
        getattr(self, name)()

    def arrive(self) -> None:
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def resolved(self) -> None:
        from services.profiles.commands import recording

        resolve = recording.resolve

        def patched(events: Any, identity: Any) -> Any:
            batch = resolve(events, identity)
            if batch.facts:
                self.arrive()
            return batch

        recording.resolve = patched

    def committed(self) -> None:
        publish = BrokerPublisher.publish

        def patched(publisher: Any, row_id: Any, events: Any) -> None:
            self.arrive()
            publish(publisher, row_id, events)

        BrokerPublisher.publish = patched  # type: ignore[assignment, method-assign]

    def applied(self) -> None:
        try_until_done = Subscribe._try_until_done

        def patched(subscriber: Any, action: Any) -> None:
            try_until_done(subscriber, action)
            self.arrive()

        Subscribe._try_until_done = patched  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    Failpoint(os.environ["CDP_FAULT"])
    main()
