"""The one reader of our YAML files: every error names the path, the position and the fix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from chassis.config.files import compose_yaml
from chassis.core.errors import InvalidInput
from chassis.core.suggest import suggest

MAX_DEPTH = 6
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WHOLE = re.compile(r"[-+]?\d+")
_TAG = "tag:yaml.org,2002:"
_SCALARS = {"str": "text", "int": "a whole number", "bool": "true or false", "null": "nothing"}
_OTHERS = {"float": "a fraction", "timestamp": "a date"}


def read_document(text: str, name: str) -> Entry:
    """The root entry of the YAML file called `name`; InvalidInput says where it is not YAML."""
    node = compose_yaml(text, name)
    if node is None:
        raise InvalidInput(name, "is empty; start from the file that is shipped")
    return Entry(name, "", node)


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the file `name`, with its path and its position."""

    name: str
    path: str
    node: yaml.Node

    def refuse(self, message: str) -> NoReturn:
        """Raise InvalidInput for this entry, naming its path and position."""
        mark = self.node.start_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: {message}"
        if not self.path:
            raise InvalidInput(self.name, place)
        raise InvalidInput(self.path, f"{self.name} {place}")

    def fields(self) -> dict[str, Entry]:
        """The entries of a mapping by key; keys are texts, and none occurs twice."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"must be a mapping, `key: value`; it is {self._kind()}")
        self._check_tag("map")
        entries: dict[str, Entry] = {}
        merges: list[tuple[yaml.Node, yaml.Node]] = []
        for key, value in self.node.value:
            if key.tag == f"{_TAG}merge":
                merges.append((key, value))
                continue
            name = self._key(key)
            if name in entries:
                Entry(self.name, self.path, key).refuse(f"`{name}` appears twice; remove one")
            entries[name] = self._part(name, value)
        return self._merged(merges) | entries if merges else entries

    def _merged(self, merges: list[tuple[yaml.Node, yaml.Node]]) -> dict[str, Entry]:
        """The entries that `<<: *anchor` takes from another place of the file."""
        # A copy: PyYAML changes the nodes that it flattens, and other places may name them as well.
        mapping = yaml.MappingNode(self.node.tag, deepcopy(merges), self.node.start_mark)
        try:
            yaml.constructor.SafeConstructor().flatten_mapping(mapping)
        except yaml.YAMLError:
            self.refuse("`<<` must name a mapping, or a list of mappings")
        pairs = [(self._key(key), value) for key, value in mapping.value]
        return {name: self._part(name, value) for name, value in pairs}

    def _key(self, key: yaml.Node) -> str:
        if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
            Entry(self.name, self.path, key).refuse("a key must be text; put it in quotes")
        return str(key.value)

    def _part(self, name: str, value: yaml.Node) -> Entry:
        return Entry(self.name, f"{self.path}.{name}" if self.path else name, value)

    def record(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Entry]:
        """The entries of a mapping whose keys are fixed; unknown and missing ones are refused."""
        entries = self.fields()
        required = tuple(required)
        names = (*required, *optional)
        for key, entry in entries.items():
            if key not in names:
                entry.refuse(f"`{key}` is not known here; {suggest(key, names)}")
        for key in required:
            if key not in entries:
                self.refuse(f"`{key}` is missing; add it")
        return entries

    def items(self) -> list[Entry]:
        """The entries of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse(f"must be a list, each line beginning with `- `; it is {self._kind()}")
        self._check_tag("seq")
        return [
            Entry(self.name, f"{self.path}[{index}]", node)
            for index, node in enumerate(self.node.value)
        ]

    def leaves(self) -> Iterator[Entry]:
        """Every single value at or below this entry."""
        if isinstance(self.node, yaml.ScalarNode):
            yield self
            return
        for part in self.items() if self.is_list() else self.fields().values():
            yield from part.leaves()

    def text(self, limit: int = 2000) -> str:
        """A text of at most `limit` characters that is not blank."""
        if not self._is("str"):
            hint = "; put it in quotes" if isinstance(self.node, yaml.ScalarNode) else ""
            self.refuse(f"must be text; it is {self._kind()}{hint}")
        value: str = self.node.value
        if not value.strip():
            self.refuse("must not be blank")
        if len(value) > limit:
            self.refuse(f"is {len(value)} characters long; at most {limit} are allowed")
        return value

    def is_mapping(self) -> bool:
        """Whether it is a mapping, `key: value`."""
        return isinstance(self.node, yaml.MappingNode)

    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self.node, yaml.SequenceNode)

    def is_null(self) -> bool:
        """Whether nothing stands here, or null."""
        return self._is("null")

    def literal_fields(self) -> dict[str, Entry]:
        """The entries of a mapping, its keys as written: even `off:` is a text."""
        if not isinstance(self.node, yaml.MappingNode):
            return self.fields()
        pairs = [(_as_text(key), value) for key, value in self.node.value]
        node = yaml.MappingNode(self.node.tag, pairs, self.node.start_mark, self.node.end_mark)
        return Entry(self.name, self.path, node).fields()

    def literal(self) -> str:
        """A single value as it is written, so that `rule: True` is a text as well."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse(f"must be text; it is {self._kind()}")
        value: str = self.node.value
        return value

    def word(self) -> str:
        """A name: lower-case letters, digits and underscores, beginning with a letter."""
        value = self.text(64)
        self._check_word(self, value)
        return value

    def named(self) -> dict[str, Entry]:
        """The entries of a mapping whose keys are names."""
        entries = self.fields()
        for name, entry in entries.items():
            self._check_word(entry, name)
        return entries

    @staticmethod
    def _check_word(entry: Entry, value: str) -> None:
        if not _WORD.fullmatch(value):
            entry.refuse(
                f"`{value}` must be a name of lower-case letters, digits and underscores, "
                "such as `free_delivery`"
            )

    def whole(self, least: int, most: int | None = None) -> int:
        """A whole number of at least `least`, and at most `most` if that is given."""
        if not self._is("int"):
            hint = (
                "; remove its quotes"
                if self._is("str") and _WHOLE.fullmatch(self.node.value)
                else ""
            )
            self.refuse(
                f"must be a whole number such as {max(least, 0)}; it is {self._kind()}{hint}"
            )
        value = self._scalar()
        if value < least or (most is not None and value > most):
            bounds = f"at least {least}" if most is None else f"between {least} and {most}"
            self.refuse(f"is {value}; it must be {bounds}")
        return int(value)

    def flag(self) -> bool:
        """True or false."""
        if not self._is("bool"):
            self.refuse(f"must be true or false; it is {self._kind()}")
        return bool(self._scalar())

    def choice(self, options: Iterable[str]) -> str:
        """One of the texts in `options`."""
        value = self.text(64)
        options = tuple(options)
        if value not in options:
            self.refuse(f"`{value}` is not known here; {suggest(value, options)}")
        return value

    def scalar(self) -> Any:
        """A single value as JSON has it: text, a number, true or false, or null."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse(f"must be a single value; it is {self._kind()}")
        if not any(self._is(kind) for kind in (*_SCALARS, "float")):
            self.refuse(f"is {self._kind()}, which JSON does not have; put it in quotes")
        return self._scalar()

    def plain(self, depth: int = MAX_DEPTH) -> Any:
        """The value as plain JSON: texts, whole numbers, true/false, null, lists, mappings."""
        if depth == 0:
            self.refuse(f"is nested more than {MAX_DEPTH} deep; make it flatter")
        if self.is_mapping():
            return {key: entry.plain(depth - 1) for key, entry in self.fields().items()}
        if self.is_list():
            return [entry.plain(depth - 1) for entry in self.items()]
        if not any(self._is(kind) for kind in _SCALARS):
            self.refuse(f"is {self._kind()}, which content cannot hold; put it in quotes")
        return self._scalar()

    def _is(self, kind: str) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag == f"{_TAG}{kind}"

    def _check_tag(self, kind: str) -> None:
        if self.node.tag != f"{_TAG}{kind}":
            self.refuse(f"has the tag `{self.node.tag}`, which means nothing here; remove it")

    def _kind(self) -> str:
        if self.is_mapping():
            return "a mapping"
        if self.is_list():
            return "a list"
        kind = self.node.tag.removeprefix(_TAG)
        return _SCALARS.get(kind) or _OTHERS.get(kind, f"a {kind}")

    def _scalar(self) -> Any:
        try:
            return yaml.constructor.SafeConstructor().construct_object(self.node)
        except (yaml.YAMLError, ValueError):
            self.refuse("cannot be read; put it in quotes")


def _as_text(key: yaml.Node) -> yaml.Node:
    """A key as the text that stands in the file; `<<` stays what it is."""
    if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
        return key
    return yaml.ScalarNode(f"{_TAG}str", key.value, key.start_mark, key.end_mark)
