"""Differences between what must be and what is, in lines that a person can read."""

from __future__ import annotations

from typing import Any

_SHOWN = 5


def differences(what: str, expected: Any, found: Any) -> list[str]:
    """The lines that say where the mapping `found` is not `expected`; none if they are equal."""
    lines = []
    missing = sorted(expected.keys() - found.keys())
    lines += _some(f"{what}: missing", missing, lambda key: f"{key}: {expected[key]!r}")
    strange = sorted(found.keys() - expected.keys())
    lines += _some(f"{what}: not expected", strange, lambda key: f"{key}: {found[key]!r}")
    wrong = sorted(key for key in expected.keys() & found.keys() if expected[key] != found[key])
    lines += _some(
        f"{what}: different",
        wrong,
        lambda key: f"{key}: expected {expected[key]!r}, found {found[key]!r}",
    )
    return lines


def _some(title: Any, keys: Any, tell: Any) -> Any:
    if not keys:
        return []
    lines = [f"{title}, {len(keys)}:", *(f"    {tell(key)}" for key in keys[:_SHOWN])]
    return lines if len(keys) <= _SHOWN else [*lines, "    …"]
