"""Reads `identity.yaml`: the identifier types of a shop, and its own placeholders."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import phonenumbers
import yaml

from chassis.config.files import read_text
from chassis.core.errors import InvalidInput
from identifiers.types import Assurance, IdentifierType, IdentifierTypes, Normaliser

FILE = "identity.yaml"
_SHIPPED = Path(__file__).with_name(FILE)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TOP = ("default_region", "types", "placeholders", "patterns")
_TYPE = ("normaliser", "assurance", "priority", "at_most", "keep_days")


def load_types(config_dir: Path | None = None) -> IdentifierTypes:
    """The types in `identity.yaml` of `config_dir`, or else of the one that is shipped.

    Raises InvalidInput naming the entry that is wrong and what to write there.
    """
    own = config_dir / FILE if config_dir else None
    path = own if own and own.exists() else _SHIPPED
    return read_types(read_text(path))


def read_types(text: str) -> IdentifierTypes:
    """The types in the text of an `identity.yaml`."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        line = f" in line {place.line + 1}" if place else ""
        raise InvalidInput(FILE, f"is not YAML{line}; check quotes and indentation") from None
    except ValueError as error:  # such as the 30th of February
        raise InvalidInput(FILE, f"has a value that cannot be: {error}; put it in quotes") from None
    root = _mapping("", document, _TOP)
    types = _mapping("types", root.get("types"))
    if not types:
        raise _wrong("types", "needs at least one type, such as user_id")
    by_name = {_name(name): _type(f"types.{name}", entry) for name, entry in types.items()}
    _check_priorities(by_name.values())
    return IdentifierTypes(
        by_name=by_name,
        default_region=_region(root.get("default_region")),
        placeholders=frozenset(t.strip().casefold() for t in _texts("placeholders", root)),
        patterns=tuple(
            _pattern(f"patterns[{index}]", pattern)
            for index, pattern in enumerate(_texts("patterns", root))
        ),
    )


def _type(path: str, entry: Any) -> IdentifierType:
    fields = _mapping(path, entry, _TYPE)
    return IdentifierType(
        name=path.removeprefix("types."),
        normaliser=_choice(f"{path}.normaliser", fields.get("normaliser"), get_args(Normaliser)),
        assurance=_choice(f"{path}.assurance", fields.get("assurance"), get_args(Assurance)),
        priority=_whole(f"{path}.priority", fields.get("priority")),
        at_most=_whole(f"{path}.at_most", fields["at_most"]) if "at_most" in fields else None,
        keep_days=_whole(f"{path}.keep_days", fields["keep_days"])
        if "keep_days" in fields
        else None,
    )


def _check_priorities(types: Iterable[IdentifierType]) -> None:
    taken: dict[int, str] = {}
    for kind in types:
        if kind.priority in taken:
            raise _wrong(
                f"types.{kind.name}.priority", f"is also that of {taken[kind.priority]}; change one"
            )
        taken[kind.priority] = kind.name


def _mapping(path: str, value: Any, known: tuple[str, ...] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, "must be a mapping of names to values")
    for name in value:
        if not isinstance(name, str):
            raise _wrong(path, "has a name that is not text; put it in quotes")
        if known is not None and name not in known:
            near = difflib.get_close_matches(name, known, 1) or [", ".join(known)]
            raise _wrong(f"{path}.{name}".strip("."), f"is unknown; did you mean {near[0]}?")
    return value


def _texts(path: str, root: Mapping[str, Any]) -> list[str]:
    value = root.get(path) or []
    if not isinstance(value, list):
        raise _wrong(path, "must be a list of texts")
    for index, text in enumerate(value):
        if not isinstance(text, str):
            raise _wrong(f"{path}[{index}]", "must be text; put it in quotes")
    return value


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _wrong(f"types.{name}", "must be a name of small letters, digits and _, up to 32")
    return name


def _choice(path: str, value: Any, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        raise _wrong(path, f"must be one of {', '.join(choices)}")
    return value


def _whole(path: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(path, "must be a whole number from 1 up")
    return value


def _region(value: Any) -> str | None:
    if value is not None and value not in phonenumbers.SUPPORTED_REGIONS:
        raise _wrong("default_region", "must be a country's two letters, such as US, in quotes")
    return None if value is None else str(value)


def _pattern(path: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise _wrong(path, f"is not a regular expression: {error}") from None


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput(f"{FILE}: {path}" if path else FILE, message)
