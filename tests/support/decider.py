"""A process that answers decisions until it is killed, and says which: `decider URI SPOOL`.

The first fifty are in the log, the others in the spool alone.
"""

from __future__ import annotations

# First of all: like a service, this process is green before anything else is imported.
import chassis.runtime.green  # noqa: F401  # isort: skip

import itertools
import sys
from pathlib import Path

from chassis import Draft, SystemClock, new_id
from chassis.database.engine import Database
from chassis.eventlog.spool import Spool
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.offers.decision_log import DecisionLog

if __name__ == "__main__":
    uri, directory = sys.argv[1:]
    work = UnitOfWorkRunner(Database(uri), "offers", SystemClock())
    log = DecisionLog(work, Spool(Path(directory)))
    for number in itertools.count(1):
        name = new_id()
        draft = Draft(name, name, "offer_decided", {}, work.clock.now(), schema_version=2)
        if log.add(draft):
            print(draft.id, flush=True)
        if number == 50:
            log.write()
