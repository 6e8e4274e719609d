"""Definitions: a segment's name, rule and description. Each change is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis import InvalidInput
from rules import SEGMENT_VOCABULARY, Rule, RuleError, Summary, compile_rule


@dataclass(frozen=True, slots=True)
class Definition:
    """A segment as it was written in segments.yaml or given to `define`."""

    segment: str
    rule: Rule[Summary]
    description: str

    def says_the_same(self, other: Definition) -> bool:
        """Whether the other has the same rule and description."""
        return (self.rule.text, self.description) == (other.rule.text, other.description)


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """A definition in force: its number among the segment's versions, from 1."""

    number: int
    definition: Definition
    generation: int


@dataclass(frozen=True, slots=True)
class ActiveDefinitions:
    """All segments in force. The generation grows by one with each change of any of them."""

    generation: int
    versions: Mapping[str, DefinitionVersion]


def read_rule(text: str) -> Rule[Summary]:
    """The rule of a segment; InvalidInput says where it is wrong and what was meant."""
    try:
        return compile_rule(text, SEGMENT_VOCABULARY)
    except RuleError as error:
        raise InvalidInput("rule", str(error)) from None
