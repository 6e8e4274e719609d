"""Terms over sequences of events: what came after what, and what did not come in time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from rules.language.curves import Curve, SampledCurve
from rules.language.data import Sequenced, SequenceStep
from rules.language.reads import Reads, union
from rules.language.terms import Kind, Term
from rules.language.units import describe_duration
from rules.language.windows import ALWAYS, Window, ago, earliest
from rules.summary.summary import Summary
from rules.vocabularies.aggregate_terms import matching


def then(
    *steps: SequenceStep, within: int | None = None, during: int | None = None
) -> Term[Summary]:
    """Whether the steps came one after the other, the last less than `within` after the first.

    At one instant counts as after, but for two events of one type. With `during` the last step has
    to be in that window.
    """
    window = ALWAYS if during is None else Window(during, words=ago(during))
    sequence = Sequenced(steps, within, window, follows=True)

    def curve(summary: Summary, _now: int) -> Curve:
        ends = _ends(summary, sequence)

        def read(at: int) -> bool:
            after, upto = window.limits(at)
            begin = 0 if after is None else bisect_right(ends, after)
            return begin < bisect_right(ends, upto)

        return SampledCurve(read, lambda at: window.next(ends, at))

    words = " and then ".join(step.words for step in steps)
    span = "" if within is None else f" within {describe_duration(within)}"
    return Term(
        Kind.TRUTH,
        f"{words}{span}{window.words}",
        lambda summary, now: curve(summary, now).value(now),
        missable=False,
        curve=curve,
        reads=_reads(sequence),
        meaning=sequence,
    )


def then_not(first: SequenceStep, second: SequenceStep, within: int) -> Term[Summary]:
    """Whether the last event of the first step was not followed by one of the second in time.

    It turns true when the time is up.
    """
    sequence = Sequenced((first, second), within, ALWAYS, follows=False)

    def curve(summary: Summary, _now: int) -> Curve:
        begins, answers = _instants(summary, sequence.steps)

        def deadline(at: int) -> int | None:
            """When the time after the last first step is up, if nothing answers it."""
            place = bisect_right(begins, at)
            if not place:
                return None
            begin = begins[place - 1]
            answer = bisect_left(answers, begin + _apart(first, second))
            if answer < len(answers) and answers[answer] < begin + within:
                return None
            return begin + within

        def read(at: int) -> bool:
            due = deadline(at)
            return due is not None and due <= at

        def step(at: int) -> int | None:
            due = deadline(at)
            place = bisect_right(begins, at)
            coming = begins[place] if place < len(begins) else None
            return earliest(due if due is not None and due > at else None, coming)

        return SampledCurve(read, step)

    return Term(
        Kind.TRUTH,
        f"the last {first.words} was not followed by {second.words}"
        f" within {describe_duration(within)}",
        lambda summary, now: curve(summary, now).value(now),
        missable=False,
        curve=curve,
        reads=_reads(sequence),
        meaning=sequence,
    )


def _reads(sequence: Sequenced) -> Reads:
    depth = None
    if sequence.follows and sequence.window.depth is not None and sequence.within is not None:
        depth = sequence.window.depth + sequence.within
    return union(Reads(facts={step.event: depth}) for step in sequence.steps)


def _instants(summary: Summary, steps: Sequence[SequenceStep]) -> list[list[int]]:
    return [[fact.at for fact in matching(summary, step.event, step.where)] for step in steps]


def _apart(step: SequenceStep, other: SequenceStep) -> int:
    """How much later an event of the other step has to be: two of one type are never one event."""
    return 1 if step.event == other.event else 0


def _ends(summary: Summary, sequence: Sequenced) -> list[int]:
    """When the sequence came to its end, ascending: for each first step the earliest end."""
    steps = sequence.steps
    instants = _instants(summary, steps)
    ends: list[int] = []
    for begin in instants[0]:
        chain: list[int] | None = [begin]
        for number, step in enumerate(steps[1:], start=1):
            assert chain is not None  # noqa: S101 - the loop ends with it
            least = max(
                chain[-1],
                *(at + _apart(before, step) for before, at in zip(steps, chain, strict=False)),
            )
            place = bisect_left(instants[number], least)
            if place == len(instants[number]):
                chain = None
                break
            chain.append(instants[number][place])
        if chain is not None and (sequence.within is None or chain[-1] - begin < sequence.within):
            ends.append(chain[-1])
    return ends
