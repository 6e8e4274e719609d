"""Plain data as JSON text and back.

What comes in from outside was checked to be plain (`chassis.validation.plain`): text that is UTF-8,
numbers of 64 bits that are finite. One that is not finite would become null; nothing of ours makes
any.
"""

from __future__ import annotations

from typing import Any

import orjson

_PLAIN_ONLY = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def dump_json(value: object) -> str:
    """Compact JSON; TypeError for what JSON has no word for."""
    return orjson.dumps(value, option=_PLAIN_ONLY).decode()


def load_json(text: str | bytes | memoryview) -> Any:
    """The value of a JSON text; ValueError if it is none."""
    return orjson.loads(text)
