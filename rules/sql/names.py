"""The names of one query: its parameters and aliases."""

from __future__ import annotations

from typing import Any


class NotInSql(Exception):
    """A rule asks for something that the single events do not say: `asked` names it."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"{asked} cannot be asked in SQL")
        self.asked = asked


class Names:
    """Hands out aliases, and binds values to parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self._aliases = 0

    def bind(self, value: str | int) -> str:
        """A parameter with this value."""
        name = f"v{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def alias(self) -> str:
        """An alias that is not used yet."""
        self._aliases += 1
        return f"t{self._aliases}"
