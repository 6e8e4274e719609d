"""Reads `identity.yaml`: the identifier types of a shop, and its own placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import phonenumbers

from chassis.config.files import own_or_shipped, read_text
from chassis.config.yaml_document import Entry, read_document
from identifiers.types import Assurance, IdentifierType, IdentifierTypes, Normaliser

FILE = "identity.yaml"
SHIPPED = Path(__file__).with_name(FILE)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def load_types(config_dir: Path | None = None) -> IdentifierTypes:
    """The types in `identity.yaml` of `config_dir`, or else of the one that is shipped.

    Raises InvalidInput naming the entry that is wrong and what to write there.
    """
    return read_types(read_text(own_or_shipped(SHIPPED, config_dir)))


def read_types(text: str) -> IdentifierTypes:
    """The types in the text of an `identity.yaml`."""
    root = read_document(text, FILE).record(
        required=("types",),
        optional=("account_contacts", "default_region", "placeholders", "patterns"),
    )
    return IdentifierTypes(
        by_name=_types(root["types"]),
        default_region=_region(root.get("default_region")),
        placeholders=frozenset(
            text.strip().casefold() for _, text in _texts(root.get("placeholders"))
        ),
        patterns=tuple(_pattern(entry, text) for entry, text in _texts(root.get("patterns"))),
        contacts_verified=_contacts_verified(root.get("account_contacts")),
    )


def _contacts_verified(entry: Entry | None) -> bool:
    return entry is None or _choice(entry, ("verified", "unverified")) == "verified"


def _types(entry: Entry) -> Mapping[str, IdentifierType]:
    types: dict[str, IdentifierType] = {}
    by_priority: dict[int, str] = {}
    for name, of_type in entry.fields().items():
        if not _NAME.fullmatch(name):
            of_type.refuse("must be a name of lower-case letters, digits and _, up to 32")
        fields = of_type.record(
            required=("normaliser", "assurance", "priority"), optional=("at_most", "keep_days")
        )
        types[name] = kind = _type(name, fields)
        if kind.priority in by_priority:
            other = by_priority[kind.priority]
            fields["priority"].refuse(f"is also that of {other}; change one")
        by_priority[kind.priority] = name
    if not types:
        entry.refuse("needs at least one type, such as user_id")
    return types


def _type(name: str, fields: Mapping[str, Entry]) -> IdentifierType:
    return IdentifierType(
        name=name,
        normaliser=_choice(fields["normaliser"], get_args(Normaliser)),
        assurance=_choice(fields["assurance"], get_args(Assurance)),
        priority=fields["priority"].whole(1),
        at_most=fields["at_most"].whole(1) if "at_most" in fields else None,
        keep_days=fields["keep_days"].whole(1) if "keep_days" in fields else None,
    )


def _choice(entry: Entry, options: tuple[str, ...]) -> Any:
    value = entry.scalar()
    if value not in options:
        entry.refuse(f"must be one of {', '.join(options)}")
    return value


def _texts(entry: Entry | None) -> list[tuple[Entry, str]]:
    """The texts of a list, with their places; none if the list is empty or absent."""
    if entry is None or not (entry.is_list() or entry.plain()):
        return []  # `{}` and `""` say as much as nothing
    return [(item, _text(item)) for item in entry.items()]


def _text(entry: Entry) -> str:
    value = entry.scalar()
    if not isinstance(value, str):
        entry.refuse("must be text; put it in quotes")
    return value


def _region(entry: Entry | None) -> str | None:
    if entry is None or entry.is_null():
        return None
    region: Any = entry.scalar()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        entry.refuse("must be a country's two letters, such as US, in quotes")
    return str(region)


def _pattern(entry: Entry, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        entry.refuse(f"is not a regular expression: {error}")
