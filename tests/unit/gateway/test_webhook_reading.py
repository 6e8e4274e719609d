"""What is read of a payload, or a message that names the field."""

from __future__ import annotations

import pytest

from chassis.core.errors import InvalidInput
from services.gateway.domain.webhooks.reading import instant_of
from services.gateway.domain.webhooks.understanding import event_id


@pytest.mark.parametrize("missing", [None, "", []])
def test_a_time_that_is_not_there_is_missing(missing: object) -> None:
    with pytest.raises(InvalidInput, match="created_at: is missing"):
        instant_of(missing, "created_at")


@pytest.mark.parametrize("number", ["7" * 500, "a\nb"])
def test_a_key_that_is_no_id_is_a_digest_in_it(number: str) -> None:
    made = event_id(("woocommerce", "mugs", number), {})
    assert made.startswith("woocommerce:")
    assert made.isprintable()
    assert len(made) < 200
    assert made == event_id(("woocommerce", "mugs", number), {})
    assert made != event_id(("woocommerce", "mugs", f"{number}8"), {})
