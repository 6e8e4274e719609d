"""Assignment equals that of GrowthBook's own SDK, and holdouts hold what they say.

At full size there are 100,000 keys in each of 20 experiments.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import sqrt

from growthbook import Experiment, GrowthBook

from services.offers.domain.assignment import HashNamespace, Split

EXPERIMENTS = 20
Z = 4.5  # standard deviations: seven in a million draws are further off


def random_split(draw: random.Random, seed: str) -> Split:
    parts = [draw.randint(1, 20) for _ in range(draw.randint(2, 6))]
    start, end = sorted((draw.random(), draw.random()))
    namespace = HashNamespace(draw.choice("abc"), start, end) if draw.random() < 0.5 else None
    coverage = draw.choice([1.0, round(draw.random(), 3)])
    return Split(seed, tuple(part / sum(parts) for part in parts), coverage, namespace)


def random_key(draw: random.Random) -> str:
    form = draw.randrange(4)
    if form == 0:
        return str(draw.randrange(10**9))
    if form == 1:
        return f"{draw.getrandbits(128):032x}"
    return "".join(draw.choice("aZ09-_@. äß漢😀") for _ in range(draw.randint(1, 24)))


def of_the_sdk(split: Split, key: str) -> int | None:
    experiment: Experiment[int] = Experiment(
        key="unused",
        variations=list(range(len(split.weights))),
        seed=split.seed,
        weights=list(split.weights),
        coverage=split.coverage,
        namespace=_plain(split.namespace),
        hashVersion=2,
        hashAttribute="device_id",
    )
    result = GrowthBook(attributes={"device_id": key}).run(experiment)
    return result.variationId if result.inExperiment else None


def _plain(namespace: HashNamespace | None) -> tuple[str, float, float] | None:
    return (namespace.name, namespace.start, namespace.end) if namespace else None


def test_anybody_can_recompute_an_assignment_with_growthbook(
    size: Callable[[int, int], int],
) -> None:
    draw = random.Random(14)
    for number in range(EXPERIMENTS):
        split = random_split(draw, f"experiment-{number}")
        keys = [random_key(draw) for _ in range(size(250, 100_000))]
        differing = [key for key in keys if split.assign(key) != of_the_sdk(split, key)]
        assert differing == []


def test_holdouts_of_five_percent_hold_five_percent(size: Callable[[int, int], int]) -> None:
    draw, keys = random.Random(5), size(4_000, 200_000)
    for number in range(EXPERIMENTS):
        holdout = Split(f"holdout-{number}", (0.05, 0.95))
        count = sum(holdout.assign(f"{draw.getrandbits(64):x}") == 0 for _ in range(keys))
        assert abs(count - 0.05 * keys) < Z * sqrt(keys * 0.05 * 0.95)
