"""The spool: what one process wrote and left, the next one finds; nobody takes a living one's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from chassis import Draft
from chassis.eventlog.spool import Spool, SpoolFile, spool_line

DRAFTS = [
    Draft(f"d-{n}", f"d-{n}", "decided", {"text": 'one\n"two"', "n": n}, 7, 2, {"a": "b"})
    for n in range(3)
]


def write(spool: Spool, *drafts: Draft) -> None:
    for draft in drafts:
        spool.write(spool_line(draft))


def left_in(directory: Path) -> list[Draft]:
    """What a process that starts now takes over; it ends again and leaves all of it."""
    spool = Spool(directory)
    files = spool.take_over()
    drafts = [draft for file in files for draft in file.drafts()]
    for file in files:
        file.close()
    spool.close()
    return drafts


def test_what_a_dead_process_wrote_is_taken_over_as_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    write(spool, *DRAFTS)
    spool.close()
    assert left_in(tmp_path) == DRAFTS


def test_a_living_process_keeps_its_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    write(spool, *DRAFTS)
    file = spool.cut()
    write(spool, DRAFTS[0])
    assert left_in(tmp_path) == []
    spool.close()
    assert left_in(tmp_path) == DRAFTS[:1]
    file.close()
    assert left_in(tmp_path) == [*DRAFTS, DRAFTS[0]]


def test_two_that_start_at_once_do_not_take_over_the_same(tmp_path: Path) -> None:
    dead = Spool(tmp_path)
    write(dead, *DRAFTS)
    dead.close()
    first, second = Spool(tmp_path), Spool(tmp_path)
    assert [len(first.take_over()), len(second.take_over())] == [1, 0]


def test_what_is_in_the_log_is_no_longer_in_a_file_and_files_are_used_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(3):
        write(spool, DRAFTS[0])
        file = spool.cut()
        write(spool, DRAFTS[1])
        spool.release(file)
        spool.release(spool.cut())
    assert len(list(tmp_path.iterdir())) == 2
    write(spool, DRAFTS[2])
    spool.close()
    assert left_in(tmp_path) == [DRAFTS[2]]


def test_nothing_is_left_behind_by_a_process_that_has_written_all(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    write(spool, *DRAFTS)
    spool.release(spool.cut())
    spool.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rest", [1, 10, len(spool_line(DRAFTS[2])) - 2])
def test_half_of_the_last_line_is_left_out(tmp_path: Path, rest: int) -> None:
    spool = Spool(tmp_path)
    write(spool, *DRAFTS[:2])
    spool.write(spool_line(DRAFTS[2])[:rest])
    spool.close()
    assert left_in(tmp_path) == DRAFTS[:2]


def test_a_disk_that_takes_half_a_line_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    write(spool, DRAFTS[0])
    whole = os.write

    def half(descriptor: int, line: Any) -> int:
        return whole(descriptor, line[: len(line) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(OSError, match="bytes were written"):
            write(spool, DRAFTS[1])
    write(spool, DRAFTS[2])
    spool.close()
    assert left_in(tmp_path) == [DRAFTS[0], DRAFTS[2]]


def test_only_its_owner_may_read_a_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "made" / "here")
    file: SpoolFile = spool.cut()
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
