"""Segments that ask for other segments: the order to evaluate them in, which has no circle."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from graphlib import CycleError, TopologicalSorter


class CircularSegments(ValueError):
    """Segments ask for each other in a circle: `circle` has their names, the first one twice."""

    def __init__(self, circle: list[str]) -> None:
        first, *others = (f'"{segment}"' for segment in circle)
        asks = ", which asks for ".join(others)
        super().__init__(f"segments cannot ask for each other in a circle: {first} asks for {asks}")
        self.circle = circle


def evaluation_order(asked: Mapping[str, AbstractSet[str]]) -> list[str]:
    """The segments, each after those that it asks for; `asked` has these by segment.

    Those that are asked for and do not exist are left out. CircularSegments: there is a circle.
    """
    graph = {segment: sorted(asked[segment] & asked.keys()) for segment in sorted(asked)}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise CircularSegments(list(reversed(error.args[1]))) from None
