"""Walls that the import linter cannot draw: what a domain may import, and paths out of a folder.

The linter forbids modules by name, but convention 4 allows a few and forbids all others. A path
out of a package's folder leads to the files of another one without an import.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping

import chassis
from tests.checks.tree import Tree

PRODUCT = (
    "chassis/", "contracts/", "identifiers/", "rules/", "clv/", "experimentation/",
    "mappings/", "profile_index/", "services/", "cdp/", "deploy/",
)  # fmt: skip
LANGUAGES = ("rules", "identifiers", "contracts", "clv", "experimentation", "chassis.core")
ALLOWED = {
    "cdp/demo/demo.py": "the demo shows the files of examples/",
    "chassis/config/release.py": "a release is the code of all packages",
    "deploy/smoke.py": "runs docker compose in the root of the repository",
}
_DOMAIN = re.compile(r"services/\w+/domain/")


def faults(tree: Tree, allowed: Mapping[str, str] = ALLOWED) -> list[str]:
    """Imports that a domain may not have, and paths out of a folder, a sentence for each."""
    return [*_impure_imports(tree), *_paths_out(tree, allowed)]


def _impure_imports(tree: Tree) -> Iterator[str]:
    for path, module in tree.modules.items():
        domain = _DOMAIN.match(path)
        if not domain:
            continue
        own = domain[0].rstrip("/").replace("/", ".")
        for name, line in imported_modules(module):
            if not is_pure(name, own):
                yield f"{path}:{line}: a domain does not import {name}; see convention 4"
        for node in ast.walk(module):
            if isinstance(node, ast.Name) and node.id in ("__file__", "open"):
                yield f"{path}:{node.lineno}: a domain reads no file: {node.id}"


def is_pure(name: str, own: str) -> bool:
    """Whether a module may be imported by the domain `own`."""
    pure = (*LANGUAGES, own)
    return (
        name == "chassis"
        or name.partition(".")[0] in sys.stdlib_module_names
        or any(name == module or name.startswith(f"{module}.") for module in pure)
    )


def imported_modules(module: ast.Module) -> Iterator[tuple[str, int]]:
    """The name and the line of each imported module, those of `from chassis import …` included."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            yield name, node.lineno
            if name == "chassis":
                names = {alias.name for alias in node.names} - set(chassis.__all__)
                yield from ((f"chassis.{each}", node.lineno) for each in sorted(names))


def _paths_out(tree: Tree, allowed: Mapping[str, str]) -> Iterator[str]:
    climbing = {
        path: lines
        for path, module in tree.modules.items()
        if path.startswith(PRODUCT) and (lines := list(climbs(module)))
    }
    for path, lines in climbing.items():
        if path not in allowed:
            yield f"{path}:{lines[0]}: a path out of its folder; say why in tests/checks/walls.py"
    for path in sorted(allowed.keys() - climbing.keys()):
        yield f"tests/checks/walls.py: no path of {path} leads out of it; take it off the list"


def climbs(module: ast.Module) -> Iterator[int]:
    """The lines where a path goes up more than one folder, or begins with `..` or `services/`."""
    for node in ast.walk(module):
        match node:
            case ast.Attribute(attr="parent", value=ast.Attribute(attr="parent")):
                yield node.lineno
            case ast.Subscript(value=ast.Attribute(attr="parents"), slice=place):
                if not (isinstance(place, ast.Constant) and place.value == 0):
                    yield node.lineno
            case ast.Constant(value=str(text)) if re.match(r"\.\.$|\.\./|services/", text):
                yield node.lineno
            case ast.BinOp(op=ast.Div(), right=ast.Constant(value="services")):
                yield node.lineno
            case _:
                pass
