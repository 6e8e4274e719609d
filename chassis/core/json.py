"""Plain data as JSON text and back.

Data from outside has been checked to be plain (`chassis.validation.plain`): text that is UTF-8,
finite numbers of 64 bits. A number that is not finite would become null; no code of ours makes any.
"""

from __future__ import annotations

from typing import Any

import orjson

_PLAIN_ONLY = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def dump_json(value: object) -> str:
    """Compact JSON; TypeError for what JSON cannot express."""
    return orjson.dumps(value, option=_PLAIN_ONLY).decode()


def load_json(text: str | bytes | memoryview) -> Any:
    """The value of a JSON text; ValueError if it is not JSON."""
    return orjson.loads(text)
