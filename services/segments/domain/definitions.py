"""Definitions: a segment's name, rule and description. Each change of the rule is a new version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from chassis import InvalidInput, NotFound
from chassis.core.applied_files import AppliedFile
from chassis.core.suggest import suggest
from rules import (
    ANY_SHOP,
    SEGMENT_VOCABULARY,
    Rule,
    RuleError,
    ShopContext,
    Summary,
    compile_rule,
)
from rules.language.dependencies import CircularSegments, evaluation_order
from rules.language.errors import suggestion
from services.segments.domain.dependencies import RuleIndex
from services.segments.domain.stability import STANDARD_WATCH, WatchSettings

_SOME = 10


@dataclass(frozen=True, slots=True)
class Definition:
    """A segment as it was written in segments.yaml or given to `define`."""

    segment: str
    rule: Rule[Summary]
    description: str


@dataclass(frozen=True, slots=True)
class NameEnd:
    """That a segment's name was given up: the version of the name's end, and its generation."""

    version: int
    generation: int


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """A definition in force: its number among the segment's versions, from 1.

    Its generation is its place among the changes of all segments: profiles that were evaluated by
    an older one have not been evaluated by this version. `former_names` are those that the segment
    had before, the last one first.
    """

    number: int
    definition: Definition
    generation: int
    former_names: Mapping[str, NameEnd] = field(default_factory=dict)

    def has_evaluated_all(self, oldest: int | None) -> bool:
        """Whether every profile has been evaluated by it, or by a newer one.

        `oldest` is the least generation by which any profile was evaluated; None without profiles.
        """
        return oldest is None or oldest >= self.generation


@dataclass(frozen=True, slots=True)
class UnreadableVersion:
    """A version in force that this release cannot read: the segment's members stay as they are."""

    number: int
    rule: str
    description: str
    message: str


@dataclass(frozen=True)
class ActiveDefinitions:
    """All segments in force, those that have been deleted, and the history of their versions.

    `ended` has the last version of each deleted segment: whoever is still a member leaves.
    `history` has, by segment, the generation and number of each version in their order.
    """

    versions: Mapping[str, DefinitionVersion]
    unreadable: Mapping[str, UnreadableVersion] = field(default_factory=dict)
    ended: Mapping[str, int] = field(default_factory=dict)
    history: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)

    @cached_property
    def generation(self) -> int:
        """The newest generation among the versions in force; 0 if there are none."""
        return max((version.generation for version in self.versions.values()), default=0)

    @cached_property
    def index(self) -> RuleIndex:
        """The rules by what they read."""
        return RuleIndex({s: version.definition.rule for s, version in self.versions.items()})

    def redefined_since(self, generation: int) -> frozenset[str]:
        """The segments with newer versions than `generation`, and those that ask for these."""
        found = self._redefined.get(generation)
        if found is None:  # worked out once for all profiles that were evaluated by it last
            newer = {s for s, version in self.versions.items() if version.generation > generation}
            found = self._redefined[generation] = frozenset(self.index.with_dependents(newer))
        return found

    @cached_property
    def _redefined(self) -> dict[int, frozenset[str]]:
        return {}

    def since(self, generation: int) -> ActiveDefinitions:
        """Only the segments whose versions are newer than `generation`, and the deleted ones."""
        newer = {s: v for s, v in self.versions.items() if v.generation > generation}
        return ActiveDefinitions(newer, {}, self.ended, self.history)

    def version_at(self, segment: str, generation: int) -> int | None:
        """The version by which a profile was evaluated that was evaluated by `generation` last.

        None if the segment was not defined by then.
        """
        numbers = [number for of, number in self.history.get(segment, ()) if of <= generation]
        return numbers[-1] if numbers else None


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """A segments.yaml: its definitions, the SHA-256 of its bytes, and how segments are watched.

    `is_shipped`: it came with the release; another is the shop's own.
    """

    sha256: str
    is_shipped: bool
    definitions: Sequence[Definition]
    watch: WatchSettings = STANDARD_WATCH

    @property
    def applied(self) -> AppliedFile:
        """The file without what is in it."""
        return AppliedFile(self.sha256, self.is_shipped)


@dataclass(frozen=True, slots=True)
class StandingDefinition:
    """The newest version of a segment as it is stored, readable or not.

    `is_end`: the segment was deleted. `file_rule` is the rule that a file gave it last, if one did.
    """

    segment: str
    version: int
    rule: str
    description: str
    is_end: bool
    file_rule: str | None


