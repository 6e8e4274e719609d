"""Names: one class name has one meaning, and a retired name does not come back.

`names.yaml` has the retired names and the few class names that may stand in two modules.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from tests.checks.tree import Tree

_MOST_SHARED = 5
_LISTS = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text())


@dataclass(frozen=True, slots=True)
class PlacedName:
    """A name in the code: a class, a function, a parameter, or any other."""

    name: str
    kind: str
    line: int


def faults(tree: Tree, lists: Mapping[str, Any] = _LISTS) -> list[str]:
    """What is wrong with the names of the tree, a sentence for each."""
    return [
        *_shared_classes(tree, lists["shared_classes"]),
        *_retired_names(tree, lists["retired_names"]),
        *_retired_modules(tree, lists["retired_modules"]),
    ]


def _shared_classes(tree: Tree, allowed: Mapping[str, str]) -> Iterator[str]:
    places: dict[str, list[str]] = defaultdict(list)
    for path, module in tree.modules.items():
        for node in module.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    shared = {name: paths for name, paths in places.items() if len(paths) > 1}
    for name, paths in sorted(shared.items()):
        if name not in allowed:
            yield f"{' and '.join(paths)}: a class name with two meanings: {name}"
    for name in sorted(allowed.keys() - shared.keys()):
        yield f"names.yaml: {name} stands in one module only; take it off the list"
    if len(allowed) > _MOST_SHARED:
        yield f"names.yaml: {len(allowed)} shared class names; at most {_MOST_SHARED} may be"


def _retired_names(tree: Tree, retired: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    places: dict[str, list[str]] = defaultdict(list)
    pattern = cache(partial(_pattern, retired=retired))  # the same names come again and again
    for path, module in tree.modules.items():
        for each in names_of(module):
            rule = retired.get(pattern(each.name))
            if rule and _is_retired(path, each, rule):
                places[each.name].append(f"{path}:{each.line}")
    for name, lines in sorted(places.items()):
        rule = retired[pattern(name)]
        yield f"{lines[-1]}: the name {name} is retired ({rule['reason']}); use {rule['use']}"


def _pattern(name: str, retired: Mapping[str, Any]) -> str:
    return (
        name
        if name in retired
        else next((each for each in retired if "*" in each and fnmatch(name, each)), "")
    )


def _is_retired(path: str, each: PlacedName, rule: Mapping[str, Any]) -> bool:
    return (
        path.startswith(tuple(rule.get("in", [""])))
        and not path.startswith(tuple(rule.get("except", [])))
        and each.kind in rule.get("kinds", [each.kind])
    )


def names_of(module: ast.Module) -> Iterator[PlacedName]:
    """Every name that a module gives or uses; text in quotes is none."""
    for node in ast.walk(module):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.ClassDef(name=name):
                yield PlacedName(name, "class", line)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield PlacedName(name, "function", line)
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield PlacedName(name, "parameter", line)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield PlacedName(name, "other", line)
            case ast.alias(name=name, asname=asname):
                yield PlacedName(asname or name.rpartition(".")[2], "other", line)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield PlacedName(name, "other", line)
            case _:
                pass


def _retired_modules(tree: Tree, retired: Mapping[str, str]) -> Iterator[str]:
    for path, instead in retired.items():
        if path in tree.files or any(name.startswith(f"{path}/") for name in tree.files):
            yield f"{path}: this name of a module is retired; it is {instead} now"
