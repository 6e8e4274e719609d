"""What happens to the orders of a shopper with several streams, and rules about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from chassis import DAY, HOUR
from tests.unit.rules.shoppers import NOW, contents

STREAMS = ("s1", "s2", "s3")

numbers = st.integers(0, 6)
signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
windows = st.sampled_from(["", "1d", "2d", "30d", "61d", "400d"])
money = st.sampled_from([0, 1, 200, 500, 1_000, 1_500])


def _asked(name: str, first: str, window: str) -> str:
    within = f'within="{window}"' if window else ""
    return f"{name}({', '.join(part for part in (first, within) if part)})"


counts = st.builds(_asked, st.just("orders"), st.just(""), windows)
revenues = st.builds(_asked, st.just("revenue"), st.sampled_from(['"USD"', '"EUR"']), windows)
bought = st.builds(_asked, st.just("bought"), st.sampled_from(['"running"', '"music"']), windows)
tests = st.one_of(
    st.builds("{} {} {}".format, counts, signs, numbers),
    st.builds("{} < {} <= {}".format, numbers, counts, numbers),
    st.builds("{} in [{}, {}]".format, counts, numbers, numbers),
    st.builds("{} {} {}".format, revenues, signs, money),
    st.builds("{} - {} {} {}".format, counts, counts, signs, numbers),
    st.builds("{} {} {}".format, counts, signs, counts),
    bought,
    st.builds("not {}".format, bought),
)
texts = st.one_of(tests, st.builds("{} and {}".format, tests, tests))


class RecordedStep(NamedTuple):
    """An event of a stream, or the hand-over of an order to another one; `ends` its batch."""

    stream: str
    kind: str
    data: Any
    at: int
    recorded_at: int
    id: str
    ends: bool
    to: str

    @property
    def moves(self) -> bool:
        """Whether an order leaves its stream."""
        return self.kind == "order_moved" and self.to != self.stream


@st.composite
def courses(draw: st.DrawFn) -> list[RecordedStep]:
    """What happened on a few days, recorded soon after or much later, some of it dated ahead."""
    moves = st.tuples(
        st.just("order_moved"),
        st.fixed_dictionaries({"order_id": st.sampled_from(["A", "B", "C", "D", "e00", "e03"])}),
    )
    drawn = st.tuples(
        st.sampled_from(STREAMS),
        st.one_of(contents, contents, moves),
        st.sampled_from([0, 0, 1, HOUR, DAY, 40 * DAY]),
        st.sampled_from([0, 0, 0, HOUR, DAY, 2 * DAY, 60 * DAY, -HOUR, -3 * DAY]),
        st.booleans(),
        st.sampled_from(STREAMS),
    )
    steps, recorded = [], NOW
    for number, (stream, (kind, data), pause, age, ends, to) in enumerate(
        draw(st.lists(drawn, min_size=4, max_size=25))
    ):
        recorded += pause
        event_id = f"e{number:02}"
        steps.append(RecordedStep(stream, kind, data, recorded - age, recorded, event_id, ends, to))
    return steps


def batches(course: Iterable[RecordedStep]) -> Iterator[list[RecordedStep]]:
    batch: list[RecordedStep] = []
    for step in course:
        batch.append(step)
        if step.ends:
            yield batch
            batch = []
    yield batch
