"""segments.yaml: the segments as an operator writes them.

Every mistake is refused with its path, its line and column, and the fix.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chassis import InvalidInput
from chassis.config.files import own_or_shipped, read_text
from chassis.config.yaml_document import Entry, read_document
from chassis.validation import load
from contracts.segments import DEFINE_REQUEST
from services.segments.domain.definitions import Definition, read_rule

FILE = "segments.yaml"
SHIPPED = Path(__file__).parent / FILE


def read_definition(definition: object) -> Definition:
    """The definition {segment, rule, description}; InvalidInput names the wrong field and place."""
    fields = load(DEFINE_REQUEST, definition)
    return Definition(fields["segment"], read_rule(fields["rule"]), fields["description"])


def load_definitions(directory: Path | None = None) -> Sequence[Definition]:
    """The definitions in `directory`/segments.yaml if that file exists, else the shipped ones."""
    path = own_or_shipped(SHIPPED, directory)
    return read_definitions(read_text(path), str(path))


def read_definitions(text: str, name: str = FILE) -> Sequence[Definition]:
    """The definitions in `text`; InvalidInput gives the path, position and fix of a mistake."""
    root = read_document(text, name)
    definitions = [
        _read_segment(segment, entry) for segment, entry in root.literal_fields().items()
    ]
    if not definitions:
        root.refuse("must define at least one segment, by its name with a rule and a description")
    return tuple(definitions)


def _read_segment(segment: str, entry: Entry) -> Definition:
    fields = entry.record(required=("rule", "description"))
    texts = {name: field.literal() for name, field in fields.items()}
    try:
        return read_definition({"segment": segment, **texts})
    except InvalidInput as error:
        fields.get(error.subject, entry).refuse(str(error))
