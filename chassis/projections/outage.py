"""Outage or poison: what it means that an event could not be applied.

Poison is one bad event: its streams are halted, and all others continue. An outage hits whatever
comes: nothing is halted, and everything is tried again until it passes. They are told apart by what
else fails and what else applies:

- Where release and database do not fit each other, no event is to blame: an outage.
- The same failure (kind and place) on ALIKE_STREAMS streams within WINDOW, and no event of that
  type applied in between: an outage. Replicas see each other's by their dead letters.
- Anything else is poison, and so is a failure that has lasted for PATIENCE while events of other
  types were applied: the mistake is then in how this release reads one type.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import chassis.database
from chassis.core.errors import ServiceError, Unavailable
from chassis.database.engine import failure_code

# All in microseconds, by the clock of the units of work.
WINDOW = 60 * 1_000_000
PATIENCE = 300 * 1_000_000
OTHERS_WINDOW = 5 * 1_000_000
ALIKE_STREAMS = 5

_DATABASE = Path(str(chassis.database.__file__)).parent


class Outage(Unavailable):
    """No event can be applied just now; nothing was halted, and all of them are to be tried again.

    `kind` says what failed and where. Callers need not know it: the log and `status` have it.
    """

    def __init__(self, subject: str, kind: str) -> None:
        super().__init__(subject, f"cannot be applied ({kind}); try again later")
        self.kind = kind


class FailureVerdict(Enum):
    """What a failure is."""

    POISON = "poison"
    OUTAGE_BEGINS = "outage begins"  # those of its streams that were halted must go on
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class ApplyFailure:
    """That an event of `type` could not be applied to `stream` (of a joint fact: the first).

    `kind` says what failed and where. `misfit`: this release and the database do not fit.
    """

    kind: str
    type: str
    stream: str
    misfit: bool = False


@dataclass(slots=True)
class _Run:
    """Failures of one kind, without an event of their types applied in between.

    `streams` has the type and the time of the last failure of each; `others_at` is when an event of
    another type was last applied.
    """

    began: int
    streams: dict[str, tuple[str, int]] = field(default_factory=dict)
    others_at: int | None = None
    is_outage: bool = False


class FailureHistory:
    """The failures of the last minute, as one process has seen them; `now` is in microseconds."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._applied: dict[str, int] = {}

    def since(self, failure: ApplyFailure, now: int) -> int:
        """From when on failures alike count: since an event of that type was last applied."""
        return max(now - WINDOW, self._applied.get(failure.type, 0))

    def judge(
        self, failure: ApplyFailure, now: int, halted: Collection[str] = ()
    ) -> FailureVerdict:
        """The verdict on a failure; `halted` are streams that any replica halted alike `since`."""
        self._forget(now)
        run = self._runs.setdefault(failure.kind, _Run(began=now))
        run.streams[failure.stream] = failure.type, now
        if not failure.misfit:
            if len(run.streams.keys() | set(halted)) < ALIKE_STREAMS:
                return FailureVerdict.POISON
            others_apply = run.others_at is not None and run.others_at >= now - WINDOW
            if others_apply and now - run.began >= PATIENCE:
                return FailureVerdict.POISON
        verdict = FailureVerdict.OUTAGE if run.is_outage else FailureVerdict.OUTAGE_BEGINS
        run.is_outage = True
        return verdict

    def note_applied(self, types: Iterable[str], now: int) -> None:
        """Events of these types were applied."""
        applied = set(types)
        self._applied.update(dict.fromkeys(applied, now))
        for kind, run in list(self._runs.items()):
            run.streams = {s: place for s, place in run.streams.items() if place[0] not in applied}
            run.others_at = now
            if not run.streams:
                del self._runs[kind]

    def others_apply(self, failure: ApplyFailure, now: int) -> bool:
        """Whether events of other types were applied lately, since that failure began."""
        run = self._runs.get(failure.kind)
        return (
            run is not None and run.others_at is not None and (run.others_at >= now - OTHERS_WINDOW)
        )

    def outages(self, now: int) -> list[str]:
        """The kinds of failure that are outages and have not passed yet."""
        self._forget(now)
        return sorted(kind for kind, run in self._runs.items() if run.is_outage)

    def _forget(self, now: int) -> None:
        """Drop failures that are older than WINDOW."""
        for kind, run in list(self._runs.items()):
            run.streams = {
                stream: place for stream, place in run.streams.items() if place[1] > now - WINDOW
            }
            if not run.streams:
                del self._runs[kind]


def failure_kind(error: Exception) -> str:
    """What failed and where, by which failures are alike: no message, since it may have an id."""
    frames = traceback.extract_tb(error.__traceback__)
    # Statements are run by one place in a library, which says nothing of where they come from.
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    frame = next(
        (f for f in reversed(ours) if _DATABASE not in Path(f.filename).parents), frames[-1]
    )
    what = " ".join(filter(None, (type(error).__name__, failure_code(error))))
    return f"{what} in {frame.name}, {Path(frame.filename).name}:{frame.lineno}"


def failure_reason(error: Exception) -> str:
    """The kind, and the message only if it is ours, since others may quote a value."""
    kind = failure_kind(error)
    return f"{kind}: {error}" if isinstance(error, ServiceError) else kind
