"""Assignment of shoppers to variants by hashing, as GrowthBook publishes it.

The same definition gives the same variant in every SDK of GrowthBook ("Build Your Own SDK", hash
version 2; namespaces by version 1), so that anybody can recompute an assignment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_OFFSET = 0x811C9DC5
_PRIME = 0x01000193
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class HashNamespace:
    """A part of all shoppers: those whose hash lies in [start, end), numbers from 0 to 1.

    Experiments with parts of the same name that do not overlap never share a shopper.
    """

    name: str
    start: float
    end: float

    def includes(self, value: str) -> bool:
        return self.start <= namespace_hash(self.name, value) < self.end


@dataclass(frozen=True, slots=True)
class Split:
    """How shoppers are split: `weights` add up to 1, and of each part `coverage` takes part."""

    seed: str
    weights: tuple[float, ...]
    coverage: float = 1.0
    namespace: HashNamespace | None = None

    def assign(self, value: str) -> int | None:
        """The index of the variant of the shopper with this value of the hash attribute.

        None for who does not take part: outside the namespace or the coverage.
        """
        if self.namespace is not None and not self.namespace.includes(value):
            return None
        return choose_range(variant_hash(self.seed, value), bucket_ranges(self))


def fnv1a_32(text: str) -> int:
    """The FNV-1a hash of 32 bits over the UTF-16 code units of a text, as JavaScript has them."""
    units = text.encode("utf-16-le", "surrogatepass")
    hashed = _OFFSET
    for low, high in zip(units[::2], units[1::2], strict=True):
        hashed = ((hashed ^ (low | high << 8)) * _PRIME) & _MASK
    return hashed


def variant_hash(seed: str, value: str) -> float:
    """Where a value falls by a seed, in steps of 1/10,000 from 0 to below 1: hash version 2."""
    return (fnv1a_32(str(fnv1a_32(seed + value))) % 10_000) / 10_000


def namespace_hash(name: str, value: str) -> float:
    """Where a value falls in a namespace, in steps of 1/1,000 from 0 to below 1: version 1."""
    return (fnv1a_32(f"{value}__{name}") % 1_000) / 1_000


def bucket_ranges(split: Split) -> list[tuple[float, float]]:
    """The range [start, end) of each variant.

    Each begins where it would with a coverage of 1, so that a larger coverage moves nobody.
    """
    ranges = []
    start = 0.0
    for weight in split.weights:
        ranges.append((start, start + split.coverage * weight))
        start += weight
    return ranges


def choose_range(hashed: float, ranges: Sequence[tuple[float, float]]) -> int | None:
    """The index of the range that a hash lies in, None if it lies in none."""
    for index, (start, end) in enumerate(ranges):
        if start <= hashed < end:
            return index
    return None
