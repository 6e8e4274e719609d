"""The folder of a load: its checkpoint and the rejected lines, safe against a power cut.

orders.csv.load/state.json            the checkpoint: how far, and the counts
orders.csv.load/orders.rejected.csv   the rejected lines, to correct and load
orders.csv.load/rejected.txt          their line numbers and what is wrong with them
orders.csv.load/warnings.txt          line numbers of what has a warning, and the warning

People correct rejected lines in place, so these files are only ever appended to. What to append is
in the checkpoint first (`pending`), and a run that finds it there appends what is missing of it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import IO, Self

from chassis.core.errors import Conflict, InvalidInput

_STATE = "state.json"
_REASONS = "rejected.txt"
_WARNINGS = "warnings.txt"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a file, and of the events they make."""

    rows: int = 0
    appended: int = 0
    duplicate: int = 0
    accepted: int = 0
    rejected: int = 0
    rejected_rows: int = 0
    left_out: int = 0
    warned: int = 0

    @property
    def events(self) -> int:
        """Events that are recorded."""
        return self.new + self.duplicate

    @property
    def new(self) -> int:
        """Events that had not been recorded before."""
        return self.appended + self.accepted

    def __add__(self, more: Counts) -> Counts:
        ours, theirs = asdict(self), asdict(more)
        return Counts(**{name: ours[name] + theirs[name] for name in ours})


@dataclass(frozen=True, slots=True)
class Addition:
    """Text to append to a file that had `start` bytes; an empty file gets the heading first.

    `heading` and `text` are bytes as Latin-1.
    """

    name: str
    start: int
    heading: str
    text: str

    def append_to(self, folder: Path) -> None:
        """Append what is missing of the text, which is all of it if the file was changed."""
        with _durable(folder / self.name, "a+b") as file:
            empty = self.start == 0 or file.seek(0, os.SEEK_END) == 0
            more = ((self.heading if empty else "") + self.text).encode("latin-1")
            file.seek(self.start)
            there = file.read()
            if not there.startswith(more):
                file.write(more.removeprefix(there))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a load is: all rows before it are done.

    `digest` is that of the bytes of those rows. `setting` is what else must be the same to
    continue: the mapping and the suite. `pending` may be missing in the files of rejected lines.
    """

    setting: dict[str, str]
    digest: str
    counts: Counts = Counts()
    seconds: float = 0.0
    pending: tuple[Addition, ...] = ()


class CheckpointFolder:
    """The folder of a load, for one process at a time: `with CheckpointFolder(…) as folder:`."""

    def __init__(self, path: Path, rejected_name: str) -> None:
        self.path = path
        self.rejected = path / rejected_name
        self.reasons = path / _REASONS
        self.warnings = path / _WARNINGS

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise InvalidInput(
                str(self.path),
                f"cannot be created ({error.strerror}); choose another with --folder",
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise Conflict(
                str(self.path), "is in use: another process is loading the file"
            ) from None
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._lock)

    def read(self) -> Checkpoint | None:
        """The last checkpoint, None if there is none."""
        try:
            state = json.loads((self.path / _STATE).read_text())
            return Checkpoint(
                setting=state["setting"],
                digest=state["digest"],
                counts=Counts(**state["counts"]),
                seconds=state["seconds"],
                pending=tuple(Addition(**each) for each in state.get("pending", ())),
            )
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidInput(
                str(self.path / _STATE), f"cannot be read ({error.strerror}); make it readable"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Conflict(
                str(self.path / _STATE), "cannot be read; start over with --restart"
            ) from None

    def finish(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint with nothing pending: all of that is in the files now."""
        if not checkpoint.pending:
            return checkpoint
        with self._writing():
            for addition in checkpoint.pending:
                addition.append_to(self.path)
            return self._keep(replace(checkpoint, pending=()))

    def write(
        self,
        checkpoint: Checkpoint,
        heading: bytes,
        rejected: bytes,
        reasons: bytes,
        warnings: bytes = b"",
    ) -> Checkpoint:
        """Keep a checkpoint and lines that were rejected, in a file that starts with `heading`."""
        additions = (
            (self.rejected, heading, rejected),
            (self.reasons, b"", reasons),
            (self.warnings, b"", warnings),
        )
        with self._writing():
            pending = tuple(_addition(*each) for each in additions if each[-1])
            checkpoint = self._keep(replace(checkpoint, pending=pending))
        return self.finish(checkpoint)

    def clear(self) -> list[Path]:
        """Delete the checkpoint. Rejected lines stay in renamed files, which are returned."""
        with self._writing():
            (self.path / _STATE).unlink(missing_ok=True)
            self.warnings.unlink(missing_ok=True)
            return [_aside(path) for path in (self.rejected, self.reasons) if path.exists()]

    def _keep(self, checkpoint: Checkpoint) -> Checkpoint:
        new = self.path / f"{_STATE}.new"
        with _durable(new, "wb") as file:
            file.write(json.dumps(asdict(checkpoint), ensure_ascii=False).encode())
        new.replace(self.path / _STATE)
        if checkpoint.pending:
            os.fsync(self._lock)  # the checkpoint is safe before the files are appended to
        return checkpoint

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InvalidInput(
                str(self.path),
                f"cannot be written to ({error.strerror}); nothing is lost: fix that, and run the"
                " same command again to continue",
            ) from None


def _addition(path: Path, heading: bytes, more: bytes) -> Addition:
    """The addition to a file as it is now, after a line end if its last line has none."""
    size = path.stat().st_size if path.exists() else 0
    if size:
        with path.open("rb") as file:
            file.seek(size - 1)
            more = more if file.read() == b"\n" else b"\n" + more
    return Addition(path.name, size, heading.decode("latin-1"), more.decode("latin-1"))


def _aside(path: Path) -> Path:
    """Give a file the first free name: orders.rejected.csv becomes orders.rejected-1.csv."""
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(1))
    free = next(name for name in names if not name.exists())
    return path.rename(free)


@contextmanager
def _durable(path: Path, mode: str) -> Iterator[IO[bytes]]:
    with path.open(mode) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
