"""The registry of the services, and that nothing is imported past the linter."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from chassis.core.errors import InvalidInput
from contracts.topology import SERVICE_NAMES
from deploy.services import MIGRATIONS, service_class

ROOT = Path(__file__).parents[3]
PACKAGES = (
    "chassis", "contracts", "identifiers", "rules", "profile_index", "services", "cdp", "deploy",
)  # fmt: skip
IMPORTERS = {"import_module", "__import__", "files", "run_module"}


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_the_registry_has_the_class_and_the_migrations_of_every_service(name: str) -> None:
    assert service_class(name).name == name
    assert MIGRATIONS[name] == ROOT / "services" / name / "migrations"
    assert list(MIGRATIONS[name].glob("0001_*.py"))


def test_a_service_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InvalidInput, match="there are identity, profiles, segments, offers"):
        service_class("segment")


def called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def computed_imports(file: Path) -> list[int]:
    """The lines that import a module, or open a package, whose name is no literal."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and called(node) in IMPORTERS
        and not (node.args and isinstance(node.args[0], ast.Constant))
    ]


def test_no_module_is_imported_by_a_computed_name() -> None:
    found = {
        str(file.relative_to(ROOT)): lines
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if (lines := computed_imports(file))
    }
    assert found == {}


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_a_revision_is_frozen_and_reads_no_table_of_today(name: str) -> None:
    frozen = {"sqlalchemy", "alembic"}
    for file in MIGRATIONS[name].glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module in frozen or str(node.module).endswith(".migrations_v1"), file
            elif isinstance(node, ast.Import):
                assert {each.name for each in node.names} <= frozen, file
