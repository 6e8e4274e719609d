"""The log of decisions, written behind the answers, on both databases."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import eventlet
import pytest
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError

from chassis import Draft, FixedClock, InvalidInput, Unavailable
from chassis.config.settings import Settings
from chassis.core.deadline import run_within
from chassis.database.engine import Database
from chassis.eventlog.log import EventLog
from chassis.eventlog.spool import Spool, SpoolFile, spool_line
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.offers.decision_log import DecisionLog, open_decision_log

NOW = 1_795_289_400_000_000


@pytest.fixture
def work(service_database: Callable[[str], Database]) -> UnitOfWorkRunner:
    return UnitOfWorkRunner(service_database("offers"), "offers", FixedClock(NOW))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Of a spool."""
    return tmp_path / "spool"


def decision(name: str) -> Draft:
    return Draft(name, name, "offer_decided", {"of": name}, NOW, schema_version=2)


def logged(work: UnitOfWorkRunner) -> list[str]:
    heads = work.read(lambda unit: unit.dated_heads(0, "", 10_000))
    assert {head.version for head in heads} <= {1}, "no decision is there twice"
    return sorted(head.stream for head in heads)


class FaultyLog(EventLog):
    """A log whose appends do `fault(drafts)` first, and `after(drafts)` when they are done."""

    def __init__(self, fault: Callable[[Sequence[Draft]], object]) -> None:
        super().__init__("offers")
        self.fault = fault
        self.appends: list[int] = []

    def append(self, connection: Any, drafts: Any, *arguments: Any, **options: Any) -> Any:
        self.appends.append(len(drafts))
        self.fault(drafts)
        return super().append(connection, drafts, *arguments, **options)


def test_what_has_gathered_is_appended_together(work: UnitOfWorkRunner) -> None:
    work.log = faulty = FaultyLog(len)
    log = DecisionLog(work)
    for number in range(250):
        assert log.add(decision(f"d-{number:03}"))
    assert logged(work) == []
    log.write()
    assert logged(work) == [f"d-{number:03}" for number in range(250)]
    assert set(faulty.appends) == {100, 50}


def test_it_is_written_in_the_background(work: UnitOfWorkRunner) -> None:
    log = DecisionLog(work)
    thread = eventlet.spawn(log.run)
    log.add(decision("d-1"))
    with eventlet.Timeout(10):
        while not logged(work):
            eventlet.sleep(0.01)
    thread.kill()


@pytest.mark.parametrize("bounds", [{"most_waiting": 2}, {"most_bytes": 300}])
def test_above_its_bounds_it_takes_nothing_and_counts_that(
    work: UnitOfWorkRunner, bounds: dict[str, Any]
) -> None:
    log = DecisionLog(work, **bounds)
    before = unlogged("full")
    assert [log.add(decision(f"d-{number}")) for number in range(3)] == [True, True, False]
    assert unlogged("full") == before + 1
    assert REGISTRY.get_sample_value("cdp_decision_log_waiting") == 2
    log.write()
    assert log.add(decision("d-3"))
    assert REGISTRY.get_sample_value("cdp_decision_log_waiting") == 1
    log.write()
    assert logged(work) == ["d-0", "d-1", "d-3"]


def unlogged(reason: str) -> float:
    return REGISTRY.get_sample_value("cdp_decisions_unlogged_total", {"reason": reason}) or 0.0


def test_what_the_database_does_not_take_waits_and_is_appended_later(
    work: UnitOfWorkRunner,
) -> None:
    def is_down(_drafts: Sequence[Draft]) -> None:
        raise Unavailable("database", "did not answer; try again")

    work.log = faulty = FaultyLog(is_down)
    log = DecisionLog(work)
    log.add(decision("d-1"))
    thread = eventlet.spawn(log.run)
    with eventlet.Timeout(10):
        while len(faulty.appends) < 2:
            eventlet.sleep(0.01)
    log.add(decision("d-2"))
    faulty.fault = len
    log.write()
    thread.kill()
    assert logged(work) == ["d-1", "d-2"]


