"""The folder of a load: how far it has come, and what was rejected, safe against a power cut.

orders.csv.load/state.json            the place in the file, and the counts
orders.csv.load/orders.rejected.csv   the rejected lines, to mend and load again
orders.csv.load/rejected.txt          their numbers and what is wrong with them
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Self

from chassis.errors import Conflict, InvalidInput

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
        return self.appended + self.duplicate + self.accepted

    def __add__(self, more: Counts) -> Counts:
        ours, theirs = asdict(self), asdict(more)
        return Counts(**{name: ours[name] + theirs[name] for name in ours})


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a load is: all rows before it are done.

    `digest` is that of those rows' bytes; `setting` tells what else must be the same to go on:
    the mapping, and the suite. `lengths` are those of the files of what was rejected.
    """

    setting: dict[str, str]
    digest: str
    counts: Counts = Counts()
    lengths: tuple[int, int] = (0, 0)
    seconds: float = 0.0


class Folder:
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
        """The last bookmark, or None; what was written after it is cut off the other files."""
        try:
            told = json.loads((self.path / _STATE).read_text())
            counts = Counts(**told.pop("counts"))
            mark = Bookmark(counts=counts, lengths=tuple(told.pop("lengths")), **told)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise Conflict(
                str(self.path / _STATE), "cannot be read; start over with --restart"
            ) from None
        for path, length in zip((self.rejected, self.reasons), mark.lengths, strict=True):
            if path.exists():
                os.truncate(path, length)
        return mark

    def clear(self) -> None:
        """Forget everything."""
        for path in (self.path / _STATE, self.rejected, self.reasons):
            path.unlink(missing_ok=True)

    def write(self, mark: Bookmark, rejected: bytes, reasons: bytes) -> Bookmark:
        """Keep what was rejected, and then the bookmark; returns it with the files' lengths."""
        added = ((self.rejected, rejected), (self.reasons, reasons))
        for (path, more), length in zip(added, mark.lengths, strict=True):
            if more:
                with _durable(path, "r+b" if length else "wb") as file:
                    file.seek(length)
                    file.write(more)
        mark = replace(
            mark, lengths=(mark.lengths[0] + len(rejected), mark.lengths[1] + len(reasons))
        )
        new = self.path / f"{_STATE}.new"
        with _durable(new, "wb") as file:
            file.write(json.dumps(asdict(mark)).encode())
        new.replace(self.path / _STATE)
        return mark


@contextmanager
def _durable(path: Path, mode: str) -> Iterator[IO[bytes]]:
    with path.open(mode) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
