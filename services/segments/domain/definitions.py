"""Definitions: a segment's name, rule and description, each change of them a new version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from chassis import InvalidInput
from chassis.config.files import compose_yaml, read_text
from chassis.validation import load
from contracts.segments import DEFINE_REQUEST
from rules import SEGMENT_VOCABULARY, Rule, RuleError, Summary, compile_rule

FILE = "segments.yaml"
SHIPPED = Path(__file__).parents[1] / FILE


@dataclass(frozen=True, slots=True)
class Definition:
    """One segment as somebody wrote it."""

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


def read_definition(definition: object) -> Definition:
    """The definition {segment, rule, description}; InvalidInput names the wrong field and place."""
    loaded = load(DEFINE_REQUEST, definition)
    try:
        rule = compile_rule(loaded["rule"], SEGMENT_VOCABULARY)
    except RuleError as error:
        raise InvalidInput("rule", str(error)) from None
    return Definition(loaded["segment"], rule, loaded["description"])


def load_definitions(config_dir: Path | None = None) -> Sequence[Definition]:
    """The definitions in `segments.yaml` of `config_dir`, or else of the one that is shipped."""
    own = config_dir / FILE if config_dir else None
    path = own if own is not None and own.exists() else SHIPPED
    return read_definitions(read_text(path), str(path))


def read_definitions(text: str, name: str = FILE) -> Sequence[Definition]:
    """The definitions of a YAML text; InvalidInput says which segment is wrong, where and why."""
    document = compose_yaml(text, name)
    found: dict[str, Definition] = {}
    for segment, line, fields in _entries(document, name):
        if segment in found:
            raise InvalidInput(name, f"line {line}: segment {segment} stands here twice")
        try:
            found[segment] = read_definition({"segment": segment, **fields})
        except InvalidInput as error:
            message = f"line {line}: segment {segment}: {error.subject}: {error.message}"
            raise InvalidInput(name, message) from None
    return tuple(found.values())


def _entries(document: yaml.Node | None, name: str) -> Sequence[tuple[str, int, dict[str, object]]]:
    """Each segment's name, line and fields; the values are still to be checked."""
    if not isinstance(document, yaml.MappingNode) or not document.value:
        raise InvalidInput(name, "must hold segments by name, each with rule and description")
    entries = []
    for key, value in document.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise InvalidInput(name, f"line {line}: a segment's name must be text")
        if not isinstance(value, yaml.MappingNode):
            message = f"line {line}: segment {key.value} must have a rule and a description"
            raise InvalidInput(name, message)
        entries.append((key.value, line, _fields(value, name)))
    return entries


def _fields(node: yaml.MappingNode, name: str) -> dict[str, object]:
    """The fields of one segment: texts as they are written, so that `rule: True` is a text too."""
    fields: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise InvalidInput(name, f"line {line}: must be one line `field: text`")
        if key.value in fields:
            raise InvalidInput(name, f"line {line}: {key.value} stands here twice")
        fields[key.value] = value.value
    return fields
