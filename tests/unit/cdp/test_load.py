"""Facts about loading: what is sent, what is kept, and what a crash anywhere leaves."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.loading.checkpoint import Addition, Checkpoint, CheckpointFolder, Counts
from cdp.loading.load import Load
from cdp.loading.records import read_line, single
from cdp.loading.rows import Lines
from cdp.loading.throttle import Throttle
from chassis.core.errors import Conflict, Failure, InvalidInput, Unavailable


class LoadCrash(BaseException):
    """The process dies here."""


@dataclass
class LaggingTarget:
    """Profiles and a service that follows it, in memory, which applies `follows` events a call.

    It crashes before or after it has recorded the calls whose numbers are in `dies`, once each.
    """

    log: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    batches: list[int] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    dies: dict[int, str] = field(default_factory=dict)
    follows: int = 1_000_000
    applied: int = 0

    def record(self, events: Sequence[Any]) -> list[dict[str, Any]]:
        self.events += events
        self.calls += 1
        self.batches.append(len(events))
        fate = self.dies.pop(self.calls, "")
        if fate == "before":
            raise LoadCrash
        receipts = [self._receipt(index, event) for index, event in enumerate(events)]
        if fate == "after":
            raise LoadCrash
        return receipts

    def lagging(self, versions: Mapping[str, int]) -> Iterator[tuple[str, float, dict[str, int]]]:
        self.applied = min(len(self.log), self.applied + self.follows)
        lagging = {s: self.applied for s, version in versions.items() if version > self.applied}
        yield "segments", 0.001, lagging

    def _receipt(self, index: int, event: Any) -> dict[str, Any]:
        if event.get("bad"):
            error = {"field": f"events[{index}].data.bad", "message": "is bad"}
            return {"event_id": event["id"], "status": "rejected", "error": error}
        status = "duplicate" if event["id"] in self.log else "appended"
        version = self.log.setdefault(event["id"], len(self.log) + 1)
        slip = {"field": f"events[{index}].data.ammount", "message": "looks misspelt"}
        warnings = [slip] if event.get("odd") else []
        return {"status": status, "stream_id": "all", "version": version, "warnings": warnings}


@dataclass
class ManualTime:
    """A clock that only sleeping moves."""

    at: float = 0.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += max(seconds, 0.001)


def write(path: Path, kinds: str) -> None:
    """A file with a line for each letter: good, odd, bad for the services, not JSON."""
    lines = {
        "g": '{{"id": "{0}"}}',
        "o": '{{"id": "{0}", "odd": true}}',
        "b": '{{"id": "{0}", "bad": true}}',
        "n": "no {0}",
    }
    path.write_text("".join(lines[k].format(n) + "\n" for n, k in enumerate(kinds, start=1)))


def loaded(
    path: Path, target: LaggingTarget, folder: Path | None = None, **options: Any
) -> Checkpoint:
    source = Lines(path, "f")
    time = ManualTime()
    place = folder or path.with_name(path.name + ".load")
    with CheckpointFolder(place, "f.rejected.ndjson") as opened:
        return Load(
            source=source,
            records=lambda: single(source.rows()),
            make_events=read_line,
            folder=opened,
            target=target,
            clock=time.now,
            sleep=time.sleep,
            **{"setting": {"suite": "here"}, "throttle": Throttle(events=3), **options},
        ).run()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f.ndjson"


@given(
    kinds=st.text("gggbn", max_size=40),
    deaths=st.dictionaries(st.integers(1, 12), st.sampled_from(["before", "after"]), max_size=6),
)
def test_a_load_that_dies_anywhere_any_number_of_times_ends_as_one_that_did_not(
    tmp_path_factory: pytest.TempPathFactory, kinds: str, deaths: dict[int, str]
) -> None:
    path = tmp_path_factory.mktemp("load") / "f.ndjson"
    write(path, kinds)
    target = LaggingTarget(dies=dict(deaths))
    for _ in range(len(deaths) + 1):
        try:
            checkpoint = loaded(path, target)
            break
        except LoadCrash:
            continue
    good, bad, none = (kinds.count(kind) for kind in "gbn")
    assert set(target.log) == {str(n) for n, kind in enumerate(kinds, start=1) if kind == "g"}
    assert checkpoint.counts.rows == len(kinds)
    assert checkpoint.counts.appended + checkpoint.counts.duplicate == good
    assert checkpoint.counts.rejected == checkpoint.counts.rejected_rows == bad + none
    place = path.with_name("f.ndjson.load")
    lines = path.read_bytes().splitlines(keepends=True)
    refused = [n for n, kind in enumerate(kinds) if kind != "g"]
    if refused:
        assert (place / "f.rejected.ndjson").read_bytes() == b"".join(lines[n] for n in refused)
        reasons = (place / "rejected.txt").read_text().splitlines()
        assert [reason.partition(":")[0] for reason in reasons] == [
            f"line {n + 1}" for n in refused
        ]


def test_the_reasons_name_the_line_and_the_field_and_not_the_place_in_the_call(path: Path) -> None:
    write(path, "gbn")
    loaded(path, LaggingTarget())
    assert path.with_name("f.ndjson.load").joinpath("rejected.txt").read_text() == (
        "line 2: data.bad: is bad\nline 3: is not JSON: Expecting value at character 1\n"
    )


def test_what_a_senders_clock_said_when_it_sent_an_event_of_a_file_is_left_out(path: Path) -> None:
    path.write_text('{"id": "good", "sent_at": "2026-11-21T19:30:00Z"}\n')
    target = LaggingTarget()
    loaded(path, target)
    assert target.events == [{"id": "good"}]


def test_an_order_that_is_too_large_is_sent_if_it_can_do_without_its_lines(path: Path) -> None:
    lines = [{"sku": "a", "text": "x" * 40_000}]
    order = {"id": "good", "type": "order_completed", "data": {"products": lines}}
    path.write_text(json.dumps(order) + "\n")
    target = LaggingTarget()
    loaded(path, target)
    assert target.events == [order]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[1]", "must be a JSON object"),
        ('{"a": NaN}', "a: is NaN or infinite, which JSON does not have; leave it out"),
        ('{"a": "\\u0000"}', "a: contains \\u0000, which cannot be stored; remove it"),
        (json.dumps({"a": "x" * 40_000}), "is 40,008 bytes of JSON; at most 32,768 are allowed"),
        ("[" * 100_000, "is nested too deeply; flatten it"),
        ('{"a": "\udcfc"}', "is not UTF-8; save it as UTF-8"),
        ('{"a": ' + "1" * 5_000 + "}", "has a number with too many digits; send it as text"),
    ],
    ids=["list", "NaN", "null character", "size", "depth", "Latin-1", "digits"],
)
def test_a_line_that_may_not_be_sent_is_rejected_here(path: Path, line: str, fault: str) -> None:
    path.write_text(line + '\n{"id": "good"}\n', errors="surrogateescape")
    target = LaggingTarget()
    loaded(path, target)
    assert list(target.log) == ["good"]
    assert path.with_name("f.ndjson.load").joinpath("rejected.txt").read_text() == (
        f"line 1: {fault}\n"
    )


def test_the_rejected_lines_can_be_mended_and_loaded(path: Path) -> None:
    write(path, "gbg")
    target = LaggingTarget()
    loaded(path, target)
    rejected = path.with_name("f.ndjson.load") / "f.rejected.ndjson"
    rejected.write_text(rejected.read_text().replace("true", "false"))
    checkpoint = loaded(rejected, target)
    assert (checkpoint.counts.appended, checkpoint.counts.rejected) == (1, 0)
    assert set(target.log) == {"1", "2", "3"}


@pytest.mark.parametrize(
    "mended",
    ['{"id": "2"}\n', '{"id": "2", "note": "%s"}\n' % ("mended " * 20), '{"id": "2"}'],
    ids=["shorter", "longer", "without a line end"],
)
def test_rejected_lines_that_are_mended_in_place_are_never_damaged(path: Path, mended: str) -> None:
    write(path, "gbg")
    target = LaggingTarget()
    loaded(path, target)
    rejected = path.with_name("f.ndjson.load") / "f.rejected.ndjson"
    rejected.write_text(mended)
    loaded(path, target)
    assert rejected.read_text() == mended
    write(path, "gbgb")
    loaded(path, target)
    assert rejected.read_text() == mended.rstrip() + '\n{"id": "4", "bad": true}\n'
    assert loaded(rejected, target).counts.appended == 1


def test_a_load_goes_on_without_its_files_of_what_was_rejected(path: Path) -> None:
    write(path, "gbg")
    target = LaggingTarget()
    loaded(path, target)
    place = path.with_name("f.ndjson.load")
    for name in ("f.rejected.ndjson", "rejected.txt"):
        (place / name).unlink()
    assert loaded(path, target).counts.rows == 3
    write(path, "gbgb")
    assert loaded(path, target).counts.rejected == 2
    assert (place / "f.rejected.ndjson").read_text() == '{"id": "4", "bad": true}\n'


def test_a_file_without_a_last_line_end_may_grow(path: Path) -> None:
    path.write_text('{"id": "1"}')
    target = LaggingTarget()
    loaded(path, target)
    write(path, "gg")
    assert loaded(path, target).counts.appended == 2


def test_a_file_that_has_grown_is_loaded_from_where_it_ended(path: Path) -> None:
    write(path, "gg")
    target = LaggingTarget()
    assert loaded(path, target).counts.rows == 2
    assert loaded(path, target).counts.rows == 2
    write(path, "ggg")
    checkpoint = loaded(path, target)
    assert (checkpoint.counts.rows, checkpoint.counts.appended, sum(target.batches)) == (3, 3, 3)


def test_warnings_are_kept_with_their_lines_and_once(path: Path) -> None:
    write(path, "gobog")
    target = LaggingTarget()
    checkpoint = loaded(path, target)
    assert (checkpoint.counts.warned, checkpoint.counts.rejected) == (2, 1)
    kept = path.with_name("f.ndjson.load") / "warnings.txt"
    assert kept.read_text().splitlines() == [
        "line 2: data.ammount: looks misspelt",
        "line 4: data.ammount: looks misspelt",
    ]
    assert loaded(path, target).counts == checkpoint.counts


@pytest.mark.parametrize("kinds", ["bgg", "g"])
def test_a_file_that_has_changed_where_it_was_loaded_is_refused(path: Path, kinds: str) -> None:
    write(path, "gg")
    loaded(path, LaggingTarget())
    write(path, kinds)
    with pytest.raises(Conflict, match="start over with --restart"):
        loaded(path, LaggingTarget())


def test_a_load_into_another_suite_is_refused(path: Path) -> None:
    write(path, "gg")
    loaded(path, LaggingTarget())
    with pytest.raises(Conflict, match="a load with another suite; start over with --restart"):
        loaded(path, LaggingTarget(), setting={"suite": "elsewhere"})


def test_only_the_first_lines_are_loaded_and_more_of_them_later(path: Path) -> None:
    write(path, "g" * 10)
    target = LaggingTarget()
    assert loaded(path, target, most_rows=4).counts.rows == 4
    assert loaded(path, target, most_rows=4).counts.rows == 4
    assert loaded(path, target, most_rows=7).counts.rows == 7
    assert (len(target.log), sum(target.batches)) == (7, 7)


def test_two_processes_do_not_load_one_file_at_once(path: Path, tmp_path: Path) -> None:
    with (
        CheckpointFolder(tmp_path / "load", "r"),
        pytest.raises(Conflict, match="another process is loading the file"),
    ):
        CheckpointFolder(tmp_path / "load", "r").__enter__()


def test_a_batch_that_is_refused_as_a_whole_ends_the_load_with_its_lines(path: Path) -> None:
    write(path, "ggg")
    target = LaggingTarget()

    def fail(events: Sequence[Any]) -> list[dict[str, Any]]:
        raise Failure("profiles", "failed")

    target.record = fail  # type: ignore[method-assign]
    with pytest.raises(Failure, match="lines 1 to 3: were rejected as a whole: profiles: failed"):
        loaded(path, target)


def test_a_batch_stays_under_the_size_of_a_call(path: Path) -> None:
    path.write_text("".join(f'{{"id": "{n}", "x": "{"x" * 30_000}"}}\n' for n in range(150)))
    target = LaggingTarget()
    loaded(path, target, throttle=Throttle(events=1_000))
    assert len(target.log) == 150
    assert max(target.batches) * 30_000 < 4 * 1024 * 1024


def test_a_load_never_runs_far_ahead_of_who_follows(path: Path) -> None:
    write(path, "g" * 3_000)
    target = LaggingTarget(follows=20)
    ahead: list[int] = []
    record = target.record

    def watched(events: Sequence[Any]) -> list[dict[str, Any]]:
        ahead.append(len(target.log) - target.applied)
        return record(events)

    target.record = watched  # type: ignore[method-assign]
    loaded(path, target)
    assert len(target.log) == 3_000
    assert max(ahead) <= 600


def test_a_load_gives_up_on_who_does_not_follow_at_all(path: Path) -> None:
    write(path, "g" * 3_000)
    with pytest.raises(Unavailable, match="segments: has made no progress for 60 s"):
        loaded(path, LaggingTarget(follows=0))


def test_batches_shrink_when_recording_is_slow_and_grow_when_it_is_fast() -> None:
    throttle = Throttle(events=100)
    throttle.after_record(1.0, {}, 100)
    assert throttle.events == 50
    for _ in range(20):
        throttle.after_record(9.0, {}, 10)
    assert throttle.events == 20
    for _ in range(20):
        throttle.after_record(0.01, {}, 10)
    assert throttle.events == 200


def test_a_load_pauses_while_answers_are_slow() -> None:
    throttle = Throttle()
    throttle.after_record(0.4, {}, 100)
    throttle.after_response(0.01)
    assert throttle.pause == 0
    pauses = []
    for _ in range(6):
        throttle.after_response(0.5)
        pauses.append(throttle.pause)
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 0.8]
    for _ in range(10):
        throttle.after_response(0.01)
    assert throttle.pause == 0


def test_places_are_awaited_until_who_follows_has_come_to_them() -> None:
    throttle = Throttle()
    throttle.after_record(0.1, {"a": 3}, 300)
    throttle.after_record(0.1, {"b": 1}, 300)
    throttle.after_record(0.1, {"a": 5}, 300)
    ahead = throttle.ahead
    assert ahead
    assert throttle.awaited == {"a": 5, "b": 1}
    assert throttle.advance({"a": 3, "b": 0})
    assert throttle.awaited == {"a": 5, "b": 1}
    assert not throttle.advance({"a": 4, "b": 0})
    assert throttle.advance({"b": 0})
    assert not throttle.ahead
    assert throttle.advance({})
    assert throttle.awaited == {}


def test_a_bookmark_comes_back_as_it_was_written(tmp_path: Path) -> None:
    with CheckpointFolder(tmp_path / "load", "r.csv") as folder:
        assert folder.read() is None
        checkpoint = Checkpoint({"suite": "here"}, "abc", Counts(rows=3, rejected=1), seconds=1.5)
        assert folder.write(checkpoint, b"a,b\n", b"1,\xff\n", b"line 1: is bad\n") == checkpoint
        assert folder.read() == checkpoint
        folder.write(checkpoint, b"a,b\n", b"3,4\n", b"line 3: is bad\n")
        assert folder.rejected.read_bytes() == b"a,b\n1,\xff\n3,4\n"
        assert folder.reasons.read_bytes() == b"line 1: is bad\nline 3: is bad\n"


@pytest.mark.parametrize("there", range(5))
def test_what_a_crash_kept_from_the_files_is_appended_once(tmp_path: Path, there: int) -> None:
    with CheckpointFolder(tmp_path / "load", "r.csv") as folder:
        folder.write(Checkpoint({}, ""), b"", b"one\n", b"")
        folder.rejected.write_bytes(b"one\n" + b"two\n"[:there])
        checkpoint = Checkpoint({}, "", pending=(Addition("r.csv", 4, "id\n", "two\n"),))
        for _ in range(2):
            assert folder.finish(checkpoint).pending == ()
            assert folder.rejected.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("there", range(7))
def test_what_a_crash_kept_from_a_new_file_begins_with_the_heading(
    tmp_path: Path, there: int
) -> None:
    with CheckpointFolder(tmp_path / "load", "r.csv") as folder:
        folder.rejected.write_bytes(b"id\none\n"[:there])
        folder.finish(Checkpoint({}, "", pending=(Addition("r.csv", 0, "id\n", "one\n"),)))
        assert folder.rejected.read_bytes() == b"id\none\n"


def test_what_a_crash_kept_from_a_file_that_is_gone_begins_with_the_heading(tmp_path: Path) -> None:
    with CheckpointFolder(tmp_path / "load", "r.csv") as folder:
        folder.finish(Checkpoint({}, "", pending=(Addition("r.csv", 99, "id\n", "one\n"),)))
        assert folder.rejected.read_bytes() == b"id\none\n"


def test_to_start_over_keeps_what_was_rejected_under_another_name(tmp_path: Path) -> None:
    with CheckpointFolder(tmp_path / "load", "r.csv") as folder:
        for number in (1, 2):
            folder.write(Checkpoint({}, ""), b"", b"row\n", b"reason\n")
            folder.rejected.write_text(f"mended {number}")
            kept = [path.name for path in folder.clear()]
            assert kept == [f"r-{number}.csv", f"rejected-{number}.txt"]
            assert folder.read() is None
            assert not folder.rejected.exists()
            assert (folder.path / f"r-{number}.csv").read_text() == f"mended {number}"
        assert folder.clear() == []


@pytest.mark.parametrize("kinds", ["ggg", "ggb"], ids=["the place", "what is rejected"])
def test_a_full_disk_ends_a_load_in_a_sentence_and_it_can_be_gone_on_with(
    path: Path, kinds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, kinds)
    target = LaggingTarget()
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(InvalidInput, match=r"cannot be written to \(No space left"):
            loaded(path, target)
    checkpoint = loaded(path, target)
    assert (checkpoint.counts.events, checkpoint.counts.rejected) == (
        kinds.count("g"),
        kinds.count("b"),
    )
    rejected = path.with_name("f.ndjson.load") / "f.rejected.ndjson"
    if "b" in kinds:
        assert rejected.read_text() == '{"id": "3", "bad": true}\n'


def full(_file: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
