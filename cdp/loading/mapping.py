"""The mapping: a YAML file that tells how the rows of a table become events."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml

from cdp.loading.table import WHITESPACE, Form
from cdp.loading.values import Cells, Value, compile_value
from chassis.core.errors import InvalidInput
from chassis.validation.schema import did_you_mean

ROW = "cdp_row"  # a column that every table has: the name of the row, of a group that of its first
_PARTS = {"format", "group_by", "event"}
_REQUIRED = {"type", "time", "identifiers", "authenticated"}
_EVENT = _REQUIRED | {"id", "context", "data"}
_FORM = {"delimiter", "header", "columns", "encoding"}
_ENCODINGS = {"utf-8", "iso8859-1", "cp1252"}  # those in which a line's end is one byte


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How a table is written, which of its rows belong together, and the event that they make."""

    form: Form
    group_by: tuple[str, ...]
    event: Value
    digest: str

    def make(self, rows: Sequence[Cells]) -> dict[str, Any]:
        """The event of the rows of one group; InvalidInput names the field that cannot be made."""
        event: dict[str, Any] = self.event.make(rows)
        return event

    def check_columns(self, columns: Iterable[str]) -> None:
        """InvalidInput names the first place that reads a column which the file has not."""
        known = [*columns, ROW]
        for path, column in (*(("group_by", name) for name in self.group_by), *self.event.columns):
            if column not in known:
                raise InvalidInput(
                    path, f"reads the column {column}, and there is none{_meant(column, known)}"
                )


def read_mapping(path: Path) -> TableMapping:
    """The mapping in a file; InvalidInput names the place to mend."""
    try:
        text = path.read_text(encoding="utf-8")
        told = yaml.safe_load(text)
        return parse_mapping(told, blake2b(text.encode(), digest_size=16).hexdigest())
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.subject}", error.message) from None
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InvalidInput(str(path), "is not UTF-8; save it as UTF-8") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidInput(str(path), f"is no YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise InvalidInput(str(path), "is nested too deep; flatten it") from None


def parse_mapping(told: Any, digest: str = "") -> TableMapping:
    """The mapping that a document tells."""
    document = _checked(told, _PARTS, "mapping")
    event = dict(_checked(document.get("event"), _EVENT, "event"))
    for name in sorted(_REQUIRED - event.keys()):
        raise InvalidInput(f"event.{name}", "is missing")
    group_by = document.get("group_by", [])
    columns = [group_by] if isinstance(group_by, str) else group_by
    if not isinstance(columns, list) or not all(isinstance(each, str) for each in columns):
        raise InvalidInput("group_by", "must be the name of a column, or a list of them")
    return TableMapping(
        form=_form(_checked(document.get("format", {}), _FORM, "format")),
        group_by=tuple(columns),
        event=compile_value({"id": f"{{{ROW}}}"} | event, "event"),
        digest=digest,
    )


def _form(told: Mapping[str, Any]) -> Form:
    delimiter = told.get("delimiter", ",")
    if delimiter not in (WHITESPACE, "tab") and not (
        isinstance(delimiter, str) and len(delimiter) == 1 and delimiter.isascii()
    ):
        raise InvalidInput("format.delimiter", 'must be one character, "tab" or "whitespace"')
    header = told.get("header", True)
    if not isinstance(header, bool):
        raise InvalidInput("format.header", "must be true or false")
    columns = told.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise InvalidInput("format.columns", "must be a list of names")
    if len(set(columns)) < len(columns):
        raise InvalidInput("format.columns", "has a name twice")
    if not header and not columns:
        raise InvalidInput("format.columns", "is missing: without a header, the columns need names")
    encoding = str(told.get("encoding", "utf-8"))
    try:
        known = codecs.lookup(encoding).name in _ENCODINGS
    except LookupError:
        known = False
    if not known:
        raise InvalidInput("format.encoding", "must be utf-8, latin-1 or cp1252")
    return Form(delimiter, header, tuple(columns), encoding)


def _checked(told: Any, known: set[str], path: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise InvalidInput(path, f"must be an object with {', '.join(sorted(known))}")
    for name in told:
        if name not in known:
            raise InvalidInput(f"{path}.{name}", f"is unknown{_meant(str(name), sorted(known))}")
    return told


def _meant(name: str, known: Sequence[str]) -> str:
    return did_you_mean(name, list(known)) or f"; there are {', '.join(known)}"