class Change(Enum):
    """What a file or a command does to a segment."""

    ADDED = "added"
    CHANGED = "changed"
    DESCRIBED = "described"
    UNCHANGED = "unchanged"
    KEPT = "kept"


def change_by(definition: Definition, before: StandingDefinition | None) -> Change:
    """What `definition` changes of a segment as it stands; words alone make no new version."""
    if before is None or before.is_end:
        return Change.ADDED
    if before.rule != definition.rule.text:
        return Change.CHANGED
    if before.description != definition.description:
        return Change.DESCRIBED
    return Change.UNCHANGED


def change_by_new_file(definition: Definition, before: StandingDefinition | None) -> Change:
    """What a file that a process has started with changes: only what the file itself has changed.

    A segment that was defined or deleted by a command since stays so (KEPT).
    """
    change = change_by(definition, before)
    if before is None or before.file_rule is None or change is Change.UNCHANGED:
        return change
    if before.file_rule == definition.rule.text and (before.is_end or change is Change.CHANGED):
        return Change.KEPT
    return change


def read_rule(text: str, shop: ShopContext = ANY_SHOP) -> Rule[Summary]:
    """The rule of a segment; InvalidInput says where it is wrong and what was meant.

    Its warnings name what the shop has never recorded.
    """
    try:
        return compile_rule(text, SEGMENT_VOCABULARY, shop)
    except RuleError as error:
        raise InvalidInput("rule", str(error)) from None


def check_references(
    changed: Sequence[Definition], standing: Mapping[str, StandingDefinition]
) -> None:
    """Refuse definitions that ask for no segment in force, or for each other in a circle."""
    if not any(definition.rule.reads.segments for definition in changed):
        return
    asked = {name: segments_asked(one.rule) for name, one in standing.items() if not one.is_end} | {
        definition.segment: definition.rule.reads.segments for definition in changed
    }
    for definition in changed:
        check_asked(definition.segment, definition.rule, asked.keys())
    try:
        evaluation_order(asked)
    except CircularSegments as error:
        raise InvalidInput("rule", str(error)) from None


def check_asked(asking: str, rule: Rule[Summary], segments: Set[str]) -> None:
    """Refuse a rule that asks for what is none of `segments`; `asking` says whose it is."""
    for missing in sorted(rule.reads.segments - segments):
        hint = suggest(missing, sorted(segments))
        raise InvalidInput("rule", f'{asking} asks for "{missing}", which is no segment: {hint}')


def not_defined(definitions: ActiveDefinitions, segment: str) -> NotFound:
    """The error of a name that no segment has: how it is called now, or the nearest ones."""
    for name, version in definitions.versions.items():
        if segment in version.former_names:
            return NotFound("segment", f"{segment} has been renamed: it is called {name} now")
    return undefined(segment, {*definitions.versions, *definitions.unreadable})


def undefined(segment: str, names: Set[str]) -> NotFound:
    """The error of a name that is none of `names`: the nearest one, or the first few."""
    known = sorted(names)
    some = ", ".join(known[:_SOME]) + (", …" if len(known) > _SOME else "")
    close = suggestion(segment, known) or f"; there are {some}"
    return NotFound("segment", f"{segment} is not defined{close}")


def segments_asked(text: str) -> frozenset[str]:
    """The segments that a rule asks for; of an unreadable one none."""
    try:
        return read_rule(text).reads.segments if "segments" in text else frozenset()
    except InvalidInput:
        return frozenset()


def ask_for(name: str, rule: str, segment: str) -> str | None:
    """A rule that asks for `name` where `rule` asks for `segment`; None if it cannot be written."""
    wanted = re.compile(rf"""(["']){segment}\1(?=\s+(?:not\s+)?in\s+segments\b)""")
    text = wanted.sub(f'"{name}"', rule)
    is_asked = segments_asked(text) == (segments_asked(rule) - {segment}) | {name}
    return text if is_asked else None


def asking_for(segment: str, standing: Mapping[str, StandingDefinition]) -> Sequence[str]:
    """The segments in force whose rules ask for `segment`, sorted."""
    return sorted(
        name
        for name, one in standing.items()
        if name != segment and not one.is_end and segment in segments_asked(one.rule)
    )
