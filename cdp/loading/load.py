"""Loading: records of a file become batches, batches become receipts, and each step is kept."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Protocol

from cdp.loading.checkpoint import Checkpoint, CheckpointFolder, Counts
from cdp.loading.records import Record, SizedEvent
from cdp.loading.rows import RowSource
from cdp.loading.throttle import Throttle
from chassis.core.errors import Conflict, Failure, InvalidInput, Unavailable
from chassis.validation.plain import MAX_CALL_BYTES
from identifiers import NONE_USABLE

FINDING = "Finding the checkpoint"
_LINES_LISTED = 5
_POLL_SECONDS = 0.05
_MOST_RECORDS = 1_000  # of a batch, some of which become no event
_EVENT = re.compile(r"event(s\[\d+\])?(\.|$)")  # of a mapping, or of a call


class LoadTarget(Protocol):
    """The services, as a load calls them."""

    def record(self, events: Sequence[Any]) -> list[dict[str, Any]]:
        """The receipts of profiles, one for each event; Unavailable without a response."""
        ...

    def lagging(self, versions: Mapping[str, int]) -> Iterator[tuple[str, float, dict[str, int]]]:
        """For each service that follows profiles: its name, the seconds it took to respond, and
        its versions of those streams in which it has not reached `versions`."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What a progress bar shows. `read` is how much of the file is done, in units of its total."""

    read: int
    counts: Counts
    waiting: str = ""


@dataclass(slots=True)
class Load:
    """One run over a file, from the checkpoint of the last run.

    `records` begins with the first record of the file; `make_events` makes the events of a record,
    or raises InvalidInput. `most_rows` is where to stop; the record with that row is loaded whole.
    """

    source: RowSource
    records: Callable[[], Iterator[Record]]
    make_events: Callable[[Record], Sequence[SizedEvent]]
    folder: CheckpointFolder
    target: LoadTarget
    setting: dict[str, str]
    throttle: Throttle
    most_rows: int | None = None
    patience: float = 60.0
    show: Callable[[Progress], None] = lambda _progress: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    checkpoint: Checkpoint = field(init=False)
    _digest: Any = field(default_factory=lambda: blake2b(digest_size=16))
    _read: int = 0

    def run(self) -> Checkpoint:
        """Load what is left; the last checkpoint. After a ServiceError, another run continues."""
        checkpoint = self.folder.read() or Checkpoint(self.setting, self._digest.hexdigest())
        self._check_setting(checkpoint)
        self.checkpoint = self.folder.finish(checkpoint)
        records = self.records()
        self._skip(records)
        for batch in self._batches(records):
            began = self.clock()
            self._keep(batch, self._record(batch), began)
        return self.checkpoint

    def _check_setting(self, checkpoint: Checkpoint) -> None:
        for name, value in self.setting.items():
            if checkpoint.setting.get(name) != value:
                raise Conflict(
                    str(self.folder.path),
                    f"belongs to a load with another {name}; start over with --restart"
                    " (events that are recorded already count once)",
                )

    def _skip(self, records: Iterator[Record]) -> None:
        """Read up to the checkpoint again, to make sure that nothing before it has changed."""
        rows = 0
        while rows < self.checkpoint.counts.rows and (record := next(records, None)) is not None:
            rows += len(record.rows)
            self._pass(record)
            if rows % 5_000 < len(record.rows):
                self.show(Progress(self._read, self.checkpoint.counts, FINDING))
        if (
            rows != self.checkpoint.counts.rows
            or self._digest.hexdigest() != self.checkpoint.digest
        ):
            raise Conflict(
                "the file",
                "has changed in rows that are loaded already; start over with --restart (an event"
                " whose id is recorded counts once; without ids of their own, rows that changed or"
                " moved become new events)",
            )
        self.show(Progress(self._read, self.checkpoint.counts))

    def _pass(self, record: Record) -> None:
        for row in record.rows:
            self._digest.update(row.raw.rstrip(b"\r\n") + b"\n")
        self._read = record.rows[-1].end

    def _batches(self, records: Iterator[Record]) -> Iterator[LoadBatch]:
        """Batches as large as the throttle allows when each is begun."""
        batch = LoadBatch()
        rows = self.checkpoint.counts.rows
        for record in records if self._wants(rows) else ():
            try:
                if record.fault:
                    raise InvalidInput("", record.fault)
                events = self.make_events(record)
            except InvalidInput as error:
                batch.add_rejected(record, describe_error(error.subject, error.message))
            else:
                if batch.size + sum(event.size for event in events) > MAX_CALL_BYTES * 3 // 4:
                    yield batch
                    batch = LoadBatch()
                batch.add(record, events)
            rows += len(record.rows)
            if (
                len(batch.events) >= self.throttle.events
                or len(batch.records) >= _MOST_RECORDS
                or not self._wants(rows)
            ):
                yield batch
                batch = LoadBatch()
            if not self._wants(rows):
                return
        if batch.records:
            yield batch

    def _wants(self, rows: int) -> bool:
        return self.most_rows is None or rows < self.most_rows

    def _record(self, batch: LoadBatch) -> Counter[str]:
        if not batch.events:
            return Counter()
        self._wait()
        began = self.clock()
        try:
            receipts = self.target.record([event.event for _record, event in batch.events])
        except Failure as error:
            first, last = batch.records[0].rows[0].number, batch.records[-1].rows[-1].number
            raise Failure(
                f"lines {first} to {last}", f"were rejected as a whole: {error}"
            ) from None
        token: dict[str, int] = {}
        for (record, _event), receipt in zip(batch.events, receipts, strict=True):
            if receipt["status"] in {"rejected", "conflict"}:
                batch.reject(record, _why_not(receipt))
            elif receipt["status"] != "duplicate" and receipt.get("warnings"):
                batch.warn(record, receipt["warnings"])
            if receipt["status"] == "appended":
                token = {receipt["stream_id"]: receipt["version"]}
        self.throttle.after_record(self.clock() - began, token, len(receipts))
        return Counter(receipt["status"] for receipt in receipts)

    def _wait(self) -> None:
        """Wait until the services that follow are near, and respond as fast as they should."""
        moved = self.clock()
        while versions := self.throttle.awaited:
            lagging: dict[str, int] = {}
            slowest, latest = 0.0, ""
            for name, seconds, streams in self.target.lagging(versions):
                slowest = max(slowest, seconds)
                latest = name if streams else latest
                for stream, version in streams.items():
                    lagging[stream] = min(version, lagging.get(stream, version))
            self.throttle.after_response(slowest)
            if self.throttle.advance(lagging):
                moved = self.clock()
            if not self.throttle.ahead:
                break
            if self.clock() - moved > self.patience:
                raise Unavailable(latest, f"has made no progress for {self.patience:g} s")
            self.show(Progress(self._read, self.checkpoint.counts, f"Waiting for {latest}"))
            self.sleep(_POLL_SECONDS)
        self.sleep(self.throttle.pause)

    def _keep(self, batch: LoadBatch, statuses: Counter[str], began: float) -> None:
        for record in batch.records:
            self._pass(record)
        rejected = sorted(batch.rejected, key=lambda each: each[0].rows[0].number)
        rows = [row for record, _reason in rejected for row in record.rows]
        lines = b"".join(self.source.again(row) for row in rows)
        reasons = "".join(f"{line_numbers(record)}: {reason}\n" for record, reason in rejected)
        counts = Counts(
            rows=sum(len(record.rows) for record in batch.records),
            appended=statuses["appended"],
            duplicate=statuses["duplicate"],
            accepted=statuses["accepted"],
            rejected=len(rejected),
            rejected_rows=len(rows),
            left_out=batch.left_out,
            warned=batch.warned,
        )
        checkpoint = replace(
            self.checkpoint,
            digest=self._digest.hexdigest(),
            counts=self.checkpoint.counts + counts,
            seconds=self.checkpoint.seconds + self.clock() - began,
        )
        self.checkpoint = self.folder.write(
            checkpoint,
            self.source.heading,
            lines,
            reasons.encode(),
            "".join(f"{line}\n" for line in batch.warnings).encode(),
        )
        self.show(Progress(self._read, self.checkpoint.counts))


