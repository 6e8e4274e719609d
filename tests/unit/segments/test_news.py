"""News: which events of a batch come before an instant, and who shares a watermark."""

from __future__ import annotations

from chassis import Event
from services.segments.domain.news import share_watermarks, spans_of, split_events


def event(recorded_at: int, **versions: int) -> Event:
    """An event of one stream, or a joint fact of several."""
    entries = [{"stream": stream, "version": version} for stream, version in versions.items()]
    (stream, version), *_others = versions.items()
    data = {"streams": entries}
    metadata = {"joint": len(entries) > 1}
    return Event(
        f"{stream}-{version}", "profiles", "x", stream, version, data, 0, recorded_at, 1, metadata
    )


def test_watermarks_are_shared_by_all_profiles_that_moves_connect() -> None:
    moves = [("a", "b"), ("c", "d"), ("b", "c"), ("e", "f")]
    assert share_watermarks(moves, {"a": 3, "d": 5, "f": 1}) == {
        **dict.fromkeys("abcd", 5),
        "e": 1,
        "f": 1,
    }


def test_events_are_split_by_when_they_were_recorded() -> None:
    first, second, other = event(5, s=1), event(9, s=2), event(7, t=1)
    assert split_events([first, second, other], 7) == ([first, other], [second])


def test_no_event_comes_before_one_that_precedes_it_in_its_stream() -> None:
    """The clock of the replica that recorded the later one was behind."""
    first, joint, last = event(9, s=1), event(3, s=2, t=1), event(4, t=2)
    assert split_events([first, joint, last], 8) == ([], [first, joint, last])
    assert spans_of([first, joint, last], {"s": "p"}, {"t": "q"}) == {"p": (9, 9), "q": (9, 9)}


def test_a_span_is_that_of_a_profile_as_it_was_and_as_it_will_be() -> None:
    events = [event(5, s=1), event(7, t=1)]
    assert spans_of(events, {"s": "p", "t": "p"}, {"t": "q"}) == {"p": (5, 7), "q": (7, 7)}
