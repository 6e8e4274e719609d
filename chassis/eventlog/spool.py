"""The spool: drafts on the local disk until the log has them: no killed process loses any.

Each process writes to files of its own, which it has locked as long as it lives: whoever starts
takes over those that nobody has locked any more. A file has one draft a line. A line is one write,
and is not synced: it survives the death of the process, and not always that of the machine.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import structlog

from chassis.core.event import Draft, new_id
from chassis.core.json import dump_json, load_json

_SUFFIX = ".spool"
_OWN = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC

_log = structlog.get_logger("eventlog")


def spool_line(draft: Draft) -> bytes:
    """A draft as a line of a spool file."""
    fields = {
        "id": draft.id,
        "stream": draft.stream,
        "type": draft.type,
        "data": draft.data,
        "occurred_at": draft.occurred_at,
        "schema_version": draft.schema_version,
        "metadata": draft.metadata,
    }
    return dump_json(fields).encode() + b"\n"


class SpoolFile:
    """A file of drafts that this process has locked."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.has_unreadable = False
        """Whether it has lines of a later release, which that one alone can read."""
        self._descriptor = descriptor
        self._is_torn = False

    def write(self, line: bytes) -> None:
        """Append a line; OSError if the disk does not take it."""
        if self._is_torn:  # nothing may follow half a line
            line = b"\n" + line
        self._is_torn = True
        size = os.write(self._descriptor, line)
        if size < len(line):
            raise OSError(f"{size} of {len(line)} bytes were written")
        self._is_torn = False

    def drafts(self) -> Iterator[Draft]:
        """The drafts of all whole lines; a process that was killed may have left half a line."""
        for number, line in enumerate(self.path.read_bytes().split(b"\n"), start=1):
            if not line:
                continue
            try:
                yield Draft(**load_json(line))
            except ValueError:
                _log.warning("spool_line_torn", file=self.path.name, line=number)
            except TypeError:
                self.has_unreadable = True
                _log.error("spool_line_unreadable", file=self.path.name, line=number)

    def clear(self) -> None:
        """Empty the file: its drafts are in the log."""
        os.ftruncate(self._descriptor, 0)
        self._is_torn = False

    def close(self) -> None:
        """Unlock the file; it is removed if it is empty."""
        if os.fstat(self._descriptor).st_size == 0:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


class Spool:
    """The files of this process in a directory, one of which takes what is new.

    OSError if the directory cannot be made or takes no file.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._left: set[Path] = set()  # what a later release has to read
        self._free: list[SpoolFile] = []
        self._current = self._create()

    def take_over(self) -> list[SpoolFile]:
        """The files of processes that have died: they are this one's from now on.

        What cannot be opened, as the file of another user, is left where it is.
        """
        files = []
        for path in sorted({*self._directory.glob(f"*{_SUFFIX}")} - self._left):
            try:
                file = _locked(path)
            except OSError as error:
                _log.error("spool_file_not_opened", file=path.name, error=error.strerror)
            else:
                files += [] if file is None else [file]
        return files

    def write(self, line: bytes) -> None:
        """Append a line; OSError if the disk does not take it."""
        self._current.write(line)

    def cut(self) -> SpoolFile:
        """The file with all that was written since the last cut; later lines go to another one.

        OSError if the disk takes no further file: later lines go to the same one.
        """
        file, self._current = self._current, self._free.pop() if self._free else self._create()
        return file

    def release(self, file: SpoolFile) -> None:
        """Empty a file whose drafts are in the log, and use it again.

        One that a later release has to read is left to it.
        """
        if file.has_unreadable:
            self._left.add(file.path)
            file.close()
            return
        file.clear()
        if self._free:
            file.close()
        else:
            self._free.append(file)

    def close(self) -> None:
        """Leave what is not released to the next process that starts."""
        for file in (self._current, *self._free):
            file.close()

    def _create(self) -> SpoolFile:
        while True:
            path = self._directory / f"{new_id()}{_SUFFIX}"
            if (file := _locked(path, os.O_CREAT | os.O_EXCL)) is not None:
                return file


def _locked(path: Path, flags: int = 0) -> SpoolFile | None:
    """The file, locked; None if another process has it, or has just removed it."""
    try:
        descriptor = os.open(path, _OWN | flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return SpoolFile(path, descriptor)
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