@dataclass(slots=True)
class LoadBatch:
    """Records in their order, the events to send, and the records that are rejected, with why."""

    records: list[Record] = field(default_factory=list)
    events: list[tuple[Record, SizedEvent]] = field(default_factory=list)
    rejected: list[tuple[Record, str]] = field(default_factory=list)
    size: int = 0
    left_out: int = 0  # rows that become no event
    warned: int = 0  # events that are recorded with a warning
    warnings: list[str] = field(default_factory=list)

    def add(self, record: Record, events: Sequence[SizedEvent]) -> None:
        """Add a record whose events are to be sent; there may be none."""
        self.records.append(record)
        self.events += [(record, event) for event in events]
        self.size += sum(event.size for event in events)
        if not events:
            self.left_out += len(record.rows)

    def add_rejected(self, record: Record, reason: str) -> None:
        """Add a record that has no event."""
        self.records.append(record)
        self.reject(record, reason)

    def warn(self, record: Record, warnings: Sequence[Mapping[str, str]]) -> None:
        """Note what was mended in an event of a record, or looks like a mistake."""
        self.warned += 1
        self.warnings += [
            f"{line_numbers(record)}: {describe_error(each['field'], each['message'])}"
            for each in warnings
        ]

    def reject(self, record: Record, reason: str) -> None:
        """Reject a record that was added, perhaps for one more reason."""
        if self.rejected and self.rejected[-1][0] is record:
            before = self.rejected.pop()[1]
            reason = before if reason in before else f"{before}; {reason}"
        self.rejected.append((record, reason))


def describe_ignored(ignored: Iterable[tuple[str, str]]) -> str:
    """Why none of the identifiers of an event, (type, reason), can be used."""
    return "; ".join(f"identifiers.{name}: {reason}" for name, reason in ignored)


def _why_not(receipt: Mapping[str, Any]) -> str:
    """All that is wrong with an event, by its receipt."""
    errors = receipt.get("errors") or [receipt["error"]]
    ignored = receipt.get("ignored_identifiers")
    if ignored and errors[0]["message"] == NONE_USABLE["message"]:
        return describe_ignored((each["type"], each["reason"]) for each in ignored)
    return "; ".join(describe_error(wrong["field"], wrong["message"]) for wrong in errors)


def describe_error(subject: str, message: str) -> str:
    """What is wrong with an event, by its field and without its place in a call."""
    field_name = _EVENT.sub("", subject, count=1) if _EVENT.match(subject) else subject
    return f"{field_name}: {message}" if field_name else message


def line_numbers(record: Record) -> str:
    """The lines of a record, in words."""
    numbers = [row.number for row in record.rows]
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    if numbers[-1] - numbers[0] < len(numbers) or len(numbers) > _LINES_LISTED:
        return f"lines {numbers[0]} to {numbers[-1]}"
    return f"lines {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
