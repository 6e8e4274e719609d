"""segments.yaml: the segments as an operator writes them.

Every mistake is refused with its path, its line and column, and the fix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import yaml

from chassis import InvalidInput
from chassis.config.files import own_or_shipped, read_text
from chassis.config.yaml_document import Entry, read_document
from chassis.validation import load
from contracts.segments import DEFINE_REQUEST
from rules import ShopContext
from services.segments.domain.definitions import Definition, DefinitionFile, read_rule
from services.segments.domain.stability import STANDARD_WATCH, WatchSettings

FILE = "segments.yaml"
SHIPPED = Path(__file__).parent / FILE
_SENSITIVE, _THRESHOLD = "sensitive", "drift_threshold"
_SETTINGS = (_SENSITIVE, _THRESHOLD)
_GREATEST_THRESHOLD = 10


def read_definition(definition: object, zone: tzinfo = UTC) -> Definition:
    """The definition {segment, rule, description}; InvalidInput names the wrong field and place.

    `zone` is that of the shop.
    """
    fields = load(DEFINE_REQUEST, definition)
    if fields["segment"] in _SETTINGS:
        raise InvalidInput("segment", f"must not be called {fields['segment']}: a setting is")
    rule = read_rule(fields["rule"], ShopContext(zone))
    return Definition(fields["segment"], rule, fields["description"])


def load_definitions(directory: Path | None = None) -> Sequence[Definition]:
    """The definitions in `directory`/segments.yaml if that file exists, else the shipped ones."""
    path = own_or_shipped(SHIPPED, directory)
    return read_definitions(read_text(path), str(path))


def load_file(directory: Path | None = None) -> DefinitionFile:
    """The same as a file, which a process can put in force.

    Its SHA-256 is that of `chassis.config.files.fingerprints`.
    """
    path = own_or_shipped(SHIPPED, directory)
    read_text(path)  # says why the file cannot be read, if it cannot
    return read_file(path.read_bytes(), str(path), is_shipped=path == SHIPPED)


def read_file(content: bytes, name: str = FILE, *, is_shipped: bool) -> DefinitionFile:
    """The file of these bytes, which are UTF-8; InvalidInput as from `read_definitions`."""
    root = read_document(content.decode("utf-8-sig"), name)
    sha256 = hashlib.sha256(content).hexdigest()
    return DefinitionFile(sha256, is_shipped, _read_segments(root), _read_settings(root))


def read_definitions(text: str, name: str = FILE) -> Sequence[Definition]:
    """The definitions in `text`; InvalidInput gives the path, position and fix of a mistake."""
    return _read_segments(read_document(text, name))


def _read_segments(root: Entry) -> Sequence[Definition]:
    definitions = [
        _read_segment(segment, entry)
        for segment, entry in root.literal_fields().items()
        if segment not in _SETTINGS
    ]
    if not definitions:
        root.refuse("must define at least one segment, by its name with a rule and a description")
    return tuple(definitions)


def _read_settings(root: Entry) -> WatchSettings:
    """What the file says beside the segments."""
    fields, watch = root.literal_fields(), STANDARD_WATCH
    if _SENSITIVE in fields:
        traits = {each.text(64) for each in fields[_SENSITIVE].items()}
        watch = replace(watch, sensitive=tuple(sorted(traits)))
    if _THRESHOLD in fields:
        entry = fields[_THRESHOLD]
        value = entry.scalar()
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < value <= _GREATEST_THRESHOLD:
            entry.refuse(f"must be a number over 0 and up to {_GREATEST_THRESHOLD}, such as 0.1")
        watch = replace(watch, drift_threshold=float(value))
    return watch


def write_definitions(
    definitions: Mapping[str, tuple[str, str]], watch: WatchSettings = STANDARD_WATCH
) -> str:
    """A segments.yaml of these rules and descriptions, by segment; `read_file` reads it.

    Of the settings it has those that are not as they are without any.
    """
    document: dict[str, Any] = {}
    if watch.sensitive != STANDARD_WATCH.sensitive:
        document[_SENSITIVE] = list(watch.sensitive)
    if watch.drift_threshold != STANDARD_WATCH.drift_threshold:
        document[_THRESHOLD] = watch.drift_threshold
    document |= {
        segment: {"rule": rule, "description": description}
        for segment, (rule, description) in sorted(definitions.items())
    }
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=96)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _read_segment(segment: str, entry: Entry) -> Definition:
    fields = entry.record(required=("rule", "description"))
    _check_comments(fields["rule"])
    texts = {name: field.literal() for name, field in fields.items()}
    try:
        return read_definition({"segment": segment, **texts})
    except InvalidInput as error:
        fields.get(error.subject, entry).refuse(str(error))


def _check_comments(rule: Entry) -> None:
    """Refuse a rule whose lines YAML joins: what stands after a comment would be part of it."""
    if isinstance(rule.node, yaml.ScalarNode) and rule.node.style == ">" and "#" in rule.node.value:
        rule.refuse(
            "write `|` instead of `>`: it joins the lines, so that # hides all that follows"
        )
