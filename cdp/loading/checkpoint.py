"""The folder of a load: how far it has come, and what was rejected, safe against a power cut.

orders.csv.load/state.json            the place in the file, and the counts
orders.csv.load/orders.rejected.csv   the rejected lines, to mend and load again
orders.csv.load/rejected.txt          their numbers and what is wrong with them

People mend rejected lines where they stand, so what is in the files of what was rejected is never
changed: they are appended to. What is to be appended is in the bookmark first (`pending`), and a
run that finds it there appends what of it is missing.
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


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of events, and of the rows that they were made of."""

    rows: int = 0
    appended: int = 0
    duplicate: int = 0
    accepted: int = 0
    rejected: int = 0
    rejected_rows: int = 0

    @property
    def events(self) -> int:
        """Those that are recorded."""
        return self.new + self.duplicate

    @property
    def new(self) -> int:
        """Those that had not been recorded before."""
        return self.appended + self.accepted

    def __add__(self, more: Counts) -> Counts:
        ours, theirs = asdict(self), asdict(more)
        return Counts(**{name: ours[name] + theirs[name] for name in ours})


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be appended to a file that had `start` bytes; an empty one gets the heading first.

    `heading` and `text` are bytes as Latin-1.
    """

    name: str
    start: int
    heading: str
    text: str

    def append_to(self, folder: Path) -> None:
        """Append what of it is not there yet, which is all if the file is another by now."""
        with _durable(folder / self.name, "a+b") as file:
            empty = self.start == 0 or file.seek(0, os.SEEK_END) == 0
            more = ((self.heading if empty else "") + self.text).encode("latin-1")
            file.seek(self.start)
            there = file.read()
            if not there.startswith(more):
                file.write(more.removeprefix(there))


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a load is: all rows before it are done.

    `digest` is that of those rows' bytes; `setting` tells what else must be the same to go on:
    the mapping, and the suite. `pending` may not yet be in the files of what was rejected.
    """

    setting: dict[str, str]
    digest: str
    counts: Counts = Counts()
    seconds: float = 0.0
    pending: tuple[Addition, ...] = ()


class CheckpointFolder:
    """A load's folder, which one process at a time uses: `with Folder(path) as folder:`."""

    def __init__(self, path: Path, rejected_name: str) -> None:
        self.path = path
        self.rejected = path / rejected_name
        self.reasons = path / _REASONS

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise InvalidInput(
                str(self.path), f"cannot be made ({error.strerror}); name another by --folder"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise Conflict(str(self.path), "is in use: the file is being loaded already") from None
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._lock)

    def read(self) -> Bookmark | None:
        """The last bookmark, or None."""
        try:
            told = json.loads((self.path / _STATE).read_text())
            return Bookmark(
                setting=told["setting"],
                digest=told["digest"],
                counts=Counts(**told["counts"]),
                seconds=told["seconds"],
                pending=tuple(Addition(**each) for each in told.get("pending", ())),
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

    def finish(self, mark: Bookmark) -> Bookmark:
        """The bookmark without anything pending: it is in the files."""
        if not mark.pending:
            return mark
        with self._writing():
            for addition in mark.pending:
                addition.append_to(self.path)
            return self._keep(replace(mark, pending=()))

    def write(self, mark: Bookmark, heading: bytes, rejected: bytes, reasons: bytes) -> Bookmark:
        """Keep a bookmark and what was rejected before it; `heading` is the first line of that."""
        added = ((self.rejected, heading, rejected), (self.reasons, b"", reasons))
        with self._writing():
            pending = tuple(_addition(*each) for each in added if each[-1])
            kept = self._keep(replace(mark, pending=pending))
        return self.finish(kept)

    def clear(self) -> list[Path]:
        """Forget the place. What was rejected is kept under other names, which are returned."""
        with self._writing():
            (self.path / _STATE).unlink(missing_ok=True)
            return [_aside(path) for path in (self.rejected, self.reasons) if path.exists()]

    def _keep(self, mark: Bookmark) -> Bookmark:
        new = self.path / f"{_STATE}.new"
        with _durable(new, "wb") as file:
            file.write(json.dumps(asdict(mark), ensure_ascii=False).encode())
        new.replace(self.path / _STATE)
        if mark.pending:
            os.fsync(self._lock)  # the bookmark is safe before the files are appended to
        return mark

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InvalidInput(
                str(self.path),
                f"cannot be written to ({error.strerror}); once it can, run the same command to"
                " go on: nothing is lost",
            ) from None


def _addition(path: Path, heading: bytes, more: bytes) -> Addition:
    """The addition to a file as it is now, behind a line end if its last line has none."""
    size = path.stat().st_size if path.exists() else 0
    if size:
        with path.open("rb") as file:
            file.seek(size - 1)
            more = more if file.read() == b"\n" else b"\n" + more
    return Addition(path.name, size, heading.decode("latin-1"), more.decode("latin-1"))


def _aside(path: Path) -> Path:
    """Give a file the first name that is free: orders.rejected.csv becomes orders.rejected-1.csv"""
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(1))
    free = next(name for name in names if not name.exists())
    return path.rename(free)


@contextmanager
def _durable(path: Path, mode: str) -> Iterator[IO[bytes]]:
    with path.open(mode) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
