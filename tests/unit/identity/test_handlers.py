"""The handlers of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis import FixedClock
from chassis.config.settings import Settings
from identifiers import IdentifierTypes, load_types
from services.identity.commands import handlers, open_handlers


def test_the_identifier_types_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path | None] = []

    def read(directory: Path | None = None) -> IdentifierTypes:
        reads.append(directory)
        return load_types(directory)

    monkeypatch.setattr(handlers, "load_types", read)
    opened = open_handlers(Settings("identity", "", "", FixedClock(0), b"key"))
    assert len(reads) == 1
    assert opened.observer.policy.types == load_types()
