"""Applied files: which of several processes' files is the one that a database goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class AppliedFile:
    """A file that was in force at some time, by its fingerprint; or one that may be.

    `is_shipped`: it came with the release.
    """

    fingerprint: str
    is_shipped: bool


class FileStanding(Enum):
    """How a process's file stands to those that were applied to its database."""

    IN_FORCE = "in force"
    NEW = "new"
    REPLACED = "was replaced by another"
    LEFT_OUT = "is the release's own, and the shop has one of its own in force"


def file_standing(file: AppliedFile, applied: Sequence[AppliedFile]) -> FileStanding:
    """How `file` stands to the files that were `applied`, the one in force last.

    Only a new one is put in force by a process that starts: one that was replaced comes back by
    an explicit step alone, and what a release ships never replaces a shop's own file.
    """
    if not applied:
        return FileStanding.NEW
    if applied[-1].fingerprint == file.fingerprint:
        return FileStanding.IN_FORCE
    if any(one.fingerprint == file.fingerprint for one in applied):
        return FileStanding.REPLACED
    if file.is_shipped and not applied[-1].is_shipped:
        return FileStanding.LEFT_OUT
    return FileStanding.NEW
