"""Loading: the pieces of a file become batches, batches become receipts, and every step is kept."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Protocol

from cdp.loading.checkpoint import Bookmark, CheckpointFolder, Counts
from cdp.loading.records import Record, SizedRecord
from cdp.loading.rows import RowSource
from cdp.loading.throttle import Throttle
from chassis.core.errors import Conflict, Failure, InvalidInput, Unavailable
from chassis.validation.plain import MAX_CALL_BYTES

FINDING = "Finding the place"
_POLL_SECONDS = 0.05
_EVENT_OF_CALL = re.compile(r"events\[\d+\]\.?")


class LoadTarget(Protocol):
    """What a load asks of the services."""

    def record(self, events: Sequence[Any]) -> list[dict[str, Any]]:
        """The receipts of profiles, one an event; Unavailable if there is no answer."""
        ...

    def behind(self, places: Mapping[str, int]) -> Iterator[tuple[str, float, dict[str, int]]]:
        """Of each service that follows profiles: its name, the seconds that it took to answer, and
        where it stands in those streams of `places` in which it has not come that far."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What a progress bar shows. `read` is how much of the file is done, in its units."""

    read: int
    counts: Counts
    waiting: str = ""


@dataclass(slots=True)
class Load:
    """One run over a file, from where the last one stood.

    `pieces` begins with the file's first row; `make` gives the event of a piece, or raises
    InvalidInput. `most_rows` is where to stop; the piece in which it lies is loaded whole.
    """

    source: RowSource
    pieces: Callable[[], Iterator[Record]]
    make: Callable[[Record], SizedRecord]
    folder: CheckpointFolder
    services: LoadTarget
    setting: dict[str, str]
    pace: Throttle
    most_rows: int | None = None
    patience: float = 60.0
    show: Callable[[Progress], None] = lambda _progress: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    mark: Bookmark = field(init=False)
    _digest: Any = field(default_factory=lambda: blake2b(digest_size=16))
    _read: int = 0

    def run(self) -> Bookmark:
        """Load what is left; the place reached. A ServiceError ends it, and another run goes on."""
        found = self.folder.read()
        found = self._known(found or Bookmark(self.setting, self._digest.hexdigest()))
        self.mark = self.folder.finish(found)
        pieces = self.pieces()
        self._skip(pieces)
        for batch in self._batches(pieces):
            began = self.clock()
            self._keep(batch, self._record(batch), began)
        return self.mark

    def _known(self, mark: Bookmark) -> Bookmark:
        for name, value in self.setting.items():
            if mark.setting.get(name) != value:
                raise Conflict(
                    str(self.folder.path),
                    f"has a load that was begun with another {name}; start over with --restart"
                    " (what is recorded counts once)",
                )
        return mark

    def _skip(self, pieces: Iterator[Record]) -> None:
        """Read again what is done, and make sure that it is the same."""
        rows = 0
        while rows < self.mark.counts.rows and (piece := next(pieces, None)) is not None:
            rows += len(piece.rows)
            self._pass(piece)
            if rows % 5_000 < len(piece.rows):
                self.show(Progress(self._read, self.mark.counts, FINDING))
        if rows != self.mark.counts.rows or self._digest.hexdigest() != self.mark.digest:
            raise Conflict(
                "the file",
                "has changed where it was loaded already; start over with --restart (an event whose"
                " id is recorded counts once; without ids of their own, rows that were changed or"
                " moved are events anew)",
            )
        self.show(Progress(self._read, self.mark.counts))

    def _pass(self, piece: Record) -> None:
        for row in piece.rows:
            self._digest.update(row.raw.rstrip(b"\r\n") + b"\n")
        self._read = piece.rows[-1].end

    def _batches(self, pieces: Iterator[Record]) -> Iterator[_Batch]:
        """Batches as large as the pace is when each is begun."""
        batch = _Batch()
        rows = self.mark.counts.rows
        for piece in pieces if self._wants(rows) else ():
            try:
                if piece.fault:
                    raise InvalidInput("", piece.fault)
                made = self.make(piece)
            except InvalidInput as error:
                batch.refuse(piece, str(error).removeprefix("event."))
            else:
                if batch.size + made.size > MAX_CALL_BYTES * 3 // 4:
                    yield batch
                    batch = _Batch()
                batch.add(piece, made)
            rows += len(piece.rows)
            if len(batch.pieces) >= self.pace.events or not self._wants(rows):
                yield batch
                batch = _Batch()
            if not self._wants(rows):
                return
        if batch.pieces:
            yield batch

    def _wants(self, rows: int) -> bool:
        return self.most_rows is None or rows < self.most_rows

    def _record(self, batch: _Batch) -> Counter[str]:
        if not batch.events:
            return Counter()
        self._wait()
        began = self.clock()
        try:
            receipts = self.services.record([made.event for _piece, made in batch.events])
        except Failure as error:
            numbers = (
                f"lines {batch.pieces[0].rows[0].number} to {batch.pieces[-1].rows[-1].number}"
            )
            raise Failure(numbers, f"were refused as a whole: {error}") from None
        token: dict[str, int] = {}
        for (piece, _made), receipt in zip(batch.events, receipts, strict=True):
            if receipt["status"] == "rejected":
                batch.refuse(piece, _reason(receipt["error"]), known=True)
            elif receipt["status"] == "appended":
                token = {receipt["stream_id"]: receipt["version"]}
        self.pace.recorded(self.clock() - began, token, len(receipts))
        return Counter(receipt["status"] for receipt in receipts)

    def _wait(self) -> None:
        """Wait until the services that follow are near, and answer as fast as they should."""
        moved = self.clock()
        while places := self.pace.awaited:
            behind: dict[str, int] = {}
            slowest, latest = 0.0, ""
            for name, seconds, short in self.services.behind(places):
                slowest = max(slowest, seconds)
                latest = name if short else latest
                for stream, version in short.items():
                    behind[stream] = min(version, behind.get(stream, version))
            self.pace.answered(slowest)
            if self.pace.reached(behind):
                moved = self.clock()
            if not self.pace.ahead:
                break
            if self.clock() - moved > self.patience:
                raise Unavailable(latest, f"has not moved for {self.patience:g} s")
            self.show(Progress(self._read, self.mark.counts, f"Waiting for {latest}"))
            self.sleep(_POLL_SECONDS)
        self.sleep(self.pace.pause)

    def _keep(self, batch: _Batch, statuses: Counter[str], began: float) -> None:
        for piece in batch.pieces:
            self._pass(piece)
        refused = sorted(batch.refused, key=lambda each: each[0].rows[0].number)
        rows = [row for piece, _reason in refused for row in piece.rows]
        rejected = b"".join(self.source.again(row) for row in rows)
        reasons = "".join(f"{_numbers(piece)}: {reason}\n" for piece, reason in refused)
        counts = Counts(
            rows=sum(len(piece.rows) for piece in batch.pieces),
            appended=statuses["appended"],
            duplicate=statuses["duplicate"],
            accepted=statuses["accepted"],
            rejected=len(refused),
            rejected_rows=len(rows),
        )
        mark = replace(
            self.mark,
            digest=self._digest.hexdigest(),
            counts=self.mark.counts + counts,
            seconds=self.mark.seconds + self.clock() - began,
        )
        self.mark = self.folder.write(mark, self.source.heading, rejected, reasons.encode())
        self.show(Progress(self._read, self.mark.counts))


@dataclass(slots=True)
class _Batch:
    """Pieces in their order, the events of those that have one, and why others were refused."""

    pieces: list[Record] = field(default_factory=list)
    events: list[tuple[Record, SizedRecord]] = field(default_factory=list)
    refused: list[tuple[Record, str]] = field(default_factory=list)
    size: int = 0

    def add(self, piece: Record, made: SizedRecord) -> None:
        self.pieces.append(piece)
        self.events.append((piece, made))
        self.size += made.size

    def refuse(self, piece: Record, reason: str, *, known: bool = False) -> None:
        if not known:
            self.pieces.append(piece)
        self.refused.append((piece, reason))


def _reason(error: Mapping[str, str]) -> str:
    """What a receipt says, without the event's place in the call."""
    field_name = _EVENT_OF_CALL.sub("", error["field"], count=1)
    return f"{field_name}: {error['message']}" if field_name else error["message"]


def _numbers(piece: Record) -> str:
    numbers = [row.number for row in piece.rows]
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    return f"lines {numbers[0]} to {numbers[-1]}"
