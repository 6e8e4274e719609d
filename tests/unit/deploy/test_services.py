"""The registry of the services, and their revisions, which are frozen."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from chassis.core.errors import InvalidInput
from contracts.topology import SERVICE_NAMES
from deploy.services import MIGRATIONS, service_class

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_the_registry_has_the_class_and_the_migrations_of_every_service(name: str) -> None:
    assert service_class(name).name == name
    assert MIGRATIONS[name] == ROOT / "services" / name / "migrations"
    assert list(MIGRATIONS[name].glob("0001_*.py"))


def test_a_service_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InvalidInput, match="there are identity, profiles, segments, offers"):
        service_class("segment")


_FROZEN = re.compile(r"\.migrations_v\d+$")


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_a_revision_is_frozen_and_reads_no_table_of_today(name: str) -> None:
    frozen = {"sqlalchemy", "alembic"}
    for file in MIGRATIONS[name].glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module in frozen or _FROZEN.search(str(node.module)), file
            elif isinstance(node, ast.Import):
                assert {each.name for each in node.names} <= frozen, file
