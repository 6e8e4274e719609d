"""Runs `cdp` in a process that ends itself, as by a power cut, when it comes to an exact place.

    CDP_FAULT=resolved:3 python -m tests.proofs.failpoints run profiles

resolved   identity has answered with new facts, and profiles has appended nothing yet
committed  events are in the log, and none of them was given to the broker
applied    a batch of messages was applied, and none of them was acknowledged
The number says at which time of coming there.
"""

import os
import signal
import warnings

warnings.filterwarnings("ignore")  # as `cdp` does, before nameko is imported

import chassis.runtime.green  # noqa: E402, F401 - before all that it makes cooperative
from cdp.main import main  # noqa: E402
from chassis.messaging.publisher import BrokerPublisher  # noqa: E402
from chassis.runtime.subscriber import Subscribe  # noqa: E402


class _Fault:
    def __init__(self, told):
        place, _, times = told.partition(":")
        self._left = int(times)
        getattr(self, place)()

    def reached(self):
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def resolved(self):
        from services.profiles.commands import RecordHandler

        resolve = RecordHandler._resolve

        def faulty(recorder, events):
            answer = resolve(recorder, events)
            if answer[-1]:
                self.reached()
            return answer

        RecordHandler._resolve = faulty

    def committed(self):
        publish = BrokerPublisher.publish

        def faulty(publisher, row_id, events):
            self.reached()
            publish(publisher, row_id, events)

        BrokerPublisher.publish = faulty

    def applied(self):
        try_until_done = Subscribe._try_until_done

        def faulty(subscriber, action):
            try_until_done(subscriber, action)
            self.reached()

        Subscribe._try_until_done = faulty


if __name__ == "__main__":
    _Fault(os.environ["CDP_FAULT"])
    main()
