"""A rule as text and as JSON, for interfaces in which rules are built without writing them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from chassis.core.errors import InvalidInput
from contracts.segments import TRANSLATE_RESPONSE
from rules import FormError, ShopContext, rule_form, rule_text
from services.segments.domain.definitions import read_rule


def translate(request: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Both forms of a rule that came in one of them, and what it means; InvalidInput if none."""
    text = request["rule"] if "rule" in request else _written(request["form"])
    meaning = read_rule(text, ShopContext(zone)).describe()
    response: dict[str, Any] = TRANSLATE_RESPONSE.dump(
        {"rule": text, "form": rule_form(text), "meaning": meaning}
    )
    return response


def _written(form: Mapping[str, Any]) -> str:
    try:
        return rule_text(form)
    except FormError as error:
        raise InvalidInput(".".join(("form", *error.path)), error.reason) from None
