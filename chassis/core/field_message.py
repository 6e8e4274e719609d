"""What is said of one field of a value that came from outside."""

from __future__ import annotations

from typing import NamedTuple


class FieldMessage(NamedTuple):
    """What is wrong or odd: the path of a field, and what to send instead."""

    field: str
    message: str

    def to_wire(self) -> dict[str, str]:
        """As receipts have it."""
        return {"field": self.field, "message": self.message}
