"""Imports by text, which the import linter does not see: each is listed here with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tests.checks.tree import Tree

_IMPORTERS = {
    "__import__",
    "files",  # of importlib.resources: a file of another package
    "find_spec",
    "import_module",
    "locate",
    "run_module",
    "run_path",
    "spec_from_file_location",
}

ALLOWED = {
    ("cdp/commands/root.py", "f'cdp.commands.{module}'"): "imports the one command that is called",
    ("cdp/loading/parquet.py", "'pyarrow.parquet'"): "an extra, imported only where it is needed",
    ("tests/golden/databases/make.py", "f'services.{name}'"): "runs beside the code of any release",
    ("tests/integration/test_statements_use_indexes.py", "module.name"): "reads every module",
    ("tests/integration/test_statements_use_indexes.py", "package"): "reads every package",
    ("tests/sdks/send.py", "CLIENTS[sdk]"): "imports the one SDK that it is",
    ("tests/support/forge.py", "name"): "imports what its forks are going to run",
    ("tests/support/forge.py", "request['module']"): "runs what it is asked for",
    ("tests/recipes/walker.py", "library"): "imports libraries before it forks",
    ("tests/recipes/walker.py", "words[0]"): "runs the commands of CONTRIBUTING.md",
}


def faults(tree: Tree, allowed: Mapping[tuple[str, str], str] = ALLOWED) -> list[str]:
    """Imports by text that are not on the list, and entries of the list without an import."""
    present = {
        (path, text): line
        for path, module in tree.modules.items()
        for text, line in imports_by_text(module)
    }
    unlisted = [
        f"{path}:{line}: imports by text ({text}); say why in tests/checks/computed_imports.py"
        for (path, text), line in sorted(present.items())
        if (path, text) not in allowed
    ]
    unused = [
        f"tests/checks/computed_imports.py: nothing in {path} imports {text}; take it off the list"
        for path, text in sorted(allowed.keys() - present.keys())
    ]
    return unlisted + unused


def imports_by_text(module: ast.Module) -> Iterator[tuple[str, int]]:
    """The argument, as it is written, and the line of every import by text."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _called(node.func) in _IMPORTERS and node.args:
            yield ast.unparse(node.args[0]), node.lineno


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
