"""segments.yaml: the segments as an operator writes them.

Every mistake is refused with its path, its line and column, and the fix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from pathlib import Path

import yaml

from chassis import InvalidInput
from chassis.config.files import own_or_shipped, read_text
from chassis.config.yaml_document import Entry, read_document
from chassis.validation import load
from contracts.segments import DEFINE_REQUEST
from rules import ShopContext
from services.segments.domain.definitions import Definition, DefinitionFile, read_rule

FILE = "segments.yaml"
SHIPPED = Path(__file__).parent / FILE


def read_definition(definition: object, zone: tzinfo = UTC) -> Definition:
    """The definition {segment, rule, description}; InvalidInput names the wrong field and place.

    `zone` is that of the shop.
    """
    fields = load(DEFINE_REQUEST, definition)
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
    definitions = read_definitions(content.decode("utf-8-sig"), name)
    return DefinitionFile(hashlib.sha256(content).hexdigest(), is_shipped, definitions)


def read_definitions(text: str, name: str = FILE) -> Sequence[Definition]:
    """The definitions in `text`; InvalidInput gives the path, position and fix of a mistake."""
    root = read_document(text, name)
    definitions = [
        _read_segment(segment, entry) for segment, entry in root.literal_fields().items()
    ]
    if not definitions:
        root.refuse("must define at least one segment, by its name with a rule and a description")
    return tuple(definitions)


def write_definitions(definitions: Mapping[str, tuple[str, str]]) -> str:
    """A segments.yaml of these rules and descriptions, by segment; `read_definitions` reads it."""
    document = {
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
    texts = {name: field.literal() for name, field in fields.items()}
    try:
        return read_definition({"segment": segment, **texts})
    except InvalidInput as error:
        fields.get(error.subject, entry).refuse(str(error))
