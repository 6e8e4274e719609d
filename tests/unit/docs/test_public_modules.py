"""What the example of another team's service imports of the chassis is public, and named so."""

from __future__ import annotations

import ast
import re

from tests.checks.walls import imported_modules
from tests.unit.docs.test_links import ROOT

FOLDER = ROOT / "examples" / "own_service"
PUBLIC = set(re.findall(r"`(chassis[\w.]*)`", (FOLDER / "README.md").read_text()))


def private_imports(module: ast.Module) -> list[str]:
    """The modules of the chassis that a module imports and the page does not name."""
    names = (name for name, _ in imported_modules(module))
    return [name for name in names if name.startswith("chassis") and name not in PUBLIC]


def test_the_example_imports_public_modules_alone() -> None:
    for path in FOLDER.rglob("*.py"):
        assert private_imports(ast.parse(path.read_text())) == [], path
    assert private_imports(ast.parse("import chassis.runtime.rpc")) == ["chassis.runtime.rpc"]


def test_every_public_module_exists() -> None:
    assert len(PUBLIC) > 5
    paths = [ROOT / name.replace(".", "/") for name in PUBLIC]
    assert [
        path for path in paths if not path.is_dir() and not path.with_suffix(".py").exists()
    ] == []
