"""What the golden databases' answers are compared by; it stands on no module of ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def comparable(call: str, answer: Any, ignored: Mapping[str, Sequence[str]]) -> Any:
    """The answer of `call`, "service.method", without its fields that nobody can foretell.

    An event of a history is told by its id and a digest of all that it holds: whole it is in the
    dump already.
    """
    if call.endswith(".history"):
        return [f"{event['id']} {digest(event)}" for event in answer["events"]]
    if call in ignored:
        return {name: value for name, value in answer.items() if name not in ignored[call]}
    return answer


def digest(value: Any) -> str:
    """Twelve hexadecimal digits that another value hardly has."""
    plain = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()[:12]
