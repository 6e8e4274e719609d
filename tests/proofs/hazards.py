"""Runs `cdp` in a process whose clock can be put wrong, and which can be frozen in a transaction.

    CDP_HAZARDS=directory python -m tests.proofs.hazards run profiles

The process maps the file `<its id>` of that directory, through which `Hazards` speaks to it.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "CDP_HAZARDS"
_WRITES = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
_LAYOUT = struct.Struct("qq")  # µs by which the clock is ahead; whether to freeze


class Hazards:
    """The hazards of one process, as it reads them and as a test sets them."""

    def __init__(self, directory: Path, pid: int, *, create: bool = False) -> None:
        path = directory / str(pid)
        if create:
            path.write_bytes(bytes(_LAYOUT.size))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _LAYOUT.size)

    @property
    def clock_ahead(self) -> int:
        """By how many µs the process's clock is ahead of the machine's; negative if behind."""
        ahead: int = _LAYOUT.unpack_from(self._memory)[0]
        return ahead

    @clock_ahead.setter
    def clock_ahead(self, microseconds: int) -> None:
        _LAYOUT.pack_into(self._memory, 0, microseconds, self.freezes)

    @property
    def freezes(self) -> bool:
        """Whether the process is to freeze before it commits the next transaction."""
        return bool(_LAYOUT.unpack_from(self._memory)[1])

    @freezes.setter
    def freezes(self, wanted: bool) -> None:
        _LAYOUT.pack_into(self._memory, 0, self.clock_ahead, wanted)

    def put_the_clock_wrong(self) -> None:
        """From now on this process reads its clock through the hazards."""
        machine_ns, machine = time.time_ns, time.time
        time.time_ns = lambda: machine_ns() + 1_000 * self.clock_ahead
        time.time = lambda: machine() + self.clock_ahead / 1_000_000

    def freeze_in_transactions(self) -> None:
        """From now on this process, once told to, stops (SIGSTOP) before a commit of something."""
        from chassis.database.engine import Database

        transaction = Database.transaction

        @contextmanager
        def patched(database: Database) -> Iterator[object]:
            with transaction(database) as connection:
                yield connection
                if self.freezes and connection.exec_driver_sql(_WRITES).scalar():
                    self.freezes = False
                    os.kill(os.getpid(), signal.SIGSTOP)

        Database.transaction = patched  # type: ignore[method-assign, assignment]


def _main() -> None:
    import warnings

    hazards = Hazards(Path(os.environ[VARIABLE]), os.getpid(), create=True)
    hazards.put_the_clock_wrong()
    warnings.filterwarnings("ignore")  # as `cdp` does, before nameko is imported

    import chassis.runtime.green  # noqa: F401 - before all that it makes cooperative

    hazards.freeze_in_transactions()
    from cdp.main import main

    main()


if __name__ == "__main__":
    _main()
