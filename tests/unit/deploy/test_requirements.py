"""What is installed with hashes is what the extras of the package ask for."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_extra_for_spans_is_what_its_requirements_are_made_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements-otel.in").read_text().splitlines()
    asked = {line for line in lines if line.startswith("opentelemetry")}
    assert asked == set(project["optional-dependencies"]["otel"])
    pinned = (ROOT / "requirements-otel.txt").read_text()
    assert all(f"{line.partition('>')[0]}==" in pinned for line in asked)
