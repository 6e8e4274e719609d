"""The log of decisions, written behind the answers: no shopper waits for it.

Decisions that have been answered wait in memory, and one insert after another takes all that have
gathered. With a spool each is on the local disk before it is answered. Ids of decisions are those
of their events, so an insert whose outcome is not known is made again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog
from prometheus_client import Counter, Gauge

from chassis import Draft, InvalidInput, Unavailable
from chassis.config.settings import Settings
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.retry import retry
from chassis.eventlog.spool import Spool, SpoolFile, spool_line
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner

WAITING = Gauge("cdp_decision_log_waiting", "Decisions that are answered and not in the log yet.")
UNLOGGED = Counter(
    "cdp_decisions_unlogged",
    "Decisions that are not in the log: too many waited (full), or it did not take one (refused).",
    ["reason"],
)
UNSPOOLED = Counter(
    "cdp_decisions_unspooled", "Decisions that the disk of CDP_OFFERS_SPOOL did not take."
)
for _reason in ("full", "refused"):  # there before the first, so that its increase is seen
    UNLOGGED.labels(_reason)

MOST_WAITING = 2_000
MOST_BYTES = 8 * 1024 * 1024
_TOGETHER = 100  # in one insert
_GATHERING_SECONDS = 0.01  # what comes meanwhile is written together
_IDLE_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

_log = structlog.get_logger("offers")


@dataclass(frozen=True, slots=True)
class WaitingDecision:
    """A decision that is to be logged, and its size in bytes of JSON."""

    draft: Draft
    size: int


class DecisionLog:
    """Takes decisions at once, and appends them to the log of offers in the background."""

    def __init__(
        self,
        work: UnitOfWorkRunner,
        spool: Spool | None = None,
        most_waiting: int = MOST_WAITING,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._work = work
        self._spool = spool
        self._most_waiting = most_waiting
        self._most_bytes = most_bytes
        self._bytes = 0
        self._new: list[WaitingDecision] = []
        self._batch: list[WaitingDecision] = []  # what is being written
        self._files: list[SpoolFile] = []  # the files in which all of the batch is
        self._look_at = 0.0  # when to look for what others have left
        self._writing = threading.Lock()
        self._wake = threading.Event()
        WAITING.set_function(self._count)

    def add(self, draft: Draft) -> bool:
        """Have a decision logged; False if too many wait already, and it is not. Never waits."""
        line = spool_line(draft)
        if self._count() >= self._most_waiting or self._bytes + len(line) > self._most_bytes:
            UNLOGGED.labels("full").inc()
            return False
        if self._spool is not None:
            try:
                self._spool.write(line)
            except OSError as error:  # it is still logged, unless the process is killed
                UNSPOOLED.inc()
                _log.error("decision_not_spooled", decision_id=draft.id, error=str(error))
        self._new.append(WaitingDecision(draft, len(line)))
        self._bytes += len(line)
        if not self._wake.is_set():
            self._wake.set()
        return True

    def run(self) -> None:
        """Write for ever, also what other processes of this machine have left when they died."""
        while True:
            self._wake.wait(_IDLE_SECONDS)
            time.sleep(_GATHERING_SECONDS)
            self._wake.clear()
            retry(
                self.write,
                lambda error: isinstance(error, Exception),
                first_pause=_FIRST_PAUSE,
                longest_pause=_LONGEST_PAUSE,
                before_pause=_note_pause,
                sleep=time.sleep,
            )

    def write(self) -> None:
        """Append all that waits; Unavailable if the database does not take it, which then waits.

        A decision that it refuses is given up, so that it holds up no other; unless it refuses all,
        for then it is not the decisions.
        """
        with self._writing:
            self._gather()
            while self._batch:
                together = self._batch[:_TOGETHER]
                self._write_together(together)
                del self._batch[: len(together)]
                self._bytes -= sum(each.size for each in together)
            if self._spool is not None:
                with self._noting_disk():
                    while self._files:
                        self._spool.release(self._files.pop())

    def flush(self, seconds: float) -> None:
        """Wait until all that was added by now is in the log, for so long at most."""
        with suppress(DeadlineExceeded, Unavailable):
            run_within(seconds, self.write)

    def stop(self, seconds: float) -> None:
        """Write what waits, and leave the rest to the spool, if there is one."""
        self.flush(seconds)
        if left := self._count():
            _log.error("decisions_left", decisions=left, spooled=self._spool is not None)
        if self._spool is not None:
            self._spool.close()
            for file in self._files:
                file.close()

    def _count(self) -> int:
        return len(self._new) + len(self._batch)

    def _gather(self) -> None:
        """Take what is new, and what dead processes have left, into the batch."""
        if self._spool is not None:
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + _IDLE_SECONDS
                with self._noting_disk():
                    self._take_over(self._spool)
            if self._new:
                # Uncut, the file goes on, and the next cut has what is logged by then once more.
                with self._noting_disk():
                    self._files.append(self._spool.cut())
        self._batch += self._new
        self._new = []

    @contextmanager
    def _noting_disk(self) -> Iterator[None]:
        """A disk that fails is noted: what is in memory is logged all the same."""
        try:
            yield
        except OSError as error:
            _log.error("spool_failed", error=str(error))

    def _take_over(self, spool: Spool) -> None:
        for file in spool.take_over():
            left = [WaitingDecision(each, len(spool_line(each))) for each in file.drafts()]
            self._batch += left
            self._bytes += sum(each.size for each in left)
            self._files.append(file)
            _log.info("spool_taken_over", file=file.path.name, decisions=len(left))

    def _write_together(self, decisions: Sequence[WaitingDecision]) -> None:
        try:
            self._append(decisions)
        except Unavailable:
            raise
        except Exception as error:
            refused = [each for each in decisions if not self._takes(each)]
            if len(refused) == len(decisions):
                raise Unavailable("log", f"takes no decision ({type(error).__name__})") from error
            for each in refused:
                UNLOGGED.labels("refused").inc()
                _log.error(
                    "decision_refused", decision_id=each.draft.id, error=type(error).__name__
                )

    def _takes(self, decision: WaitingDecision) -> bool:
        try:
            self._append([decision])
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - told by whoever tries the others
            return False
        return True

    def _append(self, decisions: Sequence[WaitingDecision]) -> None:
        drafts = [each.draft for each in decisions]
        self._work.autocommit(partial(UnitOfWork.append, drafts=drafts))


def open_decision_log(settings: Settings, work: UnitOfWorkRunner) -> DecisionLog:
    """The log of one process; InvalidInput if the directory of its spool cannot be used."""
    if settings.spool is None or not settings.serves_rpc:
        return DecisionLog(work)
    try:
        return DecisionLog(work, Spool(settings.spool))
    except OSError as error:
        raise InvalidInput(
            "CDP_OFFERS_SPOOL", f"must be a directory that offers may write to: {error.strerror}"
        ) from None


def _note_pause(error: BaseException, pause: float) -> None:
    _log.warning("decision_log_waits", error=str(error), retry_in=pause)