def test_an_append_whose_outcome_was_lost_is_made_again_and_counts_once(
    work: UnitOfWorkRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, calls = UnitOfWork.append, count(1)

    def and_lose_the_answer(unit: UnitOfWork, *arguments: Any, **options: Any) -> Any:
        result = append(unit, *arguments, **options)
        if next(calls) == 1:
            raise OperationalError("", None, _Lost())
        return result

    monkeypatch.setattr(UnitOfWork, "append", and_lose_the_answer)
    log = DecisionLog(work)
    for name in ("d-1", "d-2"):
        log.add(decision(name))
    log.write()
    log.add(decision("d-2"))  # as a spool that was not emptied in time has it again
    log.add(decision("d-3"))
    log.write()
    assert logged(work) == ["d-1", "d-2", "d-3"]


class _Lost(Exception):
    pgcode = "57P01"


def test_a_decision_that_the_log_refuses_holds_up_no_other(work: UnitOfWorkRunner) -> None:
    def refuse(drafts: Sequence[Draft]) -> None:
        if any(draft.id == "d-2" for draft in drafts):
            raise ValueError

    work.log = FaultyLog(refuse)
    log = DecisionLog(work)
    before = unlogged("refused")
    log.add(decision("d-2"))
    with pytest.raises(Unavailable):  # perhaps it is not the decision
        log.write()
    for name in ("d-1", "d-3"):
        log.add(decision(name))
    log.write()
    assert logged(work) == ["d-1", "d-3"]
    assert unlogged("refused") == before + 1


def test_a_log_that_refuses_all_loses_none(work: UnitOfWorkRunner) -> None:
    def refuse(_drafts: Sequence[Draft]) -> None:
        raise OSError("no space left on device")

    work.log = faulty = FaultyLog(refuse)
    log = DecisionLog(work)
    for number in range(3):
        log.add(decision(f"d-{number}"))
    for _ in range(2):
        with pytest.raises(Unavailable, match="takes no decision"):
            log.write()
    faulty.fault = len
    log.write()
    assert logged(work) == ["d-0", "d-1", "d-2"]


def test_a_clean_stop_leaves_nothing_behind(work: UnitOfWorkRunner, directory: Path) -> None:
    log = DecisionLog(work, Spool(directory))
    log.add(decision("d-1"))
    log.stop(10)
    assert logged(work) == ["d-1"]
    assert list(directory.iterdir()) == []


def test_what_a_stop_cannot_write_the_next_start_does(
    work: UnitOfWorkRunner, directory: Path
) -> None:
    def hang(_drafts: Sequence[Draft]) -> None:
        eventlet.sleep(60)

    work.log, healthy = FaultyLog(hang), work.log
    log = DecisionLog(work, Spool(directory))
    for name in ("d-1", "d-2"):
        log.add(decision(name))
    log.flush(0.01)
    log.add(decision("d-3"))
    run_within(10, lambda: log.stop(0.01))
    work.log = healthy
    again = DecisionLog(work, Spool(directory))
    again.add(decision("d-4"))
    again.stop(10)
    assert logged(work) == ["d-1", "d-2", "d-3", "d-4"]
    assert list(directory.iterdir()) == []


def test_a_disk_that_takes_nothing_keeps_no_decision_out_of_the_log(
    work: UnitOfWorkRunner, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_line: bytes) -> None:
        raise OSError("no space left on device")

    spool = Spool(directory)
    monkeypatch.setattr(spool, "write", full)
    log = DecisionLog(work, spool)
    before = REGISTRY.get_sample_value("cdp_decisions_unspooled_total") or 0.0
    assert log.add(decision("d-1"))
    assert REGISTRY.get_sample_value("cdp_decisions_unspooled_total") == before + 1
    log.stop(10)
    assert logged(work) == ["d-1"]


def test_a_disk_that_takes_no_further_file_keeps_no_decision_out_of_the_log(
    work: UnitOfWorkRunner, directory: Path
) -> None:
    def full(_spool: Spool) -> SpoolFile:
        raise OSError("no space left on device")

    log = DecisionLog(work, Spool(directory))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "_create", full)
        for name in ("d-1", "d-2"):
            assert log.add(decision(name))
            log.write()
            assert name in logged(work)
    log.add(decision("d-3"))
    log.stop(10)
    assert logged(work) == ["d-1", "d-2", "d-3"]
    assert list(directory.iterdir()) == []


def test_a_file_that_cannot_be_opened_holds_up_neither_the_log_nor_the_others(
    work: UnitOfWorkRunner, directory: Path
) -> None:
    dead = Spool(directory)
    dead.write(spool_line(decision("d-1")))
    dead.close()
    for name in ("0", "z"):
        (directory / f"{name}.spool").mkdir()
    log = DecisionLog(work, Spool(directory))
    log.add(decision("d-2"))
    log.stop(10)
    assert logged(work) == ["d-1", "d-2"]
    assert {each.name for each in directory.iterdir()} == {"0.spool", "z.spool"}


def test_what_a_later_release_has_left_is_left_to_it(
    work: UnitOfWorkRunner, directory: Path
) -> None:
    known, later = spool_line(decision("d-1")), spool_line(decision("d-2"))
    later = later.replace(b"{", b'{"of_a_later_release":1,', 1)
    dead = Spool(directory)
    for line in (known, later, known[: len(known) // 2]):
        dead.write(line)
    dead.close()
    (left,) = directory.iterdir()
    log = DecisionLog(work, Spool(directory))
    log.write()
    log.add(decision("d-3"))
    log.stop(10)
    assert logged(work) == ["d-1", "d-3"]
    assert list(directory.iterdir()) == [left]
    assert later in left.read_bytes()


def test_no_decision_is_missing_that_a_killed_process_has_answered(
    work: UnitOfWorkRunner, directory: Path
) -> None:
    url = work.database.engine.url.render_as_string(hide_password=False)
    answered: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.decider", url, str(directory)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            answered.append(line.strip())
            if len(answered) == 100:
                process.send_signal(signal.SIGKILL)
    assert len(logged(work)) == 50, "the others are in the spool alone"
    DecisionLog(work, Spool(directory)).stop(10)
    assert set(answered) <= set(logged(work))
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("spool", ["a file", "a file/in it"])
def test_a_spool_that_is_no_directory_stops_the_start(
    work: UnitOfWorkRunner, tmp_path: Path, spool: str
) -> None:
    (tmp_path / "a file").touch()
    settings = Settings("offers", "", "", FixedClock(NOW), b"key", spool=tmp_path / spool)
    with pytest.raises(InvalidInput, match="CDP_OFFERS_SPOOL"):
        open_decision_log(settings, work)
