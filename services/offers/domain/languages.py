"""Languages of a shop: which of them a request gets, and which stand in for a missing one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chassis.core.languages import wider_languages


@dataclass(frozen=True, slots=True)
class Languages:
    """The tags of the languages in which the shop writes, such as `de` or `de-AT`.

    The first is the one in which everything is written.
    """

    tags: tuple[str, ...]
    _by_lower: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_lower = {tag.lower(): tag for tag in self.tags}
        for tag in self.tags:  # who asks for `pt` gets `pt-BR` where there is no other
            for wider in (*wider_languages(tag), _base(tag.lower())):
                by_lower.setdefault(wider, tag)
        object.__setattr__(self, "_by_lower", by_lower)

    @property
    def default(self) -> str:
        """The language in which everything is written."""
        return self.tags[0]

    def match(self, requested: object) -> str:
        """The language for a request: RFC 4647's lookup, then any of the same base language, of
        its script if there is one.

        Of a header such as `de-AT,de;q=0.9` the first language counts.
        """
        if not isinstance(requested, str):
            return self.default
        wanted = requested.partition(",")[0].partition(";")[0].strip().replace("_", "-").lower()
        return next(self._nearest(wanted), self.default)

    def chain(self, tag: str) -> list[str]:
        """A language of the shop and those that stand in for it, the nearest first."""
        return list(dict.fromkeys([*self._nearest(tag.lower()), self.default]))

    def _nearest(self, tag: str) -> Iterator[str]:
        """The languages of the shop that stand in for a tag in small letters, itself first."""
        for each in (tag, *wider_languages(tag), *_shorter(tag)):
            if each in self._by_lower:
                yield self._by_lower[each]


def same_language(one: str, other: str) -> bool:
    """Whether two tags differ in their regions and the like alone."""
    return _base(one) == _base(other)


def _base(tag: str) -> str:
    return tag.partition("-")[0]


def _shorter(tag: str) -> Iterator[str]:
    """The tag, then without its last part, and so on; a single letter goes with what it leads."""
    parts = tag.split("-")
    while parts:
        yield "-".join(parts)
        parts.pop()
        if parts and len(parts[-1]) == 1:
            parts.pop()
