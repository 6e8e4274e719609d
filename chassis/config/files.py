"""Files that an operator writes: their text, and the YAML in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from chassis.core.errors import InvalidInput

# What people mostly meant, by a part of PyYAML's message.
_FIXES = {
    "found '<scalar>'": "end the line above with `|` and indent what begins with a quote below it",
    "mapping values are not allowed": "put a text with a colon in quotes",
    "'\\t'": "indent with spaces and not with tabs",
}


def own_or_shipped(shipped: Path, directory: Path | None) -> Path:
    """The file of the same name in `directory` if there is one, else the `shipped` one."""
    own = directory / shipped.name if directory else shipped
    return own if own.exists() else shipped


def fingerprints(shipped: Iterable[Path], directory: Path | None) -> Mapping[str, str]:
    """The SHA-256 of each file that a process with this `directory` reads, by the file's name."""
    files = [own_or_shipped(path, directory) for path in shipped]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    """The text of a UTF-8 file; InvalidInput names the file and says why it cannot be read.

    With the encoding "utf-8" it begins with the byte order mark, if the file has one.
    """
    try:
        return path.read_text(encoding=encoding)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidInput(str(path), f"line {line}: is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read: {error.strerror}") from None


def compose_yaml(text: str, name: str) -> yaml.Node | None:
    """The root node of the YAML file called `name`; InvalidInput says where it is not YAML."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = error.problem or ""
        hint = next((f"; {fix}" for slip, fix in _FIXES.items() if slip in problem), "")
        raise InvalidInput(name, f"{place}is not valid YAML: {problem}{hint}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"line {line}: holds a character that YAML does not allow; take it out"
        raise InvalidInput(name, message) from None
    except RecursionError:
        raise InvalidInput(name, "is not valid YAML: it is nested too deeply") from None
